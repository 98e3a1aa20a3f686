"""The words of which schemas of the wire are made.

The keyword ``says``, which JSON Schema does not know, is what an error of
that part tells the caller.  Keywords stand cheap ones first: whoever checks
takes the first error, so that a huge request costs next to nothing.
"""

import math
import re
from enum import StrEnum
from typing import Any, Final

import jsonschema
from jsonschema import validators

#: One PiB: no boot volume is larger, and a slip of the key is refused here
#: and not by somebody's quota.
MAX_SIZE_GIB: Final = 2**20

_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}(-?)([0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}"
)
_UNPRINTABLE: Final = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
WORD: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "format": "word",
    "says": "must not have control characters or blanks at its ends",
}
WORD_OR_NULL: Final = WORD | {"type": ["string", "null"]}
ID: Final[dict[str, Any]] = {
    "type": "string",
    "format": "id",
    "says": "must be a UUID",
}
ID_OR_NULL: Final = ID | {"type": ["string", "null"]}
NOTHING: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 64,
    "additionalProperties": False,
}


def one_of(words: type[StrEnum]) -> dict[str, Any]:
    """Return the schema of one of the words, or of null."""
    return {
        "enum": [*words, None],
        "says": f"must be one of {', '.join(words)}",
    }


_FORMATS: Final = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("word")
def _is_word(value: object) -> bool:
    return not isinstance(value, str) or (
        value == value.strip() and not re.search(_UNPRINTABLE, value)
    )


@_FORMATS.checks("id")
def _is_id(value: object) -> bool:
    return not isinstance(value, str) or bool(_UUID.fullmatch(value))


@_FORMATS.checks("size")
def _is_size(value: object) -> bool:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,10}", value):
            return False
        value = int(value)
    return not isinstance(value, int) or 1 <= value <= MAX_SIZE_GIB


@_FORMATS.checks("storable")
def _is_storable(value: object) -> bool:
    return not isinstance(value, str) or not re.search(
        "[\x00\ud800-\udfff]", value
    )


def _is_integer(_checker: object, value: object) -> bool:
    # By JSON Schema 1.0 is an integer too, and in Python True is one.
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_checker: object, value: object) -> bool:
    # Python's JSON reads NaN and Infinity, which pass every comparison.
    return _is_integer(None, value) or (
        isinstance(value, float) and math.isfinite(value)
    )


_Validator: Final = validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", _is_integer
    ).redefine("number", _is_number),
)


def ready(schema: dict[str, Any]) -> Any:
    """Return the validator of a schema; made once, used often."""
    return _Validator(schema, format_checker=_FORMATS)
