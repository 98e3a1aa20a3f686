"""What each failure of a Cinder call proves, on real sockets."""

import time
from datetime import timedelta

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import plugin, session
from oslotest import base

from cube_volpool import model, volumeapi
from cube_volpool.cinder import api
from cube_volpool.tests.unit.cinder import servers

_FROM_CINDER = {"x-compute-request-id": "req-1"}
_WANTED = model.NewVolume(name="web", volume_type="ssd", size_gib=1)
_DEFINITE = (
    volumeapi.NotFound,
    volumeapi.Refused,
    volumeapi.OverQuota,
    volumeapi.Unreachable,
)


class _Token(plugin.BaseAuthPlugin):
    """A credential that needs no Keystone; ``error`` is what it meets."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error

    def get_token(self, session, **kwargs):
        if self.error is not None:
            raise self.error
        return "token"

    def get_project_id(self, session, **kwargs):
        return "project"


class ErrorsTest(base.BaseTestCase):
    """One call, one failure, one meaning."""

    def api_of(self, url, *, error=None):
        """Return the volume API of a Cinder at a URL."""
        return api.CinderAPI(
            session.Session(),
            _Token(error),
            endpoint=api.Endpoint(
                endpoint_override=url,
                timeout=timedelta(seconds=0.5),
                accept_timeout=timedelta(seconds=0.5),
            ),
        )

    def failure(self, script, call=None):
        """Return the error of a call to a server that runs a script."""
        server = self.useFixture(servers.BrokenServer(script))
        error = self.failure_at(server.url, call)
        self.assertEqual(1, len(server.requests), "asked more than once")
        return error

    def failure_at(self, url, call=None):
        """Return the error of a call to a URL; a create by default."""
        call = call or (lambda made: made.create_volume(_WANTED))
        return self.assertRaises(
            volumeapi.VolumeAPIError, lambda: call(self.api_of(url))
        )

    def test_every_status_has_one_meaning(self):
        """What Cinder itself answers."""
        meanings = {
            volumeapi.Refused: (400, 405, 406, 409, 411, 415, 422),
            volumeapi.Forbidden: (403,),
            volumeapi.NotFound: (404,),
            volumeapi.OverQuota: (413,),
            volumeapi.Denied: (401,),
            volumeapi.Throttled: (429,),
            volumeapi.Unclear: (500, 501, 502, 503, 504, 507),
        }
        for meaning, statuses in meanings.items():
            for status in statuses:
                error = self.failure(
                    servers.answer(status, headers=_FROM_CINDER)
                )
                self.assertIs(meaning, type(error), str(status))

    def test_cinders_own_words_reach_the_caller(self):
        """Of a quota without anything around them."""
        error = self.failure(servers.answer(413, headers=_FROM_CINDER))

        self.assertEqual("the word for 413", str(error))

    def test_a_404_that_is_not_cinders_proves_nothing(self):
        """A proxy that lost its backends must not look like absence."""
        for body in (None, b"<html>not found</html>", b""):
            error = self.failure(servers.answer(404, body))

            self.assertIs(volumeapi.Unclear, type(error), repr(body))

    def test_a_port_that_refuses_was_never_asked(self):
        """Definite: another try, or another volume, does no harm."""
        error = self.failure_at(servers.refused_url())

        self.assertIs(volumeapi.Unreachable, type(error))

    def test_a_name_that_does_not_resolve_was_never_asked(self):
        """The name is reserved for names that never do."""
        error = self.failure_at("http://cinder.invalid:1")

        self.assertIs(volumeapi.Unreachable, type(error))

    def test_a_request_that_was_sent_may_have_been_executed(self):
        """No answer, a reset, a closed connection: each is unclear."""
        for script in (servers.silent, servers.reset, servers.hang_up):
            error = self.failure(script)

            self.assertIs(volumeapi.Unclear, type(error), script.__name__)

    def test_each_call_ends_in_its_own_time(self):
        """The common time-out, less when bounded, and more for accept."""
        server = self.useFixture(servers.BrokenServer(servers.silent))
        offer = model.Offer(
            transfer_id=model.TransferId("t"), auth_key="k"
        )
        volume_id = model.VolumeId("v")
        made = api.CinderAPI(
            session.Session(timeout=30),
            _Token(),
            endpoint=api.Endpoint(
                endpoint_override=server.url,
                timeout=timedelta(seconds=0.5),
                accept_timeout=timedelta(seconds=1),
            ),
        )
        short = made.bounded(timedelta(seconds=0.1))
        calls = (
            (0.1, lambda: short.get_volume(volume_id)),
            (0.5, lambda: made.get_volume(volume_id)),
            (0.5, lambda: made.bounded(timedelta(60)).get_volume(volume_id)),
            (1.0, lambda: short.accept(offer)),
        )
        for seconds, call in calls:
            began = time.monotonic()
            self.assertRaises(volumeapi.Unclear, call)
            took = time.monotonic() - began

            self.assertGreaterEqual(took, seconds)
            self.assertLess(took, seconds + 5)

    def test_an_answer_that_cannot_be_read_proves_nothing(self):
        """Half a body, no JSON, JSON of another shape."""
        for script in (
            servers.answer(202, b'{"volume": {"id": "v', promised=500),
            servers.answer(202, b"<html>bad gateway</html>"),
            servers.answer(202, b""),
            servers.answer(202, b"[]"),
            servers.answer(202, b'{"volume": null}'),
            servers.answer(202, b'{"volume": {}}'),
            servers.answer(202, b'{"volume": {"id": "v"}}'),
        ):
            error = self.failure(script)

            self.assertIs(volumeapi.Unclear, type(error))

    def test_an_unreadable_answer_is_unclear_for_every_call(self):
        """No error of another kind gets out of the volume API."""
        volume_id, transfer_id = model.VolumeId("v"), model.TransferId("t")
        calls = {
            "get": lambda made: made.get_volume(volume_id),
            "list": lambda made: made.list_volumes(name="web"),
            "update": lambda made: made.update_volume(
                volume_id, name="web", metadata={}
            ),
            "offer": lambda made: made.offer(volume_id, name="t"),
            "transfers": lambda made: made.list_transfers(volume_id),
            "snapshots": lambda made: made.list_snapshots(),
            "snapshot": lambda made: made.get_snapshot(
                model.SnapshotId("s")
            ),
            "create_snapshot": lambda made: made.create_snapshot(
                model.NewSnapshot(name="s", volume_id=volume_id)
            ),
            "types": lambda made: made.list_volume_types(),
            "filters": lambda made: made.volume_filters(),
            "accept": lambda made: made.accept(
                model.Offer(transfer_id=transfer_id, auth_key="k")
            ),
        }
        for body in (b'{"strange": [{}]}', b"<html>"):
            for name, call in calls.items():
                error = self.failure(servers.answer(200, body), call)

                self.assertIs(volumeapi.Unclear, type(error), name)

    def test_without_a_token_cinder_was_never_asked(self):
        """Keystone down, slow or of another opinion: nothing was done."""
        for error in (
            ksa_exceptions.ConnectFailure("refused"),
            ksa_exceptions.ConnectTimeout("slow"),
            ksa_exceptions.Unauthorized("who"),
            ksa_exceptions.InternalServerError("ill"),
            ksa_exceptions.DiscoveryFailure("what"),
        ):
            server = self.useFixture(
                servers.BrokenServer(servers.answer(200))
            )
            made = self.api_of(server.url, error=error)

            self.assertRaises(
                volumeapi.Unreachable, made.create_volume, _WANTED
            )
            self.assertEqual([], server.requests)

    def test_a_definite_error_is_never_unclear_as_well(self):
        """The classes that prove something and the one that does not."""
        for definite in _DEFINITE:
            self.assertFalse(issubclass(definite, volumeapi.Unclear))
            self.assertFalse(issubclass(volumeapi.Unclear, definite))
