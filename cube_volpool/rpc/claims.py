"""The callers' methods: values in, values out, known errors only."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

import oslo_messaging as om

from cube_volpool import exception, model
from cube_volpool.rpc import api, request
from cube_volpool.rpc.answering import Policy, answering, known_error


class Answer(Protocol):
    """What a claim came to."""

    @property
    def volume(self) -> Mapping[str, Any]:
        """The volume as Cinder's create answer shows one."""

    @property
    def source(self) -> model.Source:
        """Where it came from."""


class Claims(Protocol):
    """The journey behind ``claim_volume`` and ``claim_volumes``."""

    def claim(
        self,
        caller: model.Caller,
        request: model.ClaimRequest,
        *,
        deadline: float,
    ) -> Answer:
        """Give one volume, until ``deadline`` on the monotonic clock.

        Raises errors of the wire; anything else is a defect.
        """

    def claim_many(
        self,
        caller: model.Caller,
        requests: Sequence[model.ClaimRequest],
        *,
        deadline: float,
        all_or_nothing: bool,
    ) -> Sequence[Answer | Exception]:
        """Give several; return for each what ``claim`` returns or raises.

        Raises what is no single claim's.
        """


class Endpoint:
    """The callers' methods.  See :mod:`cube_volpool.rpc.api`."""

    target = om.Target(version=api.VERSION)

    def __init__(
        self,
        claims: Claims,
        pools: Callable[[], Sequence[Mapping[str, Any]]],
        *,
        policy: Policy,
        default_budget: timedelta,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._claims = claims
        self._pools = pools
        self._policy = policy
        self._default_budget = default_budget
        self._clock = clock
        self._wall_clock = wall_clock

    # ``expose`` must be the outermost: it marks what it gets.
    @om.rpc.expose
    @answering
    def claim_volume(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Give one volume.

        Arguments: volume, os_name, budget, deadline.
        """
        received = self._clock()
        wanted, budget = request.parse_claim(arguments)
        caller = request.parse_caller(ctxt)
        self._refuse_stale(arguments.get("deadline"))
        self._policy.authorize("claim_volume", ctxt)
        answer = self._claims.claim(
            caller, wanted, deadline=self._until(received, budget)
        )
        return _shown(answer)

    @om.rpc.expose
    @answering
    def claim_volumes(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Give several volumes of one project.

        Arguments: volumes, os_name, budget, deadline, all_or_nothing.
        """
        received = self._clock()
        wanted, budget = request.parse_claims(arguments)
        caller = request.parse_caller(ctxt)
        self._refuse_stale(arguments.get("deadline"))
        self._policy.authorize("claim_volumes", ctxt)
        results = self._claims.claim_many(
            caller,
            wanted,
            deadline=self._until(received, budget),
            all_or_nothing=bool(arguments.get("all_or_nothing")),
        )
        return {
            "results": [
                _error(ctxt, one.name, result)
                if isinstance(result, Exception)
                else _shown(result)
                for one, result in zip(wanted, results, strict=True)
            ]
        }

    def _until(self, received: float, budget: timedelta | None) -> float:
        """Return when the caller stops waiting, on the monotonic clock."""
        allowed = self._default_budget if budget is None else budget
        return received + allowed.total_seconds()

    def _refuse_stale(self, deadline: float | None) -> None:
        """Refuse what lay somewhere until its caller had gone.

        A daemon that was stopped with a message in its hands would carry it
        out when it goes on, though another one has long answered the caller.
        Two clocks are compared, so there is room for their difference; within
        it the budget alone counts, from when the message is read.
        """
        if deadline is None:
            return
        late = self._wall_clock() - deadline
        if late > api.CLOCKS_DIFFER:
            raise exception.Busy(
                reason=f"the request was read {late:.0f} s after its deadline "
                "(or the clocks of caller and daemon differ)",
                retry_after=1,
            )

    @om.rpc.expose
    @answering
    def get_pools(self, ctxt: Any, /, **arguments: Any) -> dict[str, Any]:
        """Tell what is on the shelves.  No arguments."""
        request.parse_nothing(arguments)
        self._policy.authorize("get_pools", ctxt)
        return {"pools": [dict(pool) for pool in self._pools()]}


def _shown(answer: Answer) -> dict[str, Any]:
    return {"volume": dict(answer.volume), "source": answer.source.value}


def _error(ctxt: Any, name: str, error: Exception) -> dict[str, Any]:
    """Return an error as a part of an answer, with all that it tells."""
    volume = {"volume": {"name": name}}
    known = known_error("claim_volumes", ctxt, volume, error)
    return {
        "error": {
            "code": type(known).__name__,
            "message": str(known),
            "fields": known.kwargs,
        }
    }
