"""A house whose every secret is a canary, and all that leaves it."""

import fnmatch
import json
import pathlib
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import fixtures
import requests
from keystoneauth1 import session as ks_session
from keystoneauth1.identity import v3

from cube_volpool import app, daemon, duty, report, secrecy
from cube_volpool.cinder import api as cinder
from cube_volpool.cinder import tenants
from cube_volpool.claim import parallel
from cube_volpool.tests import simulator, world
from cube_volpool.tests.reliability import wire
from cube_volpool.tests.simulator import adapter
from cube_volpool.tests.unit.rpc import endpoints

#: What every secret begins with, and nothing else has in it.
MARK = "c4n4ry"
_ENDPOINT = cinder.Endpoint(region_name="RegionOne")


def canary() -> str:
    """Return a secret of no known shape."""
    return f"{MARK}{uuid.uuid4().hex}"


class Echo(adapter.CloudAdapter):
    """The worst of servers: repeats the whole request in its error.

    Debug pages and chatty proxies do.  ``armed`` is (method, glob over the
    URL, status); the request is not carried out.
    """

    def __init__(self, cloud: simulator.Cloud) -> None:
        super().__init__(cloud)
        self.armed: tuple[str, str, int] | None = None

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Run the request, or repeat it."""
        if self.armed is None:
            return super().send(request, *args, **kwargs)
        method, url, status = self.armed
        if request.method != method or not fnmatch.fnmatch(
            request.url or "", url
        ):
            return super().send(request, *args, **kwargs)
        return self._repeated(request, status)

    def _repeated(
        self, request: requests.PreparedRequest, status: int
    ) -> requests.Response:
        body = request.body or b""
        text = body if isinstance(body, str) else body.decode()
        # In words, without the places by which a secret may be known.
        words = " ".join(
            str(value)
            for value in _leaves(json.loads(text) if text else None)
        )
        told = f"cannot serve {words}: {text} {dict(request.headers)}"
        response = requests.Response()
        response.status_code = status
        response.url = request.url or ""
        response.request = request
        response.headers.update(
            {
                "Content-Type": "application/json",
                "x-openstack-request-id": f"req-{uuid.uuid4()}",
            }
        )
        response._content = json.dumps(
            {"error": {"code": status, "message": told}}
        ).encode()
        return response


def _leaves(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for one in value.values():
                yield from _leaves(one)
        case list():
            for one in value:
                yield from _leaves(one)
        case _:
            yield value


class Canaries(fixtures.Fixture):
    """Makes every password, token and key of a cloud a canary."""

    def __init__(self, cloud: simulator.Cloud) -> None:
        super().__init__()
        self._cloud = cloud

    def _setUp(self) -> None:
        identity = self._cloud.identity
        for user in identity.users.values():
            user.password = canary()
        # The programs do so with what they read from the configuration.
        secrecy.keep(user.password for user in identity.users.values())
        issue = identity.issue

        def odd(*args: Any, **kwargs: Any) -> Any:
            """Issue a token of a shape that no pattern can know."""
            token = issue(*args, **kwargs)
            del identity.tokens[token.id]
            token.id = canary()
            identity.tokens[token.id] = token
            return token

        identity.issue = odd  # type: ignore[method-assign]
        self.useFixture(
            fixtures.MonkeyPatch(
                "cube_volpool.tests.simulator.transfers.secrets",
                SimpleNamespace(token_hex=lambda _length: canary()),
            )
        )


class CanaryWorld(world.World):
    """A world in which every password, token and key is a canary."""

    def _setUp(self) -> None:
        super()._setUp()
        self.echo = Echo(self.cloud)
        self.useFixture(Canaries(self.cloud))

    def session(self) -> ks_session.Session:
        """Return a session into the cloud, past the echo."""
        http = requests.Session()
        http.trust_env = False
        http.mount("http://", self.echo)
        return ks_session.Session(session=http)

    def _auth(self, user: str, project_id: str) -> v3.Password:
        return v3.Password(
            self.cloud.auth_url,
            username=user,
            password=self._password(user),
            user_domain_id="default",
            project_id=project_id,
        )

    def _password(self, name: str) -> str:
        user = self.cloud.identity.user(name)
        assert user is not None
        return user.password

    def ledger_bytes(self) -> str:
        """Return the raw database: all columns of all tables, and more."""
        path = pathlib.Path(self.url.removeprefix("sqlite:///"))
        return "".join(
            one.read_bytes().decode("latin-1")
            for one in path.parent.glob(f"{path.name}*")
        )


class CanaryHouse:
    """One daemon of that world behind its end of the wire."""

    def __init__(self, of: CanaryWorld, *, with_token: bool) -> None:
        self._world = of
        self._with_token = with_token
        self.house = app.wire(
            of.settings,
            store=of.new_store(),
            keyrings=app.Keyrings(
                pool=of.keyring("volpool", of.project("volpool")),
                tenants=self._caller() if with_token else self._service(),
            ),
            ticker=of.clock,
            runner=parallel.Serial(),
            hands=parallel.Serial(),
        )
        callers, *operators = daemon.serve(
            self.house,
            of.settings,
            policy=endpoints.make_policy(),
            build_seconds=lambda _pool: None,
        )
        callers._clock = of.clock.monotonic
        self._wire = wire.Wire(callers, *operators)
        self.replies: list[wire.Reply] = []

    def _service(self) -> tenants.ServiceTenants:
        world = self._world
        return tenants.ServiceTenants(
            world.session(),
            lambda project: world._auth("skyline", project),
            endpoint=_ENDPOINT,
        )

    def _caller(self) -> tenants.CallerTenants:
        world = self._world
        return tenants.CallerTenants(
            world.session(),
            world.cloud.auth_url,
            world._auth("volpool", world.project("service")),
            endpoint=_ENDPOINT,
        )

    def context(self) -> dict[str, Any]:
        """Return what a caller sends along."""
        world = self._world
        context = {
            "project_id": world.project("skyline-a"),
            "request_id": f"req-{uuid.uuid4()}",
        }
        if self._with_token:
            identity = world.cloud.identity
            user = identity.user("alice")
            assert user is not None
            token = identity.issue(
                user, identity.project("skyline-a"), ("password",)
            )
            context["auth_token"] = token.id
        return context

    def claim(self, name: str, **changes: Any) -> wire.Reply:
        """Claim over the wire; the answer is kept."""
        volume = {
            "name": name,
            "volume_type": "ssd",
            "snapshot_id": self._world.cloud.snapshot_id(
                "debian-12_ssd_20261120"
            ),
            **changes,
        }
        return self.call("claim_volume", {"volume": volume, "budget": 30})

    def call(self, method: str, arguments: Any) -> wire.Reply:
        """Call a method; the answer is kept."""
        reply = self._wire.call(self.context(), method, arguments)
        self.replies.append(reply)
        return reply

    def send(self, message: Any) -> wire.Reply:
        """Send a message of the fuzz tests; the answer is not kept."""
        if message.raw is not None:
            return self._wire.send(message.raw[0])
        return self._wire.call(
            dict(message.ctxt),
            message.method,
            message.arguments,
            **message.envelope,
        )

    def turn(self) -> None:
        """Let every duty have its turn, whatever it comes to."""
        duties = self.house.duties
        for work in (
            duties.sync,
            self.house.reconciler.round,
            self.house.reconciler.audit,
            self.house.rescuer.round,
            duties.renew_leases,
        ):
            _survive(work)

    def is_full(self) -> bool:
        """Are all pools at their targets?"""
        found = report.pools(self.house.store, self._world.settings.pools)
        return all(pool["ready"] >= 2 for pool in found)

    def said(self) -> str:
        """Return all that went back to callers."""
        return "\n".join(reply.text for reply in self.replies)


def _survive(work: Any) -> None:
    """Do a turn as the daemon does: the trouble is logged, nothing ends."""
    duty.Duty("test", work, pause=0)._turn()
