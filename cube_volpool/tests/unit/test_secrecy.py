"""What is masked, what is left, and where."""

import io
import json
import logging
import sys
import threading
import uuid

import fixtures
import testscenarios
from oslo_log import formatters
from oslotest import base

from cube_volpool import model, secrecy, volumeapi

load_tests = testscenarios.load_tests_apply_scenarios

SECRET = "s3cr3t-Value"
TOKEN = "gAAAAABn" + "x_-9" * 40
JWS = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
_PLACES = {
    "json": f'{{"transfer": {{"auth_key": "{SECRET}", "id": "kept"}}}}',
    "repr": f"{{'auth_key': '{SECRET}', 'id': 'kept'}}",
    "bytes": f"{{'auth_key': b'{SECRET}'}} kept",
    "json within json": json.dumps(json.dumps({"auth_key": SECRET, "a": 1})),
    "cut short": f'kept {{"accept": {{"auth_key": "{SECRET}',
    "pair": f"kept [('X-Auth-Token', '{SECRET}')]",
    "keystone": f'{{"user": {{"password": "{SECRET}", "name": "kept"}}}}',
    "header": f'-H "X-Subject-Token: {SECRET}" kept',
    "basic": f"Authorization: Basic {SECRET} kept",
    "dsn": f"user=kept password={SECRET} dbname=x",
    "query": f"kept?auth_token={SECRET}&a=b",
    "url": f"cannot reach mysql+pymysql://kept:{SECRET}@host/db",
    "url, two signs": f"rabbit://kept:a@{SECRET}@host:5672/vhost",
    "fernet": f"kept {TOKEN.replace('x_-9', SECRET, 1)}",
    "jws": f"kept {JWS}{SECRET}",
    "oslo.config": "at x.conf:3, No ':' or '=' found in assignment: "
    f"'passwort {SECRET}' kept".replace(" kept", ""),
}


class TestPlaces(base.BaseTestCase):
    text: str
    scenarios = [(name, {"text": text}) for name, text in _PLACES.items()]

    def test_secret_is_taken_out_and_the_rest_is_left(self):
        """Nobody told of this secret: its place or its shape does."""
        told = secrecy.masked(self.text)

        self.assertNotIn(SECRET, told)
        self.assertIn(secrecy.MASK, told)
        if "kept" in self.text:
            self.assertIn("kept", told)


class TestUsefulText(base.BaseTestCase):
    text: str
    scenarios = [
        (text[:24], {"text": text})
        for text in (
            "[tenant] password: not set",
            "Access denied for user 'u'@'h' (using password: YES)",
            "X-Auth-Token: {SHA256}0123456789abcdef",
            '"X-Auth-Token": "{SHA256}0123456789abcdef"',
            "GET http://cloud:8776/v3/volumes/detail?name=a%40b",
            "ssh user@host:port, see http://a/b@c",
            "[database] connection: is no URL of a database",
            "volume 1f: metadata {'role': 'secretary'}",
            'RESP BODY: {"volumes": [{"id": "1", "name": "gAAAA"}]}',
        )
    ]

    def test_text_without_a_secret_is_left_alone(self):
        """A log that is full of holes is no log."""
        self.assertEqual(self.text, secrecy.masked(self.text))


