"""The long form: nemeses by chance under steady load, until so many claims.

See ``tools/chaos.sh``, which starts the servers and prints the table.
"""

import argparse
import logging
import random
import sys
import time

from cube_volpool.tests.chaos import campaign, ledgers, nemeses

_KINDS = (ledgers.MariadbLedger, ledgers.PostgresqlLedger)
#: Claims on one installation; then a new one, on the other database.
_LEG = 2500


def main() -> int:
    """Run campaigns; return the exit status."""
    chosen = _arguments()
    # oslo.messaging tells each lost connection at length.
    logging.disable(logging.CRITICAL)
    campaign.say(f"seed {chosen.seed}")
    chance = random.Random(chosen.seed)
    end = time.monotonic() + 60 * chosen.minutes
    delivered = leg = 0
    wrong: list[str] = []
    while delivered < chosen.claims and time.monotonic() < end:
        kind = _KINDS[leg % len(_KINDS)]
        leg += 1
        run = campaign.Campaign(
            kind, rate=chosen.rate, seed=chance.getrandbits(32)
        )
        with run:
            _run_leg(
                run, kind, chosen, chance,
                least=min(_LEG, chosen.claims - delivered), end=end,
            )
            wrong += run.finish().wrong
            campaign.record(run)
            delivered += len(run.history.delivered())
        campaign.say(f"{delivered} claims delivered")
    print(f"seed {chosen.seed}: {delivered} claims, {len(wrong)} wrong")
    print(*wrong, sep="\n")
    return 1 if wrong or delivered < chosen.claims else 0


def _run_leg(run, kind, chosen, chance, *, least: int, end: float) -> None:
    """Strike until ``least`` claims are delivered; each kind in turn."""
    fitting = [
        nemesis
        for nemesis in nemeses.ALL
        if nemesis.fits(kind) and chosen.nemesis in ("", nemesis.name)
    ]
    deck: list[nemeses.Nemesis] = []
    while len(run.history.delivered()) < least and time.monotonic() < end:
        if not deck:
            deck = chance.sample(fitting, len(fitting))
        run.strike(deck.pop())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos")
    parser.add_argument("--claims", type=int, default=10000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=12, help="claims/s")
    parser.add_argument(
        "--nemesis", default="", choices=["", *nemeses.BY_NAME]
    )
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
