"""Invented messages: nearly right, plainly wrong, raw, and a few right ones.

One seed gives one sequence.  A message knows whether it is sound, if that
follows from how it was made; the rest is for the daemon to say.
"""

import random
import string
from collections.abc import Callable, Iterator
from typing import Any, Final

from cube_volpool.tests.reliability.fuzz import operators
from cube_volpool.tests.reliability.fuzz.message import Message, Sort

#: Larger than any request may be; the rare ones are ten megabytes.
_LONG: Final = (256, 300, 1000, 65_536)
_HUGE: Final = 10 * 2**20
_CONTROLS: Final = "\x00\x01\x08\n\r\t\x1b\x1f\x7f\x85\x9f\u2028\u2029"
_SURROGATES: Final = "\ud800\udbff\udc00\udfff"
#: Sound, however they look: they are data and stay data.
_ODD: Final = (
    "'; DROP TABLE claims; --", '" OR ""="', "%s%n%x%d", "{0.__class__}",
    "${jndi:ldap://x}", "../../etc/passwd", "<script>", "`id`", "$(id)",
    "name\u202e", "\U0001f512", "NULL", "\\x00", "%00", "a" * 255,
)
_NUMBERS: Final = (
    0, -1, 1.5, 2**63, -(2**63), 10**400, float("nan"), float("inf"),
    float("-inf"), True, False,
)
_METHODS: Final[tuple[Any, ...]] = (
    "_pools", "_claims", "__init__", "__class__", "target", "claim",
    "claim_volume ", "CLAIM_VOLUME", "get_pools\x00", "_follow", "SYNC_OS",
    "", "..", None, 7,
    ["claim_volume"], {"a": 1}, "x" * 300, "drain_pool; rm", True,
)
_VERSIONS: Final[tuple[Any, ...]] = (
    "0.9", "2.0", "1.99", "99", "", "a.b", "-1.0", None, 1.0,
    [], {},
)


