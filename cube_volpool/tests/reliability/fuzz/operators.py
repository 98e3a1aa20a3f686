"""Calls of the operators' methods: bad ones, and ones by nobody."""

import random
from collections.abc import Callable
from typing import Any, Final

_POOL_METHODS: Final = (
    "pause_pool", "resume_pool", "drain_pool", "refill_pool",
)
METHODS: Final = (
    "sync_os", "list_os", "rollback_os", "allow_os", "list_volumes",
    "hold_volume", "evict_volume", "list_claims", *_POOL_METHODS, "get_plan",
)
#: Reads alone: whoever may call them changes nothing for the other messages.
HARMLESS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("list_os", {}),
    ("sync_os", {"dry_run": True}),
    ("get_pools", {}),
    ("list_volumes", {"status": "available"}),
    ("list_claims", {"limit": 3}),
    ("get_plan", {}),
)
#: What may be left out, or be null.
_OPTIONAL: Final = frozenset(
    {"dry_run", "limit", "name", "reason", "status"}
)
_NO_LIMITS: Final[tuple[Any, ...]] = (
    0, -1, 1001, 1.5, "1", True, [], {}, float("nan"), 10**30,
)
_NO_BOOLEANS: Final[tuple[Any, ...]] = (
    0, 1, "", "true", [], {}, 1.0, float("nan"), ["a"], {"a": True},
)


def sound(method: str, snapshot: str) -> dict[str, Any]:
    """Return arguments that a method takes."""
    calls: dict[str, dict[str, Any]] = {
        "sync_os": {"dry_run": False},
        "list_os": {},
        "rollback_os": {"os_name": "debian-12", "volume_type": "ssd"},
        "allow_os": {"snapshot_id": snapshot},
        "list_volumes": {"status": "available", "limit": 10},
        "hold_volume": {"volume_id": snapshot},
        "evict_volume": {"volume_id": snapshot, "reason": "odd"},
        "list_claims": {"name": "vm-1_sys", "limit": 10},
        "get_plan": {},
        **{name: {"pool": "deb"} for name in _POOL_METHODS},
    }
    return calls[method]


def bad(
    chance: random.Random,
    method: str,
    snapshot: str,
    bad_word: Callable[[], Any],
) -> dict[str, Any]:
    """Return arguments that a method does not take.

    ``bad_word`` makes what is no word and no UUID.
    """
    arguments = sound(method, snapshot)
    names = [name for name in arguments if name not in _OPTIONAL]
    way = chance.randrange(3)
    if way == 0 and names:
        del arguments[chance.choice(names)]
    elif way == 1 and arguments:
        name = chance.choice(list(arguments))
        arguments[name] = _bad_value(chance, name, bad_word)
    else:
        key = chance.choice(
            ("pools", "project", "self", "ctxt", "volume", "__class__",
             "x" * 5000, "id\x00", "\ud800", "")
        )
        arguments[key] = chance.choice((None, 1, "x", [], {"a": 1}))
    return arguments


def _bad_value(
    chance: random.Random, name: str, bad_word: Callable[[], Any]
) -> Any:
    if name == "dry_run":
        return chance.choice(_NO_BOOLEANS)
    if name == "limit":
        return chance.choice(_NO_LIMITS)
    value = bad_word()
    while value is None and name in _OPTIONAL:
        value = bad_word()
    return value
