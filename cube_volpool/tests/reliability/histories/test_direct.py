"""The direct volume API and the real one give the same answers."""

import dataclasses
import random
from collections.abc import Callable
from typing import Any

from keystoneauth1 import session as ks_session
from keystoneauth1.identity import v3
from oslotest import base

from cube_volpool import model, volumeapi
from cube_volpool.cinder import api as cinder
from cube_volpool.tests import simulator, world
from cube_volpool.tests.simulator import direct

_SNAPSHOT = "debian-12_ssd_20261120"
_WHO = (
    ("volpool", "volpool"),
    ("skyline", "skyline-a"),
    ("alice", "skyline-a"),
    ("bob", "skyline-b"),
)
_NAMES = ("one", "ONE", "two", "", "x" * 256)
_SEEDS = 6
_OPERATIONS = 250


class Side:
    """One cloud and its volume APIs, and the ids in order of appearance."""

    def __init__(self, is_direct: bool) -> None:
        self.clock = simulator.SimClock(world._START)
        self.cloud = simulator.Cloud.lab(self.clock, max_limit=20)
        make: Callable[[str, str], Any] = self._direct
        if not is_direct:
            make = self._real
        self.apis = [make(*who) for who in _WHO]
        self.volumes = [model.VolumeId("0" * 36)]
        self.snapshots = [model.SnapshotId("0" * 36)]
        self.offers = [model.Offer(
            transfer_id=model.TransferId("0" * 36), auth_key="none"
        )]
        self.numbers: dict[str, str] = {}
        for name in (*(w[1] for w in _WHO), "volpool"):
            self.numbers[self.cloud.project_id(name)] = name
        for user in self.cloud.identity.users.values():
            self.numbers[user.id] = user.name
        for kind in self.cloud.types.values():
            self.numbers[kind.id] = kind.name
        for snapshot in self.cloud.snapshots.values():
            self.numbers[snapshot.id] = snapshot.name or ""
            self.numbers[snapshot.volume_id] = f"of {snapshot.name}"

    def _direct(self, user: str, project: str) -> volumeapi.VolumeAPI:
        return direct.DirectAPI(self.cloud, user, project)

    def _real(self, user: str, project: str) -> volumeapi.VolumeAPI:
        auth = v3.Password(
            self.cloud.auth_url,
            username=user,
            password=world.PASSWORD,
            user_domain_id="default",
            project_id=self.cloud.project_id(project),
        )
        session = ks_session.Session(session=simulator.mount(self.cloud))
        endpoint = cinder.Endpoint(region_name="RegionOne")
        return cinder.CinderAPI(session, auth, endpoint=endpoint)

    def run(self, operation: Callable[["Side"], Any]) -> Any:
        """Return what it comes to, with numbers in place of ids."""
        try:
            value = operation(self)
        except volumeapi.VolumeAPIError as error:
            return type(error).__name__
        finally:
            self._number()
        if isinstance(value, model.Offer):
            self.offers.append(value)
            self.numbers[value.transfer_id] = f"offer {len(self.offers)}"
            return "offer"
        return self.plain(value)

    def _number(self) -> None:
        """Give what was made a number, told of or not."""
        for ident in self.cloud.volumes:
            if ident not in self.numbers:
                self.volumes.append(model.VolumeId(ident))
                self.numbers[ident] = f"volume {len(self.volumes)}"
        for ident in self.cloud.snapshots:
            if ident not in self.numbers:
                self.snapshots.append(model.SnapshotId(ident))
                self.numbers[ident] = f"snapshot {len(self.snapshots)}"

    def plain(self, value: Any) -> Any:
        """Return a value without ids and links."""
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.plain(vars(value))
        if isinstance(value, dict):
            return {
                self.plain(k): self.plain(v)
                for k, v in value.items()
                if k != "links"
            }
        if isinstance(value, tuple | list):
            # Of one second, they come in the order of their ids.
            return sorted((self.plain(v) for v in value), key=str)
        if isinstance(value, str):
            return self.numbers.get(value, value)
        return value


