"""Values that are nonsense by themselves."""

from cube_volpool import conf, exception
from cube_volpool.tests.unit.conf import base
from cube_volpool.tests.unit.conf.base import ConfCase


class Nonsense(ConfCase):
    """A value that is wrong by itself is refused under its own name."""

    def test_numbers_out_of_bounds(self):
        """Each number has a least value, and text is no number."""
        for group, option, value in (
            ("DEFAULT", "graceful_shutdown_timeout", -1),
            ("pool:a", "min_ready", -1),
            ("pool:a", "min_ready", "many"),
            ("pool:a", "max_creating", 0),
            ("pool:a", "lanes", 0),
            ("pool:a", "lanes", 17),
            ("pool:a", "size_gib", 0),
            ("pool:a", "size_gib", 10**10),
            ("claim", "attempts", 0),
            ("claim", "default_budget", 0),
            ("claim", "accept_timeout", 0),
            ("claim", "miss_grace", -1),
            ("claim", "look_pause", -1),
            ("claim", "rescue_interval", 0),
            ("claim", "max_outstanding", 0),
            ("claim", "max_outstanding_per_project", 0),
            ("claim", "max_outstanding_per_pool", 0),
            ("claim", "max_outstanding_in_batches", 0),
            ("cinder", "retries", -1),
            ("cinder", "breaker_failures", -1),
            ("cinder", "breaker_pause", 0),
            ("reconcile", "absence_grace", -1),
            ("reconcile", "interval", 0),
            ("reconcile", "audit_interval", "5m"),
            ("reconcile", "max_creating", 0),
            ("reconcile", "max_creating_per_snapshot", 0),
            ("reconcile", "intent_grace", 0),
            ("reconcile", "build_timeout", 0),
            ("reconcile", "deletes_per_hour", 0),
            ("catalogue", "sync_interval", 0),
            ("ledger", "purge_interval", 0),
            ("ledger", "purge_after", 0),
        ):
            with self.subTest(group=group, option=option, value=value):
                self.assert_refused(
                    group, option, "not valid", {group: {option: value}}
                )

    def test_two_sources_of_one_pool(self):
        """Which of them is meant, nobody can tell."""
        ident = "0b1c2d3e-0000-4000-8000-000000000001"
        for option, others in (
            ("image_id", {"snapshot_id": ident, "image_id": ident}),
            ("source_volume_id",
             {"image_id": ident, "source_volume_id": ident}),
            ("blank", {"source_volume_id": ident, "blank": "true",
                       "os_name": ""}),
        ):
            self.assert_refused(
                "pool:a", option, "together", {"pool:a": others}
            )

    def test_a_source_that_is_no_uuid(self):
        """Each of the three is one."""
        for option in ("snapshot_id", "image_id", "source_volume_id"):
            self.assert_refused(
                "pool:a", option, "is no UUID", {"pool:a": {option: "web"}}
            )

    def test_a_source_without_a_size_of_its_own(self):
        """Cinder wants one for an image, and for nothing."""
        ident = "0b1c2d3e-0000-4000-8000-000000000001"
        for options in (
            {"image_id": ident}, {"blank": "true", "os_name": ""},
        ):
            self.assert_refused(
                "pool:a", "size_gib", "needs it", {"pool:a": options}
            )

    def test_an_os_of_a_blank_pool(self):
        """Nothing is on its volumes."""
        self.assert_refused(
            "pool:a", "os_name", "blank",
            {"pool:a": {"blank": "true", "size_gib": 1}},
        )

    def test_durations_without_an_end(self):
        """A duration is a finite number."""
        for value in ("nan", "inf", "1e300"):
            with self.subTest(value=value):
                self.assert_refused(
                    "claim", "lease", "duration", {"claim": {"lease": value}}
                )
        self.assert_refused(
            "ledger",
            "purge_after",
            "duration",
            {"ledger": {"purge_after": 36501}},
        )

    def test_an_unknown_word_for_on_miss(self):
        """on_miss is create or refuse."""
        self.assert_refused(
            "claim", "on_miss", "not valid", {"claim": {"on_miss": "retry"}}
        )

    def test_no_pool(self):
        """A daemon without a pool has nothing to do."""
        for value in ("", ","):
            with self.subTest(value=value):
                self.assert_refused(
                    "DEFAULT",
                    "enabled_pools",
                    "no pool is named",
                    {"DEFAULT": {"enabled_pools": value}},
                )

    def test_a_pool_named_twice(self):
        """Each pool is named once, whatever the case of the letters."""
        for value in ("a, b, a", "a, A"):
            with self.subTest(value=value):
                self.assert_refused(
                    "DEFAULT",
                    "enabled_pools",
                    "same pool",
                    {"DEFAULT": {"enabled_pools": value}},
                )

    def test_characters_of_pool_names(self):
        """A pool's name goes into metadata and logs: plain characters."""
        for value in ("a b", "pool/1", "-a", "ü", "a" * 64, "a:b"):
            with self.subTest(value=value):
                self.assert_refused(
                    "DEFAULT",
                    "enabled_pools",
                    "no name of a pool",
                    {"DEFAULT": {"enabled_pools": value}},
                )

    def test_an_enabled_pool_without_a_group(self):
        """enabled_pools names a pool that nothing describes."""
        self.assert_refused(
            "DEFAULT",
            "enabled_pools",
            r"pool nope has no group \[pool:nope\]",
            {"DEFAULT": {"enabled_pools": "a, nope"}},
        )

    def test_a_pool_without_os_or_type(self):
        """os_name and volume_type have no default."""
        for option in ("os_name", "volume_type"):
            for value in (None, ""):
                with self.subTest(option=option, value=value):
                    self.assert_refused(
                        "pool:b",
                        option,
                        "not set",
                        {"pool:b": {option: value}},
                    )

    def test_names_that_cinder_would_not_take(self):
        """Names are at most 255 characters, none of them a control one."""
        for option in ("os_name", "volume_type", "availability_zone"):
            with self.subTest(option=option):
                self.assert_refused(
                    "pool:a", option, "255", {"pool:a": {option: "x" * 256}}
                )
                self.assert_refused(
                    "pool:a", option, "control", {"pool:a": {option: "x\x01"}}
                )
        self.assert_refused(
            "pool:a",
            "type_aliases",
            "control",
            {"pool:a": {"type_aliases": "ssd, \x7f"}},
        )

    def test_a_pinned_snapshot_that_is_no_uuid(self):
        """snapshot_id is an id, not a name."""
        self.assert_refused(
            "pool:a",
            "snapshot_id",
            "no UUID",
            {"pool:a": {"snapshot_id": "debian-12_ssd_20261120"}},
        )

    def test_a_deployment_that_is_missing_or_malformed(self):
        """deployment_id has no default and plain characters."""
        for value, reason in ((None, "not set"), ("a b", "letters")):
            with self.subTest(value=value):
                self.assert_refused(
                    "DEFAULT",
                    "deployment_id",
                    reason,
                    {"DEFAULT": {"deployment_id": value}},
                )

    def test_an_empty_host(self):
        """host cannot be empty: the message bus needs it."""
        self.assert_refused(
            "DEFAULT", "host", "empty", {"DEFAULT": {"host": " "}}
        )

    def test_a_naming_rule_that_is_no_expression(self):
        """A rule that does not compile is refused."""
        self.assert_refused(
            "catalogue",
            "naming_rule",
            "no regular expression",
            {"catalogue": {"naming_rule": "(?P<os>.+"}},
        )

    def test_a_naming_rule_without_its_groups(self):
        """The rule has the groups os and version; type may be missing."""
        for rule, missing in (
            (r"(?P<os>.+)_(?P<type>.+)", "group version"),
            (r".+", "os and version"),
            ("", "os and version"),
        ):
            with self.subTest(rule=rule):
                self.assert_refused(
                    "catalogue",
                    "naming_rule",
                    missing,
                    {"catalogue": {"naming_rule": rule}},
                )

    def test_a_share_that_is_neither_number_nor_percentage(self):
        """surge and switch_at take both, and nothing else."""
        for text in ("", "all", "-1", "50 percent", "1.5", "%", "9999999"):
            for option in ("surge", "switch_at"):
                with self.subTest(option=option, text=text):
                    self.assert_refused(
                        "pool:a",
                        option,
                        "neither a number nor a percentage",
                        {"pool:a": {option: text}},
                    )

    def test_a_table_of_images_that_cannot_be_read(self):
        """It needs a URL, and names that are names."""
        catalogue = {"source": "table"}
        for option, text, reason in (
            ("connection", "", "not set"),
            ("connection", "skyline", "no URL"),
            ("table", "os; drop table os", "no name of a table"),
            ("type_column", "", "no name of a table or column"),
        ):
            with self.subTest(option=option):
                self.assert_refused(
                    "os_table",
                    option,
                    reason,
                    {
                        "catalogue": catalogue,
                        "os_table": {
                            "connection": "sqlite:///os.sqlite",
                            option: text,
                        },
                    },
                )

    def test_an_api_microversion_that_is_too_old_or_none(self):
        """api_microversion is 3.70 or newer."""
        for value in ("3.69", "3.7", "3", "latest", "2.70", "4.0", ""):
            with self.subTest(value=value):
                self.assert_refused(
                    "cinder",
                    "api_microversion",
                    "older|of the form",
                    {"cinder": {"api_microversion": value}},
                )

    def test_no_database(self):
        """The ledger has to be somewhere."""
        self.assert_refused(
            "database",
            "connection",
            "not set",
            {"database": {"connection": None}},
        )

    def test_a_database_that_cannot_be_used(self):
        """The URL is one that SQLAlchemy has a dialect and a driver for."""
        for url, reason in (
            ("no url:canary", "SQLAlchemy"),
            ("foo://u:canary@127.0.0.1/x", "SQLAlchemy"),
            ("mysql+oursql://u:canary@127.0.0.1/x", "SQLAlchemy"),
            ("mssql+pymssql://u:canary@127.0.0.1/x", "driver"),
        ):
            with self.subTest(url=url):
                self.assert_refused(
                    "database",
                    "connection",
                    reason,
                    {"database": {"connection": url}},
                )

    def test_a_refused_url_is_not_repeated(self):
        """The error about a URL does not carry its password."""
        text = base.with_changes(
            {"database": {"connection": "foo://u:canary@127.0.0.1/x"}}
        )
        error = self.assertRaises(
            exception.InvalidConfiguration, conf.load, self.parse(text)
        )

        self.assertNotIn("canary", str(error))
        self.assertIsNone(error.__cause__)
