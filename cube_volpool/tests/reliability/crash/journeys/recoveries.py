"""Claims that another daemon left: a rescue dies, and a caller's retry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, scenes, sweep
from cube_volpool.tests.reliability.crash.sweep import Journey

_BEFORE, _AFTER, _LATE = (
    doors.Side.BEFORE,
    doors.Side.AFTER,
    doors.Side.LATE,
)
_CREATE: Final = "tenant.create_volume"


@dataclass(frozen=True)
class _Leaving:
    """What a dead daemon left, and what any recovery of it does."""

    scene: scenes.Scene
    makes: tuple[str, ...]
    #: What a rescue does and a retry does not.
    rescue_makes: tuple[str, ...] = ()


_LEAVINGS: Final[Mapping[str, _Leaving]] = {
    "nothing_but_the_claim": _Leaving(
        scenes.abandoned("claims.open", _AFTER, before=scenes.nothing),
        (),
        ("endings.fail",),
    ),
    "a_row_untouched": _Leaving(
        scenes.abandoned("claims.open", _AFTER), ("endings.evict",)
    ),
    "a_row_offered": _Leaving(
        scenes.abandoned("pool.offer", _AFTER),
        ("pool.cancel", "endings.evict"),
        ("endings.fail",),
    ),
    "an_offer_on_its_way": _Leaving(
        scenes.abandoned("pool.offer", _LATE), ("endings.evict",)
    ),
    "an_offer_not_accepted": _Leaving(
        scenes.abandoned("tenant.accept", _BEFORE),
        ("pool.cancel", "endings.evict"),
    ),
    "an_accept_on_its_way": _Leaving(
        scenes.abandoned("tenant.accept", _LATE), ("pool.cancel",)
    ),
    "an_offer_accepted": _Leaving(
        scenes.abandoned("tenant.accept", _AFTER),
        ("tenant.get_volume", "endings.bind"),
    ),
    "a_lone_offer_not_accepted": _Leaving(
        scenes.abandoned(
            "tenant.accept", _BEFORE, then=scenes.without_its_row
        ),
        ("pool.cancel", "endings.withdraw"),
        ("endings.fail",),
    ),
    "a_lone_offer_with_an_accept_on_its_way": _Leaving(
        scenes.abandoned(
            "tenant.accept", _LATE, then=scenes.without_its_row
        ),
        ("pool.cancel",),
    ),
    "a_lone_offer_accepted": _Leaving(
        scenes.abandoned(
            "tenant.accept", _AFTER, then=scenes.without_its_row
        ),
        ("tenant.list_volumes", "endings.bind"),
    ),
    "a_create_executed": _Leaving(
        scenes.abandoned(_CREATE, _AFTER, before=scenes.nothing),
        ("claims.renew", "endings.bind"),
    ),
    "a_create_never_sent": _Leaving(
        scenes.abandoned(
            _CREATE, _BEFORE, before=scenes.nothing, waits=1000
        ),
        ("claims.is_miss_settled", "endings.fail"),
    ),
    "a_create_on_its_way": _Leaving(
        scenes.abandoned(_CREATE, _LATE, before=scenes.nothing),
        ("claims.is_miss_settled",),
    ),
    "a_volume_moved_by_hand": _Leaving(
        scenes.abandoned(
            "tenant.accept", _BEFORE, then=scenes.moved_by_hand
        ),
        ("tenant.get_volume", "endings.forget"),
    ),
    "a_volume_lost": _Leaving(
        scenes.abandoned(
            "tenant.accept", _BEFORE, then=scenes.deleted_by_hand
        ),
        ("tenant.get_volume", "endings.lose"),
    ),
}


def _rescue(daemon: world.Daemon) -> None:
    daemon.house.duties.rescue()


RESCUES: Final[Mapping[str, Journey]] = {
    "rescue_of_a_row_without_a_claim": Journey(
        about="The daemon that dies gives up a row that no claim has.",
        act=_rescue,
        prepare=scenes.abandoned(
            "claims.open", _AFTER, then=scenes.failed_without_its_row
        ),
        makes=("endings.orphans", "endings.condemn"),
    ),
} | {
    f"rescue_of_{what}": Journey(
        about=f"The daemon that dies rescues {what}.".replace("_", " "),
        act=_rescue,
        prepare=left.scene,
        makes=(
            "claims.expired",
            "claims.take_over",
            *left.makes,
            *left.rescue_makes,
        ),
    )
    for what, left in _LEAVINGS.items()
}

RETRIES: Final[Mapping[str, Journey]] = {
    f"retry_of_{what}": Journey(
        about=f"The caller's retry finds {what}.".replace("_", " "),
        act=sweep.claim,
        prepare=left.scene,
        makes=("claims.open", *left.makes),
    )
    for what, left in _LEAVINGS.items()
}
