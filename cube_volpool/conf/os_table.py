"""``[os_table]``: a table of another system that names the images."""

import re
from typing import Final

from oslo_config import cfg

from cube_volpool import settings
from cube_volpool.conf import section

GROUP: Final = "os_table"
#: What is a name in every database without quoting it.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)

OPTS: Final = (
    cfg.StrOpt(
        "connection",
        secret=True,
        help="The URL of the database that has the table, for example "
        "mysql+pymysql://reader:password@host/skyline. The account needs "
        "SELECT on that table and nothing else. Needed when source of "
        "[catalogue] is table.",
    ),
    cfg.StrOpt(
        "table",
        default="os",
        help="The name of the table. Each of its rows says which snapshot "
        "one OS has for one type. An OS and type that it lacks is taken from "
        "Cinder by the naming rule, and the log says so.",
    ),
    cfg.StrOpt(
        "os_column",
        default="name",
        help="The column with the name of the OS, spelled as in os_name of "
        "the pools.",
    ),
    cfg.StrOpt(
        "type_column",
        default="type",
        help="The column with the type, by a name or an alias that a pool "
        "knows.",
    ),
    cfg.StrOpt(
        "snapshot_column",
        default="snapshot_id",
        help="The column with the UUID of the snapshot. A row without one is "
        "left out.",
    ),
    cfg.StrOpt(
        "version_column",
        help="The column with the version of the image. Unset is a table with "
        "one row of each OS and type.",
    ),
)


def read(group: section.Section, url: str) -> settings.TableSettings:
    """Return the settings of the table; ``url`` is checked already."""
    version = group.words("version_column")
    return settings.TableSettings(
        connection=url,
        table=_name(group, "table"),
        os_column=_name(group, "os_column"),
        type_column=_name(group, "type_column"),
        snapshot_column=_name(group, "snapshot_column"),
        version_column=version and _name(group, "version_column"),
    )


def _name(group: section.Section, option: str) -> str:
    text = group.words(option) or ""
    if not _NAME.fullmatch(text):
        raise group.wrong(option, f"{text!r} is no name of a table or column")
    return text
