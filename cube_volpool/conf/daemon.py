"""``[DEFAULT]``: who this installation is and which pools it keeps."""

import re
import socket
from typing import Final

from oslo_config import cfg

from cube_volpool.conf import section

#: Both go into volume metadata, into group names and into logs.
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")

OPTS: Final = (
    cfg.ListOpt(
        "enabled_pools",
        default=[],
        help="Names of the pools to keep, separated by commas. Each name "
        "needs a group [pool:NAME]. A name is 1 to 63 letters, digits, '_', "
        "'.' and '-', and begins with a letter or a digit. A pool that is "
        "taken out of the list is left as it is: its volumes stay in Cinder. "
        "To empty a pool, let cube-volpool pool drain give its volumes up "
        "before it is taken out.",
    ),
    cfg.StrOpt(
        "deployment_id",
        help="The name of this installation, written as "
        "cube_volpool_deployment into the metadata of every volume that it "
        "makes: 1 to 63 letters, digits, '_', '.' and '-'. All daemons that "
        "share a database must have the same one. Two installations that "
        "share a pool project must have different ones, else each takes the "
        "other's volumes for its own lost ones. Never change it: volumes "
        "with the former name are not touched any more. There is no default.",
    ),
    cfg.StrOpt(
        "host",
        default=socket.gethostname(),
        sample_default="<the name of this machine>",
        help="The name under which this daemon listens on the message bus, "
        "beside the topic that all daemons share. Nothing depends on it being "
        "unique: daemons tell each other apart by a random token.",
    ),
    cfg.IntOpt(
        "graceful_shutdown_timeout",
        default=60,
        min=0,
        help="How long a daemon that was asked to stop finishes the claims "
        "that run, in seconds; then it exits anyway. 0 waits for ever. Too "
        "little cuts claims short: nothing is lost, but their callers have "
        "to ask again. Too much delays a restart behind a Cinder that does "
        "not answer. TimeoutStopSec= of the systemd unit must be larger.",
    ),
)


def read_pool_names(default: section.Section) -> tuple[str, ...]:
    """Return the names in ``enabled_pools``, checked."""
    option = "enabled_pools"
    names = tuple(name for name in default.get(option) if name)
    if not names:
        raise default.wrong(option, "no pool is named; name at least one")
    for name in names:
        if not NAME.fullmatch(name):
            raise default.wrong(
                option,
                f"{name!r} is no name of a pool: 1 to 63 letters, digits, "
                "'_', '.' and '-', a letter or digit first",
            )
    _refuse_twice(default, option, names)
    return names


def _refuse_twice(
    default: section.Section, option: str, names: tuple[str, ...]
) -> None:
    # Without regard to case, as MariaDB compares the key of the table.
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise default.wrong(
                option,
                f"{name} is the same pool as {seen[name.lower()]}; name "
                "every pool once",
            )
        seen[name.lower()] = name


def read_deployment(default: section.Section) -> str:
    """Return ``deployment_id``, checked."""
    deployment: str | None = default.words("deployment_id")
    if deployment is None:
        raise default.wrong(
            "deployment_id", "not set; choose a name for this installation"
        )
    if not NAME.fullmatch(deployment):
        raise default.wrong(
            "deployment_id",
            f"{deployment!r} is not 1 to 63 letters, digits, '_', '.' and "
            "'-', a letter or digit first",
        )
    return deployment


def check_rest(default: section.Section) -> None:
    """Read what does not become a setting, so that nonsense fails early."""
    default.get("graceful_shutdown_timeout")
    if default.words("host") is None:
        raise default.wrong("host", "is empty")
