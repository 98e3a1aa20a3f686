"""What goes back over the wire: answers, and refusals as exceptions."""
import dataclasses
import json
from typing import Any

FAULT_NAMES = {
    400: "badRequest", 401: "unauthorized", 403: "forbidden",
    404: "itemNotFound", 405: "badMethod", 409: "conflictingRequest",
    413: "overLimit", 415: "badMediaType", 501: "notImplemented",
    503: "serviceUnavailable",
}


@dataclasses.dataclass(slots=True)
class Answer:
    """One HTTP answer; ``promised`` is a length larger than the body.

    ``drips`` is how many seconds it takes to send.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    promised: int | None = None
    drips: float = 0.0


class Refusal(Exception):  # noqa: N818 - a noun of HTTP, not a mistake
    """A request Cinder answers with an error status."""

    def __init__(self, status: int, message: str,
                 headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


def as_json(status: int, value: Any,
            headers: dict[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(value).encode(),
                  {"Content-Type": "application/json", **(headers or {})})


def empty(status: int) -> Answer:
    """An answer without a body."""
    return Answer(status, b"", {"Content-Type": "text/html; charset=UTF-8"})


def refused(status: int, message: str,
            headers: dict[str, str] | None = None) -> Answer:
    """An error in Cinder's own form."""
    headers = dict(headers or {})
    fault: dict[str, Any] = {"code": status, "message": message}
    if status == 413:
        fault["retryAfter"] = headers.setdefault("Retry-After", "0")
    name = FAULT_NAMES.get(status, "computeFault")
    return as_json(status, {name: fault}, headers)


def identity_refused(status: int, message: str) -> Answer:
    """An error in the form of Keystone and its middleware."""
    titles = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
              404: "Not Found"}
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Keystone uri="/identity/v3"'
    return as_json(status, {"error": {
        "code": status, "message": message,
        "title": titles.get(status, "Error")}}, headers)


def bad(message: str) -> Refusal:
    """400 with this message."""
    return Refusal(400, message)


def invalid_input(reason: str) -> Refusal:
    """400 in the words of Cinder's InvalidInput."""
    return Refusal(400, f"Invalid input received: {reason}")


def invalid_volume(reason: str) -> Refusal:
    """400 in the words of Cinder's InvalidVolume."""
    return Refusal(400, f"Invalid volume: {reason}")


def not_found(kind: str, ident: str) -> Refusal:
    """404 in Cinder's words: ``Volume X could not be found.``"""
    return Refusal(404, f"{kind} {ident} could not be found.")
