"""Hears every logger at DEBUG, through formatters that are guarded or not."""

import io
import logging
import threading

import fixtures

from cube_volpool import secrecy


class Ear(fixtures.Fixture):
    """All that this process logs from now on, as a log file would have it.

    With ``guarded`` the formatter is the daemon's own.  Loggers whose level
    somebody has set are turned up too: keystoneauth, cinderclient, urllib3,
    requests, oslo.messaging, oslo.db, sqlalchemy, amqp and kombu, and
    whatever else there is.
    """

    def __init__(self, *, guarded: bool = True) -> None:
        super().__init__()
        self._guarded = guarded

    def _setUp(self) -> None:
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(
            logging.Formatter("%(name)s %(levelname)s %(message)s")
        )
        root = logging.getLogger()
        self._silence_others(root)
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        for logger in (root, *_loggers()):
            self.addCleanup(logger.setLevel, logger.level)
            logger.setLevel(logging.DEBUG)
        if self._guarded:
            self.useFixture(
                fixtures.MonkeyPatch("threading.excepthook", None)
            )
            threading.excepthook = threading.__excepthook__
            secrecy.guard_logs()

    def _silence_others(self, root: logging.Logger) -> None:
        """Take away the handlers of the test runner: they would be slow."""
        for other in tuple(root.handlers):
            root.removeHandler(other)
            self.addCleanup(root.addHandler, other)

    @property
    def heard(self) -> str:
        """Everything so far."""
        return self._stream.getvalue()


def _loggers() -> list[logging.Logger]:
    known = logging.Logger.manager.loggerDict.values()
    return [one for one in known if isinstance(one, logging.Logger)]
