"""What a request may look like, as JSON schemas made ready once.

The keyword ``says``, which JSON Schema does not know, is what an error of
that part tells the caller.  Keywords stand cheap ones first: whoever checks
takes the first error, so that a huge request costs next to nothing.
"""

import math
import re
from typing import Any, Final

import jsonschema
from jsonschema import validators

from cube_volpool import model

#: One PiB: no boot volume is larger, and a slip of the key is refused here
#: and not by somebody's quota.
MAX_SIZE_GIB: Final = 2**20
#: An hour: what waits longer is not a claim but a mistake in the unit.
MAX_BUDGET: Final = 3600
#: More than anybody was seen to need, and still one short request.
MAX_METADATA: Final = 128
#: Longer than any token of Keystone, short enough for an HTTP header.
MAX_TOKEN: Final = 16384

_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}(-?)([0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}"
)
_UNPRINTABLE: Final = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_WORD: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "format": "word",
    "says": "must not have control characters or blanks at its ends",
}
_WORD_OR_NULL: Final = _WORD | {"type": ["string", "null"]}
_ID: Final[dict[str, Any]] = {
    "type": "string",
    "format": "id",
    "says": "must be a UUID",
}
_ID_OR_NULL: Final = _ID | {"type": ["string", "null"]}
_NOT_SHARED: Final[dict[str, Any]] = {
    "enum": [False, None],
    "says": "must be false; a pooled volume is for one server",
}

#: *Source:* Cinder's own schema of a volume create, made narrower where a
#: look-up by exact name has to find the volume again.
_VOLUME: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 64,
    "required": ["name", "volume_type"],
    "additionalProperties": False,
    "properties": {
        "name": _WORD,
        "volume_type": _WORD,
        "snapshot_id": _ID_OR_NULL,
        "imageRef": _ID_OR_NULL,
        "source_volid": _ID_OR_NULL,
        "size": {
            "type": ["integer", "string", "null"],
            "format": "size",
            "says": f"must be whole GiB from 1 to {MAX_SIZE_GIB}",
        },
        "metadata": {
            "type": ["object", "null"],
            "maxProperties": MAX_METADATA,
            "additionalProperties": False,
            "says": (
                "the key must be of 1 to 255 letters, digits, blanks and "
                f"-_:./ and must not begin with {model.KEY_PREFIX}"
            ),
            "patternProperties": {
                rf"\A(?!{model.KEY_PREFIX})[a-zA-Z0-9\-_:. /]{{1,255}}\Z": {
                    "type": "string",
                    "maxLength": 255,
                    "format": "storable",
                    "says": "must not have NUL or unpaired surrogates",
                }
            },
        },
        "availability_zone": _WORD_OR_NULL,
        "multiattach": _NOT_SHARED,
        # skyline's slip of the key; Cinder's newer microversions refuse it.
        "multiattach ": _NOT_SHARED,
    },
}

_CLAIM: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 64,
    "required": ["volume"],
    "additionalProperties": False,
    "properties": {
        "volume": _VOLUME,
        "os_name": _WORD_OR_NULL,
        "budget": {
            "type": ["number", "null"],
            "exclusiveMinimum": 0,
            "maximum": MAX_BUDGET,
        },
        # Seconds since the epoch.
        "deadline": {"type": ["number", "null"], "exclusiveMinimum": 0},
    },
}

_NOTHING: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 64,
    "additionalProperties": False,
}
_SYNC: Final[dict[str, Any]] = _NOTHING | {
    "properties": {"dry_run": {"type": ["boolean", "null"]}},
}
_ROLLBACK: Final[dict[str, Any]] = _NOTHING | {
    "required": ["os_name", "volume_type"],
    "properties": {"os_name": _WORD, "volume_type": _WORD},
}
_ALLOW: Final[dict[str, Any]] = _NOTHING | {
    "required": ["snapshot_id"],
    "properties": {"snapshot_id": _ID},
}

#: An oslo.context dictionary has many more keys; they are not looked at.
_CONTEXT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["project_id"],
    "properties": {
        "project_id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 64,
            "pattern": r"\A[a-zA-Z0-9._\-]+\Z",
            "says": "must be the id of a project",
        },
        "auth_token": {
            "type": ["string", "null"],
            "maxLength": MAX_TOKEN,
            "pattern": r"\A[\x21-\x7e]*\Z",
            "says": "must be a token",
        },
        "request_id": {
            "type": ["string", "null"],
            "maxLength": 128,
            "pattern": r"\A[\x21-\x7e]*\Z",
            "says": "must be printable",
        },
    },
}
_CONTEXT["properties"]["global_request_id"] = _CONTEXT["properties"][
    "request_id"
]

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("word")
def _is_word(value: object) -> bool:
    return not isinstance(value, str) or (
        value == value.strip() and not re.search(_UNPRINTABLE, value)
    )


@_formats.checks("id")
def _is_id(value: object) -> bool:
    return not isinstance(value, str) or bool(_UUID.fullmatch(value))


@_formats.checks("size")
def _is_size(value: object) -> bool:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,10}", value):
            return False
        value = int(value)
    return not isinstance(value, int) or 1 <= value <= MAX_SIZE_GIB


@_formats.checks("storable")
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


_Validator = validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", _is_integer
    ).redefine("number", _is_number),
)
CLAIM: Final = _Validator(_CLAIM, format_checker=_formats)
CONTEXT: Final = _Validator(_CONTEXT, format_checker=_formats)
NOTHING: Final = _Validator(_NOTHING, format_checker=_formats)
SYNC: Final = _Validator(_SYNC, format_checker=_formats)
ROLLBACK: Final = _Validator(_ROLLBACK, format_checker=_formats)
ALLOW: Final = _Validator(_ALLOW, format_checker=_formats)
