"""What a claim and its context may look like, and a call without arguments.

For the words and the keyword ``says`` see :mod:`cube_volpool.rpc.words`.
"""

from typing import Any, Final

from cube_volpool import model
from cube_volpool.rpc import words

#: An hour: what waits longer is not a claim but a mistake in the unit.
MAX_BUDGET: Final = 3600
#: More than anybody was seen to need, and still one short request.
MAX_METADATA: Final = 128
#: As many claims as a daemon works on for one project, unless configured
#: otherwise: more of them could never be served together.
MAX_VOLUMES: Final = 32
#: Longer than any token of Keystone, short enough for an HTTP header.
MAX_TOKEN: Final = 16384

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
        "name": words.WORD,
        "volume_type": words.WORD,
        "snapshot_id": words.ID_OR_NULL,
        "imageRef": words.ID_OR_NULL,
        "source_volid": words.ID_OR_NULL,
        "size": {
            "type": ["integer", "string", "null"],
            "format": "size",
            "says": f"must be whole GiB from 1 to {words.MAX_SIZE_GIB}",
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
        "availability_zone": words.WORD_OR_NULL,
        "multiattach": _NOT_SHARED,
        # skyline's slip of the key; Cinder's newer microversions refuse it.
        "multiattach ": _NOT_SHARED,
    },
}

_ARGUMENTS: Final[dict[str, Any]] = {
    "os_name": words.WORD_OR_NULL,
    "budget": {
        "type": ["number", "null"],
        "exclusiveMinimum": 0,
        "maximum": MAX_BUDGET,
    },
    # Seconds since the epoch.
    "deadline": {"type": ["number", "null"], "exclusiveMinimum": 0},
}

_CLAIM: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 64,
    "required": ["volume"],
    "additionalProperties": False,
    "properties": {"volume": _VOLUME, **_ARGUMENTS},
}

_CLAIMS: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 64,
    "required": ["volumes"],
    "additionalProperties": False,
    "properties": {
        **_ARGUMENTS,
        "all_or_nothing": {"type": ["boolean", "null"]},
        "volumes": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_VOLUMES,
            "items": _VOLUME,
        },
    },
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

CLAIM: Final = words.ready(_CLAIM)
CLAIMS: Final = words.ready(_CLAIMS)
CONTEXT: Final = words.ready(_CONTEXT)
NOTHING: Final = words.ready(words.NOTHING)
