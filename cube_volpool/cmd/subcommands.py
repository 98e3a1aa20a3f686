"""Subcommands of a program whose options are those of oslo.config."""

import argparse
from collections.abc import Callable
from typing import Any

from oslo_config import cfg

#: Returns the exit status.
Command = Callable[[cfg.ConfigOpts], int]


def add(
    actions: Any, name: str, run: Command, text: str
) -> argparse.ArgumentParser:
    """Add one; ``conf.command.run`` is ``run`` when it was given."""
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text)
    parser.set_defaults(run=run)
    return parser
