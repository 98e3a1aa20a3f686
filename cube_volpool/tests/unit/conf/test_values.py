"""What each option becomes."""

import pathlib
import re
import textwrap
from datetime import timedelta

import fixtures

from cube_volpool import conf, model, origin, settings
from cube_volpool.tests.unit.conf import base
from cube_volpool.tests.unit.conf.base import ConfCase


class Values(ConfCase):
    """A right file becomes settings."""

    def test_a_minimal_file_gets_the_defaults_of_settings(self):
        """What the file leaves out is what settings.py has as default."""
        found = self.load()

        self.assertEqual("cloud-1", found.deployment)
        self.assertEqual(["a", "b"], [pool.name for pool in found.pools])
        self.assertEqual(type(found.claim)(), found.claim)
        self.assertEqual(type(found.reconcile)(), found.reconcile)
        self.assertEqual(timedelta(seconds=10), found.rescue_interval)
        self.assertEqual(timedelta(hours=1), found.purge_interval)
        self.assertEqual(timedelta(days=30), found.purge_after)
        self.assertEqual(timedelta(minutes=5), found.catalogue.sync_interval)

    def test_a_pool_is_pinned_to_one_source(self):
        """A snapshot, an image, a volume, or none at all."""
        ident = "0b1c2d3e-0000-4000-8000-000000000001"
        for options, expected in (
            ({"snapshot_id": ident}, ident),
            ({"image_id": ident, "size_gib": 4}, f"image:{ident}"),
            ({"source_volume_id": ident}, f"volume:{ident}"),
            ({}, None),
        ):
            found = self.load({"pool:a": options}).pools[0]
            self.assertEqual(expected, found.snapshot_id)
            self.assertEqual("debian-12", found.os_name)

    def test_an_id_is_written_as_cinder_writes_it(self):
        """Its answers are compared with it."""
        ident = "0b1c2d3e-0000-4000-8000-00000000000a"
        for text in (ident.upper(), ident.replace("-", "")):
            found = self.load(
                {"pool:a": {"image_id": text, "size_gib": 4}}
            ).pools[0]
            self.assertEqual(f"image:{ident}", found.snapshot_id)

    def test_a_blank_pool_has_no_os(self):
        """It is told by its type and size."""
        found = self.load(
            {"pool:a": {"blank": "true", "os_name": "", "size_gib": 8}}
        ).pools[0]

        self.assertEqual(origin.BLANK, found.snapshot_id)
        self.assertEqual(("", 8), (found.os_name, found.size_gib))

    def test_every_option_of_a_pool_arrives(self):
        """A pool has what its group says; aliases are in lower case."""
        snapshot = "0b1c2d3e-0000-4000-8000-000000000001"
        found = self.load(
            {
                "pool:a": {
                    "type_aliases": "SSD, Fast",
                    "min_ready": 7,
                    "max_creating": 3,
                    "size_gib": 40,
                    "availability_zone": "az-1",
                    "snapshot_id": snapshot,
                    "surge": "3",
                    "switch_at": "20 %",
                    "max_age": 1.5,
                }
            }
        ).pools[0]

        self.assertEqual("debian-12", found.os_name)
        self.assertEqual("ceph-ssd", found.volume_type)
        self.assertEqual({"ssd", "fast"}, found.type_aliases)
        self.assertEqual((7, 3), (found.min_ready, found.max_creating))
        self.assertEqual(40, found.size_gib)
        self.assertEqual("az-1", found.availability_zone)
        self.assertEqual(model.SnapshotId(snapshot), found.snapshot_id)
        self.assertTrue(found.is_type("sSd", None))
        self.assertEqual((3, 2), (found.surge.of(7), found.switch_at.of(7)))
        self.assertEqual(timedelta(hours=36), found.max_age)

    def test_every_option_of_claims_arrives(self):
        """[claim] is read in seconds, fractions included."""
        found = self.load(
            {
                "claim": {
                    "on_miss": "refuse",
                    "default_budget": 2.5,
                    "lease": 11,
                    "accept_timeout": 12,
                    "miss_grace": 130,
                    "look_pause": 0.25,
                    "attempts": 4,
                    "max_outstanding": 9,
                    "max_outstanding_per_project": 8,
                    "max_outstanding_per_pool": 7,
                    "max_outstanding_in_batches": 6,
                    "rescue_interval": 3,
                }
            }
        )

        self.assertFalse(found.claim.create_on_miss)
        self.assertEqual(
            [2.5, 11, 12, 130, 0.25],
            [
                duration.total_seconds()
                for duration in (
                    found.claim.default_budget,
                    found.claim.lease,
                    found.claim.accept_timeout,
                    found.claim.miss_grace,
                    found.claim.look_pause,
                )
            ],
        )
        self.assertEqual(4, found.claim.attempts)
        self.assertEqual(9, found.claim.max_outstanding)
        self.assertEqual(8, found.claim.max_outstanding_per_project)
        self.assertEqual(7, found.claim.max_outstanding_per_pool)
        self.assertEqual(6, found.claim.max_outstanding_in_batches)
        self.assertEqual(timedelta(seconds=3), found.rescue_interval)

    def test_every_option_of_reconcile_and_ledger_arrives(self):
        """[reconcile] is read in seconds, purge_after in days."""
        found = self.load(
            {
                "reconcile": {
                    "interval": 1,
                    "audit_interval": 2,
                    "max_creating": 30,
                    "max_creating_per_snapshot": 5,
                    "intent_grace": 70,
                    "build_timeout": 80,
                    "deletes_per_hour": 6,
                    "absence_grace": 44,
                    "drain_time": 55,
                    "drain_per_round": 9,
                    "poison_after": 7,
                },
                "ledger": {"purge_interval": 90, "purge_after": 2},
                "catalogue": {
                    "sync_interval": 33,
                    "version_format": "date",
                    "source": "table",
                    "automatic": False,
                    "keep": 4,
                },
                "os_table": {
                    "connection": "sqlite:///os.sqlite",
                    "table": "images",
                    "os_column": "a",
                    "type_column": "b",
                    "snapshot_column": "c",
                    "version_column": "d",
                },
            }
        )

        self.assertEqual(timedelta(seconds=1), found.reconcile.interval)
        self.assertEqual(timedelta(seconds=2), found.reconcile.audit_interval)
        self.assertEqual(30, found.reconcile.max_creating)
        self.assertEqual(5, found.reconcile.max_creating_per_snapshot)
        self.assertEqual(timedelta(seconds=70), found.reconcile.intent_grace)
        self.assertEqual(timedelta(seconds=80), found.reconcile.build_timeout)
        self.assertEqual(6, found.reconcile.deletes_per_hour)
        self.assertEqual(timedelta(seconds=44), found.reconcile.absence_grace)
        self.assertEqual(timedelta(seconds=55), found.reconcile.drain_time)
        self.assertEqual(9, found.reconcile.drain_per_round)
        self.assertEqual(7, found.reconcile.poison_after)
        self.assertEqual(timedelta(seconds=90), found.purge_interval)
        self.assertEqual(timedelta(days=2), found.purge_after)
        self.assertEqual(
            settings.CatalogueSettings(
                naming_rule=found.catalogue.naming_rule,
                sync_interval=timedelta(seconds=33),
                version_format=settings.VersionFormat.DATE,
                source=settings.ImageSource.TABLE,
                automatic=False,
                keep=4,
                table=settings.TableSettings(
                    connection="sqlite:///os.sqlite",
                    table="images",
                    os_column="a",
                    type_column="b",
                    snapshot_column="c",
                    version_column="d",
                ),
            ),
            found.catalogue,
        )

    def test_every_option_of_cinder_arrives(self):
        """[cinder] is the same for both keyrings."""
        found = self.load(
            {
                "cinder": {
                    "retries": 0,
                    "breaker_failures": 4,
                    "breaker_pause": 1.5,
                }
            }
        )

        self.assertEqual(
            settings.CinderSettings(
                retries=0,
                breaker_failures=4,
                breaker_pause=timedelta(seconds=1.5),
            ),
            found.cinder,
        )

    def test_the_default_naming_rule_fits_the_known_names(self):
        """debian-12_ssd_20261120 is os, type and version."""
        rule = self.load().catalogue.naming_rule
        found = rule.fullmatch("debian-12_ssd_20261120")

        self.assertEqual(
            {"os": "debian-12", "type": "ssd", "version": "20261120"},
            found and found.groupdict(),
        )
        self.assertIsNone(rule.fullmatch("my_own_backup"))

    def test_a_dollar_in_the_naming_rule_survives(self):
        """A rule may end in an escaped dollar sign."""
        rule = r"(?P<os>.+)-(?P<type>.+)-(?P<version>\d+)"
        found = self.load({"catalogue": {"naming_rule": rule + r"\$"}})

        self.assertEqual(rule + "$", found.catalogue.naming_rule.pattern)

    def test_the_example_of_the_documentation_loads(self):
        """What install.rst tells an operator to write is a right file."""
        root = pathlib.Path(__file__).resolve().parents[4]
        page = (root / "doc" / "source" / "install.rst").read_text()
        block = re.search(r"code-block:: ini\n\n((?: {4}.*\n|\n)+)", page)
        self.assertIsNotNone(block)
        assert block is not None

        found = conf.load(self.parse(textwrap.dedent(block[1])))

        self.assertEqual(
            ["debian-12-ssd", "windows-2022-ssd"],
            [pool.name for pool in found.pools],
        )

    def test_min_ready_may_be_nought(self):
        """A pool with min_ready = 0 is legal: it runs empty."""
        found = self.load({"pool:a": {"min_ready": 0}})

        self.assertEqual(0, found.pools[0].min_ready)

    def test_loading_again_gives_equal_settings(self):
        """load may be called as often as one likes."""
        parsed = self.parse(base.with_changes({}))

        self.assertEqual(conf.load(parsed), conf.load(parsed))

    def test_a_pool_that_is_not_enabled_is_mentioned(self):
        """A group without its name in enabled_pools is logged, not used."""
        log = self.useFixture(fixtures.FakeLogger())
        found = self.load({"pool:c": {"os_name": "x", "volume_type": "y"}})

        self.assertEqual(2, len(found.pools))
        self.assertIn("[pool:c] is not used", log.output)
