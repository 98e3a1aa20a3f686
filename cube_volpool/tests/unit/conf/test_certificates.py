"""Files of certificates that are missing: refused, and named."""

import pathlib

import fixtures
import testscenarios

from cube_volpool import conf
from cube_volpool.conf import broker
from cube_volpool.tests.unit.conf import base
from cube_volpool.tests.unit.conf.base import ConfCase

load_tests = testscenarios.load_tests_apply_scenarios

_GONE = "/nonexistent/certificate.pem"
_MARIADB = "mysql+pymysql://u:p@db.test/d?"
_POSTGRESQL = "postgresql+psycopg2://u:p@db.test/d?"
_BROKER = "rabbit://u:p@mq.test:5671/v?"
_HTTPS = {"auth_url": "https://keystone.test/v3"}


class FileCase(ConfCase):
    """Options as the daemon reads them: the broker's last."""

    def load(self, changes=None):
        parsed = self.parse(base.with_changes(changes or {}))
        loaded = conf.load(parsed)
        broker.check(parsed)
        return loaded


class MissingCase(FileCase):
    """One file that is not there."""

    group: str
    option: str
    word: str
    changes: base.Groups
    scenarios = [
        (
            f"{group} {option} {word}",
            {
                "group": group,
                "option": option,
                "word": word,
                "changes": {group: values},
            },
        )
        for group, option, word, values in (
            *(
                (
                    "database",
                    "connection",
                    word,
                    {"connection": f"{url}{word}={_GONE}"},
                )
                for url, words in (
                    (_MARIADB, ("ssl_ca", "ssl_cert", "ssl_key")),
                    (_POSTGRESQL, ("sslrootcert", "sslcert", "sslkey")),
                )
                for word in words
            ),
            (
                "database",
                "connection_parameters",
                "ssl_ca",
                {
                    "connection": _MARIADB,
                    "connection_parameters": f"ssl_ca={_GONE}",
                },
            ),
            *(
                (
                    "DEFAULT",
                    "transport_url",
                    word,
                    {"transport_url": f"{_BROKER}ssl=true&{word}={_GONE}"},
                )
                for word in ("ssl_ca_file", "ssl_cert_file", "ssl_key_file")
            ),
            *(
                (group, option, "", {**_HTTPS, option: _GONE})
                for group in ("pool_project", "tenant")
                for option in ("cafile", "certfile", "keyfile")
            ),
        )
    ]

    def test_start_is_refused(self):
        """One sentence: the option, the word in it, the file, why."""
        self.assert_refused(
            self.group,
            self.option,
            f"{self.word}.*{_GONE} cannot be read: No such file",
            self.changes,
        )


class BrokerTest(FileCase):
    """The broker's files in options of their own."""

    def changes(self, **options):
        return {
            "DEFAULT": {"transport_url": "rabbit://u:p@mq.test:5671/v"},
            "oslo_messaging_rabbit": options,
        }

    def test_missing_authority_is_refused(self):
        """Named as the option it is."""
        self.assert_refused(
            "oslo_messaging_rabbit",
            "ssl_ca_file",
            f"{_GONE} cannot be read",
            self.changes(ssl="true", ssl_ca_file=_GONE),
        )

    def test_without_tls_nobody_reads_it(self):
        """No reason to refuse the start."""
        self.load(self.changes(ssl_ca_file=_GONE))

    def test_another_transport_reads_none_of_them(self):
        """Nor are its options RabbitMQ's."""
        self.load(
            {
                "DEFAULT": {"transport_url": "fake://"},
                "oslo_messaging_rabbit": {
                    "ssl": "true",
                    "ssl_ca_file": _GONE,
                },
            }
        )


class UsedTest(FileCase):
    """What is there, or is not read, is no trouble."""

    def test_files_that_are_there_are_taken(self):
        """For the database, the broker and Keystone."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        there = folder / "ca.pem"
        there.touch()
        self.load(
            {
                "DEFAULT": {
                    "transport_url": f"{_BROKER}ssl=1&ssl_ca_file={there}"
                },
                "database": {"connection": f"{_POSTGRESQL}sslcert={there}"},
                "pool_project": {**_HTTPS, "cafile": there},
            }
        )

    def test_folder_is_no_certificate(self):
        """It is there, and cannot be read."""
        self.assert_refused(
            "pool_project",
            "cafile",
            "cannot be read: Is a directory",
            {"pool_project": {**_HTTPS, "cafile": "/"}},
        )

    def test_words_that_are_no_files_are_left_alone(self):
        """The authorities of the system; a key in a device."""
        for query in ("sslrootcert=system", "sslkey=pkcs11:token"):
            self.load({"database": {"connection": f"{_POSTGRESQL}{query}"}})

    def test_keystone_without_tls_needs_no_authority(self):
        """Installers write one in any case."""
        self.load({"pool_project": {"cafile": _GONE}})

    def test_insecure_needs_no_authority(self):
        """It is not looked at."""
        self.load(
            {
                "pool_project": {
                    **_HTTPS, "insecure": "true", "cafile": _GONE,
                }
            }
        )
