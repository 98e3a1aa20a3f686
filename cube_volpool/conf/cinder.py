"""``[cinder]``: what is the same for both keyrings."""

import re
from typing import Final

from oslo_config import cfg

from cube_volpool.conf import section

GROUP: Final = "cinder"
#: Below 3.70 Cinder refuses to offer an encrypted volume; offers without
#: snapshots came with 3.55.  *Source:* Cinder's microversion history.
OLDEST: Final = (3, 70)

OPTS: Final = (
    cfg.StrOpt(
        "api_microversion",
        default="3.70",
        help="The microversion of Cinder's API that every call asks for. Too "
        "old, below 3.70, is refused here. Too new for the Cinder in place "
        "is refused when the daemon starts.",
    ),
)


def check(group: section.Section) -> None:
    """Refuse a microversion that is none, or too old."""
    option = "api_microversion"
    text = group.words(option) or ""
    parts = re.fullmatch(r"(3)\.([0-9]{1,4})", text)
    if parts is None:
        raise group.wrong(option, f"{text!r} is not of the form 3.70")
    if (int(parts[1]), int(parts[2])) < OLDEST:
        raise group.wrong(
            option, f"{text} is older than 3.70, the oldest that is supported"
        )
