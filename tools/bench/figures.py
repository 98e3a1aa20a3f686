"""Medians, ratios and how far to trust them."""

import argparse
import json
import os
import pathlib
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import display
from rich import box, table

#: Resamples of the rounds for a confidence interval.
_RESAMPLES = 2000
#: A round counts when the machine was at most this much slower than usual.
LOUD = 1.2


def percentile(values: Sequence[float], part: float) -> float:
    """The value that ``part`` (0 to 1) of the others do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def interval(ratios: Sequence[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the median; the same every time."""
    chance = random.Random(1)
    medians = sorted(
        statistics.median(chance.choices(ratios, k=len(ratios)))
        for _ in range(_RESAMPLES))
    return medians[int(_RESAMPLES * .025)], medians[int(_RESAMPLES * .975)]


def calibrate() -> float:
    """Seconds of a fixed piece of work on one core."""
    began = time.perf_counter()
    total = 0
    for number in range(300_000):
        total += number & 7
    return time.perf_counter() - began


def timed(job: Callable[..., object], *arguments: object) -> float:
    """Seconds of one go."""
    began = time.perf_counter()
    job(*arguments)
    return time.perf_counter() - began


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options of every benchmark."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument('--json', type=pathlib.Path, metavar='FILE',
                      help='where the figures go as well')
    made.add_argument('--check', action='store_true',
                      help='fail when a target is missed')
    return made


def tell(found: Mapping[str, object], given: argparse.Namespace) -> int:
    """Print what was found, and return the exit status."""
    shown = table.Table(box=box.SIMPLE, show_header=False)
    for words in rows(found):
        shown.add_row(*words)
    display.screen().print(shown)
    if given.json is not None:
        given.json.write_text(
            json.dumps(found, indent=2) + '\n', encoding='utf-8')
    return int(given.check and not _reached(found))


def rows(found: Mapping[str, object], depth: int = 0,
         ) -> Iterator[tuple[str, str]]:
    """What was found, a name and a value a row, parts below their whole."""
    for name, value in found.items():
        margin = '  ' * depth
        match value:
            case dict():
                yield f'{margin}{name}', ''
                yield from rows(value, depth + 1)
            case list() if any(isinstance(one, str) for one in value):
                yield f'{margin}{name}', ''
                yield from (('', str(one)) for one in value)
            case list():
                yield f'{margin}{name}', ' to '.join(map(str, value))
            case bool():
                yield f'{margin}{name}', 'yes' if value else 'NO'
            case _:
                yield f'{margin}{name}', str(value)


def _reached(found: Mapping[str, object]) -> bool:
    """Is every ``reached`` in there true?"""
    return bool(found.get('reached', True)) and all(
        _reached(part) for part in found.values() if isinstance(part, dict))


@dataclass
class Noise:
    """How busy the machine was, beside us."""

    load_before: float = field(default_factory=lambda: os.getloadavg()[0])
    ticks_before: tuple[int, int] = field(default_factory=lambda: _ticks())

    def told(self) -> dict[str, float]:
        """Load at both ends, and the part of time others stole."""
        stolen, total = (now - before for now, before in zip(
            _ticks(), self.ticks_before, strict=True))
        return {'load_before': round(self.load_before, 2),
                'load_after': round(os.getloadavg()[0], 2),
                'steal_percent': round(100 * stolen / max(total, 1), 1)}


def _ticks() -> tuple[int, int]:
    """Stolen and all ticks of all cores since the start."""
    with open('/proc/stat', encoding='ascii') as stat:
        values = [int(value) for value in stat.readline().split()[1:9]]
    return values[7], sum(values)
