"""What must not be read: passwords, tokens and keys of transfers.

Two nets.  What is known to be a secret, because it was configured or because
Keystone or Cinder gave it out, is taken out of any text wherever it stands.
What merely looks like one, by its place or its shape, is taken out as well.

The log levels of the libraries are no protection: an operator who looks for
an error turns them up.  So the daemon's texts pass here on their way out.
"""

import bisect
import collections
import json
import logging
import re
import threading
from collections.abc import Iterable
from typing import Any, Final
from urllib import parse

MASK: Final = "***"
#: A shorter one may be a common word, and the log would be full of holes; it
#: is found by its place alone.
_SHORTEST: Final = 8
#: A token lives for hours, a key of a transfer for a second.  Fewer could
#: drop one that is still in use, more would slow down each line of the log.
_LATEST: Final = 512

_NAME: Final = (
    r"[\w-]*(?:auth_key|passw(?:or)?d|admin_?pass|secret"
    r"|(?:auth|subject|service)[_-]token|authorization)[\w-]*"
)
_PLACES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), replacement)
    for pattern, replacement in (
        # "auth_key": "...", also escaped, as a pair, or cut short.
        (
            rf"""(\\*["']{_NAME}\\*["']\s*[:=,]\s*[bu]?(\\*["']))"""
            r"(?!\{SHA256\})(?:(?!\2).)*",
            rf"\1{MASK}",
        ),
        (
            r"\b((?:x-(?:auth|subject|service)-token|authorization)\s*[:=]\s*"
            r"(?:(?:basic|bearer)\s+)?)(?!\{SHA256\})[^\s\"'\\]+",
            rf"\1{MASK}",
        ),
        (rf"\b({_NAME}=)[^\s&\"',;)]+", rf"\1{MASK}"),
        # The account in a URL; a password may hold an "@" itself.
        (
            r"(\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:)[^\s/\"']+(?=@)",
            rf"\1{MASK}",
        ),
        # Keystone's tokens: Fernet and JWS.
        (r"\bgAAAA[\w=-]{16,}", MASK),
        (r"\beyJ[\w-]{8,}\.eyJ[\w-]+\.[\w-]+", MASK),
        # oslo.config repeats the line that it cannot read.
        (
            r"((?:found in assignment|Unexpected continuation line): ).*",
            rf"\1{MASK}",
        ),
    )
)

class Known:
    """The secrets that were met.  Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, None] = {}
        self._latest: collections.OrderedDict[str, None] = (
            collections.OrderedDict()
        )
        self._all: tuple[str, ...] = ()

    def keep(self, values: Iterable[str]) -> None:
        """Take in what is secret as long as the process lives."""
        with self._lock:
            for value in values:
                if len(value) >= _SHORTEST:
                    self._kept.update(dict.fromkeys(_spellings(value)))
            self._all = tuple(
                sorted({*self._kept, *self._latest}, key=_longest_first)
            )

    def remember(self, value: str | None) -> None:
        """Take in what is secret for a while."""
        if value is None or len(value) < _SHORTEST or value in self._latest:
            return
        with self._lock:
            if value in self._latest:
                return
            known = list(self._all)
            self._latest[value] = None
            if value not in self._kept:
                bisect.insort(known, value, key=_longest_first)
            while len(self._latest) > _LATEST:
                oldest, _ = self._latest.popitem(last=False)
                if oldest not in self._kept:
                    known.remove(oldest)
            self._all = tuple(known)

    def without(self, text: str) -> str:
        """Return the text with none of them in it."""
        for value in self._all:
            if value in text:
                text = text.replace(value, MASK)
        return text


def _longest_first(value: str) -> int:
    """One may be the beginning of another."""
    return -len(value)


_KNOWN: Final = Known()
keep = _KNOWN.keep
remember = _KNOWN.remember


def masked(text: str) -> str:
    """Return the text without secrets."""
    text = _KNOWN.without(text)
    for place, replacement in _PLACES:
        text = place.sub(replacement, text)
    return text


def guard_logs() -> None:
    """Let every handler of this process mask what it writes.

    To be called after logging was set up.  Safe to repeat.
    """
    for logger in (logging.getLogger(), *_loggers()):
        for handler in logger.handlers:
            if not isinstance(handler.formatter, _Discreet):
                handler.setFormatter(
                    _Discreet(handler.formatter or logging.Formatter())
                )
    # By default a thread that dies writes its traceback past all handlers.
    threading.excepthook = _log_death


class _Discreet(logging.Formatter):
    """Another formatter, masked.

    The last station before a text leaves: a filter of records would not see
    the exception that oslo.log adds by itself to a line.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> Any:
        """Format; a formatter for fluentd returns a dictionary."""
        text = self._inner.format(record)
        # The handler of the journal sends it beside the text.
        if record.exc_text:
            record.exc_text = masked(record.exc_text)
        return _masked_within(text)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return masked(self._inner.formatException(ei))


def _loggers() -> list[logging.Logger]:
    known = list(logging.Logger.manager.loggerDict.values())
    return [one for one in known if isinstance(one, logging.Logger)]


def _log_death(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit or args.exc_value is None:
        return
    logging.getLogger(__name__).critical(
        "thread %s died",
        args.thread and args.thread.name,
        exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
    )


def _masked_within(value: Any) -> Any:
    match value:
        case str():
            return masked(value)
        case dict():
            return {key: _masked_within(one) for key, one in value.items()}
        case list() | tuple():
            return type(value)(_masked_within(one) for one in value)
        case _:
            return value


def _spellings(value: str) -> set[str]:
    """Return how a secret may be spelled in URLs, JSON and Python."""
    return {
        value,
        parse.quote(value, safe=""),
        parse.quote_plus(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
