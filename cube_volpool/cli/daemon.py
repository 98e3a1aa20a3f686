"""The way from a command to the daemons, and what the way back may bring."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from oslo_config import cfg

from cube_volpool import exception
from cube_volpool.cinder import login as cinder_login
from cube_volpool.client import connection
from cube_volpool.rpc import api

#: What an answer may take, in seconds, unless the command waits for a claim.
TIMEOUT: Final = 15.0
#: And what one takes longer that waits for a claim, beyond the claim's budget.
MARGIN: Final = 5.0
#: Who is on the bus may say what it is; with callers' tokens Keystone does.
_ROLES: Final = ("admin",)


class Unconfigured(Exception):
    """Nothing names the message broker."""


class Daemon:
    """Whichever daemon answers.

    ``conf`` has ``transport_url`` unless ``url`` is given.  Raises
    Unconfigured.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        *,
        url: str | None,
        login: cinder_login.Login | None,
    ) -> None:
        try:
            has_broker = api.names_a_broker(conf, url)
        except ValueError as error:
            raise Unconfigured(str(error)) from error
        if not has_broker:
            raise Unconfigured(
                "which message broker? Give --transport-url, or --config-file "
                "with the file of a daemon"
            )
        self._connection = connection.Connection(
            conf, url=url, max_calls=4, version=api.OPERATOR_VERSION
        )
        self._login = login
        self.request_id = f"req-{uuid.uuid4()}"

    def call(
        self,
        method: str,
        *,
        timeout: float = TIMEOUT,
        acting_in: str | None = None,
        **arguments: Any,
    ) -> Any:
        """Return what a method answers; arguments that are None are left out.

        ``acting_in`` is the project of the context, unless it is that of the
        login.  Raises the daemon's error, NotSent, or NoAnswer.
        """
        return self._connection.call(
            self._context(acting_in),
            method,
            timeout=timeout,
            **{k: v for k, v in arguments.items() if v is not None},
        )

    def everything(self, method: str, key: str, **filters: Any) -> list[Any]:
        """Return what is on all the pages of a listing."""
        found: list[Any] = []
        after = None
        while True:
            page = self.call(method, after=after, limit=1000, **filters)
            found += page[key]
            after = page["next"]
            if after is None:
                return found

    def pool(self, name: str) -> Mapping[str, Any]:
        """Return a pool as ``get_pools`` shows it.  Raises NotKnown."""
        for pool in self.call("get_pools")["pools"]:
            if pool["name"] == name:
                found: Mapping[str, Any] = pool
                return found
        raise exception.NotKnown(what="pool", id=name)

    def project(self, given: str | None) -> str:
        """Return the project that a claim is for.

        Raises InvalidRequest when nobody names one.
        """
        known = given or (self._login and self._login.project_id)
        if not known:
            raise exception.InvalidRequest(
                field="project",
                reason="is missing: give --project, or log in to one",
            )
        return known

    def _context(self, project_id: str | None) -> dict[str, Any]:
        context: dict[str, Any] = {
            "request_id": self.request_id,
            "roles": list(_ROLES),
        }
        if self._login is not None:
            context |= {
                "auth_token": self._login.token,
                "project_id": self._login.project_id,
                "roles": list(self._login.roles),
            }
        if project_id is not None:
            context["project_id"] = project_id
        return context
