"""``[catalogue]``: how snapshots are found and told apart by name."""

import re
from typing import Final

from oslo_config import cfg

from cube_volpool import settings
from cube_volpool.conf import section

GROUP: Final = "catalogue"
_GROUPS: Final = ("os", "type", "version")

OPTS: Final = (
    cfg.StrOpt(
        "naming_rule",
        default=r"(?P<os>.+)_(?P<type>[^_]+)_(?P<version>[0-9][^_]*)",
        help="The rule that the names of the snapshots follow: a regular "
        "expression of Python that must match the whole name and has the "
        "named groups os, type and version. The default fits "
        "debian-12_ssd_20261120. A rule that is too strict leaves pools "
        "without a snapshot, one that is too loose takes snapshots that were "
        "not meant. A dollar sign needs a backslash before it. Related: "
        "os_name and volume_type of the pools.",
    ),
    cfg.FloatOpt(
        "sync_interval",
        default=300,
        min=0.05,
        help="The pause between two readings of Cinder's snapshots, in "
        "seconds. Too short costs a listing of all snapshots each time. Too "
        "long keeps building from a snapshot that is no longer the newest. "
        "Related: snapshot_id of the pools.",
    ),
)


def read(group: section.Section) -> settings.CatalogueSettings:
    """Return the settings of the catalogue."""
    return settings.CatalogueSettings(
        naming_rule=_rule(group),
        sync_interval=group.seconds("sync_interval"),
    )


def _rule(group: section.Section) -> re.Pattern[str]:
    option = "naming_rule"
    try:
        rule = re.compile(group.words(option) or "")
    except re.error as error:
        raise group.wrong(
            option, f"is no regular expression: {error}"
        ) from error
    missing = [name for name in _GROUPS if name not in rule.groupindex]
    if missing:
        raise group.wrong(
            option, f"lacks the named group {' and '.join(missing)}"
        )
    return rule
