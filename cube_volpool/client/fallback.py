"""skyline's ``create_volume_if_absent``, with the pool in front of it.

*Source:* skyline's own function as the design notes have it: the name, the
body, the three messages and their order.
"""

import enum
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib import parse

from oslo_log import log as logging

from cube_volpool import exception
from cube_volpool.client import connection

LOG = logging.getLogger(__name__)

#: How often a task that may only look should look, in seconds.
_LOOK_AGAIN: Final = 30

#: What promises that no volume comes of this request, to who has sent none
#: before.
_NOTHING_COMES: Final = (exception.PoolEmpty, connection.NotSent)

#: What is only said once the claim itself was looked at, with all that was
#: asked for it before.
_OF_THE_CLAIM: Final = (
    exception.ClaimInProgress,
    exception.NotExtended,
    exception.QuotaExceeded,
)

#: ``claim_volume`` of the package.
Claim = Callable[..., Mapping[str, Any]]


class WorkArgsError(Exception):
    """The arguments make no volume."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How long the pool is asked, and when not any more.  In seconds."""

    #: The categories that come from the pool; ``data`` and ``swap`` where it
    #: has blank volumes.
    categories: Collection[str] = ("sys",)
    #: The first argument of ``cld_api.get`` and ``post``.
    cinder: str = "cinder"
    #: What one claim may take.
    default_budget: float = 30.0
    #: After the first try: how long the pool is asked again; zero asks once.
    patience: float = 120.0
    #: Not less than the daemon's ``[claim] accept_timeout``: with less, a
    #: volume may arrive late beside one that was made here.
    accept_timeout: float = 90.0
    #: For clocks that differ and messages that queue.
    margin: float = 30.0
    #: Seconds since the epoch: tries of one task may run on two hosts.
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, kw_only=True)
class Order:
    """The keyword arguments of ``create_volume_if_absent``."""

    #: In GiB; not for ``sys``, which has the size of its snapshot.
    size: int | None = None
    snapshot_id: str | None = None
    volume_type: str | None = None
    #: An operating system, where no snapshot is named.
    os_name: str | None = None
    #: For whom; None is the context of ``cld_api``.
    context: Any = None
    #: What this claim may take, in seconds; None is ``default_budget``.
    budget: float | None = None
    #: When this task was tried for the first time, in seconds since the
    #: epoch; None is now.
    first_tried_at: float | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> "Order":
        """Take what is known; skyline's function ignores the rest, too."""
        names = {field.name for field in fields(cls)}
        return cls(**{k: v for k, v in arguments.items() if k in names})


class _Phase(enum.Enum):
    """Where a task is that may have been tried before."""

    #: The pool may be asked.
    ASK = "ask"
    #: The last request may still have an effect; only looking is allowed.
    WAIT = "wait"
    #: No request can have an effect any more.
    OVER = "over"