def _draw(chance: random.Random) -> Callable[[Side], Any]:
    """Return an operation that fits both sides."""
    who = chance.randrange(len(_WHO))
    place, offer = chance.random(), chance.random()
    name = chance.choice(_NAMES)
    # The newest things are the ones that something can be done to.
    metadata = chance.choice(({}, {"a": "b"}, {"bad%key": "x"}, {"a": "c"}))
    make = _creation(chance, name, metadata)

    def one(side: Side) -> model.VolumeId:
        return side.volumes[-1 - int(place**2 * len(side.volumes))]

    def taken(side: Side) -> model.SnapshotId:
        return side.snapshots[-1 - int(place**2 * len(side.snapshots))]

    def offered(side: Side) -> model.Offer:
        return side.offers[-1 - int(offer**2 * len(side.offers))]

    operations: dict[Callable[[Side], Any], int] = {
        lambda s: s.apis[who].create_volume(make(s)): 3,
        lambda s: s.apis[who].get_volume(one(s)): 2,
        lambda s: s.apis[who].list_volumes(name=name or None): 1,
        lambda s: s.apis[who].list_volumes(metadata=metadata): 1,
        lambda s: s.apis[who].list_page(metadata=metadata): 1,
        lambda s: s.apis[who].list_volumes(statuses=("creating", "error")): 1,
        lambda s: s.apis[who].list_volumes(): 1,
        lambda s: s.apis[who].update_volume(
            one(s), name=name, metadata=metadata
        ): 2,
        lambda s: s.apis[who].delete_volume(one(s)): 1,
        lambda s: s.apis[who].offer(one(s), name=name): 4,
        lambda s: s.apis[who].accept(offered(s)): 4,
        lambda s: s.apis[who].cancel(offered(s).transfer_id): 1,
        lambda s: s.apis[who].list_transfers(one(s)): 1,
        lambda s: s.apis[who].create_snapshot(
            model.NewSnapshot(
                name=name, volume_id=one(s), metadata=metadata
            )
        ): 2,
        lambda s: s.apis[who].get_snapshot(taken(s)): 1,
        lambda s: s.apis[who].list_snapshots(name=name or None): 1,
        lambda s: s.apis[who].delete_snapshot(taken(s)): 1,
        lambda s: s.apis[who].list_volume_types(): 1,
        lambda s: s.apis[who].project_id: 1,
        lambda s: s.clock.advance(3): 4,
        _by_hand(chance): 2,
    }
    [chosen] = chance.choices(list(operations), list(operations.values()))
    return chosen


def _creation(
    chance: random.Random, name: str, metadata: dict[str, str]
) -> Callable[[Side], model.NewVolume]:
    kind = chance.choice(("ssd", "ssd", "sas", "private", "none"))
    size = chance.choice((None, 1, 1, 2, 0))
    known = chance.random() < 0.6
    zone = chance.choice((None, None, None, "nova", "mars"))

    def make(side: Side) -> model.NewVolume:
        snapshot = model.SnapshotId(side.cloud.snapshot_id(_SNAPSHOT))
        return model.NewVolume(
            name=name,
            volume_type=kind,
            size_gib=size,
            snapshot_id=snapshot if known else None,
            metadata=metadata,
            availability_zone=zone,
        )

    return make


def _by_hand(chance: random.Random) -> Callable[[Side], Any]:
    """Return a change of the cloud: quotas, errors, an attachment."""
    limit = chance.choice((0, 2, 5, 5000))
    kind = chance.choice(("create", "delete", "cast"))
    place = chance.random()

    def attach(side: Side) -> None:
        ids = [i for i in side.volumes if i in side.cloud.volumes]
        if ids:
            volume = side.cloud.volumes[ids[int(place * len(ids))]]
            volume.attachments.append({"server_id": "somebody's"})

    def refuse(side: Side) -> None:
        side.cloud.set_quota("skyline-a", volumes=limit)

    def plan(side: Side) -> None:
        side.cloud.backend.plan(kind, "error")

    return chance.choice((attach, refuse, refuse, plan, plan))


class DirectTest(base.BaseTestCase):
    """Side by side: without HTTP, and through cinderclient over HTTP."""

    def test_both_ways_give_the_same_answers_and_errors(self):
        """Random operations of four users; ids apart, all is equal."""
        told: set[str] = set()
        for seed in range(_SEEDS):
            chance = random.Random(seed)
            sides = Side(is_direct=True), Side(is_direct=False)
            for number in range(_OPERATIONS):
                operation = _draw(chance)
                ours, theirs = (side.run(operation) for side in sides)
                self.assertEqual(theirs, ours, f"seed {seed}, {number}")
                if isinstance(ours, str):
                    told.add(ours)

        # Every kind of error was met.
        wanted = {"NotFound", "Refused", "OverQuota", "Unclear", "offer"}
        self.assertEqual(set(), wanted - told)
