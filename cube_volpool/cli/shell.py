"""The commands of ``cube-volpool``, and what they have in common.

Exit status: 0 done, 1 error, 2 usage, 3 not found, 4 in progress or busy,
5 refused.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any, Final

from cliff import app, commandmanager
from oslo_config import cfg

from cube_volpool import exception
from cube_volpool.cinder import login
from cube_volpool.cli import command, daemon

#: The entry points of the commands.
NAMESPACE: Final = "cube_volpool.cli"


class Shell(app.App):
    """The commands; ``daemon`` is reached for when one needs it."""

    NAME = "cube-volpool"
    # Warnings; what libraries do step by step is for -v.
    DEFAULT_VERBOSE_LEVEL = 0

    def __init__(self, argv: Sequence[str] = ()) -> None:
        self._argv = argv
        self._daemon: daemon.Daemon | None = None
        super().__init__(
            description="Steer and watch the pools of cube_volpool, over RPC.",
            version=metadata.version("cube-volpool"),
            command_manager=commandmanager.CommandManager(NAMESPACE),
            deferred_help=True,
        )

    def build_option_parser(self, *args: Any, **kwargs: Any) -> Any:
        """Add which broker, and who asks."""
        parser = super().build_option_parser(*args, **kwargs)
        parser.add_argument(
            "--config-file",
            action="append",
            metavar="PATH",
            help="of a daemon, for transport_url; the usual places unless "
            "given",
        )
        parser.add_argument(
            "--transport-url",
            metavar="URL",
            help="of the message broker, in place of the file's",
        )
        login.add_options(parser, self._argv)
        return parser

    @property
    def daemon(self) -> daemon.Daemon:
        """Whichever daemon answers.  Raises what ``command.failed`` knows."""
        if self._daemon is None:
            given = self.options
            self._daemon = daemon.Daemon(
                _configuration(given),
                url=given.transport_url,
                login=login.login(given),
            )
        return self._daemon


def _configuration(given: argparse.Namespace) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    try:
        conf(
            [],
            project="cube_volpool",
            prog="cube-volpool",
            default_config_files=given.config_file,
        )
    except cfg.Error as error:
        raise daemon.Unconfigured(str(error)) from error
    return conf


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    if not given:
        # cliff would begin a dialogue; the help says more.
        given = ["--help"]
    try:
        return int(Shell(given).run(given))
    except exception.InvalidRequest as error:
        return command.failed(error) or command.USAGE
    except SystemExit as ended:
        # The help ends with None.
        return ended.code if isinstance(ended.code, int) else 0
