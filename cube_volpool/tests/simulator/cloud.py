"""The simulated cloud: its state, its seed, and what tests ask of it."""
import datetime
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from cube_volpool.tests.simulator import quota, records
from cube_volpool.tests.simulator.answers import Refusal, not_found
from cube_volpool.tests.simulator.backend import Backend, Job, Outcome, Timing
from cube_volpool.tests.simulator.clock import Clock, RealClock
from cube_volpool.tests.simulator.faults import Fault, Faults
from cube_volpool.tests.simulator.identity import Identity
from cube_volpool.tests.simulator.journal import Journal, Seen

SERVICE_UUID = "5f0d1a52-6a36-4c5c-9d4e-6a3c0f1f9b11"


class Order(Protocol):
    """Volumes in the order of Cinder's lists; see ``crowd``."""

    def moved(self) -> None:
        """Another volume is there, or one is not, or has another owner."""

    def behind(self, project_id: str,
               marker: records.Volume | None) -> Iterator[records.Volume]:
        """Yield a project's volumes that come after one, or all."""


class Cloud:
    """One Keystone and one Cinder.

    Args:
        clock: a SimClock in tests, a RealClock for a process.
        build_seconds: time of a clone, in seconds.
        build_seconds_per_gib: time of a flatten per GiB, in seconds.
        delete_seconds: time from ``deleting`` to gone, in seconds.
        flatten_slots: how many flattens run side by side, Cinder's
            rbd_concurrent_flatten_operations.
        token_seconds: life of a token, in seconds.
        max_limit: Cinder's osapi_max_limit.
        seed: of the faults that happen by chance.
    """

    URL = "http://cloud.test"

    def __init__(self, clock: Clock | None = None, *,
                 build_seconds: float = 0.4,
                 build_seconds_per_gib: float = 2.5,
                 delete_seconds: float = 0.3, flatten_slots: int = 3,
                 token_seconds: float = 14400,
                 max_limit: int = 1000, seed: int = 0) -> None:
        self.clock = clock or RealClock()
        self.lock = threading.RLock()
        self.identity = Identity(self.clock, token_seconds)
        self.quota = quota.Quota()
        self.backend = Backend(self.clock, Timing(
            build_seconds=build_seconds,
            build_seconds_per_gib=build_seconds_per_gib,
            delete_seconds=delete_seconds), flatten_slots=flatten_slots)
        self.faults = Faults(seed)
        self.journal = Journal(self.clock)
        self.latency: dict[tuple[str, str], float] = {}
        self.max_limit = max_limit
        self.default_type = "__DEFAULT__"
        self.zones = ["nova"]
        self.region = "RegionOne"
        self.types: dict[str, records.VolumeType] = {}
        self.volumes: dict[str, records.Volume] = {}
        self.snapshots: dict[str, records.Snapshot] = {}
        self.images: dict[str, records.Image] = {}
        self.transfers: dict[str, records.Transfer] = {}
        self.deleted: dict[str, records.Volume] = {}
        self.deleted_snapshots: dict[str, records.Snapshot] = {}
        self.late: list[Callable[[], Any]] = []
        #: Set where there are too many volumes to sort for each page.
        self.order: Order | None = None
        self.clock.watch(self.settle)

    @classmethod
    def lab(cls, clock: Clock | None = None, **options: Any) -> "Cloud":
        """A cloud seeded like the real lab: same names, same password."""
        from cube_volpool.tests.simulator import lab
        cloud = cls(clock, **options)
        lab.seed(cloud)
        return cloud

    # What a test looks at

    @property
    def auth_url(self) -> str:
        """Keystone's URL for clients mounted in process."""
        return f"{self.URL}/identity/v3"

    @property
    def requests(self) -> list[Seen]:
        """Every request so far, oldest first; a copy."""
        return self.journal.entries()

    def settle(self) -> None:
        """Let everything happen that is due by the clock."""
        with self.lock:
            self.backend.settle()

    def volume(self, wanted: str) -> records.Volume:
        """The live volume of this id, or the only one of this name.

        Raises KeyError when there is none, ValueError when names collide.
        """
        with self.lock:
            self.backend.settle()
            if wanted in self.volumes:
                return self.volumes[wanted]
            named = self.volumes_named(wanted)
            if len(named) > 1:
                raise ValueError(f"{len(named)} volumes named {wanted}")
            if not named:
                raise KeyError(wanted)
            return named[0]

    def volumes_named(self, name: str) -> list[records.Volume]:
        """All live volumes of that name, in any project."""
        return [v for v in self.volumes.values() if v.name == name]

    def volumes_of(self, project: str) -> list[records.Volume]:
        """The live volumes of a project, by its name or id."""
        with self.lock:
            self.backend.settle()
            ident = self.project_id(project)
            return [v for v in self.volumes.values()
                    if v.project_id == ident]

    def project_id(self, name: str) -> str:
        """The id of a project. Raises KeyError when there is none."""
        found = self.identity.project(name)
        if found is None:
            raise KeyError(name)
        return found.id

    def snapshot_id(self, name: str) -> str:
        """The id of the snapshot of that name. Raises KeyError."""
        for snapshot in self.snapshots.values():
            if snapshot.name == name:
                return snapshot.id
        raise KeyError(name)

    def run_late(self) -> list[Any]:
        """Run what requests set aside as late; their answers, in order."""
        effects, self.late = self.late, []
        return [effect() for effect in effects]

    def fault(self, method: str, path: str, act: Any,
              **options: Any) -> Fault:
        """Add a fault rule; see ``faults.Fault`` for the options."""
        return self.faults.add(Fault(method, path, act, **options))

    def set_quota(self, project: str, **limits: int) -> None:
        """Set limits of a project, e.g. ``volumes=0, gigabytes_ssd=5``."""
        with self.lock:
            for name, value in limits.items():
                self.quota.limits[self.project_id(project), name] = value

    # Seeding

    def add_project(self, name: str) -> str:
        """Make a project; its id."""
        with self.lock:
            return self.identity.add_project(name).id

    def add_user(self, name: str, password: str = "labadmin",  # noqa: S107
                 *, default_project: str | None = None,
                 **roles: str | tuple[str, ...]) -> str:
        """Make a user; its id. Roles as ``project=role``.

        A project name with a dash needs ``**{"skyline-a": "member"}``.
        """
        with self.lock:
            user = self.identity.add_user(name, password, default_project)
            for project, given in roles.items():
                self.identity.add_project(project)
                for role in (given,) if isinstance(given, str) else given:
                    self.identity.grant(name, project, role)
            return user.id

    def add_type(self, name: str, *, is_public: bool = True,
                 flatten: bool = True, backend: str | None = None,
                 access: tuple[str, ...] = ()) -> records.VolumeType:
        """Make a volume type on a backend (of its own name by default)."""
        with self.lock:
            made = records.VolumeType(
                str(uuid.uuid4()), name, is_public=is_public,
                extra_specs={"volume_backend_name": backend or name},
                access={self.project_id(p) for p in access},
                flatten=flatten)
            self.types[made.id] = made
            return made

    def add_volume(self, project: str, name: str, *, size: int = 1,
                   volume_type: str | None = None, user: str | None = None,
                   **fields: Any) -> records.Volume:
        """Put an ``available`` volume there at once, quota counted."""
        with self.lock:
            owner = self.project_id(project)
            kind = self.type_of(volume_type) if volume_type else None
            who = self.identity.user(user) if user else None
            backend = kind.name if kind else "lab"
            volume = records.Volume(
                str(uuid.uuid4()), owner, who.id if who else uuid.uuid4().hex,
                size, self.second(), name=name, volume_type=kind,
                host=f"lab@{backend}#{backend}", updated_at=self.second(),
                service_uuid=SERVICE_UUID, shared_targets=False,
                **{"status": "available", **fields})
            self.volumes[volume.id] = volume
            self.moved()
            self.quota.add(owner, quota.of_volume(volume))
            return volume

    def add_image(self, name: str, *, min_disk: int = 1,
                  project: str | None = None,
                  ident: str | None = None) -> records.Image:
        """Put an image into Glance, public or a project's; GiB."""
        with self.lock:
            owner = self.project_id(project) if project else None
            image = records.Image(ident or str(uuid.uuid4()), name, min_disk,
                                  owner)
            self.images[image.id] = image
            return image

    def add_snapshot(self, volume: records.Volume, name: str,
                     **fields: Any) -> records.Snapshot:
        """Put an ``available`` snapshot of a volume there at once."""
        with self.lock:
            snapshot = records.Snapshot(
                str(uuid.uuid4()), volume.project_id, volume.user_id,
                volume.id, volume.size, self.second(), name=name,
                volume_type=volume.volume_type,
                image_metadata=dict(volume.image_metadata),
                updated_at=self.second(),
                **{"status": "available", "progress": "100%", **fields})
            self.snapshots[snapshot.id] = snapshot
            self.quota.add(volume.project_id, quota.of_snapshot(snapshot))
            return snapshot

    # What the views share

    def second(self) -> datetime.datetime:
        """The time of a row: whole seconds, as MySQL keeps them."""
        return self.backend.time.replace(microsecond=0)

    def type_of(self, wanted: str) -> records.VolumeType:
        """The type of this id or name. Raises Refusal 404."""
        if wanted in self.types:
            return self.types[wanted]
        for kind in self.types.values():
            if kind.name == wanted:
                return kind
        try:
            uuid.UUID(wanted)
        except ValueError:
            raise Refusal(404, f"Volume type with name {wanted} could not "
                               "be found.") from None
        raise not_found("Volume type", wanted)

    def visible_volume(self, token: records.Token,
                       ident: str) -> records.Volume:
        """The volume as this token sees it. Raises Refusal 404."""
        volume = self.volumes.get(ident.lower())
        if volume is None or not _sees(token, volume.project_id):
            raise not_found("Volume", ident)
        return volume

    def visible_snapshot(self, token: records.Token,
                         ident: str) -> records.Snapshot:
        """The snapshot as this token sees it. Raises Refusal 404."""
        snapshot = self.snapshots.get(ident.lower())
        if snapshot is None or not _sees(token, snapshot.project_id):
            raise not_found("Snapshot", ident)
        return snapshot

    def drop_volume(self, volume: records.Volume) -> None:
        """Remove the row, its offers and what it counted for."""
        self.volumes.pop(volume.id, None)
        self.moved()
        self.deleted[volume.id] = volume
        self.drop_transfers(volume.id)
        self.quota.add(volume.project_id, quota.of_volume(volume, -1))

    def moved(self) -> None:
        """Take note that a volume came, went, or changed its owner."""
        if self.order is not None:
            self.order.moved()

    def drop_snapshot(self, snapshot: records.Snapshot) -> None:
        """Remove the row and what it counted for."""
        if self.snapshots.pop(snapshot.id, None) is not None:
            self.deleted_snapshots[snapshot.id] = snapshot
            self.quota.add(snapshot.project_id,
                           quota.of_snapshot(snapshot, -1))

    def content_of(self, snapshot_id: str) -> str:
        """The snapshot whose bytes it has: that of its volume, and so on.

        A snapshot of a volume that was made from no snapshot is its own.
        """
        snapshot = (self.snapshots.get(snapshot_id)
                    or self.deleted_snapshots.get(snapshot_id))
        volume = snapshot and (self.volumes.get(snapshot.volume_id)
                               or self.deleted.get(snapshot.volume_id))
        if not volume or volume.snapshot_id is None:
            return snapshot_id
        return self.content_of(volume.snapshot_id)

    def drop_transfers(self, volume_id: str) -> None:
        """Remove every offer of a volume."""
        self.transfers = {i: t for i, t in self.transfers.items()
                          if t.volume_id != volume_id}

    def submit(self, kind: str, target: str, seconds: float,
               finish: Callable[[Outcome], None], *,
               lock: str | None = None, flattens: bool = False) -> None:
        """Queue backend work."""
        self.backend.submit(Job(kind, target, seconds, finish, lock,
                                flattens))


def _sees(token: records.Token, project_id: str) -> bool:
    return token.is_admin or (token.project is not None
                              and token.project.id == project_id)
