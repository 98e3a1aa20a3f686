"""What operators' requests may look like; see also ``words``."""

from typing import Any, Final

from cube_volpool import model
from cube_volpool.rpc import words

#: Volumes or claims in one answer.
MAX_PAGE: Final = 1000
#: Of the words in which an operator says why; the ledger has room for it.
MAX_REASON: Final = 200

_SYNC: Final[dict[str, Any]] = words.NOTHING | {
    "properties": {"dry_run": {"type": ["boolean", "null"]}},
}
_ROLLBACK: Final[dict[str, Any]] = words.NOTHING | {
    "required": ["os_name", "volume_type"],
    "properties": {"os_name": words.WORD, "volume_type": words.WORD},
}
_ALLOW: Final[dict[str, Any]] = words.NOTHING | {
    "required": ["snapshot_id"],
    "properties": {"snapshot_id": words.ID},
}
_POOL: Final[dict[str, Any]] = words.NOTHING | {
    "required": ["pool"],
    "properties": {"pool": words.WORD},
}
_PLAN: Final[dict[str, Any]] = words.NOTHING | {
    "properties": {"pool": words.WORD_OR_NULL},
}
_VOLUME_ID: Final[dict[str, Any]] = words.NOTHING | {
    "required": ["volume_id"],
    "properties": {"volume_id": words.ID},
}
_EVICT: Final[dict[str, Any]] = words.NOTHING | {
    "required": ["volume_id"],
    "properties": {
        "volume_id": words.ID,
        "reason": words.WORD_OR_NULL | {"maxLength": MAX_REASON},
    },
}
_PAGE: Final[dict[str, Any]] = {
    "limit": {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": MAX_PAGE,
        "says": f"must be from 1 to {MAX_PAGE}",
    },
    # The ``next`` of the page before.
    "after": {
        "type": ["integer", "null"],
        "minimum": 0,
        "maximum": 2**31 - 1,
        "says": "must be the next of a page",
    },
}
_VOLUMES: Final[dict[str, Any]] = words.NOTHING | {
    "properties": _PAGE
    | {
        "volume_id": words.ID_OR_NULL,
        "pool": words.WORD_OR_NULL,
        "status": words.one_of(model.RowStatus),
    },
}
_CLAIMS: Final[dict[str, Any]] = words.NOTHING | {
    "properties": _PAGE
    | {
        "project_id": words.WORD_OR_NULL,
        "name": words.WORD_OR_NULL,
        "pool": words.WORD_OR_NULL,
        "status": words.one_of(model.ClaimStatus),
    },
}

SYNC: Final = words.ready(_SYNC)
ROLLBACK: Final = words.ready(_ROLLBACK)
ALLOW: Final = words.ready(_ALLOW)
POOL: Final = words.ready(_POOL)
PLAN: Final = words.ready(_PLAN)
VOLUME_ID: Final = words.ready(_VOLUME_ID)
EVICT: Final = words.ready(_EVICT)
VOLUMES: Final = words.ready(_VOLUMES)
CLAIMS: Final = words.ready(_CLAIMS)
