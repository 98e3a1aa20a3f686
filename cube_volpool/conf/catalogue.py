"""``[catalogue]``: how snapshots are found and told apart by name."""

import re
from typing import Final

from oslo_config import cfg

from cube_volpool import settings
from cube_volpool.conf import section

GROUP: Final = "catalogue"
#: The group ``type`` may be missing: the volume of the snapshot has one.
_GROUPS: Final = ("os", "version")

OPTS: Final = (
    cfg.StrOpt(
        "naming_rule",
        default=r"(?P<os>.+)_(?P<type>[^_]+)_(?P<version>[0-9][^_]*)",
        help="The rule that the names of the snapshots follow: a regular "
        "expression of Python that must match the whole name and has the "
        "named groups os, version and type; without a group type the type is "
        "that of the volume which the snapshot was taken of. The default "
        "fits debian-12_ssd_20261120. A rule that is too strict leaves pools "
        "without a snapshot, one that is too loose takes snapshots that were "
        "not meant. A dollar sign needs a backslash before it. Related: "
        "os_name and volume_type of the pools.",
    ),
    cfg.StrOpt(
        "version_format",
        default=settings.VersionFormat.AUTO.value,
        choices=[form.value for form in settings.VersionFormat],
        help="How versions are compared: date is a day and an optional "
        "number within it (20261120, 2026-11-20, 20261120-2), number a whole "
        "or decimal number (1.9 is newer than 1.10), dotted a release (1.10 "
        "is newer than 1.9, and 1.0 than 1.0rc1), auto takes anything, "
        "numbers as numbers and words as words. A snapshot whose version has "
        "another format is reported and not used. Related: naming_rule.",
    ),
    cfg.StrOpt(
        "source",
        default=settings.ImageSource.SNAPSHOTS.value,
        choices=[source.value for source in settings.ImageSource],
        help="Where images are looked for: snapshots or volumes of the pool "
        "project, by their names, or table, which is that of [os_table]. A "
        "volume stands for its newest finished snapshot, "
        "and without one for the snapshot it was made from; volumes means a "
        "listing of all volumes of the pool project at each reading. "
        "Related: naming_rule.",
    ),
    cfg.BoolOpt(
        "automatic",
        default=True,
        help="Whether new images are looked for every sync_interval. Without "
        "it they are read when the daemon starts for the first time, and "
        "then only when somebody asks for it with cube-volpool-manage os "
        "sync. Related: sync_interval.",
    ),
    cfg.IntOpt(
        "keep",
        default=5,
        min=1,
        max=1000,
        help="How many versions of each image stay in the catalogue, in "
        "volumes' source snapshots. Too few, below 2, leave none to go back "
        "to. Too many only make the lists longer.",
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
        version_format=settings.VersionFormat(group.get("version_format")),
        source=settings.ImageSource(group.get("source")),
        automatic=group.get("automatic"),
        keep=group.get("keep"),
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
