"""What a volume is made from: the four kinds that Cinder knows.

The ledger has one word for each.  A snapshot's is its id, for nearly all are
made from snapshots; ``image:ID``, ``volume:ID`` and ``blank`` stand for the
others.  Two volumes of one word are as good as each other.

*Source:* Block Storage API v3, "Create a volume": ``snapshot_id``,
``imageRef``, ``source_volid``, or none of them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from cube_volpool.model import SnapshotId

#: What a volume without any content is made from.
BLANK: Final = SnapshotId("blank")


class Kind(StrEnum):
    """What a word stands for."""

    SNAPSHOT = "snapshot"
    IMAGE = "image"
    VOLUME = "volume"
    BLANK = "blank"


#: By Cinder's key in a create and in an answer, the kind; at most one counts.
#: An image's id is in ``volume_image_metadata`` of an answer.
CREATE_KEYS: Final[Mapping[str, Kind]] = {
    "snapshot_id": Kind.SNAPSHOT,
    "imageRef": Kind.IMAGE,
    "source_volid": Kind.VOLUME,
}


def word(kind: Kind, ident: str) -> SnapshotId:
    """Return the ledger's word for what has an id."""
    return SnapshotId(ident if kind is Kind.SNAPSHOT else f"{kind}:{ident}")


def kind(of: SnapshotId) -> Kind:
    """Say what a word stands for."""
    if of == BLANK:
        return Kind.BLANK
    before, colon, _ = of.partition(":")
    return Kind(before) if colon else Kind.SNAPSHOT


def ident(of: SnapshotId) -> str:
    """Return the id that Cinder knows; "" for a blank volume."""
    return "" if of == BLANK else of.rpartition(":")[2]


def described(of: SnapshotId) -> str:
    """Return a word as people say it: ``snapshot ID``, ``no source``."""
    if of == BLANK:
        return "no source"
    return f"{kind(of)} {ident(of)}"


def create_fields(of: SnapshotId | None) -> dict[str, str]:
    """Return what a create says of it: one key of Cinder's, or none."""
    if of is None:
        return {}
    return {
        key: ident(of) for key, its in CREATE_KEYS.items() if its is kind(of)
    }


def shown(body: Mapping[str, Any]) -> SnapshotId:
    """Return what a volume was made from, by an answer of Cinder's.

    A volume made from a snapshot or a volume has the image of that as well.
    The answers to POST and PUT show no image: see ``is_from``.
    """
    if body["snapshot_id"] is not None:
        return word(Kind.SNAPSHOT, body["snapshot_id"])
    if body["source_volid"] is not None:
        return word(Kind.VOLUME, body["source_volid"])
    image = body.get("volume_image_metadata", {}).get("image_id")
    return word(Kind.IMAGE, image) if image else BLANK


def is_from(seen: SnapshotId | None, wanted: SnapshotId) -> bool:
    """Does what an answer shows agree with what was asked for?

    One made from an image may look blank, in an answer that shows none.
    """
    if kind(wanted) is Kind.IMAGE:
        return seen in (wanted, BLANK)
    return seen == wanted
