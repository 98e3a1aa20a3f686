"""A claim from the shelf: no harm, and exactly these words."""

from collections.abc import Mapping
from typing import Final

from cube_volpool.tests.reliability.errors import case, judge

_SLOW: Final = (
    "slow time-out without effect",
    "slow time-out with effect",
    "slow drip",
)
_DONE_LATER: Final = ("slow time-out with effect", "slow drip")
_LIMITED: Final = "429 for long"
_ANSWER_LOST: Final = (
    "time-out with effect",
    "slow time-out with effect",
    "500 after the effect",
    "502 after the effect",
    "503 after the effect",
    "reset after the effect",
    "404 of a replay",
    "half a body",
    "wrong JSON",
    "slow drip",
)


def _words(usual: str, **others: tuple[str, ...]) -> Mapping[str, str]:
    """Return what is told by trouble; None is any other trouble."""
    words = {name: word for word, names in others.items() for name in names}
    return {"": usual, **words}


_TOKEN: Final = (
    _words(
        "volume",
        CinderUnavailable=(
            "slow time-out without effect", "401", _LIMITED
        ),
        Busy=_DONE_LATER,
    ),
    _words("CinderUnavailable", Busy=_DONE_LATER),
)
#: By call, what is told of a single trouble and of a lasting one.
_TOLD: Final[Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]]] = {
    "POST /identity/auth/tokens": _TOKEN,
    "GET /volumes/detail": (
        _words(
            "volume",
            CinderUnavailable=(
                "slow time-out without effect",
                "slow time-out with effect",
                "slow drip",
                "400", "403", "409", "413", _LIMITED,
            ),
        ),
        _words("CinderUnavailable"),
    ),
    "PUT /volumes/*": (
        _words(
            "volume",
            Busy=_SLOW,
            InvalidRequest=("400", "409", "413"),
            CinderUnavailable=("403", _LIMITED),
        ),
        _words(
            "CinderUnavailable",
            Busy=_SLOW,
            InvalidRequest=("400", "409", "413"),
            # Both volumes are gone, says Cinder: one is created.
            volume=("404",),
        ),
    ),
    "POST /volume-transfers": (
        _words("volume", Busy=_SLOW, CinderUnavailable=("403", _LIMITED)),
        _words(
            "CinderUnavailable",
            Busy=_SLOW,
            # Neither volume can be offered, says Cinder: one is created.
            volume=("400", "404", "409", "413"),
        ),
    ),
    "POST /volume-transfers/*/accept": (
        _words(
            "volume",
            Busy=("slow time-out without effect",),
            CinderUnavailable=("403",),
            QuotaExceeded=("413",),
        ),
        _words(
            "ClaimInProgress",
            Busy=("slow time-out without effect",),
            CinderUnavailable=("400", "403", "404", "409"),
            QuotaExceeded=("413",),
            volume=_ANSWER_LOST,
        ),
    ),
}


def expected(point: judge.Point) -> str:
    """Return what the caller is to be told."""
    words = _TOLD[point.place.call][point.is_lasting]
    return words.get(point.trouble.name, words[""])


class HitCase(case.ErrorCase):
    """Every request of a hit, and every trouble."""

    reads_once = ("hit",)

    def test_caller_is_told_what_is_true_and_no_more(self) -> None:
        """A volume, who is to blame, or to ask again."""
        told = self.assert_survives("hit")

        self.assertEqual(
            {str(point): expected(point) for point in told},
            {str(point): words for point, words in told.items()},
        )
