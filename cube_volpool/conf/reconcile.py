"""``[reconcile]``: how fast the pools follow what they should be."""

from typing import Final

from oslo_config import cfg

from cube_volpool import settings
from cube_volpool.conf import section

GROUP: Final = "reconcile"

_PACE: Final = (
    cfg.FloatOpt(
        "interval",
        default=10,
        min=0.05,
        help="The pause between two fast rounds of a pool, in seconds; they "
        "look only at volumes that are being created or deleted. While there "
        "are such volumes the pause is no longer than 2 seconds, and a claim "
        "starts a round at once. Too short asks Cinder for the same list over "
        "and over. Too long leaves a pool short that was claimed from through "
        "another daemon. Cannot exceed audit_interval.",
    ),
    cfg.FloatOpt(
        "audit_interval",
        default=300,
        min=0.05,
        help="The pause between two full comparisons of a pool with Cinder, "
        "in seconds. Too short costs a paged listing of the pool project each "
        "time. Too long leaves volumes unnoticed that somebody deleted or "
        "that a crash left behind. Cannot be below interval.",
    ),
)

_LIMITS: Final = (
    cfg.IntOpt(
        "max_creating",
        default=16,
        min=1,
        help="How many creates all pools together may have in flight, in "
        "volumes. Too few refill slowly after a busy hour. Too many hold the "
        "workers of cinder-volume (executor_thread_pool_size there, 64 unless "
        "changed), and then claims wait behind them: stay well below. "
        "Related: max_creating_per_snapshot.",
    ),
    cfg.IntOpt(
        "max_creating_per_snapshot",
        default=4,
        min=1,
        help="How many creates from one snapshot may be in flight, in "
        "volumes. Cinder makes them one at a time. Too few leave a gap "
        "between two of them. Too many only wait, and each holds a worker of "
        "cinder-volume. Cannot exceed max_creating.",
    ),
    cfg.IntOpt(
        "yield_to_claims",
        default=8,
        min=0,
        help="While so many claims are under way, of all daemons and pools, "
        "no create is begun: copying images makes every claim slower. 0 "
        "begins them all the same. Too few stop the refill whenever some "
        "servers are built at once. Too many let claims wait for copies in "
        "the busiest minute. While somebody waits for an ordinary create from "
        "a pool's image, one volume of that image is built beside it, or one "
        "for each four that wait, whatever is set here. Related: "
        "max_creating.",
    ),
    cfg.IntOpt(
        "deletes_per_hour",
        default=100,
        min=1,
        help="How many volumes of one pool may be deleted in an hour, by all "
        "daemons together, in volumes. "
        "Too few let replaced volumes fill the storage. Too many remove the "
        "guard against a mistake, for example a database restored from an "
        "old copy. Related: min_ready of the pools.",
    ),
    cfg.FloatOpt(
        "absence_grace",
        default=900,
        min=0,
        help="How long most volumes of a pool must be missing from Cinder "
        "before that is believed and they are replaced, in seconds. Until "
        "then the pool says so, in the log as well. A few missing ones are "
        "replaced at once. Too short fills the storage once more while "
        "Cinder shows another region, an old copy of its database or "
        "nothing. Too long leaves a pool short that was really emptied.",
    ),
)

_IMAGES: Final = (
    cfg.FloatOpt(
        "drain_time",
        default=900,
        min=0,
        help="How long volumes of the snapshot before stay after a pool has "
        "switched to a new one, in seconds: so long they serve claims that "
        "name their snapshot, and a rollback costs no build. Too short "
        "makes a rollback build anew, too long holds the storage of two "
        "stocks. When surge leaves no room for the new "
        "stock, the old one goes sooner. Related: surge of the pools.",
    ),
    cfg.IntOpt(
        "drain_per_round",
        default=2,
        min=1,
        help="How many volumes of a pool one round may give up because they "
        "are of an old snapshot, in volumes. Too few hold the storage longer. "
        "Too many load Cinder with deletes at once; deletes_per_hour bounds "
        "them as well. Related: interval.",
    ),
    cfg.IntOpt(
        "poison_after",
        default=3,
        min=0,
        help="After how many failed builds of volumes in a row a new snapshot "
        "is rejected, and the pool stays with the one it has; 0 is never. A "
        "create that Cinder could not take, by its quota or because it was "
        "away, is no failed build. Too few reject a good snapshot for a "
        "moment's trouble; os allow takes that back. Too many let a pool try "
        "a bad one for hours.",
    ),
)

OPTS: Final = (
    *_PACE,
    *_LIMITS,
    *_IMAGES,
    cfg.FloatOpt(
        "intent_grace",
        default=900,
        min=0.1,
        help="How long a create with an unclear answer may still turn up in "
        "Cinder, in seconds; and how long a volume in creation may be missing "
        "there once its id is known. Too short makes a volume more than "
        "needed; the audit finds it later. Too long keeps the place in the "
        "pool empty. Cannot be below the timeout of [pool_project].",
    ),
    cfg.FloatOpt(
        "build_timeout",
        default=600,
        min=0.1,
        help="How long the making of one volume may take once its turn has "
        "come, in seconds. A volume that waits behind n others of its "
        "snapshot has n + 1 times as long. Too short deletes volumes that "
        "were only slow, and their replacements are as slow. Too long keeps "
        "a stuck one in the count. Related: max_creating_per_snapshot.",
    ),
)


def read(group: section.Section) -> settings.ReconcileSettings:
    """Return the settings of reconcile."""
    return settings.ReconcileSettings(
        interval=group.seconds("interval"),
        audit_interval=group.seconds("audit_interval"),
        max_creating=group.get("max_creating"),
        max_creating_per_snapshot=group.get("max_creating_per_snapshot"),
        yield_to_claims=group.get("yield_to_claims"),
        intent_grace=group.seconds("intent_grace"),
        build_timeout=group.seconds("build_timeout"),
        deletes_per_hour=group.get("deletes_per_hour"),
        absence_grace=group.seconds("absence_grace"),
        drain_time=group.seconds("drain_time"),
        drain_per_round=group.get("drain_per_round"),
        poison_after=group.get("poison_after"),
    )
