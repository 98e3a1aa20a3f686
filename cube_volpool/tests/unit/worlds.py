"""Worlds for the properties of plans: any rows, whatever Cinder shows."""

import dataclasses
from datetime import timedelta
from typing import Any

import hypothesis
from hypothesis import strategies as st

from cube_volpool import actions, model, settings, supply
from cube_volpool.tests.unit import stock

_R = model.RowStatus
#: Neither what is built nor what is given, whatever those are.
_THIRD = model.SnapshotId("snapshot-0")
#: Why a good volume is given up.
TRIMMED = ("stale", "surplus", "too old")
_STATUSES = (
    "available",
    "creating",
    "downloading",
    "error",
    "deleting",
    "awaiting-transfer",
    "in-use",
)
_CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"size_gib": 2},
    {"attached": True},
    {"metadata": {}},
    {"bootable": False},
)


@st.composite
def _rows(draw, number, images):
    # Mostly on the shelf: what is trimmed and switched is there.
    status = draw(st.sampled_from([*_R, *[_R.AVAILABLE] * 4]))
    has_id = status in (_R.AVAILABLE, _R.RESERVED) or draw(st.booleans())
    age = draw(st.integers(0, 120))
    return stock.row(
        number,
        status=status,
        volume_id=f"v{number}" if has_id else None,
        snapshot_id=draw(st.sampled_from(images)),
        size_gib=draw(st.sampled_from((1, 1, 1, 2))),
        held=status is _R.AVAILABLE and draw(st.integers(0, 9)) == 0,
        claim_id=number if status is _R.RESERVED else None,
        created_at=stock.NOW - timedelta(minutes=age),
    )


def _whatever(row):
    return st.none() | st.builds(
        lambda status, change: stock.volume_of(
            row, **{"status": status, **change}
        ),
        st.sampled_from(_STATUSES),
        st.sampled_from(_CHANGES),
    )


def _as_it_should_be(row):
    statuses = ["available"]
    if row.status is _R.CREATING:
        statuses.append("creating")
    return st.sampled_from(statuses).map(
        lambda status: stock.volume_of(row, status=status)
    )


@st.composite
def worlds(draw):
    count = draw(st.integers(0, 8))
    # Often of one image alone: before a change, or at its beginning.
    images = draw(
        st.sampled_from(
            (
                (stock.CURRENT, stock.OLD, _THIRD),
                (stock.OLD, stock.CURRENT),
                (stock.OLD,),
            )
        )
    )
    rows = [draw(_rows(number, images)) for number in range(1, count + 1)]
    behind = {}
    # Of one row in four something is wrong; else little is left to plan.
    for row in rows:
        behind[row.marker] = draw(
            _whatever(row)
            if draw(st.integers(0, 3)) == 0
            else _as_it_should_be(row)
        )
    surge = draw(st.sampled_from((1, 2, 3, 4, 5, 6, 1, 1)))
    spec = stock.spec(
        min_ready=draw(st.sampled_from((2, 3, 4, 1, 5, 0))),
        max_creating=draw(st.integers(1, 4)),
        surge=settings.Share(volumes=surge),
        # As the configuration is checked: a change can come to its end.
        switch_at=settings.Share(
            volumes=surge - draw(st.integers(0, surge))
        ),
        max_age=draw(st.sampled_from([None, timedelta(hours=1)])),
    )
    switched = draw(st.none() | st.integers(0, 30))
    pool = stock.pool(
        *rows,
        spec=spec,
        source=draw(st.sampled_from((*[stock.SOURCE] * 4, None))),
        paused=draw(st.integers(0, 4)) == 0,
        drained=draw(st.integers(0, 7)) == 0,
        current=draw(st.sampled_from((*[stock.OLD] * 3, stock.CURRENT, None))),
        switched_at=None
        if switched is None
        else stock.NOW - timedelta(minutes=switched),
    )
    return stock.World(pool, behind)


def of(planned, *kinds):
    return [action for action in planned if isinstance(action, kinds)]


def trimmed(planned):
    """Return what is given up although it is as it should be."""
    return [
        evict
        for evict in of(planned, actions.Evict)
        if evict.reason in TRIMMED and evict.row.status is _R.AVAILABLE
    ]


def shelf(pool):
    return [
        row
        for row in pool.rows
        if row.status is _R.AVAILABLE and not row.held
    ]


def alive(pool):
    """Count all that is there, or soon will be."""
    return sum(
        row.status is not _R.DELETING
        and not row.held
        and not _is_lost(pool, row)
        for row in pool.rows
    )


def _is_lost(pool, row):
    """After a minute its create is not waited for."""
    return row.volume_id is None and (
        pool.now - row.created_at > supply.INTENT_COUNTS
    )


def ageless(world):
    """Return the world without a limit of age: that never ends."""
    spec = dataclasses.replace(world.pool.spec, max_age=None)
    return stock.World(
        dataclasses.replace(world.pool, spec=spec), world.behind
    )


def serving(world):
    """Return the world with its pool not drained."""
    return stock.World(
        dataclasses.replace(world.pool, drained=False), world.behind
    )


def sound(world):
    """Return the world with what is wrong by itself left out.

    And what nobody waits for: it may turn up after all.
    """
    good = {
        marker: volume
        for marker, volume in world.behind.items()
        if volume is not None
        and volume.status in ("available", "creating")
        and volume
        == stock.volume_of(_row_of(world, marker), status=volume.status)
    }
    rows = tuple(
        row
        for row in world.pool.rows
        if row.marker in good
        and not _is_lost(world.pool, row)
        and (row.status is not _R.AVAILABLE
             or good[row.marker].status == "available")
    )
    return stock.World(dataclasses.replace(world.pool, rows=rows), good)


def _row_of(world, marker):
    [found] = [row for row in world.pool.rows if row.marker == marker]
    return found


#: Of every property: the same examples each time.
PROPERTY = hypothesis.settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
