"""Events on the real message bus."""

import pathlib
import re
import time
import uuid
from typing import Any

import fixtures
import oslo_messaging as om
from oslo_config import cfg
from oslotest import base

from cube_volpool.rpc import notifier
from cube_volpool.status import events
from cube_volpool.tests import engine
from cube_volpool.tests.functional import broker


class _Ear:
    """Keeps what is heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, dict[str, Any]]] = []

    def info(
        self, _ctxt: Any, publisher: str, event: str, payload: Any, _meta: Any
    ) -> None:
        self.heard.append((publisher, event, payload))


class NotifierCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.Timeout(90, gentle=True))
        self.topic = f"notifications_{uuid.uuid4().hex}"

    def conf(self, url: str, driver: str = "messagingv2") -> cfg.ConfigOpts:
        """Return a configuration that notifies."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        written = engine.write(
            folder / "a.conf",
            {
                "DEFAULT": {"transport_url": url},
                "oslo_messaging_notifications": {
                    "driver": driver, "topics": self.topic,
                },
            },
        )
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[str(written)])
        return conf

    def listen(self, conf: cfg.ConfigOpts) -> _Ear:
        """Listen on the bus."""
        ear = _Ear()
        listener = om.get_notification_listener(
            om.get_notification_transport(conf),
            [om.Target(topic=self.topic)],
            [ear],
            executor="threading",
        )
        listener.start()
        self.addCleanup(listener.wait)
        self.addCleanup(listener.stop)
        return ear


class TestNotifier(NotifierCase):
    def test_events_arrive_under_our_name(self) -> None:
        """In their order, as oslo.messaging has them."""
        conf = self.conf(broker.broker_url())
        ear = self.listen(conf)
        self.assertTrue(notifier.wanted(conf))
        news = notifier.Notifier(conf, host="host-1")
        news.start()
        for number in range(3):
            news.tell("claim.end", {"name": f"web{number}"})
        news.stop(20)

        engine.wait_until(lambda: len(ear.heard) == 3, "all three are heard")
        self.assertEqual(
            [
                (
                    "cube_volpool.host-1",
                    "cube_volpool.claim.end",
                    {"name": f"web{number}"},
                )
                for number in range(3)
            ],
            ear.heard,
        )

    def test_nothing_is_sent_unless_a_driver_is_named(self) -> None:
        """As in every OpenStack service."""
        for driver in ("", "noop"):
            conf = self.conf("rabbit://nobody@127.0.0.1:1/", driver)

            self.assertFalse(notifier.wanted(conf))

    def test_a_broker_that_is_away_keeps_nobody_waiting(self) -> None:
        """What there is no room for is dropped, and said."""
        log = self.useFixture(fixtures.FakeLogger())
        door = self.useFixture(broker.Door())
        news = notifier.Notifier(self.conf(door.url), host="host-1")
        news.start()

        begun = time.monotonic()
        for number in range(1500):
            news.tell("claim.end", {"name": f"web{number}"})
        took = time.monotonic() - begun
        news.stop(0.2)

        self.assertLess(took, 5)
        self.assertEqual(1, log.output.count("notifications were dropped"))


class TestPage(base.BaseTestCase):
    def test_every_event_is_on_the_page(self) -> None:
        """And none that nobody tells."""
        source = pathlib.Path(events.__file__).read_text(encoding="utf-8")
        told = set(re.findall(r'"((?:claim|pool|image|volume)\.\w+)"', source))
        told |= {f"pool.{word}" for word in ("paused", "resumed", "drained")}
        root = pathlib.Path(__file__).resolve().parents[3]
        page = (root / "doc/source/admin/notifications.rst").read_text(
            encoding="utf-8"
        )
        written = set(re.findall(r"``cube_volpool\.(\w+\.\w+)``", page))
        others = re.findall(r"``\.(\w+)``", page)
        written |= {f"pool.{word}" for word in others}

        self.assertEqual(told, written)
