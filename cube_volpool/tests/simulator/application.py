"""The WSGI application: Keystone below /identity, Cinder below /volume."""
import dataclasses
import functools
import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from werkzeug import exceptions
from werkzeug.wrappers import Request

from cube_volpool.tests.simulator import answers, faults, keystone, routes
from cube_volpool.tests.simulator.answers import Answer, Refusal
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.context import MAX_MINOR, Context, minor_of
from cube_volpool.tests.simulator.journal import Seen

# The seconds the client will wait, in the WSGI environment; only the
# in-process adapter knows them.
TIMEOUT = "cube_volpool.timeout"
#: In how many pieces an answer drips in.
_DROPS = 120
#: Cinder's own: neither its middleware nor a proxy puts it on an answer.
REQUEST_ID = "x-compute-request-id"
CINDER_PATH = re.compile(
    r"/volume(?:/(?P<version>v3)(?:/(?P<project>[0-9a-f-]+)(?=/|$))?)?"
    r"(?P<route>/.*|)")


@dataclasses.dataclass(slots=True)
class _Target:
    """Where a request goes: ``service`` is identity or volume."""

    service: str
    route: str
    project: str | None = None
    versioned: bool = False


class Application:
    """The cloud as WSGI. Faults of transport leave it as exceptions."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def __call__(self, environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI entry. Raises Dropped and Hung for the server to act."""
        answer = self.exchange(Request(environ), environ.get(TIMEOUT))
        length = (answer.promised if answer.promised is not None
                  else len(answer.body))
        ident = answer.headers.get(REQUEST_ID) or f"req-{uuid.uuid4()}"
        headers = {"Content-Length": str(length),
                   "x-openstack-request-id": ident, **answer.headers}
        start_response(f"{answer.status} {_reason(answer.status)}",
                       list(headers.items()))
        return self._dripping(answer) if answer.drips else [answer.body]

    def _dripping(self, answer: Answer) -> Iterator[bytes]:
        """The body of an answer, a piece now and then; the last one last."""
        ends = [len(answer.body) * n // _DROPS for n in range(_DROPS + 1)]
        for begin, end in itertools.pairwise(ends):
            self.cloud.clock.sleep(answer.drips / _DROPS)
            yield answer.body[begin:end]

    def exchange(self, request: Request,
                 timeout: float | None = None) -> Answer:
        """Run one request through faults, latency and the cloud.

        Raises Dropped or Hung when the client is to hear nothing.
        """
        target = _target(request.path)
        body = _json(request.get_data())
        seen = self._open(request, target, body)
        acts = self.cloud.faults.matching(seen)
        for act in acts:
            answer = act.before(seen)
            if answer is not None:
                # A scripted refusal is Cinder's, unless it says otherwise.
                if target.service == "volume" and "Via" not in answer.headers:
                    answer.headers.setdefault(REQUEST_ID, "req-scripted")
                return self._told(seen, answer)
        effect = functools.partial(self._effect, request, target, body,
                                   seen=seen, acts=acts)
        if any(act.late for act in acts):
            self.cloud.late.append(effect)
            raise faults.Hung
        delay = self._latency(seen) + sum(act.seconds for act in acts)
        gone = timeout is not None and delay >= timeout > 0
        if delay:
            self.cloud.clock.sleep(timeout if gone and timeout else delay)
        answer = effect()
        if gone:
            raise faults.Hung
        for act in acts:
            answer = act.after(seen, answer)
        return self._told(seen, answer)

    def _told(self, seen: Seen, answer: Answer) -> Answer:
        seen.status = answer.status
        return answer

    def _open(self, request: Request, target: _Target, body: Any) -> Seen:
        with self.cloud.lock:
            token = self.cloud.identity.tokens.get(
                request.headers.get("X-Auth-Token", ""))
        project = token.project if token else None
        return self.cloud.journal.open(
            method=request.method, path=request.path,
            route=_route(target), query=request.args.to_dict(),
            project=project.name if project else None,
            user=token.user.name if token else None, body=body,
            request_id=request.headers.get("X-OpenStack-Request-ID"))

    def _latency(self, seen: Seen) -> float:
        for (method, glob), seconds in self.cloud.latency.items():
            if method in ("*", seen.method) and faults.pattern(
                    glob).fullmatch(seen.route):
                return seconds
        return 0.0

    def _effect(self, request: Request, target: _Target, body: Any, *,
                seen: Seen, acts: list[faults.Act]) -> Answer:
        host = request.host_url.rstrip("/")
        ctx = Context(
            self.cloud, f"{host}/{target.service}", request.path,
            request.args.to_dict(), body,
            headers={k.lower(): v for k, v in request.headers.items()},
            project_in_url=target.project is not None,
            pause=functools.partial(self._pause, seen, acts))
        with self.cloud.lock:
            self.cloud.backend.settle()
            if target.service == "identity":
                answer = _dispatch(ctx, routes.KEYSTONE, request.method,
                                   target.route)
            else:
                answer = self._cinder(ctx, target, request.method)
        seen.effect = answer.status
        return answer

    def _pause(self, seen: Seen, acts: list[faults.Act]) -> None:
        """Give the lock up as Cinder's API does during an RPC call."""
        up = self.cloud.backend.up
        if up and all(type(act).during is faults.Act.during
                      for act in acts):
            return
        self.cloud.lock.release()
        try:
            for act in acts:
                act.during(seen)
            if not up:
                self.cloud.clock.sleep(
                    self.cloud.backend.timing.rpc_response_timeout)
        finally:
            self.cloud.lock.acquire()
        self.cloud.backend.settle()

    def _cinder(self, ctx: Context, target: _Target, method: str) -> Answer:
        if not target.versioned:
            if target.route in ("", "/"):
                return answers.as_json(300, _versions(ctx))
            return answers.empty(404)
        ctx.token = self.cloud.identity.accepted(
            ctx.headers.get("x-auth-token"),
            ctx.headers.get("x-service-token"))
        if ctx.token is None or ctx.token.project is None:
            return answers.identity_refused(401, keystone.DENIED)
        try:
            ctx.minor = minor_of(ctx.headers.get("openstack-api-version"))
            if target.project not in (None, ctx.project_id):
                raise answers.bad("Malformed request url")
            if target.route in ("", "/"):
                answer = answers.as_json(200, _versions(ctx))
            else:
                answer = _dispatch(ctx, routes.CINDER, method, target.route)
                if not answer.body and answer.status == 404:
                    return answer
        except Refusal as refusal:
            answer = answers.refused(refusal.status, refusal.message,
                                     refusal.headers)
        answer.headers.setdefault("OpenStack-API-Version",
                                  f"volume 3.{ctx.minor}")
        answer.headers.setdefault("Vary", "OpenStack-API-Version")
        answer.headers.setdefault(REQUEST_ID, f"req-{uuid.uuid4()}")
        return answer


def _dispatch(ctx: Context, table: Any, method: str, route: str) -> Answer:
    try:
        view, arguments = table.bind("cloud").match(route, method)
    except exceptions.HTTPException:
        return answers.empty(404)
    answer: Answer = view(ctx, **arguments)
    return answer


def _target(path: str) -> _Target:
    if path == "/identity" or path.startswith("/identity/"):
        return _Target("identity", path.removeprefix("/identity") or "/")
    found = CINDER_PATH.fullmatch(path)
    if found is None:
        return _Target("volume", path)
    return _Target("volume", found["route"], found["project"],
                   versioned=found["version"] is not None)


def _route(target: _Target) -> str:
    if target.service == "identity":
        return "/identity" + target.route.removeprefix("/v3")
    return target.route or "/"


def _json(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return None


def _versions(ctx: Context) -> dict[str, Any]:
    return {"versions": [{
        "id": "v3.0", "status": "CURRENT", "version": f"3.{MAX_MINOR}",
        "min_version": "3.0", "updated": "2023-08-31T00:00:00Z",
        "links": [{"rel": "describedby", "type": "text/html",
                   "href": "https://docs.openstack.org/"},
                  {"rel": "self", "href": f"{ctx.base}/v3/"}],
        "media-types": [{
            "base": "application/json", "type":
            "application/vnd.openstack.volume+json;version=3"}]}]}


def _reason(status: int) -> str:
    found = exceptions.default_exceptions.get(status)
    return (found.__name__ if found else
            {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
             300: "Multiple Choices"}.get(status, "Unknown"))
