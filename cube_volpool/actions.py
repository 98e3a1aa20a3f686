"""What the planner may decide: nine actions, and no tenth."""

from dataclasses import dataclass

from cube_volpool import model


@dataclass(frozen=True)
class Create:
    """Top the pool up by ``count`` volumes."""

    count: int
    #: The twin that each is made of; none: all of the source itself.
    lanes: tuple[model.SnapshotId, ...] = ()


@dataclass(frozen=True)
class Attach:
    """An intent's create is found: give the row its id."""

    row: model.PooledVolume
    volume: model.Volume


@dataclass(frozen=True)
class Promote:
    """A finished volume goes on the shelf."""

    row: model.PooledVolume
    volume: model.Volume


@dataclass(frozen=True)
class Evict:
    """Condemn a row.  Removing its volume is another round's Delete."""

    row: model.PooledVolume
    reason: str


@dataclass(frozen=True)
class Delete:
    """Remove the volume of a condemned row; repeated until it is gone."""

    row: model.PooledVolume
    #: What Cinder says the volume is now.
    status: str = "available"


@dataclass(frozen=True)
class Adopt:
    """A marked volume that no row knows; ``reason`` condemns it.

    Without a pool it is left alone and reported.
    """

    volume: model.Volume
    pool: model.PoolName | None
    reason: str | None
    #: False: another volume's row has that marker.
    keeps_marker: bool = True


@dataclass(frozen=True)
class Forget:
    """Cinder does not have it: the row goes."""

    row: model.PooledVolume


@dataclass(frozen=True)
class Relabel:
    """The volume type of a row has got another name: its pool's."""

    row: model.PooledVolume
    type: str


@dataclass(frozen=True)
class Switch:
    """Claims by OS name get this snapshot from now on."""

    snapshot_id: model.SnapshotId
    #: How many volumes of it are on the shelf.
    ready: int


Action = (
    Create
    | Attach
    | Promote
    | Evict
    | Delete
    | Adopt
    | Forget
    | Relabel
    | Switch
)
