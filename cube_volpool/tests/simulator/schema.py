"""The shape checks Cinder makes on request bodies, as far as we use them.

*Source:* cinder api/schemas and api/validation/parameter_types.py.
"""
import re
import uuid
from typing import Any

from cube_volpool.tests.simulator.answers import Refusal, bad, invalid_input

KEY = re.compile(r"[a-zA-Z0-9\-_:. /]{1,255}")
TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})
FALSE = frozenset({"0", "f", "false", "off", "n", "no"})
MAX_INT = 0x7FFFFFFF
ERRED = ("The server has either erred or is incapable of performing the "
         "requested operation.")


def member(body: Any, key: str, *, allowed: frozenset[str] | None,
           required: tuple[str, ...] = (),
           beside: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The object under ``key``; 400 when it is none or has strange keys.

    No body at all is 500, as in Cinder. ``beside`` are keys that may
    stand next to ``key``.
    """
    if body is None:
        raise Refusal(500, ERRED)
    if not isinstance(body, dict):
        raise bad(f"{body!r} is not of type 'object'")
    if key not in body:
        raise bad(f"'{key}' is a required property")
    _no_strangers(set(body) - beside - {key}, "")
    value = body[key]
    if not isinstance(value, dict):
        raise wrong(key, value, "is not of type 'object'")
    intro = f"Invalid input for field/attribute {key}. Value: {value}. "
    if allowed is not None:
        _no_strangers(set(value) - allowed, intro)
    for name in required:
        if name not in value:
            raise bad(f"{intro}'{name}' is a required property")
    return value


def _no_strangers(names: set[str], intro: str) -> None:
    if names:
        listed = ", ".join(repr(name) for name in sorted(names))
        were = "was" if len(names) == 1 else "were"
        raise bad(f"{intro}Additional properties are not allowed "
                  f"({listed} {were} unexpected)")


def text(value: Any, field: str, *, limit: int = 255,
         strip: bool = True) -> str | None:
    """A string of at most ``limit`` characters, or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong(field, value, "is not of type 'string', 'null'")
    value = value.strip() if strip else value
    if len(value) > limit:
        raise invalid_input(f"{field} has {len(value)} characters, more "
                            f"than {limit}.")
    return value


def ident(value: Any, field: str, *, null: bool = True) -> str | None:
    """A uuid in any usual spelling, or None."""
    if value is None and null:
        return None
    why = "is not valid under any of the given schemas"
    try:
        uuid.UUID(str(value))
    except ValueError:
        raise wrong(field, value,
                    why if null else "is not a 'uuid'") from None
    if not isinstance(value, str):
        raise wrong(field, value, why if null else "is not of type 'string'")
    return value


def metadata(value: Any, field: str, *,
             null: bool = True) -> dict[str, str] | None:
    """User metadata: short keys of few characters, short values."""
    if value is None and null:
        return None
    if not isinstance(value, dict):
        raise wrong(field, value, "is not of type 'object'")
    for key, item in value.items():
        if not KEY.fullmatch(key):
            raise wrong(field, value,
                        f"{key!r} does not match any of the regexes: "
                        "'^[a-zA-Z0-9-_:. /]{1,255}$'", named=True)
        if not isinstance(item, str):
            raise wrong(key, item, "is not of type 'string'")
        if len(item) > 255:
            raise wrong(key, item, "is too long")
    return dict(value)


def size(value: Any, field: str = "size", *, null: bool = True) -> int | None:
    """A number of GiB from 1, perhaps as digits, or None."""
    if value is None and null:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise wrong(field, value, "is not of type 'integer', 'string'"
                    + (", 'null'" if null else ""))
    if isinstance(value, str) and not re.fullmatch("[0-9]+", value):
        raise wrong(field, value, "does not match '^[0-9]+$'")
    if isinstance(value, int) and value < 1:
        raise wrong(field, value, "is less than the minimum of 1")
    if isinstance(value, int) and value > MAX_INT:
        raise wrong(field, value, f"is greater than the maximum of {MAX_INT}")
    if str(int(value)) != str(value) or int(value) < 1:
        raise invalid_input(
            f"Invalid volume size provided for create request: {value} (size "
            "argument must be an integer (or string representation of an "
            "integer) and greater than zero).")
    return int(value)


def truth(value: Any, field: str, *, default: bool = False) -> bool:
    """A boolean in any of Cinder's spellings."""
    if value is None:
        return default
    word = str(value).strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise wrong(field, value, "is not one of [True, 'True', 'TRUE', "
                "'true', '1', 'ON', 'On', 'on', 'YES', 'Yes', 'yes', 'y', "
                "'t', False, 'False', 'FALSE', 'false', '0', 'OFF', "
                "'Off', 'off', 'NO', 'No', 'no', 'n', 'f']")


def wrong(field: str, value: Any, why: str, *,
          named: bool = False) -> Refusal:
    """400 in the words of Cinder's validator.

    ``named`` says that ``why`` names the culprit itself.
    """
    culprit = "" if named else f"{value!r} "
    return bad(f"Invalid input for field/attribute {field}. "
               f"Value: {value}. {culprit}{why}")