class Source:
    """A sequence of messages for one project and one snapshot."""

    def __init__(
        self, seed: int, *, project: str, snapshot: str, token: str
    ) -> None:
        self._chance = random.Random(seed)
        self._project = project
        self._snapshot = snapshot
        self._token = token
        self._made = 0
        self._last_sound: Message | None = None

    def take(self, number: int) -> Iterator[Message]:
        """Yield so many messages."""
        ways: tuple[tuple[Callable[[], Message], int], ...] = (
            (self._bad_field, 560),
            (self._unknown_key, 60),
            (self._bad_context, 110),
            (self._bad_call, 80),
            (self._random, 120),
            (self._raw, 50),
            (self._odd, 8),
            (self._bad_operator, 90),
            (self._no_operator, 30),
            (self._operator, 4),
            (self._sound, 8),
            (self._replay, 4),
            (self._bad_batch, 140),
            (self._batch, 4),
        )
        makers = [way for way, _weight in ways]
        weights = [weight for _way, weight in ways]
        for _ in range(number):
            (make,) = self._chance.choices(makers, weights)
            yield make()

    def _pick(self, values: Any) -> Any:
        return self._chance.choice(values)

    def _context(self) -> dict[str, Any]:
        forged = {"is_admin": True, "roles": ["admin"], "user_id": "x",
                  "service_roles": ["service"], "system_scope": "all"}
        return {
            "project_id": self._project,
            "auth_token": self._token,
            "request_id": f"req-{self._made}",
            **(forged if self._chance.random() < 0.3 else {}),
        }

    def _volume(self, name: str | None = None) -> dict[str, Any]:
        self._made += 1
        return {
            "size": None,
            "multiattach ": False,
            "snapshot_id": self._snapshot,
            "name": name or f"fuzz-{self._made}",
            "volume_type": "ssd",
            "metadata": {},
        }

    def _message(self, sort: Sort, volume: Any, **changes: Any) -> Message:
        arguments = {"volume": volume, "budget": 20.0}
        values = {"ctxt": self._context(), "arguments": arguments, **changes}
        return Message(sort=sort, **values)

    # Sound ones

    def _sound(self) -> Message:
        self._last_sound = self._message(Sort.SOUND, self._volume())
        return self._last_sound

    def _odd(self) -> Message:
        name = f"{self._pick(_ODD)[:240]}{self._made}"
        return self._message(Sort.SOUND, self._volume(name))

    def _replay(self) -> Message:
        return self._last_sound or self._sound()

    def _batch(self) -> Message:
        volumes = [self._volume() for _ in range(self._pick((1, 2, 3)))]
        return self._message(
            Sort.SOUND,
            {},
            method="claim_volumes",
            arguments={
                "volumes": volumes,
                "budget": 20.0,
                "all_or_nothing": self._pick((True, False, None)),
            },
        )

    # Nearly right ones

    def _bad_batch(self) -> Message:
        """Several volumes, and one thing that is wrong with the request."""
        volumes = [self._volume() for _ in range(self._pick((1, 2, 32)))]
        arguments: dict[str, Any] = {"volumes": volumes, "budget": 20.0}
        spoil: Callable[[], None] = self._pick(
            (
                lambda: volumes.append(dict(self._pick(volumes))),
                lambda: volumes.extend(self._volume() for _ in range(33)),
                volumes.clear,
                lambda: volumes.append(self._no_volume()),
                lambda: arguments.update(volumes=self._no_list()),
                lambda: arguments.update(all_or_nothing=self._no_boolean()),
                lambda: arguments.update(volume=self._volume()),
                lambda: self._spoil(self._pick(volumes)),
            )
        )
        spoil()
        return self._message(
            Sort.UNSOUND, {}, method="claim_volumes", arguments=arguments
        )

    def _spoil(self, volume: dict[str, Any]) -> None:
        bad = self._bad_values()
        name = self._pick([n for n in bad if n not in ("os_name", "budget")])
        volume[name] = self._pick(bad[name])()

    def _no_volume(self) -> Any:
        return self._pick((None, "x", 7, [], {}, ["a"], {"name": "x"}, True))

    def _no_list(self) -> Any:
        value = self._pick((None, "x", 7, {}, {"0": self._volume()}, True))
        return self._volume() if value == 7 else value

    def _no_boolean(self) -> Any:
        return self._pick((0, 1, "yes", [], {}, float("nan"), 1.0))

    def _bad_field(self) -> Message:
        volume = self._volume()
        arguments = {"volume": volume, "budget": 20.0}
        bad = self._bad_values()
        name = self._pick(tuple(bad))
        place = arguments if name in ("os_name", "budget") else volume
        place[name] = self._pick(bad[name])()
        return self._message(Sort.UNSOUND, volume, arguments=arguments)

    def _bad_values(self) -> dict[str, tuple[Callable[[], Any], ...]]:
        word = (self._bad_text, self._too_long, self._no_string)
        return {
            "name": word,
            "volume_type": word,
            "availability_zone": word,
            "os_name": word,
            "snapshot_id": word,
            # A sound one would be a second source.
            "imageRef": (*word, lambda: self._snapshot),
            "source_volid": (*word, lambda: self._snapshot),
            "size": (self._bad_number, self._nested, self._bad_text),
            "budget": (
                lambda: self._pick((0, -1, "9", True, 1e9, float("nan"), [])),
                self._nested,
            ),
            "metadata": (self._bad_metadata, self._nested_list),
            "multiattach": (lambda: self._pick((True, 1, "no", [], {})),),
        }

    def _bad_text(self) -> str:
        text = self._letters(self._chance.randrange(1, 40))
        at = self._chance.randrange(len(text) + 1)
        bad = self._pick(_CONTROLS + _SURROGATES)
        return text[:at] + bad + text[at:]

    def _too_long(self) -> str:
        if self._chance.random() < 0.002:
            return "A" * _HUGE
        return self._pick("aé\U0001f512") * self._pick(_LONG)

    def _no_string(self) -> Any:
        return self._pick((7, 1.5, True, [], {}, ["a"], {"a": "b"}, ""))

    def _bad_number(self) -> Any:
        value = self._pick((*_NUMBERS, "", "x", "1e3", "-5", "9" * 5000))
        return 2**20 + 1 if value is None else value

    def _bad_metadata(self) -> Any:
        return self._pick(
            (
                {"a": 1}, {"a": None}, {"": "x"}, {"a" * 256: "x"},
                {"cube_volpool_marker": "x"}, {"a\n": "x"}, {"a": "x" * 256},
                {"a": "\x00"}, {"a": "\ud800"}, {"é": "x"}, 7, "x", True,
                {str(n): "x" for n in range(129)},
            )
        )

    def _nested(self) -> Any:
        value: Any = []
        for _ in range(self._pick((1, 10, 200))):
            value = [value] if self._chance.random() < 0.5 else {"a": value}
        return value

    def _nested_list(self) -> Any:
        return [self._nested()]

    def _unknown_key(self) -> Message:
        volume = self._volume()
        arguments: dict[str, Any] = {"volume": volume}
        place = self._pick((arguments, volume))
        key = self._pick(
            ("project_id", "image_id", "host", "self", "ctxt", "__class__",
             self._letters(12), self._letters(5000), "id\x00", "\ud800")
        )
        place[key] = self._pick((None, 1, "x", [], {"a": 1}))
        return self._message(Sort.UNSOUND, volume, arguments=arguments)

    def _bad_context(self) -> Message:
        ctxt = self._context()
        key = self._pick(("project_id", "auth_token", "request_id",
                          "global_request_id"))
        ctxt[key] = self._pick(
            (7, True, [], {}, "a b", "a\r\nX-Auth-Token: b", "a\x00b", "é",
             self._letters(20_000), self._bad_text())
        )
        if key == "project_id" and self._chance.random() < 0.3:
            ctxt[key] = self._pick(("", "../x", "a/b", "x" * 65, None, "a\n"))
        if self._chance.random() < 0.05:
            del ctxt["project_id"]
        return self._message(Sort.UNSOUND, self._volume(), ctxt=ctxt)

    # The operators' methods

    def _bad_operator(self) -> Message:
        method = self._pick(operators.METHODS)
        word = self._pick((self._bad_text, self._too_long, self._no_string))
        arguments = operators.bad(self._chance, method, self._snapshot, word)
        return self._message(
            Sort.UNSOUND, {}, method=method, arguments=arguments
        )

    def _no_operator(self) -> Message:
        method = self._pick(operators.METHODS)
        ctxt = self._context()
        ctxt["roles"] = self._pick(
            (None, [], ["member"], "admin", {"admin": 1}, [["admin"]], 7,
             ["x" * 300], ["admin\x00"])
        )
        return self._message(
            Sort.FORBIDDEN, {}, method=method, ctxt=ctxt,
            arguments=operators.sound(method, self._snapshot),
        )

    def _operator(self) -> Message:
        method, arguments = self._pick(operators.HARMLESS)
        ctxt = {**self._context(), "roles": ["admin"]}
        return self._message(
            Sort.SOUND, {}, method=method, arguments=arguments, ctxt=ctxt
        )

    # What reaches no method of ours

    def _bad_call(self) -> Message:
        volume = self._volume()
        changes: dict[str, Any] = self._pick(
            (
                {"method": self._pick(_METHODS)},
                {"envelope": {"version": self._pick(_VERSIONS)}},
                {"envelope": {"namespace": self._pick(("x", 7, [], "admin"))}},
                {"arguments": self._pick(([], "x", 7, None, True, [["a"]]))},
            )
        )
        return self._message(Sort.NO_CALL, volume, **changes)

    def _raw(self) -> Message:
        inner = self._pick(
            (
                "", "{", "[]", "null", "7", '"x"', "{}", "NaN", "\x00",
                '{"method": "claim_volume"}',
                '{"args": {}}',
                '{"method": "claim_volumes", "args": {"volumes": [[]]}}',
                '{"method": "claim_volume", "args": {"volume": '
                + "[" * 50_000 + "]" * 50_000 + "}}",
                '{"method": "get_pools", "args": {}, "version": 1e999}',
            )
        )
        envelope = self._pick(
            (
                {"oslo.version": "2.0", "oslo.message": inner},
                {"oslo.version": "3.0", "oslo.message": "{}"},
                {"oslo.version": None, "oslo.message": inner},
                {"oslo.message": inner},
                inner, [], {}, None, 7, [[]], {"method": {}}, {"a": "b"},
            )
        )
        return Message(sort=Sort.OPEN, raw=[envelope])

    # Anything at all

    def _random(self) -> Message:
        arguments = {
            self._pick(("volume", "volumes", "os_name", "budget",
                        self._letters(5))):
            self._json(4)
            for _ in range(self._chance.randrange(4))
        }
        return self._message(
            Sort.OPEN, {}, arguments=arguments, method=self._pick(
                ("claim_volume", "claim_volumes", "get_pools",
                 *operators.METHODS)),
        )

    def _json(self, depth: int) -> Any:
        match self._chance.randrange(8 if depth else 6):
            case 0:
                return self._pick((None, True, False))
            case 1:
                return self._pick(_NUMBERS)
            case 2 | 3:
                return self._letters(self._chance.randrange(300))
            case 4:
                return self._bad_text()
            case 5:
                return self._volume()
            case 6:
                return [self._json(depth - 1)
                        for _ in range(self._chance.randrange(4))]
            case _:
                return {self._letters(6): self._json(depth - 1)
                        for _ in range(self._chance.randrange(4))}

    def _letters(self, number: int) -> str:
        return "".join(
            self._chance.choices(string.ascii_letters + "äß %-_", k=number)
        )
