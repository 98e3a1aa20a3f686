"""Each checker of the sweep says so when its invariant is broken."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from cube_volpool import model
from cube_volpool.db import models
from cube_volpool.tests import world
from cube_volpool.tests.reliability.crash import (
    case,
    doors,
    evidence,
    invariants,
    journeys,
    lane_scenes,
    scenes,
    sweep,
)
from cube_volpool.tests.simulator import records

_V, _C = models.backup_volumes, models.claims
Doctor = Callable[[evidence.Evidence], Any]


def _sql(found: evidence.Evidence, statement: sa.Executable) -> None:
    with found.world.store.ledger.write() as session:
        session.execute(statement)


def _row(**values: Any) -> Doctor:
    return lambda found: _sql(found, sa.update(_V).values(**values))


def _claim(**values: Any) -> Doctor:
    return lambda found: _sql(found, sa.update(_C).values(**values))


def _shelved(found: evidence.Evidence) -> records.Volume:
    return scenes.first(found.world)


def _given(found: evidence.Evidence) -> records.Volume:
    (volume,) = found.given()
    return volume


def _change(pick, **values: Any) -> Doctor:
    def doctor(found: evidence.Evidence) -> None:
        for name, value in values.items():
            setattr(pick(found), name, value)

    return doctor


def _copy(pick, **values: Any) -> Doctor:
    def doctor(found: evidence.Evidence) -> None:
        copy = dataclasses.replace(pick(found), id="copy", **values)
        found.world.cloud.volumes["copy"] = copy

    return doctor


def _bind_twice(found: evidence.Evidence) -> None:
    found.look()
    (claim,) = found.bound
    values = {
        column.name: getattr(claim, column.name) for column in _C.columns
    }
    del values["id"]
    values |= {"marker": "other", "name": "other"}
    _sql(found, sa.insert(_C).values(**values))


def _reply(project: str, name: str, volume_id: str = "") -> Doctor:
    return lambda found: found.replies.append(
        evidence.Reply(project, name, volume_id or _given(found).id)
    )


def _offer(found: evidence.Evidence) -> None:
    volume = _shelved(found)
    found.world.cloud.transfers["t"] = records.Transfer(
        "t", volume.id, "0" * 16, volume.project_id, volume.created_at
    )


def _move(found: evidence.Evidence) -> None:
    _given(found).project_id = found.world.project("skyline-b")


def _many(found: evidence.Evidence) -> None:
    for number in range(9):
        copy = dataclasses.replace(_shelved(found), id=f"copy-{number}")
        found.world.cloud.volumes[copy.id] = copy


def _deny(found: evidence.Evidence) -> None:
    found.told_nothing()
    _copy(_given, metadata={}, name="late")(found)


def _drop_snapshot(found: evidence.Evidence) -> None:
    cloud = found.world.cloud
    del cloud.snapshots[cloud.snapshot_id("ubuntu-24.04_ssd_20261120")]


def _lane(**changes: Any) -> Doctor:
    """Have lanes that nobody wants; of the rows something is changed."""

    def doctor(found: evidence.Evidence) -> None:
        lane_scenes.make(found.world)
        if changes:
            _sql(found, sa.update(models.twins).values(**changes))

    return doctor


def _lost_lane(found: evidence.Evidence) -> None:
    lane_scenes.make(found.world)
    _sql(found, sa.delete(models.twins))


#: What each checker says, and what it says it of.
_BROKEN: Final[tuple[tuple[str, Doctor], ...]] = (
    ("I1: 2 claims have volume", _bind_twice),
    ("I1: volume", _reply("skyline-b", "web_sys")),
    ("I1: claim 1 does not own", _move),
    ("I9: volume", _move),
    ("I2: ('skyline-a', 'web_sys') was told 2", _reply(
        "skyline-a", "web_sys", "another")),
    ("I2: 2 volumes are marked for claim", _copy(_given, name="alike")),
    ("has 2 volumes", _copy(_given, metadata={})),
    ("is on the shelf without a volume",
        lambda found: found.world.cloud.drop_volume(_shelved(found))),
    ("on the shelf with a wrong owner", _change(_shelved, project_id="x")),
    ("on the shelf with a wrong status", _change(_shelved, status="in-use")),
    ("on the shelf with a wrong name", _change(_shelved, name="web_sys")),
    ("on the shelf with a wrong markers", _change(_shelved, metadata={})),
    ("on the shelf with a wrong source", _row(twin_id="x")),
    ("on the shelf with a wrong source", _change(
        _shelved, snapshot_id="x")),
    ("on the shelf with a wrong offer", _offer),
    ("on the shelf with a wrong claim", lambda found: _sql(
        found, sa.update(_V).where(_V.c.id == 2).values(claim_id=1))),
    ("I4: claim 1: name", _change(_given, name="other")),
    ("I4: claim 1: type", _change(_given, volume_type=None)),
    ("I4: claim 1: size", _change(_given, size=2)),
    ("I4: claim 1: bootable", _change(_given, bootable=False)),
    ("I4: claim 1: snapshot", _change(_given, snapshot_id="x")),
    ("I4: claim 1: metadata", lambda found: _given(found).metadata.update(
        mine="no")),
    ("I4: claim 1: marker", _claim(marker="another")),
    ("I5: row 2 stays deleting", _row(status="deleting")),
    ("I5: claim 1 stays offered", _claim(status="offered")),
    ("stays open", _offer),
    ("is nobody's", _copy(_shelved)),
    ("is nobody's lane", _lost_lane),
    ("I5: twin 2 stays deleting", _lane(status="deleting")),
    ("I4: twin 2 has another content", _lane(source_id="x")),
    ("lanes: pool deb has (1, 2), not (0, 0)", _lane()),
    ("is in a project without a claim", _claim(
        status="failed", volume_id=None)),
    ("I6: 11 volumes for a target of 2", _many),
    ("I11: volume copy came after nothing was given", _deny),
    ("shelf: pool deb has 0 volumes", _row(status="deleting")),
    ("shelf: pool deb keeps volumes of x", _row(snapshot_id="x")),
    ("catalogue: the current entry of ubuntu", _drop_snapshot),
    ("catalogue: pool deb has another source", lambda found: _sql(
        found, sa.update(models.pools).values(source_snapshot_id="x"))),
    ("catalogue: pool deb gives another image", lambda found: _sql(
        found, sa.update(models.pools).values(current_snapshot_id="x"))),
    ("catalogue: the current entry of debian", lambda found: _sql(
        found, sa.update(models.os_images).values(rejected="bad"))),
)


class Invariants(case.SweepCase):
    """A world at rest, with one thing wrong in it."""

    def setUp(self):
        super().setUp()
        target = self.useFixture(world.World(place=self.place))
        self.found = evidence.Evidence(target, self.place)
        scenes.stock(target, 2)
        daemon = target.daemon()
        answer = sweep.claim(daemon)
        self.found.replies.append(
            evidence.Reply("skyline-a", "web_sys", answer.volume["id"])
        )
        daemon.fill()
        self.found.glance()

    def test_a_world_at_rest_is_in_order(self):
        """Nothing is said of it."""
        self.assertEqual([], invariants.settled(self.found))
        self.assertEqual(
            [], invariants.after_call(self.found, surge=0, doubt=0)
        )

    def assert_said(self, what: str, problems: list[str]) -> None:
        """Somebody says this."""
        self.assertTrue(any(what in one for one in problems), problems)

    def test_too_many_creates_are_seen(self):
        """I7, after every call."""
        cloud = self.found.world.cloud
        for number in range(4):
            cloud.volumes[str(number)] = dataclasses.replace(
                _shelved(self.found), id=str(number), status="creating"
            )

        self.assert_said(
            "I7: 4 creates in flight, the cap is 2",
            invariants.after_call(self.found, surge=9, doubt=1),
        )

    def test_too_many_deletes_are_seen(self):
        """I7: two in a minute where one an hour may be."""
        target = self.found.world
        limits = dataclasses.replace(
            target.settings.reconcile, deletes_per_hour=1
        )
        target.settings = dataclasses.replace(
            target.settings, reconcile=limits
        )
        pool = target.keyring("volpool", target.project("volpool"))
        for volume in self.found.pooled():
            pool.delete_volume(model.VolumeId(volume.id))
            target.clock.advance(60)

        self.assert_said(
            f"I7: 2 deletes in {timedelta(minutes=1)}, the cap is 1",
            list(invariants.bounded_deletes(self.found)),
        )

    def test_a_delete_of_what_is_not_condemned_is_seen(self):
        """I8: by whom, where, without a marker, of which row."""
        problems: list[str] = []
        invariants.watch_deletes(self.found, problems)
        target = self.found.world
        theirs = target.keyring("skyline", target.project("skyline-a"))
        theirs.delete_volume(model.VolumeId(_given(self.found).id))
        ours = target.keyring("volpool", target.project("volpool"))
        marked, unmarked = self.found.pooled()
        unmarked.metadata = {}
        ours.delete_volume(model.VolumeId(marked.id))

        for what in ("by another account", "in another project"):
            self.assert_said(what, problems[:3])
        self.assertEqual(1, len(problems[3:]))
        self.assert_said("whose row is not condemned", problems[3:])
        ours.delete_volume(model.VolumeId(unmarked.id))
        self.assert_said("without our marker", problems[4:])

    def test_a_condemned_row_that_comes_back_is_seen(self):
        """I8: and every other move that the tables lack."""
        for status in ("deleting", "available"):
            _row(status=status)(self.found)
            problems = self.found.glance()
        self.assert_said("from deleting to available", problems)
        _claim(status="offered")(self.found)
        self.assert_said("from bound to offered", self.found.glance())

    def test_a_generation_that_falls_is_seen(self):
        """I12: of a row and of a claim."""
        for generation in (7, 6):
            _row(generation=generation)(self.found)
            _claim(generation=generation)(self.found)
            problems = self.found.glance()

        self.assertEqual(3, len(problems))
        self.assert_said("claim web_sys has generation 6 after 7", problems)

    def test_an_image_that_was_not_built_is_seen(self):
        """Given by OS name, out of nowhere."""
        _sql(
            self.found,
            sa.update(models.pools).values(current_snapshot_id="x"),
        )

        self.assert_said("switch: pool deb gives x", self.found.glance())

    def test_without_recovery_a_crash_leaves_something_behind(self):
        """The invariants tell a crash from a journey that was finished."""
        journey = journeys.ALL["hit"]
        points = [
            point
            for point in doors.points(sweep.count(self.place, journey))
            if point.call == "tenant.accept"
        ]

        self.assertEqual(3, len(points))
        for point in points:
            problems = sweep.left_alone(self.place, journey, point)
            self.assertIn("I5: claim 1 stays offered", problems)


def _test_of(what: str, doctor: Doctor) -> Callable[[Invariants], None]:
    def test(self: Invariants) -> None:
        doctor(self.found)
        self.assert_said(what, invariants.settled(self.found))

    test.__doc__ = f"{what!r} is said of a world that is so."
    return test


for _number, (_what, _doctor) in enumerate(_BROKEN, start=1):
    setattr(
        Invariants,
        f"test_broken_{_number:02}_{_what.partition(':')[0][:40]}".replace(
            " ", "_"
        ).replace("'", ""),
        _test_of(_what, _doctor),
    )