class TestKnown(base.BaseTestCase):
    def test_known_secret_is_found_wherever_it_stands(self):
        """In words, in a URL, in JSON, in Python: each has its spelling."""
        known = secrecy.Known()
        value = 'p@ss/w"rd ü\n'
        known.keep([value])

        for text in (value, "p%40ss%2Fw%22rd%20%C3%BC%0A", repr(value),
                     json.dumps(value)):
            self.assertNotIn("w", known.without(f"- {text} -"), text)

    def test_short_one_is_not_kept(self):
        """A password like "nova" must not make holes into every line."""
        known = secrecy.Known()
        known.keep(["nova"])
        known.remember("nova")

        self.assertEqual("nova", known.without("nova"))

    def test_only_the_latest_are_remembered(self):
        """Tokens come and go; those of the configuration stay."""
        known = secrecy.Known()
        kept, first = uuid.uuid4().hex, uuid.uuid4().hex
        known.keep([kept])
        known.remember(first)
        for _ in range(secrecy._LATEST):
            known.remember(uuid.uuid4().hex)

        self.assertEqual(f"*** {first}", known.without(f"{kept} {first}"))

    def test_beginning_of_another_does_not_uncover_the_rest(self):
        """The longest is taken out first."""
        known = secrecy.Known()
        known.keep(["abcdefgh", "abcdefghijklm"])

        self.assertEqual("***", known.without("abcdefghijklm"))

    def test_error_of_the_volume_api_has_no_secrets(self):
        """Whoever makes one, of whichever class."""
        kinds = [
            kind
            for kind in vars(volumeapi).values()
            if isinstance(kind, type)
            and issubclass(kind, volumeapi.VolumeAPIError)
        ]
        self.assertIn(volumeapi.Throttled, kinds)
        for kind in kinds:
            error = kind(f'"auth_key": "{SECRET}", volume 7')

            self.assertNotIn(SECRET, f"{error} {error!r} {error.args}")
            self.assertIn("volume 7", str(error))

    def test_values_that_carry_a_secret_do_not_show_it(self):
        """A value in a message or a traceback says nothing."""
        offer = model.Offer(
            transfer_id=model.TransferId("t"), auth_key=SECRET
        )
        caller = model.Caller(
            project_id=model.ProjectId("p"), auth_token=SECRET
        )

        for value in (offer, caller):
            self.assertNotIn(SECRET, f"{value} {value!r}")


class TestLogs(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.logger = logging.getLogger(f"test.{uuid.uuid4().hex}")
        self.logger.addHandler(self.handler)
        self.logger.propagate = False
        self.useFixture(
            fixtures.MonkeyPatch("threading.excepthook", sys.excepthook)
        )

    def guard(self, formatter=None):
        self.handler.setFormatter(formatter)
        secrecy.guard_logs()
        return self.handler.formatter

    def test_message_and_traceback_are_masked(self):
        """An error of a library is logged with its own words."""
        self.guard()
        try:
            try:
                raise ValueError(f"mysql://u:{SECRET}@h/db")
            except ValueError as error:
                raise KeyError("kept") from error
        except KeyError:
            self.logger.exception("token %s", TOKEN)

        told = self.stream.getvalue()
        self.assertNotIn(SECRET, told)
        self.assertNotIn(TOKEN, told)
        self.assertIn("KeyError: 'kept'", told)
        self.assertIn("direct cause", told)

    def test_json_is_masked_and_stays_json(self):
        """oslo.log's JSON has the arguments and the error once more."""
        self.guard(formatters.JSONFormatter())
        try:
            raise ValueError(f'{{"auth_key": "{SECRET}"}}')
        except ValueError:
            self.logger.warning("got %s", {"auth_key": SECRET})

        self.assertNotIn(SECRET, self.stream.getvalue())
        self.assertEqual(
            "WARNING", json.loads(self.stream.getvalue())["levelname"]
        )

    def test_dictionary_of_fluentd_is_masked(self):
        """A formatter may return a dictionary."""
        formatter = self.guard(formatters.FluentFormatter())
        record = self.logger.makeRecord(
            "n", logging.INFO, "f", 1, "token %s", (TOKEN,), None
        )

        told = formatter.format(record)

        self.assertEqual("token ***", told["message"])

    def test_traceback_beside_the_text_is_masked(self):
        """The journal gets it as a field of its own."""
        formatter = self.guard()
        try:
            raise ValueError(f"mysql://u:{SECRET}@h/db")
        except ValueError:
            record = self.logger.makeRecord(
                "n", logging.ERROR, "f", 1, "m", (), sys.exc_info()
            )
        formatter.format(record)

        self.assertNotIn(SECRET, record.exc_text)
        self.assertNotIn(SECRET, formatter.formatException(record.exc_info))

    def test_guarding_twice_is_guarding_once(self):
        """Safe to repeat."""
        first = self.guard()
        secrecy.guard_logs()

        self.assertIs(first, self.handler.formatter)

    def test_thread_that_dies_is_logged_masked(self):
        """Its traceback does not go past the handlers to stderr."""
        logger = logging.getLogger("cube_volpool.secrecy")
        logger.addHandler(self.handler)
        self.addCleanup(logger.removeHandler, self.handler)
        self.guard()

        def die():
            raise ValueError(f"mysql://u:{SECRET}@h/db")

        thread = threading.Thread(target=die, name="mortal")
        thread.start()
        thread.join()

        self.assertIn("thread mortal died", self.stream.getvalue())
        self.assertNotIn(SECRET, self.stream.getvalue())
