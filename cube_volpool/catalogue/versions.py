"""Versions of images, in the order that their publisher means."""

import re
from datetime import date
from typing import Any, Final

from packaging import version as release

from cube_volpool.settings import VersionFormat

#: A day, with or without marks between its parts, and what was published on
#: that day: 20261120, 2026-11-20, 20261120-2, 20261120.0415.
_DAY: Final = re.compile(
    r"(\d{4})([-.]?)(\d\d)\2(\d\d)(?:[-._T](\d+))?", re.ASCII
)
_NUMBER: Final = re.compile(r"(\d+)(?:\.(\d+))?", re.ASCII)

#: What orders versions of one format.
Key = tuple[Any, ...]


def key(text: str, form: VersionFormat) -> Key | None:
    """Return what orders versions; None for one that is not of the format.

    ``date`` is a day and an optional number within it, ``number`` a whole
    or decimal number (1.9 is above 1.10), ``dotted`` a release as Python's
    packages count them (1.10 is above 1.9, 1.0 above 1.0rc1).  ``auto``
    takes anything: numbers as numbers, words as words.
    """
    match form:
        case VersionFormat.DATE:
            return _day(text)
        case VersionFormat.NUMBER:
            return _number(text)
        case VersionFormat.DOTTED:
            return _dotted(text)
        case VersionFormat.AUTO:
            return _auto(text)


def _day(text: str) -> Key | None:
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, _, month, day, number = found.groups()
    try:
        return date(int(year), int(month), int(day)), int(number or 0)
    except ValueError:
        return None


def _number(text: str) -> Key | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    # As digits, not as a float: long ones must not come out equal.
    return int(found[1]), (found[2] or "").rstrip("0")


def _dotted(text: str) -> Key | None:
    try:
        return (release.Version(text),)
    except release.InvalidVersion:
        return None


def _auto(text: str) -> Key:
    """20261120 < 20261121, 9 < 10, 1.9 < 1.10, 1.0 < 1.0.1."""
    parts = re.findall(r"\d+|[^\d.]+", text)
    return tuple(
        (1, int(part), "") if part.isdecimal() else (0, 0, part)
        for part in parts
    )
