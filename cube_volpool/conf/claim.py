"""``[claim]``: how claims are answered, and when they are given up."""

from typing import Final

from oslo_config import cfg

from cube_volpool import settings
from cube_volpool.conf import section

GROUP: Final = "claim"

_LIMITS: Final = (
    cfg.IntOpt(
        "attempts",
        default=3,
        min=1,
        help="How many pooled volumes one claim may try, in volumes, when one "
        "turns out unfit or is refused. Too few answer with an error although "
        "the next volume was good. Too many spend the caller's time on a "
        "Cinder that refuses all of them. Related: default_budget.",
    ),
    cfg.IntOpt(
        "max_outstanding",
        default=64,
        min=1,
        help="How many claims one daemon works on at the same time, in "
        "claims; the next is answered Busy at once. Too few turn away callers "
        "that could be served. Too many wait in the daemon until their "
        "budgets are over. The daemon keeps some threads more than this, to "
        "say so: set executor_thread_pool_size larger when you set it. "
        "Related: rabbit_qos_prefetch_count of [oslo_messaging_rabbit].",
    ),
    cfg.IntOpt(
        "max_outstanding_per_project",
        default=32,
        min=1,
        help="How many claims of one project a daemon works on at the same "
        "time, in claims; the next is answered Busy at once. Too few slow "
        "down a project that builds many servers. Too many let one project "
        "take the daemon from all others. Cannot exceed max_outstanding.",
    ),
    cfg.IntOpt(
        "max_outstanding_per_pool",
        default=48,
        min=1,
        help="How many claims on the snapshot of one pool a daemon works on "
        "at the same time, in claims; the next is answered Busy at once. Too "
        "few turn callers away from a full pool. Too many let a pool whose "
        "backend is slow take the daemon from all others. More than "
        "max_outstanding is never reached.",
    ),
    cfg.IntOpt(
        "max_outstanding_in_batches",
        default=48,
        min=1,
        help="How many claims that came in requests for several volumes a "
        "daemon works on at the same time, in claims; the others of such a "
        "request are answered Busy at once. What is left of max_outstanding "
        "is for single claims. Too few turn away what the daemon could "
        "serve. Too many let a few such requests keep single claims out. "
        "More than max_outstanding is never reached. Related: "
        "max_outstanding_per_project, which counts these claims as well.",
    ),
)

OPTS: Final = (
    cfg.StrOpt(
        "on_miss",
        default="create",
        choices=[
            ("create", "create the volume in the caller's project"),
            ("refuse", "answer PoolEmpty and let the caller create"),
        ],
        help="What a claim does when the pool has no volume for it. Creating "
        "needs a tenant credential that may see the pool's snapshot; where it "
        "may not, the claim answers PoolEmpty as well. Related: auth_type of "
        "[tenant].",
    ),
    cfg.FloatOpt(
        "default_budget",
        default=30,
        min=0.1,
        help="The time a claim has when its caller names none, in seconds. It "
        "bounds all steps before accept, never accept itself. Too little "
        "gives up on claims that a slow Cinder would still have served. Too "
        "much works for callers that have gone: keep it below the time-out "
        "of their RPC calls. Related: accept_timeout.",
    ),
    cfg.FloatOpt(
        "lease",
        default=30,
        help="How long a claim belongs to a daemon that gives no sign of "
        "life, in seconds of the database's clock; at least 2. A living "
        "daemon renews its leases. Too short takes claims from a daemon that "
        "is only slow, which costs their volumes. Too long lets callers wait "
        "for the claims of a dead daemon. Related: look_pause.",
    ),
    cfg.FloatOpt(
        "accept_timeout",
        default=90,
        min=0.1,
        help="How long one accept of a volume transfer may take, in seconds. "
        "It must be larger than rpc_response_timeout of Cinder (60 there, "
        "unless changed), because Cinder's API waits that long for "
        "cinder-volume. Too small leaves accepts unclear that Cinder still "
        "finishes. Too large keeps a thread on a dead connection. Cannot "
        "exceed miss_grace.",
    ),
    cfg.FloatOpt(
        "miss_grace",
        default=900,
        min=0.1,
        help="How long an unclear create in the caller's project may still "
        "turn up, in seconds. Until then the claim answers ClaimInProgress; "
        "after it, and two looks that find nothing, it may create again. Too "
        "short can give one name two volumes. Too long blocks the name after "
        "a create that was lost. Cannot be below accept_timeout or the "
        "timeout of [tenant].",
    ),
    cfg.FloatOpt(
        "look_pause",
        default=5,
        min=0,
        help="The pause between two looks that must agree that a volume is "
        "gone, in seconds. Too short lets a database replica that lags behind "
        "count as proof. Too long delays the callers of such claims. Must be "
        "below lease.",
    ),
    cfg.FloatOpt(
        "rescue_interval",
        default=10,
        min=0.05,
        help="The pause between two rounds that look for claims whose daemon "
        "has died, in seconds. Too short asks the database for nothing most "
        "of the time. Too long leaves their volumes out of the pool. Related: "
        "lease.",
    ),
    *_LIMITS,
)


def read(group: section.Section) -> settings.ClaimSettings:
    """Return the settings of claims."""
    return settings.ClaimSettings(
        create_on_miss=group.get("on_miss") == "create",
        default_budget=group.seconds("default_budget"),
        lease=group.seconds("lease"),
        accept_timeout=group.seconds("accept_timeout"),
        miss_grace=group.seconds("miss_grace"),
        look_pause=group.seconds("look_pause"),
        attempts=group.get("attempts"),
        max_outstanding=group.get("max_outstanding"),
        max_outstanding_per_project=group.get("max_outstanding_per_project"),
        max_outstanding_per_pool=group.get("max_outstanding_per_pool"),
        max_outstanding_in_batches=group.get("max_outstanding_in_batches"),
    )
