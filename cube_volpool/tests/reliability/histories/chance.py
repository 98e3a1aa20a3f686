"""Ids and keys by the seed, for as long as a run lasts."""

import contextlib
import random
import secrets
import uuid
from collections.abc import Iterator
from unittest import mock


@contextlib.contextmanager
def repeatable(seed: int) -> Iterator[random.Random]:
    """Let everything that is drawn in here come from the seed.

    What the code draws has a source of its own: one more id must not change
    which fault comes next.
    """
    ids = random.Random(f"ids {seed}")

    def uuid4() -> uuid.UUID:
        return uuid.UUID(int=ids.getrandbits(128), version=4)

    def token(count: int = 16) -> str:
        return f"{ids.getrandbits(8 * count):0{2 * count}x}"

    state = random.getstate()
    random.seed(f"code {seed}")
    with (
        mock.patch.object(uuid, "uuid4", uuid4),
        mock.patch.object(secrets, "token_hex", token),
        mock.patch.object(secrets, "token_urlsafe", token),
    ):
        try:
            yield random.Random(f"run {seed}")
        finally:
            random.setstate(state)
