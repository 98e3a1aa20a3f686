"""A credential's way to Cinder: where its token says that Cinder is."""

from keystoneauth1 import access
from keystoneauth1 import fixture as ksa_fixture
from keystoneauth1 import session as ks_session
from keystoneauth1.identity import access as access_plugin
from oslotest import base

from cube_volpool import model, volumeapi
from cube_volpool.cinder import api, connection
from cube_volpool.tests.unit.cinder import servers

_VOLUME = model.VolumeId("00000000-0000-4000-8000-000000000001")


class _Auth(access_plugin.AccessInfoPlugin):
    """A token whose catalogue may change with the next one."""

    def __init__(self, *urls):
        super().__init__(self.token_of(*urls))
        self.searches = 0

    @staticmethod
    def token_of(*urls):
        """Return a token whose catalogue has Cinder at these URLs."""
        token = ksa_fixture.V3Token(project_id="p1")
        for url in urls:
            service = token.add_service("block-storage", name="cinder")
            service.add_standard_endpoints(public=f"{url}/v3")
        return access.AccessInfoV3(token, auth_token=token.audit_id)

    def renew(self, *urls):
        """Get a new token."""
        self.auth_ref = self.token_of(*urls)

    def get_endpoint(self, *args, **kwargs):
        self.searches += 1
        return super().get_endpoint(*args, **kwargs)


class AddressTest(base.BaseTestCase):
    """Where calls go."""

    def setUp(self):
        super().setUp()
        self.old, self.new = (
            self.useFixture(servers.BrokenServer(servers.answer(403)))
            for _ in range(2)
        )
        self.auth = _Auth(self.old.url)
        self.cinder = api.CinderAPI(
            ks_session.Session(), self.auth, endpoint=connection.Endpoint()
        )

    def call(self, error=volumeapi.Forbidden):
        """Make a call, which ends with ``error``."""
        self.assertRaises(error, self.cinder.get_volume, _VOLUME)

    def test_catalogue_is_searched_once_for_each_token(self):
        """Each search copies the whole catalogue."""
        bounded = self.cinder.bounded(connection.Endpoint().timeout)
        for _ in range(3):
            self.call()
            self.assertRaises(
                volumeapi.Forbidden, bounded.get_volume, _VOLUME
            )

        self.assertEqual(6, len(self.old.requests))
        self.assertEqual(1, self.auth.searches)

    def test_new_token_brings_a_new_address(self):
        """An endpoint that was moved is found without a restart."""
        self.call()

        self.auth.renew(self.new.url)
        self.call()

        self.assertEqual(1, len(self.old.requests))
        self.assertEqual(1, len(self.new.requests))

    def test_catalogue_without_cinder_is_no_answer(self):
        """Nothing was sent; and once it is there, it is found."""
        self.auth.renew()
        self.call(volumeapi.Unreachable)

        self.auth.renew(self.new.url)
        self.call()

        self.assertEqual(1, len(self.new.requests))
