"""Wire to values: a checked request, or the word for what is off with it.

Nothing else happens before: no database, no Cinder.  The text of an error
repeats a few characters of the request at most, and of the context none.
"""

import re
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from oslo_context import context

from cube_volpool import exception, model, origin
from cube_volpool.rpc import schema

#: No word of a context that counts is longer.
LONGEST: Final = 255
#: How much of one word of a request an error repeats.
_ECHO: Final = 30

_KINDS: Final = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def parse_caller(ctxt: object) -> model.Caller:
    """Return who asks.  Raises InvalidRequest, the field ``context...``."""
    check(schema.CONTEXT, ctxt, root="context")
    assert isinstance(ctxt, dict)  # noqa: S101 - for the type checker
    return model.Caller(
        project_id=model.ProjectId(ctxt["project_id"]),
        auth_token=ctxt.get("auth_token") or None,
        request_id=ctxt.get("global_request_id")
        or ctxt.get("request_id")
        or None,
    )


def token(ctxt: Mapping[str, Any]) -> str | None:
    """Return the token of a context, None where it is none."""
    return _of_context(ctxt, "auth_token")


def _of_context(ctxt: Mapping[str, Any], key: str) -> str | None:
    """Return what a context has under a key, None where it is not sound."""
    value = ctxt.get(key)
    part = schema.CONTEXT.schema["properties"][key]
    if not value or not schema.CONTEXT.evolve(schema=part).is_valid(value):
        return None
    return str(value)


def parse_claim(
    arguments: Mapping[str, Any],
) -> tuple[model.ClaimRequest, timedelta | None]:
    """Return the claim, and the budget where one was given.

    ``arguments`` are those of ``claim_volume`` by name.  Raises
    InvalidRequest with the field that is off, for example ``volume.name``.
    """
    check(schema.CLAIM, arguments)
    return _claim(arguments["volume"], arguments, "volume"), _budget(arguments)


def parse_claims(
    arguments: Mapping[str, Any],
) -> tuple[list[model.ClaimRequest], timedelta | None]:
    """Return the claims, and the budget where one was given.

    ``arguments`` are those of ``claim_volumes`` by name.  Raises
    InvalidRequest with the field that is off, for example
    ``volumes.3.name``, also for a name that is there twice.
    """
    check(schema.CLAIMS, arguments)
    requests: list[model.ClaimRequest] = []
    numbers: dict[str, int] = {}
    for number, volume in enumerate(arguments["volumes"]):
        request = _claim(volume, arguments, f"volumes.{number}")
        first = numbers.setdefault(request.name, number)
        if first != number:
            raise exception.InvalidRequest(
                field=f"volumes.{number}.name",
                reason=f"is the name of volumes.{first} already",
            )
        requests.append(request)
    return requests, _budget(arguments)


def _budget(arguments: Mapping[str, Any]) -> timedelta | None:
    budget = arguments.get("budget")
    return None if budget is None else timedelta(seconds=budget)


def _claim(
    volume: Mapping[str, Any], arguments: Mapping[str, Any], field: str
) -> model.ClaimRequest:
    """Return the claim of one volume; ``field`` is where that stands."""
    os_name = arguments.get("os_name")
    source, size = _origin(volume, field), volume.get("size")
    if source is None and size is None and os_name is None:
        raise exception.InvalidRequest(
            field=f"{field}.snapshot_id",
            reason="one of snapshot_id, size and os_name is needed",
        )
    return model.ClaimRequest(
        name=volume["name"],
        volume_type=volume["volume_type"],
        snapshot_id=source,
        size_gib=None if size is None else int(size),
        metadata=dict(volume.get("metadata") or {}),
        availability_zone=volume.get("availability_zone"),
        os_name=os_name,
    )


def parse_nothing(arguments: Mapping[str, Any]) -> None:
    """Refuse any argument.  Raises InvalidRequest with its name."""
    check(schema.NOTHING, arguments)


def _origin(
    volume: Mapping[str, Any], field: str
) -> model.SnapshotId | None:
    """Return what the volume is to be made from, None where that is open.

    Cinder takes one of the three at most.
    """
    given = [
        (key, kind)
        for key, kind in origin.CREATE_KEYS.items()
        if volume.get(key) is not None
    ]
    if len(given) > 1:
        raise exception.InvalidRequest(
            field=f"{field}.{given[1][0]}",
            reason=f"cannot be given together with {given[0][0]}",
        )
    for key, kind in given:
        return origin.word(kind, cinder_id(volume[key]))
    return None


def cinder_id(text: str) -> str:
    """Return an id as Cinder writes it."""
    return str(uuid.UUID(text))


def check(validator: Any, value: object, *, root: str = "") -> None:
    """Refuse what a schema refuses.  Raises InvalidRequest with its field."""
    error = next(validator.iter_errors(value), None)
    if error is None:
        return
    path = [root] if root else []
    path += [clipped(part) for part in error.absolute_path]
    if error.validator == "required":
        path.append(
            next(k for k in error.validator_value if k not in error.instance)
        )
    if error.validator == "additionalProperties":
        path.append(clipped(_first_unknown(error)))
    raise exception.InvalidRequest(
        field=".".join(path) or "request", reason=_reason(error)
    )


def _first_unknown(error: Any) -> str:
    known = error.schema.get("properties", {})
    patterns = error.schema.get("patternProperties", {})
    for key in error.instance:
        if key not in known and not any(re.search(p, key) for p in patterns):
            return str(key)
    return "?"


def _reason(error: Any) -> str:
    limit = error.validator_value
    says: str | None = error.schema.get("says")
    match error.validator:
        case "required":
            return "is missing"
        case "type":
            wanted = [limit] if isinstance(limit, str) else limit
            kind = _KINDS.get(type(error.instance), "something else")
            return f"must be of type {' or '.join(wanted)}, not {kind}"
        case "minLength" | "minItems":
            return "must not be empty"
        case "maxLength" | "maxProperties" | "maxItems":
            return f"has a length of {len(error.instance)}, at most {limit}"
        case "additionalProperties":
            return says or "is not a known key"
        case "exclusiveMinimum":
            return f"must be more than {limit}"
        case "maximum":
            return f"must be at most {limit}"
        case _:
            return says or "is not allowed"


def clipped(part: object) -> str:
    """Return the beginning of a word of a request, fit for a message."""
    text = ascii(str(part)[: _ECHO + 1])[1:-1]
    return text if len(text) <= _ECHO else text[:_ECHO] + "..."


def begin(ctxt: object) -> None:
    """Let this thread's logs and calls to Cinder carry the caller's ids.

    Until the next call begins in it.  A caller without an id gets one.
    """
    known: Mapping[str, Any] = ctxt if isinstance(ctxt, dict) else {}
    context.RequestContext(
        request_id=_of_context(known, "request_id"),
        global_request_id=_of_context(known, "global_request_id"),
        project_id=_of_context(known, "project_id"),
    )


def request_id(ctxt: object) -> str:
    """Return the id under which the log has a request, ``-`` for none."""
    known: Mapping[str, Any] = ctxt if isinstance(ctxt, dict) else {}
    return (
        _of_context(known, "global_request_id")
        or _of_context(known, "request_id")
        or "-"
    )
