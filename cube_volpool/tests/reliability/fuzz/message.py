"""One invented message, and how it looks on the wire."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cube_volpool.rpc import api


class Sort(StrEnum):
    """What is known of a message."""

    #: Must be carried out.
    SOUND = "sound"
    #: Must be refused by the schema: InvalidRequest.
    UNSOUND = "unsound"
    #: Must be refused by the policy: NotPermitted.
    FORBIDDEN = "forbidden"
    #: Must be refused before it reaches a method of ours.
    NO_CALL = "no call"
    #: Random; the daemon says which it is.
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message.  With ``raw`` it is sent as that, else it is packed."""

    sort: Sort
    ctxt: Mapping[str, Any] = field(default_factory=dict)
    method: Any = "claim_volume"
    arguments: Any = None
    envelope: Mapping[str, Any] = field(default_factory=dict)
    raw: Any = None


def short(message: Message) -> str:
    """Return the message for a failure's text, cut."""
    told = message.raw if message.raw is not None else (
        message.method, message.arguments, dict(message.envelope),
        {k: v for k, v in message.ctxt.items() if k != "auth_token"},
    )
    return ascii(told)[:600]


def packed(message: Message) -> str:
    """Return the body of an AMQP message."""
    if message.raw is not None:
        return json.dumps(message.raw[0])
    body = {
        "method": message.method,
        "args": message.arguments,
        "version": api.VERSION,
        "namespace": None,
        **message.envelope,
        **{f"_context_{k}": v for k, v in message.ctxt.items()},
    }
    return json.dumps(
        {"oslo.version": "2.0", "oslo.message": json.dumps(body)}
    )
