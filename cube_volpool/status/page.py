"""The status page: one look at the pools, builds and claims.

Plain HTML and SVG without anything from elsewhere; it reads, and changes
nothing.
"""

import datetime
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

import jinja2

from cube_volpool import progress
from cube_volpool.status import history

#: Builds, and claims, that are shown.
SHOWN: Final = 20
#: Of a plot, in the units of its SVG.
_WIDTH: Final = 720.0
_HEIGHT: Final = 120.0

Shown = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a page shows; each asks, and may raise LedgerUnavailable."""

    pools: Callable[[], Sequence[Shown]]
    builds: Callable[[], Sequence[Shown]]
    claims: Callable[[], Sequence[Shown]]
    #: What a build of a pool took so far, in seconds; None: not known.
    build_seconds: Callable[[str], float | None]
    minutes: Callable[[], Sequence[history.Minute]]
    troubles: Callable[[], Sequence[str]]
    host: str


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A line over the last hours, as an SVG has it."""

    title: str
    points: str
    highest: str
    width: float = _WIDTH
    height: float = _HEIGHT


class Page:
    """Renders the page."""

    def __init__(
        self, facts: Facts, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._facts = facts
        self._clock = clock
        self._template = jinja2.Environment(
            loader=jinja2.PackageLoader("cube_volpool.status"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        ).get_template("status.html")

    def render(self) -> str:
        """Return the page.  Raises LedgerUnavailable."""
        facts, now = self._facts, self._clock()
        return self._template.render(
            host=facts.host,
            version=metadata.version("cube-volpool"),
            now=_written(now),
            troubles=facts.troubles(),
            pools=[_bars(pool) for pool in facts.pools()],
            builds=[self._build(build, now) for build in facts.builds()],
            claims=facts.claims(),
            plots=plots(facts.minutes(), now),
            hours=history.MINUTES // 60,
        )

    def _build(self, build: Shown, now: float) -> Shown:
        """Add since when, and how far by what builds usually take."""
        begun = datetime.datetime.fromisoformat(build["created_at"])
        seconds = max(0.0, now - begun.timestamp())
        usual = self._facts.build_seconds(build["pool"])
        done = progress.part_done(seconds, usual)
        return {
            **build,
            "seconds": round(seconds),
            "percent": None if done is None else round(100 * done),
        }


def plots(minutes: Sequence[history.Minute], now: float) -> list[Plot]:
    """Return the lines of the hit ratio and of what hits took."""
    ratios = [(m.began, m.hit_ratio) for m in minutes]
    slow = [(m.began, m.slow) for m in minutes]
    highest = max((value for _, value in slow if value), default=0.0)
    last = int(now // 60)
    return [
        Plot(
            title="Hit ratio",
            points=_line(ratios, last=last, highest=1.0),
            highest="100 %",
        ),
        Plot(
            title="What one hit in twenty took longer than",
            points=_line(slow, last=last, highest=highest),
            highest=f"{highest:.2f} s",
        ),
    ]


def _line(
    values: Sequence[tuple[int, float | None]], *, last: int, highest: float
) -> str:
    """Return the points of a polyline, the present minute at the right."""
    points = []
    for began, value in values:
        if value is None:
            continue
        x = _WIDTH * (1 - (last - began) / history.MINUTES)
        y = _HEIGHT * (1 - (value / highest if highest else 0.0))
        points.append(f"{x:.1f},{y:.1f}")
    if len(points) == 1:
        # A line of one point is not drawn; one without length is a dot.
        points *= 2
    return " ".join(points)


def _bars(pool: Shown) -> Shown:
    """Add the shares of a bar, of the target or of all there is."""
    whole = max(
        pool["target"], pool["ready"] + pool["creating"] + pool["reserved"], 1
    )
    return {
        **pool,
        "bars": [
            (what, round(100 * pool[what] / whole, 1))
            for what in ("ready", "reserved", "creating")
        ],
        "mark": round(100 * pool["target"] / whole, 1),
    }


def _written(now: float) -> str:
    when = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")
