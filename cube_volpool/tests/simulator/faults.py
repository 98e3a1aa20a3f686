"""Scripted faults: which requests, and what goes wrong with them.

A rule is ``Fault(method, path, act, ...)``. ``path`` is a glob over the
route (``*`` stops at a slash, ``**`` does not), for example
``/volume-transfers/*/accept`` or ``/identity/auth/tokens``.
"""
import dataclasses
import random
import re
import threading
from collections.abc import Callable
from typing import Any

from cube_volpool.tests.simulator import answers
from cube_volpool.tests.simulator.journal import Seen


class Dropped(Exception):  # noqa: N818 - an event, not an error of ours
    """The connection ends without an answer."""


class Hung(Exception):  # noqa: N818 - an event, not an error of ours
    """The answer never comes; the client's time-out ends it."""


class Act:
    """What a rule does to a request; the base does nothing."""

    seconds = 0.0
    late = False

    def before(self, seen: Seen) -> answers.Answer | None:
        """Called before the effect; an answer here prevents the effect."""

    def during(self, seen: Seen) -> None:
        """Called between the checks of an accept and its commit."""

    def after(self, seen: Seen, answer: answers.Answer) -> answers.Answer:
        """Called after the effect, with what would be answered."""
        return answer


@dataclasses.dataclass(slots=True)
class Fault:
    """One rule.

    Args:
        method: HTTP method, or ``*``.
        path: glob over the route.
        act: what happens; see the functions of this module.
        nth: only the nth match from now on, counted from 1.
        since: the nth match and all that follow it.
        times: at most so many times.
        probability: by chance, from the seed of the cloud.
        project: only requests of this project, by name.
        user: only requests of this user, by name.
        when: only where this predicate over the journal entry holds.
    """

    method: str
    path: str
    act: Act
    nth: int | None = None
    since: int | None = None
    times: int | None = None
    probability: float | None = None
    project: str | None = None
    user: str | None = None
    when: Callable[[Seen], bool] | None = None
    matches: int = 0
    hits: int = 0

    def fits(self, seen: Seen) -> bool:
        """Whether the request is of the kind, counters left aside."""
        return (self.method in ("*", seen.method)
                and pattern(self.path).fullmatch(seen.route) is not None
                and self.project in (None, seen.project)
                and self.user in (None, seen.user)
                and (self.when is None or self.when(seen)))


class Faults:
    """All rules in force; thread-safe."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._chance = random.Random(seed)  # noqa: S311 - repeatable

    def add(self, rule: Fault) -> Fault:
        """Put a rule in force; returned, so that it can be removed."""
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule: Fault) -> None:
        """Take a rule out; safe to repeat."""
        with self._lock:
            self._rules = [r for r in self._rules if r is not rule]

    def clear(self) -> None:
        """Take all rules out."""
        with self._lock:
            self._rules.clear()

    def matching(self, seen: Seen) -> list[Act]:
        """The acts for this request, oldest rule first; counts them."""
        with self._lock:
            return [rule.act for rule in self._rules if self._hit(rule, seen)]

    def _hit(self, rule: Fault, seen: Seen) -> bool:
        if not rule.fits(seen):
            return False
        rule.matches += 1
        if ((rule.nth is not None and rule.matches != rule.nth)
                or (rule.since is not None and rule.matches < rule.since)
                or (rule.times is not None and rule.hits >= rule.times)
                or (rule.probability is not None
                    and self._chance.random() >= rule.probability)):
            return False
        rule.hits += 1
        return True


_PATTERNS: dict[str, re.Pattern[str]] = {}


def pattern(glob: str) -> re.Pattern[str]:
    """The regular expression of a route glob."""
    if glob not in _PATTERNS:
        parts = re.split(r"(\*\*|\*)", glob)
        meaning = {"**": ".*", "*": "[^/]*"}
        _PATTERNS[glob] = re.compile("".join(
            meaning.get(part, re.escape(part)) for part in parts))
    return _PATTERNS[glob]


class _Before(Act):
    def __init__(self, outcome: answers.Answer | Exception) -> None:
        self.outcome = outcome

    def before(self, seen: Seen) -> answers.Answer | None:
        if isinstance(self.outcome, Exception):
            raise type(self.outcome)
        return dataclasses.replace(self.outcome)


class _After(Act):
    def __init__(self, change: Callable[[answers.Answer],
                                        answers.Answer]) -> None:
        self.change = change

    def after(self, seen: Seen, answer: answers.Answer) -> answers.Answer:
        return self.change(answer)


class _Slow(Act):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class _Late(Act):
    late = True


class _Hook(Act):
    def __init__(self, before: Callable[[Seen], Any] | None,
                 during: Callable[[Seen], Any] | None,
                 after: Callable[[Seen], Any] | None) -> None:
        self._before, self._during, self._after = before, during, after

    def before(self, seen: Seen) -> None:
        if self._before:
            self._before(seen)

    def during(self, seen: Seen) -> None:
        if self._during:
            self._during(seen)

    def after(self, seen: Seen, answer: answers.Answer) -> answers.Answer:
        if self._after:
            self._after(seen)
        return answer


def refuse(status: int, message: str = "scripted",
           headers: dict[str, str] | None = None) -> Act:
    """Answer an error status; nothing happens in the cloud."""
    return _Before(answers.refused(status, message, headers))


def throttle(retry_after: int = 1) -> Act:
    """Answer 429 with Retry-After; nothing happens in the cloud."""
    return refuse(429, "Too many requests",
                  {"Retry-After": str(retry_after)})


def drop() -> Act:
    """Break the connection; nothing happens in the cloud."""
    return _Before(Dropped())


def hang() -> Act:
    """A read time-out; nothing happens in the cloud.

    In process it comes at once, no time passes.
    """
    return _Before(Hung())


def lose(how: int | str = "reset") -> Act:
    """The effect happens, its answer is lost.

    Args:
        how: ``"reset"``, ``"timeout"``, or a status such as 500 or 503
            told in place of the true answer.
    """
    def change(answer: answers.Answer) -> answers.Answer:
        if how == "reset":
            raise Dropped
        if how == "timeout":
            raise Hung
        return answers.refused(int(how), "scripted")
    return _After(change)


def late() -> Act:
    """A time-out now; the effect waits for ``cloud.run_late()``."""
    return _Late()


def slow(seconds: float) -> Act:
    """So many more seconds by the clock.

    Past the client's own time-out the effect happens all the same, and
    the client sees a time-out.
    """
    return _Slow(seconds)


def half_body() -> Act:
    """The effect happens; the connection ends in the middle of the body."""
    return _After(lambda answer: dataclasses.replace(
        answer, body=answer.body[:len(answer.body) // 2],
        promised=len(answer.body)))


def slow_drip(seconds: float) -> Act:
    """The effect happens; its answer drips in, whole after so long.

    Some byte always arrives before a time-out that counts from byte to
    byte. In process the client is one that gives up all the same, as the
    service's own transport does.
    """
    return _After(lambda answer: dataclasses.replace(answer, drips=seconds))


def wrong_json() -> Act:
    """The effect happens; the body is no JSON."""
    return _After(lambda answer: dataclasses.replace(
        answer, body=b"<html>bad gateway</html>"))


def hook(before: Callable[[Seen], Any] | None = None,
         during: Callable[[Seen], Any] | None = None,
         after: Callable[[Seen], Any] | None = None) -> Act:
    """Call out before or after the effect, or inside an accept.

    ``during`` is called after the checks of an accept and before its
    commit, where Cinder calls its volume service. No lock is held, so a
    hook may talk to the same cloud.
    """
    return _Hook(before, during, after)
