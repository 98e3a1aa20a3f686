"""What the callers saw, and whether that can be true.

A history is a list of events in the order in which they happened; the
checker is pure and looks at each key (project, name) by itself.  *Source:*
the facts on reliability, T6.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happened."""

    #: A claim call was sent.
    INVOKE = "invoke"
    #: It was answered with a volume.
    OK = "ok"
    #: It was answered: nothing was given.
    FAIL = "fail"
    #: No answer, or "not known yet".
    INFO = "info"
    #: The volume of a key came into its project, on behalf of a claim call.
    ARRIVE = "arrive"
    #: The volume need not be the key's any more: deleted, failed, or touched
    #: by hand.
    GONE = "gone"
    #: Somebody gave it to another project by hand; of no key.
    MOVED = "moved"


Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``attempt`` is the number of the claim call."""

    kind: Kind
    key: Key
    attempt: int = 0
    volume_id: str | None = None
    source: str | None = None
    error: str | None = None

    def __str__(self) -> str:
        rest = self.volume_id or self.error or ""
        return f"{self.kind} {self.key[1]} #{self.attempt} {rest}"


def wrong(history: list[Event]) -> Iterator[str]:
    """Yield what cannot be, in words."""
    by_key: dict[Key, list[Event]] = defaultdict(list)
    owners: dict[str, Key] = {}
    for event in history:
        if event.kind is Kind.MOVED:
            owners.pop(event.volume_id or "", None)
            continue
        by_key[event.key].append(event)
        if event.kind is not Kind.OK or event.volume_id is None:
            continue
        first = owners.setdefault(event.volume_id, event.key)
        if first[0] != event.key[0]:
            yield (
                f"I1: volume {event.volume_id} was told to the projects "
                f"{first[0]} and {event.key[0]}"
            )
    for key, events in by_key.items():
        yield from _same_volume(key, events)
        yield from _stays_failed(key, events)


def _same_volume(key: Key, events: list[Event]) -> Iterator[str]:
    """I2: all answers are one volume, as long as that is there."""
    told: str | None = None
    gone: set[str] = set()
    for event in events:
        if event.volume_id is None:
            continue
        if event.kind is Kind.GONE:
            gone.add(event.volume_id)
        elif event.kind is Kind.OK:
            if told not in gone | {None, event.volume_id}:
                yield f"I2: {key} was told {told} and then {event.volume_id}"
            told = event.volume_id


def _stays_failed(key: Key, events: list[Event]) -> Iterator[str]:
    """I11: what was said to have given nothing gives nothing.

    Neither before the answer nor, by an effect that lands late, after it.
    """
    failed: dict[int, str] = {}
    arrived: dict[int, str] = {}
    gone: set[str] = set()
    for event in events:
        volume_id = event.volume_id or ""
        if event.kind is Kind.GONE:
            gone.add(volume_id)
        if event.kind is Kind.ARRIVE:
            arrived[event.attempt] = volume_id
            if event.attempt in failed:
                yield (
                    f"I11: {key} #{event.attempt} was told "
                    f"{failed[event.attempt]}, and {volume_id} arrived after"
                )
        if event.kind is Kind.FAIL:
            failed[event.attempt] = event.error or ""
            given = arrived.get(event.attempt)
            if given is not None and given not in gone:
                yield (
                    f"I11: {key} #{event.attempt} was told {event.error}, "
                    f"though {given} had arrived"
                )
