"""``cube-volpool`` without a daemon: usage, and what it says of that."""

import pathlib
from importlib import metadata

import fixtures
from oslotest import base

from cube_volpool.cli import shell
from cube_volpool.tests import engine
from cube_volpool.tests.functional import cli_case


class TestAlone(base.BaseTestCase):
    """Nobody answers."""

    def test_usage(self) -> None:
        """2, for whatever was not understood."""
        self.assertEqual(0, cli_case.run("--help").returncode)
        self.assertEqual(0, cli_case.run().returncode)
        for words in (("pool", "pause"), ("pool", "nonsense"), ("claim",
                      "create", "a"), ("watch", "--count", "x")):
            ended = cli_case.run(*words)
            self.assertEqual(2, ended.returncode, " ".join(words))

    def test_no_broker_is_named(self) -> None:
        """It says how to name one."""
        empty = engine.write(
            pathlib.Path(self.useFixture(fixtures.TempDir()).path) / "a.conf",
            {},
        )
        ended = cli_case.run("--config-file", str(empty), "pool", "list")

        self.assertEqual(2, ended.returncode)
        self.assertIn("--transport-url", ended.stderr)

    def test_an_url_that_is_none(self) -> None:
        """Usage; nothing of a password is repeated."""
        for url in (
            "rabit://u:s3cr3t@h/", "rabbit://u:s3cr3t/x@h/", "nonsense",
        ):
            ended = cli_case.run("--transport-url", url, "pool", "list")

            self.assertEqual(2, ended.returncode, ended.stderr)
            self.assertIn("is no URL of a broker", ended.stderr)
            self.assertNotIn("s3cr3t", ended.stderr)

    def test_a_kind_of_login_that_is_not_installed(self) -> None:
        """Usage, in one sentence, also for the help."""
        ended = cli_case.run("--help", OS_AUTH_TYPE="v9magic")

        self.assertEqual(2, ended.returncode)
        self.assertIn("v9magic", ended.stderr)
        self.assertNotIn("Traceback", ended.stderr)

    def test_a_keystone_that_is_away_is_busy(self) -> None:
        """4: it may be there again soon."""
        ended = cli_case.run(
            "--transport-url", "rabbit://u:p@127.0.0.1:1/", "pool", "list",
            OS_AUTH_URL="http://127.0.0.1:1/v3", OS_USERNAME="u",
            OS_PASSWORD="s3cr3t", OS_PROJECT_NAME="p",
            OS_USER_DOMAIN_NAME="Default", OS_PROJECT_DOMAIN_NAME="Default",
        )

        self.assertEqual(4, ended.returncode, ended.stderr)

    def test_a_file_that_is_not_there(self) -> None:
        """It is named."""
        ended = cli_case.run("--config-file", "/nowhere.conf", "pool", "list")

        self.assertEqual(2, ended.returncode)
        self.assertIn("/nowhere.conf", ended.stderr)

    def test_nobody_answers(self) -> None:
        """4: a daemon may come up; the password of the URL stays here."""
        ended = cli_case.run(
            "--transport-url", "rabbit://volpool:s3cr3t@127.0.0.1:1/",
            "pool", "list",
        )

        self.assertEqual(4, ended.returncode)
        self.assertNotIn("s3cr3t", ended.stderr)
        self.assertNotIn("Traceback", ended.stderr)

    def test_completion_knows_every_command(self) -> None:
        """For bash, as other OpenStack clients have it."""
        completion = cli_case.run("complete").stdout

        names = metadata.entry_points(group=shell.NAMESPACE).names
        self.assertIn("volume_evict", names)
        for name in names:
            self.assertIn(f"cmds_{name.split('_')[0]}", completion)