def create_if_absent(
    cld_api: Any,
    hostname: str,
    volume_category: str,
    *,
    order: Order,
    terms: Terms,
    claim: Claim,
) -> str:
    """Return the id of ``<hostname>_<volume_category>``, made when absent.

    See :func:`cube_volpool.client.create_volume_if_absent`.
    """
    name = f"{hostname}_{volume_category}"
    found = _find(cld_api, name, cinder=terms.cinder)
    is_pooled = volume_category in terms.categories
    # A boot volume has the size of its snapshot, whatever is asked.
    size = order.size if volume_category != "sys" and is_pooled else None
    if found is not None and not _is_below(found, size):
        return str(found["id"])
    body = _body(name, volume_category, order=order)
    volume_id = None
    if is_pooled:
        if order.context is None:
            order = replace(order, context=cld_api.context)
        if volume_category != "sys":
            # Only a boot volume has an operating system.
            order = replace(order, os_name=None)
        asking = _Asking(
            order=order, terms=terms, claim=claim, is_there=found is not None
        )
        try:
            volume_id = asking.volume_id(body["volume"])
        except exception.PoolEmpty:
            if found is None:
                raise
            # It is not the pool's: as large as it is, it is the answer.
            volume_id = str(found["id"])
    if volume_id is None:
        answer = cld_api.post(terms.cinder, "volumes", body)
        volume_id = answer["volume"]["id"]
    return str(volume_id)


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """One try of a task to get its volume from the pool."""

    order: Order
    terms: Terms
    claim: Claim
    #: Is a volume of that name there, and the pool asked to extend it?
    is_there: bool

    @property
    def budget(self) -> float:
        """What the claim of this try may take, in seconds."""
        if self.order.budget is None:
            return self.terms.default_budget
        return self.order.budget

    def volume_id(self, volume: Mapping[str, Any]) -> str | None:
        """Return the id, or None when the caller may create by itself.

        That is only: on ``PoolEmpty``, or when the request was never sent,
        and no earlier one of this task was; or when the last one can have no
        effect any more and the name was looked up since.  *Source:*
        architecture, "The caller's own fallback".
        """
        name = volume["name"]
        # An OS name is not enough for Cinder: only the pool can help then.
        has_source = (
            volume["snapshot_id"] is not None or volume["size"] is not None
        )
        may_create = has_source and not self.is_there
        phase, left = self._phase()
        if may_create and phase is _Phase.OVER:
            LOG.warning("%s: the pool gave no answer; creating it", name)
            return None
        if may_create and phase is _Phase.WAIT:
            raise exception.ClaimInProgress(
                name=name, retry_after=min(left, _LOOK_AGAIN)
            )
        try:
            return self._claimed(volume)
        except _OF_THE_CLAIM:
            raise
        except exception.VolpoolError as error:
            if self._may_come(phase):
                raise self._unsettled(name, error) from error
            if not may_create or not isinstance(error, _NOTHING_COMES):
                raise
            LOG.warning("%s: %s; creating it", name, error)
        return None

    def _may_come(self, phase: _Phase) -> bool:
        """May an earlier request of this task give a volume yet?

        Then no error says that nothing was given: each speaks for its own
        request, and many are raised before the claim is looked at.
        """
        is_later = self.order.first_tried_at is not None
        return is_later and phase is not _Phase.OVER

    def _unsettled(
        self, name: str, error: exception.VolpoolError
    ) -> exception.ClaimInProgress:
        LOG.warning(
            "%s: %s; but what was asked before may still have an effect",
            name,
            error,
        )
        pause = getattr(error, "retry_after", _LOOK_AGAIN)
        return exception.ClaimInProgress(name=name, retry_after=pause)

    def _claimed(self, volume: Mapping[str, Any]) -> str:
        answer = self.claim(
            self.order.context,
            volume,
            os_name=self.order.os_name,
            budget=self.budget,
        )
        LOG.info("%s: source %s", volume["name"], answer["source"])
        return str(answer["volume"]["id"])

    def _phase(self) -> tuple[_Phase, int]:
        """Return the phase, and how many seconds to wait for the last one.

        What counts is the last request, not the first: none is sent after
        ``patience``, so that all have had their time when it is over.
        """
        if self.order.first_tried_at is None:
            return _Phase.ASK, 0
        asked_until = self.order.first_tried_at + self.terms.patience
        over = (
            asked_until
            # Twice: a request may wait that long before a daemon reads it,
            # and the daemon counts from there.
            + 2 * max(self.budget, self.terms.default_budget)
            + self.terms.accept_timeout
            + self.terms.margin
        )
        now = self.terms.clock()
        if now < asked_until:
            return _Phase.ASK, 0
        if now < over:
            return _Phase.WAIT, int(over - now) + 1
        return _Phase.OVER, 0


def _find(
    cld_api: Any, name: str, *, cinder: str
) -> Mapping[str, Any] | None:
    """Return the usable volume of exactly that name, the oldest."""
    query = parse.urlencode({"name": name})
    answer = cld_api.get(cinder, f"volumes/detail?{query}")
    usable = [
        volume
        for volume in answer["volumes"]
        # A database may compare without case.
        if volume["name"] == name
        and not volume["status"].startswith(("error", "deleting"))
    ]
    usable.sort(key=lambda v: (v.get("created_at") or "", v["id"]))
    return usable[0] if usable else None


def _is_below(volume: Mapping[str, Any], size: int | None) -> bool:
    """May it be one of the pool's whose extension is still to come?"""
    return size is not None and int(volume["size"]) < size


def _body(name: str, volume_category: str, *, order: Order) -> dict[str, Any]:
    """Return skyline's body.  Raises WorkArgsError, in skyline's order."""
    if volume_category not in ("sys", "data", "swap"):
        raise WorkArgsError(
            f"volume_partition {volume_category} is not support"
        )
    is_sys = volume_category == "sys"
    is_named = is_sys and order.os_name is not None
    if order.snapshot_id is None and order.size is None and not is_named:
        raise WorkArgsError(
            "create_volume need size or snapshot_id is not None"
        )
    if order.volume_type is None:
        raise WorkArgsError("create_volume need volume_type is not None")
    return {
        "volume": {
            # A boot volume has the size of its snapshot.
            "size": None if is_sys else order.size,
            "multiattach ": False,
            "snapshot_id": order.snapshot_id,
            "name": name,
            "volume_type": order.volume_type,
            "metadata": {},
        },
    }
