"""Guards of the protocol, each taken away by hand.

A mutant is a way to run with one guard missing; a simulation that is worth
anything finds it.  *Source:* the facts on reliability, T11.
"""

import contextlib
from collections.abc import Callable
from typing import Any
from unittest import mock

from cube_volpool import observe, planner, reconcile, supply, topup
from cube_volpool.claim import (
    handover,
    look,
    miss,
    order,
    preparation,
    repeat,
)
from cube_volpool.db import claims, ledger, register, swap
from cube_volpool.tests.reliability.histories import cuts, image_cuts

Mutant = Callable[[], contextlib.AbstractContextManager[Any]]


def _patch(owner: Any, name: str, new: Any) -> Mutant:
    return lambda: mock.patch.object(owner, name, new)


ALL: dict[str, Mutant] = {
    "an accept's error is taken for a failure": _patch(
        handover.HandOver, "_accept", cuts.accept_error_is_failure
    ),
    "no compare-and-swap of a claim": _patch(
        swap, "touch_claim", cuts.touch_any
    ),
    "no generation in the compare-and-swap of a row": _patch(
        swap, "as_seen", cuts.by_id
    ),
    "no marker in the compare-and-swap of a row": _patch(
        swap, "as_seen", cuts.without_marker
    ),
    "a take-over leaves the generations": _patch(
        register.Register, "take_over", cuts.take_over_quietly
    ),
    "no generation of a pool": _patch(
        swap, "bump", cuts.no_bump
    ),
    "the offer is not recorded before accept": _patch(
        handover.HandOver,
        "give",
        cuts.unmarked_give(handover.HandOver.give),
    ),
    "whatever is taken back counts as certain": _patch(
        preparation.Preparation,
        "take_back",
        cuts.always_taken_back(preparation.Preparation.take_back),
    ),
    "handed back without a cancel": _patch(
        preparation.Preparation, "take_back", cuts.no_cancel
    ),
    "handed back under the caller's name": _patch(
        preparation.Preparation, "take_back", cuts.no_restore
    ),
    "look reads the owner before the offers": _patch(
        look.Looker, "_look", cuts.owner_first
    ),
    "no second look after a cancel": _patch(
        look.Looker, "_look", cuts.cancel_and_trust
    ),
    "look leaves the offer open": _patch(look.Looker, "_look", cuts.no_fence),
    "a 404 of the pool's keyring is a free hand": _patch(
        look.Looker, "_gone", cuts.gone_is_free
    ),
    "look without a compare-and-swap": _patch(
        look.Looker, "look", cuts.no_proof
    ),
    "a miss is not recorded before its create": _patch(
        miss.Misser, "create", cuts.create_unrecorded
    ),
    "an unclear create is taken for none": _patch(
        miss.Misser, "_settle_now", cuts.unclear_create_fails
    ),
    "no grace time after an unclear create": _patch(
        claims.ClaimRecords,
        "is_miss_settled",
        # A transaction of its own, as the real one.
        ledger.transaction(cuts.always_settled),
    ),
    "a create without the claim's marker": _patch(
        miss.Misser,
        "_create",
        cuts.unmarked_create(miss.Misser._create),
    ),
    "absence from a listing is believed": _patch(
        observe, "_by_id", cuts.trust_listing
    ),
    "no grace time for an intent": _patch(
        planner,
        "_settle_intent",
        cuts.no_grace(planner._settle_intent),
    ),
    "a DELETE without a look at the marker": _patch(
        planner, "_settle_deleting", cuts.delete_anything
    ),
    "deleted at once, not evicted": _patch(
        reconcile.Reconciler, "_evict", cuts.delete_at_once
    ),
    "a condemned row comes back": _patch(
        planner,
        "_settle_deleting",
        cuts.condemned_come_back(planner._settle_deleting),
    ),
    "an unclear create is sent again": _patch(
        topup.TopUp, "_post", cuts.post_again
    ),
    "an OS name means what is built": _patch(
        order.OrderDesk,
        "_current",
        image_cuts.built_image(order.OrderDesk._current),
    ),
    "whatever is built makes room for more of the source": _patch(
        supply, "deficit", image_cuts.room_of_any(supply.deficit)
    ),
    "unfit volumes are handed over": _patch(planner, "unfit", cuts.all_fit),
    "a bound claim is opened again unseen": _patch(
        repeat.Repeat, "_still_there", cuts.never_there
    ),
    "the name is not looked up": _patch(
        preparation.Prepared, "existing", cuts.ignore_existing
    ),
}

#: Guards that others back up: without one of these alone nothing can be seen
#: to break, and why.
EQUIVALENT: dict[str, str] = {
    "a take-over leaves the generations": (
        "the status is compared too, and whoever takes over changes that "
        "of claim and row with the first thing it does"
    ),
    "no generation in the compare-and-swap of a row": (
        "it changes only by a take-over, and whoever was overtaken fails at "
        "the claim, in the same transaction"
    ),
    "no marker in the compare-and-swap of a row": (
        "only SQLite uses ids again, and what an audit promotes it has "
        "looked at anew"
    ),
    "look without a compare-and-swap": (
        "what a look leads to is a compare-and-swap of its own"
    ),
    "no grace time for an intent": (
        "the audit adopts what arrives late, and trims it"
    ),
    "a bound claim is opened again unseen": (
        "the look-up by name finds the volume again"
    ),
}
