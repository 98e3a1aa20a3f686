"""The caller's own things: its ``cld_api``, and a pool that only answers."""

from typing import Any

from oslotest import base

from cube_volpool.client import connection, fallback

NOW = 1_800_000_000.0
#: 100 s of asking, then 30 + 90 + 20 s of waiting.
TERMS = fallback.Terms(
    default_budget=30,
    patience=100,
    accept_timeout=90,
    margin=20,
    clock=lambda: NOW,
)
BODY: dict[str, Any] = {
    "volume": {
        "size": None,
        "multiattach ": False,
        "snapshot_id": "snap-1",
        "name": "vm-1_sys",
        "volume_type": "ssd",
        "metadata": {},
    }
}


class CloudAPI:
    """The caller's own ``cld_api``: volumes in a list, calls in another."""

    def __init__(self, *volumes):
        self.context = {"project_id": "p"}
        self.volumes = list(volumes)
        self.calls = []

    def get(self, service, url):
        self.calls.append(("GET", service, url))
        return {"volumes": self.volumes}

    def post(self, service, url, body):
        self.calls.append(("POST", service, url, body))
        return {"volume": {"id": "made", **body["volume"]}}

    @property
    def posted(self):
        return [call[3] for call in self.calls if call[0] == "POST"]


class Pool:
    """A claim that remembers, and answers or raises."""

    def __init__(self, error=None):
        self.error = error
        self.asked = []

    def __call__(self, context, volume, *, os_name, budget):
        self.asked.append((context, dict(volume), os_name, budget))
        if self.error is not None:
            raise self.error
        return {"volume": {"id": "claimed"}, "source": "pool"}


def make_volume(volume_id, **changed):
    return {
        "id": volume_id,
        "name": "vm-1_sys",
        "status": "available",
        "created_at": "2026-11-20T10:00:00.000000",
    } | changed


def not_sent():
    return connection.NotSent(reason="the broker is away", retry_after=5)


class ClientCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.cloud = CloudAPI()
        self.pool = Pool()

    def create(self, category="sys", /, *, terms=TERMS, **kwargs):
        given = {"snapshot_id": "snap-1", "volume_type": "ssd"} | kwargs
        return fallback.create_if_absent(
            self.cloud,
            "vm-1",
            category,
            order=fallback.Order.of(given),
            terms=terms,
            claim=self.pool,
        )
