"""Calls of the operators' methods: bad ones, and ones by nobody."""

import random
from collections.abc import Callable
from typing import Any, Final

METHODS: Final = ("sync_os", "list_os", "rollback_os", "allow_os")
#: Reads alone: whoever may call them changes nothing for the other messages.
HARMLESS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("list_os", {}),
    ("sync_os", {"dry_run": True}),
    ("get_pools", {}),
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
    names = [name for name in arguments if name != "dry_run"]
    way = chance.randrange(3)
    if way == 0 and names:
        del arguments[chance.choice(names)]
    elif way == 1 and arguments:
        name = chance.choice(list(arguments))
        arguments[name] = (
            chance.choice(_NO_BOOLEANS) if name == "dry_run" else bad_word()
        )
    else:
        key = chance.choice(
            ("pool", "project_id", "self", "ctxt", "volume", "__class__",
             "x" * 5000, "id\x00", "\ud800", "")
        )
        arguments[key] = chance.choice((None, 1, "x", [], {"a": 1}))
    return arguments
