"""Several claims in one request, and what may go wrong with one of them."""

from collections.abc import Mapping
from typing import Any, Final

from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, scenes
from cube_volpool.tests.reliability.crash.sweep import Journey
from cube_volpool.tests.simulator import faults

NAMES: Final = ("web_sys", "db_sys")


def _some(daemon: world.Daemon) -> Any:
    return daemon.claim_many(*NAMES, metadata={"mine": "yes"})


def _all(daemon: world.Daemon) -> Any:
    return daemon.claim_many(
        *NAMES, metadata={"mine": "yes"}, all_or_nothing=True
    )


def _batch(**parts: Any) -> Journey:
    asks = parts.pop("asks", _some)
    return Journey(act=asks, asks=asks, names=NAMES, **parts)


JOURNEYS: Final[Mapping[str, Journey]] = {
    "batch": _batch(
        about="Two claims of one request, both from the shelf.",
        prepare=scenes.stock,
        makes=(
            "claims.open_all",
            "pool.offer",
            "claims.mark_offered",
            "tenant.accept",
            "endings.bind",
        ),
    ),
    "batch_with_a_miss": _batch(
        about="The shelf has a volume for one of them.",
        prepare=scenes.stock_of(1),
        makes=("claims.open_all", "claims.begin_miss", "endings.bind"),
    ),
    "batch_over_quota": _batch(
        about="The caller may have one volume; later the other, too.",
        prepare=scenes.after(scenes.stock, scenes.quota_for_one),
        relieve=scenes.within_quota,
        makes=("claims.open_all", "endings.bind", "endings.hand_back"),
    ),
    "batch_with_an_existing_name": _batch(
        about="The caller has a volume of one of the names.",
        prepare=scenes.after(scenes.stock, scenes.named_alike),
        makes=("claims.open_all", "endings.hand_back_for", "endings.bind"),
    ),
    "batch_with_a_name_that_was_left": _batch(
        about="Another daemon died with one of them in its hands.",
        prepare=scenes.abandoned("tenant.accept", doors.Side.BEFORE),
        makes=("claims.open_all", "claims.open", "pool.cancel"),
    ),
    "batch_with_a_name_that_was_given": _batch(
        about="One of them was given before, the other one is new.",
        prepare=scenes.bound,
        makes=("claims.open_all", "tenant.get_volume", "endings.bind"),
    ),
    "all_or_nothing": _batch(
        about="Both are to be had, so both are given.",
        asks=_all,
        prepare=scenes.stock,
        makes=("claims.open_all", "tenant.accept", "endings.bind"),
    ),
    "all_or_nothing_with_a_miss": _batch(
        about="One is created; then the other is accepted.",
        asks=_all,
        prepare=scenes.stock_of(1),
        makes=("claims.begin_miss", "tenant.accept", "endings.bind"),
    ),
    "all_or_nothing_of_too_few": _batch(
        about="There is one volume, and misses are refused.",
        asks=_all,
        prepare=scenes.stock_of(1),
        config=world.settings_of(create_on_miss=False),
        makes=("claims.open_all", "endings.fail_empty", "endings.hand_back"),
    ),
    "all_or_nothing_taken_back": _batch(
        about="Cinder refuses the words of one; the other was offered.",
        asks=_all,
        prepare=scenes.with_fault(
            scenes.stock, "PUT", "/volumes/*", faults.refuse(400)
        ),
        makes=("pool.offer", "pool.cancel", "endings.hand_back"),
    ),
    "all_or_nothing_over_quota": _batch(
        about="The first accept is refused; later it would not be.",
        asks=_all,
        prepare=scenes.after(scenes.stock, scenes.over_quota),
        relieve=scenes.within_quota,
        makes=("tenant.accept", "pool.cancel", "endings.hand_back"),
    ),
    "all_or_nothing_whose_create_is_refused": _batch(
        about="The create is refused; what was offered is taken back.",
        asks=_all,
        prepare=scenes.with_fault(
            scenes.stock_of(1),
            "POST",
            "/volumes",
            faults.refuse(400),
            project="skyline-a",
        ),
        makes=("tenant.create_volume", "pool.cancel", "endings.fail_empty"),
    ),
}
