"""``[cinder]``: what is the same for both keyrings."""

import re
from typing import Final

from oslo_config import cfg

from cube_volpool import settings
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
    cfg.IntOpt(
        "retries",
        default=2,
        min=0,
        max=10,
        help="How often a call to Cinder is repeated, in times, when that can "
        "do no harm: reads, and calls that were certainly not executed. "
        "Pauses grow from 0.1 to 2 seconds and are drawn by chance; a "
        "Retry-After of Cinder is kept. All repeats together are at most a "
        "tenth of the calls that went well. Too few show callers each short "
        "trouble of Cinder. Too many let them wait for a Cinder that is "
        "down. 0 repeats nothing.",
    ),
    cfg.IntOpt(
        "breaker_failures",
        default=10,
        min=0,
        help="After how many failures in a row, over several paths, an "
        "endpoint of Cinder or Keystone is left alone for a while, in calls. "
        "Failures are broken connections, time-outs and answers 500 and "
        "above. Meanwhile claims are answered CinderUnavailable at once. Too "
        "few give a Cinder up that only stumbles. Too many keep threads "
        "waiting for one that is down. 0 never does. Related: "
        "breaker_pause.",
    ),
    cfg.FloatOpt(
        "breaker_pause",
        default=5,
        min=0.1,
        help="How long such an endpoint is left alone before one call tries "
        "it again, in seconds; the pause doubles, up to twelve times as "
        "long, while the tries fail. Too short burdens a service that is "
        "starting. Too long refuses claims that could be served. Related: "
        "breaker_failures.",
    ),
)


def read(group: section.Section) -> settings.CinderSettings:
    """Return the settings of both keyrings."""
    return settings.CinderSettings(
        retries=group.get("retries"),
        breaker_failures=group.get("breaker_failures"),
        breaker_pause=group.seconds("breaker_pause"),
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
