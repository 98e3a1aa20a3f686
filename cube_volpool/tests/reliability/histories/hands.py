"""What people do in Cinder behind the pool's back."""

import random
from collections.abc import Callable
from typing import Final

from cube_volpool import model
from cube_volpool.tests.reliability.histories import surroundings, town
from cube_volpool.tests.simulator import (
    Cloud,
    Outcome,
    direct,
    records,
    transfers,
    volumes,
)
from cube_volpool.tests.simulator.answers import Refusal
from cube_volpool.tests.simulator.context import Context

_ATTACHMENT: Final = {"server_id": "somebody's"}


class Hands:
    """Operators and tenants.

    Args:
        touched: told the id of a volume before somebody lays hands on it.
        unmarked: told the id of a volume that is not ours any more.
        moved: told the id of a volume that an operator gave to a project.
    """

    def __init__(
        self,
        cloud: Cloud,
        chance: random.Random,
        *,
        touched: Callable[[str], None],
        unmarked: Callable[[str], None],
        moved: Callable[[str], None],
    ) -> None:
        self._cloud = cloud
        self._chance = chance
        self._touched = touched
        self._unmarked = unmarked
        self._moved = moved
        around = surroundings.Surroundings(cloud, chance)
        #: What an operator may do, and how often against the others.
        self._operator: dict[Callable[[], str | None], int] = {
            self._delete: 3,
            self._rename: 3,
            self._attach: 3,
            self._detach: 3,
            self._retype: 1,
            self._unmark: 2,
            self._offer: 2,
            self._cancel: 4,
            self._give_away: 1,
            self._fail: 2,
            around.publish: 3,
            around.withdraw: 1,
            around.limit: 3,
            around.plan: 4,
            around.stop: 1,
            around.start: 3,
        }
        self._tenant: dict[Callable[[], str | None], int] = {
            self._tenant_deletes: 5,
            self._tenant_renames: 2,
            self._tenant_creates: 2,
        }

    def act(self) -> str | None:
        """Do something as an operator; None: there was nothing to do."""
        return self._one(self._operator)

    def act_as_tenant(self) -> str | None:
        """Do something as a tenant."""
        return self._one(self._tenant)

    def repair(self) -> None:
        """Put right by hand what only a hand can put right."""
        cloud = self._cloud
        cloud.backend._plans.clear()
        if not cloud.backend.up:
            cloud.backend.start()
        under_way = set()
        for job in cloud.backend.pending():
            job.outcome = Outcome.OK
            under_way.add(job.target)
        for volume in cloud.volumes.values():
            is_stuck = volume.status in ("creating", "deleting")
            if is_stuck and volume.id not in under_way:
                volume.status = "error"
        for name in town.PROJECTS:
            cloud.set_quota(name, volumes=5000, gigabytes=20000)
        for volume in self._pooled():
            volume.attachments.clear()
            if volume.status in ("in-use", "error_deleting"):
                volume.status = "error"

    def clear_away(self) -> None:
        """Delete what is not ours any more: nobody else may."""
        for volume in self._pooled():
            if model.DEPLOYMENT_KEY not in volume.metadata:
                self._touched(volume.id)
                self._cloud.drop_volume(volume)

    def _one(
        self, choices: dict[Callable[[], str | None], int]
    ) -> str | None:
        [act] = self._chance.choices(list(choices), list(choices.values()))
        told = act()
        if told is None:
            return None
        return f"{act.__name__.lstrip('_')} {told}"

    # -- the pool's project ---------------------------------------------------

    def _pooled(self) -> list[records.Volume]:
        pool = self._cloud.project_id("volpool")
        return [
            volume
            for volume in self._cloud.volumes.values()
            if volume.project_id == pool
            and not (volume.name or "").startswith("src-")
        ]

    def _any_pooled(self) -> records.Volume | None:
        found = self._pooled()
        if not found:
            return None
        volume = self._chance.choice(found)
        self._touched(volume.id)
        return volume

    def _delete(self) -> str | None:
        return self._deleted(self._any_pooled())

    def _deleted(self, volume: records.Volume | None) -> str | None:
        """Ask for a volume to go; Cinder may refuse."""
        if volume is None:
            return None
        try:
            volumes.start_delete(self._cloud, volume, force=False)
        except Refusal:
            return None
        return volume.id

    def _rename(self) -> str | None:
        volume = self._any_pooled()
        if volume is None:
            return None
        volume.name = f"mine-{self._chance.randrange(9)}"
        return volume.id

    def _attach(self) -> str | None:
        volume = self._any_pooled()
        if volume is None or volume.status != "available":
            return None
        volume.attachments.append(dict(_ATTACHMENT))
        volume.status = "in-use"
        return volume.id

    def _detach(self) -> str | None:
        attached = [v for v in self._pooled() if v.attachments]
        if not attached:
            return None
        volume = self._chance.choice(attached)
        volume.attachments.clear()
        volume.status = "available"
        return volume.id

    def _retype(self) -> str | None:
        volume = self._any_pooled()
        if volume is None:
            return None
        volume.volume_type = self._cloud.type_of("noflat")
        return volume.id

    def _unmark(self) -> str | None:
        volume = self._any_pooled()
        if volume is None or not volume.metadata:
            return None
        key = self._chance.choice(sorted(volume.metadata))
        del volume.metadata[key]
        if key == model.DEPLOYMENT_KEY:
            self._unmarked(volume.id)
        return f"{volume.id} {key}"

    def _fail(self) -> str | None:
        volume = self._any_pooled()
        if volume is None or volume.status == "deleting":
            return None
        volume.status = "error"
        return volume.id

    # -- transfers ------------------------------------------------------------

    def _offer(self) -> str | None:
        volume = self._any_pooled()
        if volume is None or volume.status != "available":
            return None
        body = {"transfer": {"volume_id": volume.id, "no_snapshots": True}}
        transfers.create(self._as("volpool", "volpool", body))
        return volume.id

    def _cancel(self) -> str | None:
        if not self._cloud.transfers:
            return None
        offer = self._chance.choice(list(self._cloud.transfers.values()))
        self._touched(offer.volume_id)
        transfers.delete(self._as("volpool", "volpool", None), offer.id)
        return offer.volume_id

    def _give_away(self) -> str | None:
        """Hand a pooled volume to some project, as an operator can."""
        volume = self._any_pooled()
        if volume is None or volume.status != "available":
            return None
        project = self._chance.choice(town.PROJECTS)
        body = {"transfer": {"volume_id": volume.id, "no_snapshots": True}}
        transfers.create(self._as("volpool", "volpool", body))
        [offer] = [
            t
            for t in self._cloud.transfers.values()
            if t.volume_id == volume.id
        ]
        key = {"accept": {"auth_key": offer.auth_key}}
        try:
            transfers.accept(self._as("admin", project, key), offer.id)
        except Refusal:
            return None
        self._moved(volume.id)
        return f"{volume.id} to {project}"

    def _as(self, user: str, project: str, body: object) -> Context:
        cloud = self._cloud
        return Context(
            cloud,
            cloud.URL,
            "",
            {},
            body,
            minor=direct.MINOR,
            token=direct.token_of(cloud, user, project),
        )

    # -- tenants --------------------------------------------------------------

    def _owned(self) -> records.Volume | None:
        projects = {self._cloud.project_id(name) for name in town.PROJECTS}
        found = [
            volume
            for volume in self._cloud.volumes.values()
            if volume.project_id in projects
        ]
        if not found:
            return None
        volume = self._chance.choice(found)
        self._touched(volume.id)
        return volume

    def _tenant_deletes(self) -> str | None:
        return self._deleted(self._owned())

    def _tenant_renames(self) -> str | None:
        volume = self._owned()
        if volume is None:
            return None
        volume.name = f"host{self._chance.randrange(20)}_sys"
        return f"{volume.id} {volume.name}"

    def _tenant_creates(self) -> str:
        project = self._chance.choice(town.PROJECTS)
        name = f"host{self._chance.randrange(16)}_sys"
        volume = self._cloud.add_volume(
            project, name, volume_type="ssd", bootable=True
        )
        self._touched(volume.id)
        return f"{volume.id} {project} {name}"
