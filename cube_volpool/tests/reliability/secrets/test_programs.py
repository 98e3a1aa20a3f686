"""The programs, with a configuration whose every secret is a canary."""

import os
import pathlib
import signal
import subprocess
import sys
import uuid
from typing import Any

import fixtures
import sqlalchemy as sa
import testscenarios
from oslotest import base

from cube_volpool import client, exception
from cube_volpool.db import migration, models
from cube_volpool.tests import engine, figures, simulator
from cube_volpool.tests.functional import accounts, broker, installation
from cube_volpool.tests.functional.db import databases
from cube_volpool.tests.reliability.secrets import ear, house
from cube_volpool.tests.simulator import faults
from cube_volpool.tests.unit.conf import base as conf_base

load_tests = testscenarios.load_tests_apply_scenarios

_LOUD = ",".join(
    f"{name}=DEBUG"
    for name in (
        "keystoneauth", "cinderclient", "urllib3", "requests",
        "oslo.messaging", "oslo_messaging", "oslo_db", "sqlalchemy", "amqp",
        "kombu", "alembic", "urllib3.connectionpool", "stevedore", "futurist",
    )
)
_LOUD_OPTIONS = {"debug": "true", "default_log_levels": _LOUD}
_SECRET = f"{house.MARK}5ecre7"


class TestWrongConfiguration(base.BaseTestCase):
    """Each mistake with a password in it that somebody made once."""

    changes: Any
    scenarios = [
        (name, {"changes": changes})
        for name, changes in {
            "database away": {
                "database": {
                    "connection": f"mysql+pymysql://u:{_SECRET}@127.0.0.1:1/d"
                }
            },
            "database, two signs": {
                "database": {
                    "connection": f"mysql+pymysql://u:a@{_SECRET}@h.test/d"
                }
            },
            "database, no scheme": {
                "database": {"connection": f"u:{_SECRET}@h/d"}
            },
            "database, word for a port": {
                "database": {
                    "connection": f"mysql+pymysql://u:{_SECRET}@h:p/d"
                }
            },
            "database, strange option": {
                "database": {
                    "connection": f"postgresql+psycopg2://u:{_SECRET}"
                    "@127.0.0.1:1/d?sslmodus=1"
                }
            },
            "broker, no scheme": {
                "DEFAULT": {"transport_url": f"u:{_SECRET}@h:5672/v"}
            },
            "broker, slash in the password": {
                "DEFAULT": {"transport_url": f"rabbit://u:a/{_SECRET}@h:1/v"}
            },
            "broker, no driver": {
                "DEFAULT": {"transport_url": f"nope://u:{_SECRET}@h:1/v"}
            },
            "account, no plugin": {
                "tenant": {"auth_type": "passwort", "password": _SECRET}
            },
            "a line without a sign": {"tenant": {f"password {_SECRET}": ""}},
        }.items()
    ]

    def test_no_program_repeats_the_secret(self):
        """Neither what it prints nor what it logs, with all turned up."""
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, "c.conf")
        text = conf_base.with_changes(
            {"DEFAULT": _LOUD_OPTIONS, **_merged(self.changes)}
        )
        path.write_text(text.replace(f"{_SECRET} = ", _SECRET))

        for program, *arguments in (
            ("manage", "db", "version"),
            ("status", "upgrade", "check"),
            ("engine",),
        ):
            said = _run(program, str(path), *arguments)
            self.assertNotIn(house.MARK, said)
        figures.record("outputs without a secret", good=3, of=3)


def _merged(changes: Any) -> Any:
    return {
        group: {**(_LOUD_OPTIONS if group == "DEFAULT" else {}), **options}
        for group, options in changes.items()
    }


