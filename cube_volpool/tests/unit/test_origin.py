"""The ledger's words for what a volume is made from."""

from typing import Any

from oslotest import base

from cube_volpool import model, origin

_ID = "4bd4f6a5-6a53-4ac5-a5c0-6b1c8f0b8a55"
#: Word, kind, the key of Cinder's create, words for people.
_KINDS = (
    (_ID, origin.Kind.SNAPSHOT, "snapshot_id", f"snapshot {_ID}"),
    (f"image:{_ID}", origin.Kind.IMAGE, "imageRef", f"image {_ID}"),
    (f"volume:{_ID}", origin.Kind.VOLUME, "source_volid", f"volume {_ID}"),
)


def _body(**changes: Any) -> dict[str, Any]:
    return {"snapshot_id": None, "source_volid": None, **changes}


class OriginCase(base.BaseTestCase):
    """Four kinds, one word for each volume's."""

    def test_each_kind_has_its_word(self):
        """And the word tells the kind and the id."""
        for text, kind, _, described in _KINDS:
            word = origin.word(kind, _ID)
            self.assertEqual(text, word)
            self.assertEqual(kind, origin.kind(word))
            self.assertEqual(_ID, origin.ident(word))
            self.assertEqual(described, origin.described(word))

    def test_blank_is_the_word_for_none(self):
        """It has no id."""
        self.assertEqual(origin.Kind.BLANK, origin.kind(origin.BLANK))
        self.assertEqual("", origin.ident(origin.BLANK))
        self.assertEqual("no source", origin.described(origin.BLANK))

    def test_a_create_has_one_key_of_cinders_at_most(self):
        """None for a blank volume, and where nothing is said."""
        for text, _, key, _ in _KINDS:
            word = model.SnapshotId(text)
            self.assertEqual({key: _ID}, origin.create_fields(word))
        self.assertEqual({}, origin.create_fields(origin.BLANK))
        self.assertEqual({}, origin.create_fields(None))

    def test_an_answer_tells_the_nearest(self):
        """A volume has the image of its snapshot, too."""
        image = {"image_id": _ID}
        for expected, body in (
            ("s", _body(snapshot_id="s", volume_image_metadata=image)),
            ("volume:v", _body(source_volid="v", volume_image_metadata=image)),
            (f"image:{_ID}", _body(volume_image_metadata=image)),
            ("blank", _body()),
            ("blank", _body(volume_image_metadata={"min_disk": "1"})),
        ):
            self.assertEqual(expected, origin.shown(body))

    def test_an_answer_may_leave_the_image_out(self):
        """POST and PUT do; another one than the wanted is another."""
        image = origin.word(origin.Kind.IMAGE, _ID)
        other = origin.word(origin.Kind.IMAGE, "other")
        snapshot = model.SnapshotId(_ID)

        for seen, wanted, expected in (
            (image, image, True),
            (origin.BLANK, image, True),
            (other, image, False),
            (snapshot, image, False),
            (snapshot, snapshot, True),
            (origin.BLANK, snapshot, False),
            (None, origin.BLANK, False),
            (origin.BLANK, origin.BLANK, True),
            (snapshot, origin.BLANK, False),
        ):
            self.assertIs(expected, origin.is_from(seen, wanted))
