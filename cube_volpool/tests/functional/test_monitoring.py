"""The rules and the dashboard, with Prometheus' own tool."""

import json
import pathlib
import re
import subprocess

import yaml
from oslotest import base
from prometheus_client import exposition, parser

from cube_volpool import model
from cube_volpool.db import poolcounts
from cube_volpool.status import collector, meters
from cube_volpool.tests.unit import stock

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_RULES = _ROOT / "etc/prometheus/cube-volpool.rules.yaml"
_TESTS = _ROOT / "etc/prometheus/cube-volpool.tests.yaml"
_DASHBOARD = _ROOT / "etc/grafana/cube-volpool.json"
_RUNBOOK = _ROOT / "doc/source/admin/runbook.rst"
_PAGE = _ROOT / "doc/source/admin/monitoring.rst"
_NAME = re.compile(r"cube_volpool[_:][a-z0-9_:]+")


class _Store:
    """A ledger with one pool, for what a collector tells of it."""

    def __init__(self) -> None:
        self.pools = self

    def counts(self) -> tuple[poolcounts.PoolCounts, ...]:
        record = model.PoolRecord(
            name=model.PoolName("deb"), generation=1, paused=False,
            drained=False, source_snapshot_id=None, source_size_gib=None,
            volume_type_id=None, last_error=None,
        )
        return (
            poolcounts.PoolCounts(
                record=record, by_status={}, held=0, stale=0, lanes=0,
                size_gib=0, hits=0, misses=0,
            ),
        )


def _told() -> set[str]:
    """Return the names of all samples that a daemon can tell."""
    found = meters.Meters()
    for counter in vars(found).values():
        labels = getattr(counter, "_labelnames", None)
        if labels:
            counter.labels(*labels)
    found.registry.register(
        collector.Collector(
            _Store(),  # type: ignore[arg-type]
            lambda: [stock.spec(name="deb")],
            done_at=lambda: {"reconcile": 1.0},
            suspended=lambda: {"cinder": False},
        )
    )
    text = collector_text(found)
    return {
        sample.name
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


def collector_text(found: meters.Meters) -> str:
    """Return what ``/metrics`` would show."""
    return exposition.generate_latest(found.registry).decode()


class TestRules(base.BaseTestCase):
    def promtool(self, *words: str, given: str = "") -> str:
        """Run promtool; it must be content."""
        done = subprocess.run(
            ["promtool", *words], capture_output=True, text=True,
            check=False, input=given, cwd=_RULES.parent,
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def rules(self) -> list[dict[str, str]]:
        """Return the rules, records and alerts."""
        groups = yaml.safe_load(_RULES.read_text(encoding="utf-8"))["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def test_rules_are_sound_and_do_what_their_tests_say(self) -> None:
        """By Prometheus itself."""
        self.promtool("check", "rules", str(_RULES))
        self.promtool("test", "rules", str(_TESTS))

    def test_names_and_units_follow_the_conventions(self) -> None:
        """As promtool's linter has them."""
        self.promtool(
            "check", "metrics", given=collector_text(meters.Meters())
        )

    def test_every_name_that_is_asked_for_is_told(self) -> None:
        """By a rule, the dashboard, or the page on monitoring."""
        known = _told() | {
            rule["record"] for rule in self.rules() if "record" in rule
        }
        asked = {
            name
            for path in (_RULES, _DASHBOARD)
            for name in _NAME.findall(path.read_text(encoding="utf-8"))
        }

        self.assertEqual(set(), asked - known)

    def test_the_page_has_every_metric(self) -> None:
        """And none that nobody tells."""
        parts = ("_bucket", "_sum", "_count", "_created")
        families = {
            name
            for name in _told()
            if not name.endswith(parts)
            or name.removesuffix("_count") + "_bucket" not in _told()
        }
        histograms = {
            name.removesuffix("_bucket")
            for name in _told()
            if name.endswith("_bucket")
        }
        written = set(_NAME.findall(_PAGE.read_text(encoding="utf-8")))
        told = {
            name
            for name in families | histograms
            if not name.endswith(("_created", "_bucket", "_sum"))
        }

        self.assertEqual(told, written)

    def test_every_alert_is_in_the_runbook(self) -> None:
        """With what it means, what to look at, and what to do."""
        runbook = _RUNBOOK.read_text(encoding="utf-8")
        alerts = [rule["alert"] for rule in self.rules() if "alert" in rule]
        written = re.findall(r"^(Volpool\w+)\n=+$", runbook, re.MULTILINE)

        self.assertEqual(sorted(alerts), sorted(written))
        for section in re.split(r"^Volpool\w+\n=+$", runbook,
                                flags=re.MULTILINE)[1:]:
            for words in ("*What it means.*", "*What to look at.*",
                          "*What to do.*"):
                self.assertIn(words, section)

    def test_the_dashboard_is_one_that_grafana_takes(self) -> None:
        """Each panel has a place of its own, and asks something."""
        board = json.loads(_DASHBOARD.read_text(encoding="utf-8"))
        places: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            self.assertTrue(panel["targets"], panel["title"])
            place = panel["gridPos"]
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), places, panel["title"])
                    places.add((x, y))
            self.assertLessEqual(place["x"] + place["w"], 24)
        self.assertEqual(
            len(board["panels"]),
            len({panel["id"] for panel in board["panels"]}),
        )
