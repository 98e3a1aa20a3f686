"""The record of every request the simulator was sent."""
import dataclasses
import datetime
import threading
from typing import Any

from cube_volpool.tests.simulator.clock import Clock

SECRETS = frozenset({"auth_key", "password", "adminPass"})


@dataclasses.dataclass(slots=True)
class Seen:
    """One request.

    ``route`` is the path without host, version and project, such as
    ``/volumes/<id>`` or ``/identity/auth/tokens``. ``status`` is what the
    client was told, None as long as, or because, it heard nothing.
    ``effect`` is what the cloud really answered inside, None when the
    request had no effect (yet).
    """

    number: int
    at: datetime.datetime
    method: str
    path: str
    route: str
    query: dict[str, str]
    project: str | None
    user: str | None
    body: Any
    #: The id that the caller sent along, for all logs on its way.
    request_id: str | None = None
    status: int | None = None
    effect: int | None = None

    def touches(self, ident: str) -> bool:
        """Whether this id stands in its path or its body."""
        return ident in self.path or ident in str(self.body)


class Journal:
    """An append-only list; safe to read while requests run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[Seen] = []

    def open(self, **fields: Any) -> Seen:
        """Note the arrival of a request, secrets left out."""
        with self._lock:
            seen = Seen(number=len(self._entries), at=self._clock.now(),
                        **{**fields, "body": without_secrets(
                            fields["body"])})
            self._entries.append(seen)
            return seen

    def entries(self) -> list[Seen]:
        """A copy, oldest first."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget what was."""
        with self._lock:
            self._entries.clear()


def without_secrets(value: Any) -> Any:
    """The same JSON value with keys and passwords taken out.

    Keystone calls a whole method ``password``; who logs in is no secret.
    """
    if isinstance(value, dict):
        return {k: without_secrets(v) for k, v in value.items()
                if k not in SECRETS or isinstance(v, dict)}
    if isinstance(value, list):
        return [without_secrets(v) for v in value]
    return value
