"""The two doors of a simulated daemon: each call waits for its turn.

A daemon gets the real store and a volume API on the cloud's state, wrapped:
a call is not made but sent, and the post of the simulation says when it is
executed, and what its sender hears.
"""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final

from cube_volpool import exception, model, volumeapi
from cube_volpool.db.store import PARTS, Store
from cube_volpool.tests.reliability.histories.hub import Call, Hub, Life
from cube_volpool.tests.simulator import Cloud, direct

#: Calls to Cinder that change something there.
EFFECTS: Final = frozenset(
    {
        "create_volume",
        "update_volume",
        "delete_volume",
        "create_snapshot",
        "delete_snapshot",
        "offer",
        "accept",
        "cancel",
    }
)


class Door:
    """A part of the store, or a volume API, whose calls are sent."""

    def __init__(self, hub: Hub, life: Life, name: str, inner: Any) -> None:
        self._hub = hub
        self._life = life
        self._name = name
        self._inner = inner

    @property
    def project_id(self) -> model.ProjectId:
        """Known from the credential; nobody is asked."""
        found: model.ProjectId = self._inner.project_id
        return found

    def bounded(self, timeout: timedelta) -> "Door":
        """The same: the post decides what takes too long."""
        del timeout
        return self

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)
        found = getattr(self._inner, method)

        def send(*arguments: Any, **keywords: Any) -> Any:
            call = Call(
                self._name,
                method,
                lambda: found(*arguments, **keywords),
                self._life,
                arguments,
                keywords,
            )
            return self._hub.calls(call)

        # A second look-up of the same method is as good.
        self.__dict__[method] = send
        return send


def store(hub: Hub, life: Life, real: Store) -> Any:
    """Return the store of a daemon."""
    return SimpleNamespace(
        **{part: Door(hub, life, part, getattr(real, part)) for part in PARTS}
    )


class Keyring:
    """Makes the volume APIs of one life of a daemon."""

    def __init__(self, hub: Hub, life: Life, cloud: Cloud) -> None:
        self._hub = hub
        self._life = life
        self._cloud = cloud
        self._made: dict[tuple[str, str], Door] = {}

    def pool(self) -> Any:
        """Return the pool's."""
        return self._door("pool", "volpool", "volpool")

    def tenant(self, user: str, project: str) -> Any:
        """Return a user's in a project."""
        return self._door("tenant", user, project)

    def _door(self, name: str, user: str, project: str) -> Door:
        key = user, project
        if key not in self._made:
            api = direct.DirectAPI(
                self._cloud, user, project, pause=self._pause
            )
            self._made[key] = Door(self._hub, self._life, name, api)
        return self._made[key]

    def _pause(self) -> None:
        """In the middle of an accept; others go on when it is a task."""
        if self._hub.current is not None:
            self._hub.stop()


class Tenants:
    """A :class:`volumeapi.Tenants`: finding the keyring is a call, too."""

    def __init__(self, hub: Hub, life: Life, inner: volumeapi.Tenants) -> None:
        self._hub = hub
        self._life = life
        self._inner = inner

    def for_claim(
        self, project_id: model.ProjectId, auth_token: str | None
    ) -> volumeapi.VolumeAPI:
        """Return the API of a claim's project."""
        call = Call(
            "keystone",
            "for_claim",
            lambda: self._inner.for_claim(project_id, auth_token),
            self._life,
        )
        found: volumeapi.VolumeAPI = self._hub.calls(call)
        return found

    def for_rescue(
        self, project_id: model.ProjectId
    ) -> volumeapi.VolumeAPI | None:
        """Return the API of a project without its caller."""
        return self._inner.for_rescue(project_id)


def ledger_gone() -> exception.LedgerUnavailable:
    """Return what the store raises when nothing answers."""
    return exception.LedgerUnavailable(
        reason="the database does not answer", retry_after=5
    )
