"""``[ledger]``: how long the database remembers."""

from typing import Final

from oslo_config import cfg

GROUP: Final = "ledger"

OPTS: Final = (
    cfg.FloatOpt(
        "purge_interval",
        default=3600,
        min=0.05,
        help="The pause between two rounds that remove old claims from the "
        "database, in seconds. Too short asks for nothing most of the time. "
        "Too long makes each round larger. Related: purge_after.",
    ),
    cfg.IntOpt(
        "purge_after",
        default=30,
        min=1,
        help="How long a finished claim stays in the database, in days. A "
        "claim is what gives the same volume to a caller that asks again, "
        "and the record of who got which volume. Too short forgets both. Too "
        "long lets the table grow. Related: purge_interval.",
    ),
)
