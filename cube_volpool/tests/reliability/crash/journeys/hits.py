"""Claims that the shelf can serve, and what may go wrong with them."""

from collections.abc import Mapping
from typing import Any, Final

from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import scenes, sweep
from cube_volpool.tests.reliability.crash.sweep import Journey
from cube_volpool.tests.simulator import faults


def _by_os_name(daemon: world.Daemon) -> Any:
    return daemon.claim(
        metadata={"mine": "yes"},
        volume_type="FAST",
        snapshot_id=None,
        os_name="debian-12",
    )


def _larger(daemon: world.Daemon) -> Any:
    return daemon.claim("web_sys", metadata={"mine": "yes"}, size_gib=5)


def _delay(daemon: world.Daemon) -> None:
    # Longer than the caller's budget.
    daemon.world.clock.advance(40)


def _withdrawn(target: world.World) -> None:
    scenes.stock(target)
    over = faults.hook(before=lambda _seen: target.clock.advance(40))
    for act in (over, faults.hang()):
        target.cloud.fault("POST", scenes.ACCEPT, act, times=1)


JOURNEYS: Final[Mapping[str, Journey]] = {
    "hit": Journey(
        about="A claim from the shelf.",
        act=sweep.claim,
        prepare=scenes.stock,
        makes=(
            "claims.open",
            "tenant.list_volumes",
            "pool.update_volume",
            "pool.offer",
            "claims.mark_offered",
            "tenant.accept",
            "endings.bind",
        ),
    ),
    "hit_that_is_extended": Journey(
        about="A claim for more than the pool's size.",
        act=_larger,
        asks=_larger,
        prepare=scenes.stock,
        config=world.settings_of(world.spec(extend=True)),
        size=5,
        makes=("endings.bind", "tenant.extend_volume"),
    ),
    "hit_offered_before_its_rename": Journey(
        about="The three calls side by side, in the other order.",
        act=sweep.claim,
        prepare=scenes.stock,
        runner=sweep.OfferFirst,
        makes=("tenant.accept",),
    ),
    "hit_by_os_name": Journey(
        about="A claim that leaves the snapshot to the catalogue.",
        act=_by_os_name,
        asks=_by_os_name,
        prepare=scenes.stock,
        makes=("pools.list", "endings.bind"),
    ),
    "hit_whose_lease_is_renewed": Journey(
        about="The leases' duty runs beside the claim.",
        act=sweep.claim,
        prepare=scenes.stock,
        meanwhile={
            "pool.offer": lambda daemon: daemon.house.duties.renew_leases()
        },
        makes=("claims.renew_all",),
    ),
    "accept_executed_and_not_answered": Journey(
        about="The accept times out after it took effect.",
        act=sweep.claim,
        prepare=scenes.with_fault(
            scenes.stock, "POST", scenes.ACCEPT, faults.lose("timeout")
        ),
        makes=("claims.renew", "tenant.get_volume", "endings.bind"),
        times_out=True,
    ),
    "accept_that_never_arrived": Journey(
        about="The accept times out without an effect and is sent again.",
        act=sweep.claim,
        prepare=scenes.with_fault(
            scenes.stock, "POST", scenes.ACCEPT, faults.hang()
        ),
        makes=("pool.list_transfers", "endings.bind"),
        times_out=True,
    ),
    "accept_executed_late": Journey(
        about="The accept times out and takes effect after all that.",
        act=sweep.claim,
        prepare=scenes.with_fault(
            scenes.stock, "POST", scenes.ACCEPT, faults.late()
        ),
        makes=("pool.list_transfers",),
        times_out=True,
    ),
    "offer_withdrawn_before_its_accept": Journey(
        about="Recording the offer took the rest of the caller's budget.",
        act=sweep.claim,
        prepare=scenes.stock,
        meanwhile={"claims.mark_offered": _delay},
        makes=("pool.cancel", "endings.hand_back"),
    ),
    "offer_withdrawn_after_an_accept": Journey(
        about="The accept times out, and so does the caller's budget.",
        act=sweep.claim,
        prepare=_withdrawn,
        makes=("pool.cancel", "endings.evict", "endings.fail"),
        times_out=True,
    ),
    "quota_refusal": Journey(
        about="The caller is over quota; later he is not.",
        act=sweep.claim,
        prepare=scenes.after(scenes.stock, scenes.over_quota),
        relieve=scenes.within_quota,
        makes=("tenant.accept", "pool.cancel", "endings.hand_back"),
    ),
    "refused_words": Journey(
        about="Cinder refuses the caller's name or metadata.",
        act=sweep.claim,
        prepare=scenes.with_fault(
            scenes.stock, "PUT", "/volumes/*", faults.refuse(400)
        ),
        makes=("pool.cancel", "endings.hand_back"),
    ),
    "existing_name": Journey(
        about="The caller has a volume of that name already.",
        act=sweep.claim,
        prepare=scenes.after(scenes.stock, scenes.named_alike),
        makes=("pool.cancel", "endings.hand_back_for"),
    ),
    "existing_name_and_a_row_in_doubt": Journey(
        about="And the volume of the pool cannot be taken back for certain.",
        act=sweep.claim,
        prepare=scenes.with_fault(
            scenes.after(scenes.stock, scenes.named_alike),
            "DELETE",
            "/volume-transfers/*",
            faults.lose("timeout"),
        ),
        makes=("endings.evict", "endings.bind"),
        times_out=True,
    ),
    "unfit_volume": Journey(
        about="The first volume does not behave; the next one is taken.",
        act=sweep.claim,
        prepare=scenes.after(scenes.stock, scenes.unbootable),
        makes=("endings.evict", "claims.reserve", "endings.bind"),
    ),
    "gone_volume": Journey(
        about="The first volume was deleted by hand.",
        act=sweep.claim,
        prepare=scenes.after(scenes.stock, scenes.deleted_by_hand),
        makes=("endings.evict", "claims.reserve", "endings.bind"),
    ),
    "no_volume_behaved": Journey(
        about="The attempts are used up with a row in hand.",
        act=sweep.claim,
        prepare=scenes.after(scenes.stock, scenes.unbootable),
        config=world.settings_of(attempts=1),
        makes=("claims.reserve", "endings.unreserve", "endings.fail"),
    ),
}
