"""One request as the views see it."""
import dataclasses
from collections.abc import Callable
from typing import Any

from cube_volpool.tests.simulator import records
from cube_volpool.tests.simulator.answers import Refusal, bad
from cube_volpool.tests.simulator.cloud import Cloud

MAX_MINOR = 71


@dataclasses.dataclass(slots=True)
class Context:
    """A request inside the cloud.

    ``base`` is the URL of the service as the client reached it,
    ``minor`` the microversion 3.minor, ``pause`` lets others at the
    state for a moment (the lock is given up meanwhile).
    """

    cloud: Cloud
    base: str
    path: str
    query: dict[str, str]
    body: Any
    minor: int = 0
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    token: records.Token | None = None
    project_in_url: bool = False
    pause: Callable[[], None] = lambda: None

    @property
    def who(self) -> records.Token:
        """The token; only for views that require one."""
        assert self.token is not None  # noqa: S101 - the dispatcher's duty
        return self.token

    @property
    def project_id(self) -> str:
        """The id of the token's project."""
        assert self.who.project is not None  # noqa: S101 - likewise
        return self.who.project.id

    def url(self, *parts: str, version: bool = True) -> str:
        """A link below this service."""
        segments = [self.base] + (["v3"] if version else [])
        if self.project_in_url:
            segments.append(self.project_id)
        return "/".join([*segments, *parts])

    def links(self, collection: str, ident: str) -> list[dict[str, str]]:
        """The two links of a resource."""
        return [{"rel": "self", "href": self.url(collection, ident)},
                {"rel": "bookmark",
                 "href": self.url(collection, ident, version=False)}]

    def require(self, role: str, policy: str,
                project_id: str | None = None) -> None:
        """Refuse with 403 unless admin, or of the role in the project."""
        if self.who.is_admin or (
                role in self.who.roles
                and project_id in (None, self.project_id)):
            return
        raise Refusal(403, f"Policy doesn't allow {policy} to be performed.")

    def require_admin(self, policy: str) -> None:
        """Refuse with 403 unless admin."""
        if not self.who.is_admin:
            raise Refusal(403,
                          f"Policy doesn't allow {policy} to be performed.")


def minor_of(header: str | None) -> int:
    """The microversion a header asks for. Raises Refusal 400 or 406."""
    for part in (header or "").split(","):
        service, _, version = part.strip().partition(" ")
        if service not in ("volume", "block-storage"):
            continue
        if version == "latest":
            return MAX_MINOR
        major, _, minor = version.partition(".")
        if not (major.isdigit() and minor.isdigit()):
            raise bad(f"API Version String '{version}' is of invalid "
                      "format. Must be of format MajorNum.MinorNum.")
        if major != "3" or int(minor) > MAX_MINOR:
            raise Refusal(406, f"Version {version} is not supported by the "
                               "API. Minimum is 3.0 and maximum is "
                               f"3.{MAX_MINOR}.")
        return int(minor)
    return 0
