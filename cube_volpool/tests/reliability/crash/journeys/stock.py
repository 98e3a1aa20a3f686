"""The journeys of reconcile, audit and the catalogue; nobody waits."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from cube_volpool import settings
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import doors, scenes
from cube_volpool.tests.reliability.crash.sweep import Journey
from cube_volpool.tests.simulator import faults


def _two_rounds(daemon: world.Daemon) -> None:
    daemon.house.duties.sync()
    daemon.house.reconciler.round()
    daemon.world.clock.advance(5)
    daemon.house.reconciler.round()


def _audit(daemon: world.Daemon) -> None:
    daemon.house.duties.sync()
    daemon.house.duties.audit()
    daemon.fill()


def _settings(min_ready: int, **reconcile: Any) -> settings.Settings:
    made = world.settings_of(world.spec(min_ready=min_ready))
    limits = dataclasses.replace(made.reconcile, **reconcile)
    return dataclasses.replace(made, reconcile=limits)


def _with_bad_create(act: faults.Act) -> scenes.Scene:
    return scenes.with_fault(
        scenes.nothing, "POST", "/volumes", act, project="volpool"
    )


def _renamed_type(target: world.World) -> None:
    """Another name of the type is in the rows than its pool has now."""
    scenes.stock(target)
    ident = target.cloud.type_of("ssd").id
    with target.store.ledger.write() as session:
        session.execute(
            sa.update(models.backup_volumes).values(
                type="old-ssd", volume_type_id=ident
            )
        )


JOURNEYS: Final[Mapping[str, Journey]] = {
    "type_renamed": Journey(
        about="Cinder's type has another name, and so has the pool's now.",
        act=_audit,
        prepare=_renamed_type,
        asks=None,
        makes=("stock.relabel",),
    ),
    "top_up": Journey(
        about="An empty pool is filled with two volumes.",
        act=world.Daemon.fill,
        asks=None,
        makes=(
            "pools.ensure",
            "stock.begin_creates",
            "stock.is_still_intent",
            "pool.create_volume",
            "stock.attach",
            "pool.list_volumes",
            "stock.promote",
        ),
    ),
    "top_up_whose_create_is_late": Journey(
        about="The first POST times out and is executed after the crash.",
        act=_two_rounds,
        prepare=_with_bad_create(faults.late()),
        asks=None,
        surge=2,
        makes=("pool.create_volume",),
        times_out=True,
    ),
    "top_up_whose_create_comes_after_its_grace": Journey(
        about="Nobody waits for it any more; it is found by its marker.",
        act=_two_rounds,
        asks=None,
        lands_last=True,
        sides=(doors.Side.LATE,),
        makes=("pool.create_volume",),
    ),
    "top_up_refused": Journey(
        about="Cinder refuses the first create; the intents are forgotten.",
        act=_two_rounds,
        prepare=_with_bad_create(faults.refuse(403)),
        asks=None,
        makes=("stock.forget", "pools.note_error"),
    ),
    "build_that_failed": Journey(
        about="A new volume ends in error and is replaced.",
        act=world.Daemon.fill,
        prepare=lambda target: target.cloud.backend.plan("create", "error"),
        asks=None,
        makes=("stock.evict", "pool.delete_volume", "stock.forget"),
    ),
    "evict_and_delete": Journey(
        about="One volume too many is condemned, deleted and forgotten.",
        act=world.Daemon.fill,
        prepare=scenes.stock,
        config=_settings(1),
        asks=None,
        makes=(
            "stock.evict",
            "stock.charge_delete",
            "pool.list_transfers",
            "pool.delete_volume",
            "pool.get_volume",
            "stock.forget",
        ),
    ),
    "delete_refused": Journey(
        about="Cinder refuses the first DELETE; the cap gets it back.",
        act=world.Daemon.fill,
        prepare=scenes.with_fault(
            scenes.stock, "DELETE", "/volumes/*", faults.refuse(400)
        ),
        config=_settings(1),
        asks=None,
        makes=("pool.delete_volume", "stock.refund_delete"),
    ),
    "deletes_capped": Journey(
        about="Of two volumes too many one may be deleted in an hour.",
        act=_two_rounds,
        prepare=scenes.stock_of(3),
        config=_settings(1, deletes_per_hour=1),
        asks=None,
        surge=2,
        turns=30,
        makes=("stock.charge_delete", "pool.delete_volume"),
    ),
    "volume_offered_by_hand": Journey(
        about="A volume on the shelf is offered to somebody, by hand.",
        act=_audit,
        prepare=scenes.after(scenes.stock, scenes.offered_by_hand),
        asks=None,
        surge=2,
        makes=("stock.evict", "pool.cancel", "pool.delete_volume"),
    ),
    "volume_deleted_by_hand": Journey(
        about="A volume on the shelf is gone; the audit sees it.",
        act=_audit,
        prepare=scenes.after(scenes.stock, scenes.deleted_by_hand),
        asks=None,
        makes=("stock.forget", "pool.create_volume"),
    ),
    "refresh": Journey(
        about="A newer snapshot is published: the stale rows are replaced.",
        act=world.Daemon.fill,
        prepare=scenes.after(scenes.stock, scenes.newer_snapshot),
        asks=None,
        surge=3,
        makes=(
            "pools.set_source",
            "stock.begin_creates",
            "stock.promote",
            "pools.switch",
            "stock.evict",
            "pool.delete_volume",
        ),
    ),
    "sync": Journey(
        about="One snapshot came and one went.",
        act=lambda daemon: daemon.house.duties.sync(),
        prepare=scenes.other_catalogue,
        asks=None,
        makes=(
            "pool.list_snapshots",
            "pool.list_volume_types",
            "images.replace",
        ),
    ),
    "audit_of_a_restored_ledger": Journey(
        about="The stock has no rows any more and is taken in again.",
        act=_audit,
        prepare=scenes.restored_ledger,
        surge=3,
        keeps=True,
        makes=("stock.unknown", "stock.adopt", "stock.promote"),
    ),
    "audit_of_what_a_claim_left": Journey(
        about="A volume that nobody knows carries a claim's marker.",
        act=_audit,
        prepare=scenes.left_by_a_claim,
        asks=None,
        surge=2,
        makes=("stock.adopt", "pool.delete_volume"),
    ),
    "purge": Journey(
        about="A claim of long ago is forgotten; its volume stays.",
        act=lambda daemon: daemon.house.duties.purge(),
        prepare=scenes.bound_long_ago,
        keeps=True,
        makes=("pools.purge",),
    ),
}