def _run(program: str, path: str, *arguments: str) -> str:
    """Run a program, stop it after a while if need be; what it said."""
    process = subprocess.Popen(
        [
            sys.executable, "-W", "ignore",
            "-m", f"cube_volpool.cmd.{program}",
            "--config-file", path, *arguments,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate(timeout=12)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        said, _ = process.communicate()
    return said


class TestDaemon(base.BaseTestCase):
    """The daemon with real servers, everything turned up to DEBUG."""

    database: type[databases.Mariadb] | type[databases.Postgresql]
    scenarios = [
        ("MariaDB", {"database": databases.Mariadb}),
        ("PostgreSQL", {"database": databases.Postgresql}),
    ]

    def setUp(self) -> None:
        super().setUp()
        self.cloud = simulator.Cloud.lab(
            simulator.RealClock(), build_seconds=0.1, build_seconds_per_gib=0.1
        )
        self.server = self.enterContext(simulator.serve(self.cloud))
        self.useFixture(house.Canaries(self.cloud))
        made = self.database()
        self.owner = made.create()
        self.addCleanup(made.drop)
        opened = sa.create_engine(self.owner)
        migration.sync(opened)
        opened.dispose()
        self.account = self.useFixture(
            accounts.RowsOnly(
                self.owner,
                name=f"canary_{uuid.uuid4().hex[:12]}",
                password=house.canary(),
            )
        )
        self.broker_url = broker.broker_url().replace("/volpool?", "/canary?")

    def start(self) -> engine.Engine:
        """Start the daemon in service mode."""
        config: dict[str, Any] = installation.sections(
            auth_url=self.server.auth_url,
            database=self.account.url.render_as_string(False),
            broker=self.broker_url,
            pools={"deb": installation.POOL},
        )
        config["DEFAULT"] |= _LOUD_OPTIONS
        users = {"pool_project": "volpool", "tenant": "skyline"}
        for group, user in users.items():
            account = self.cloud.identity.user(user)
            assert account is not None
            config[group]["password"] = account.password
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = engine.write(folder / "engine.conf", config)
        return self.useFixture(engine.Engine(path))

    def is_full(self) -> bool:
        """Is the pool at its target?"""
        try:
            context = {"project_id": self.cloud.project_id("skyline-a")}
            found = client.get_pools(context, timeout=5)
        except exception.Busy:
            return False
        return bool(found["pools"][0]["ready"] == 2)

    def claim(self, name: str, **changes: Any) -> str:
        """Claim with a token; return what came of it in one word."""
        context = {
            "project_id": self.cloud.project_id("skyline-a"),
            "auth_token": house.canary(),
        }
        volume = {
            "name": name,
            "volume_type": "ssd",
            "snapshot_id": self.cloud.snapshot_id("debian-12_ssd_20261120"),
            **changes,
        }
        try:
            answer = client.claim_volume(context, volume, budget=10)
        except exception.VolpoolError as error:
            self.told.append(f"{error} {error.kwargs} {error.__cause__!r}")
            return type(error).__name__
        self.told.append(str(answer))
        return str(answer["source"])

    def test_all_that_leaves_a_daemon_is_without_secrets(self) -> None:
        """Hit, miss, refusals, Cinder down: log, answers, all columns."""
        self.told: list[str] = []
        heard = self.useFixture(ear.Ear(guarded=False))
        client.configure(transport_url=self.broker_url)
        daemon = self.start()
        engine.wait_until(self.is_full, "two volumes are ready", 120)
        self.assertEqual("pool", self.claim("web"))
        self.claim("data", size=3)
        self.claim("")
        for act in (faults.refuse(500), faults.drop(), faults.wrong_json()):
            rule = self.cloud.fault("POST", "/volume-transfers/*/accept", act)
            self.claim(f"bad-{len(self.told)}")
            self.cloud.faults.remove(rule)
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.exit_status()

        outputs = {
            "log": daemon.said(),
            "answers": "\n".join(self.told),
            "database": self.rows(),
            "client": heard.heard,
        }
        self.assertIn("keystoneauth", outputs["log"])
        self.assertIn("auth_key", outputs["log"])
        for place, text in outputs.items():
            at = text.find(house.MARK)
            self.assertEqual(-1, at, f"{place}: {text[max(0, at - 200):at]}")
        figures.record("outputs without a secret", good=4, of=4)

    def rows(self) -> str:
        """Return all columns of all tables."""
        opened = sa.create_engine(self.owner)
        self.addCleanup(opened.dispose)
        with opened.connect() as connection:
            return "\n".join(
                str(row)
                for table in models.METADATA.sorted_tables
                for row in connection.execute(sa.select(table))
            )
