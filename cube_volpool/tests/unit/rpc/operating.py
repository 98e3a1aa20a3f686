"""What holds for each method of operators, whatever it is about."""

from collections.abc import Iterable
from typing import Any, ClassVar

from oslotest import base

from cube_volpool import exception
from cube_volpool.rpc import api
from cube_volpool.tests.unit.rpc import endpoints

#: A sound call of a method, and what it asks for below.
Call = tuple[str, dict[str, Any], tuple[Any, ...]]
#: A method, the field that is off, and the arguments.
Bad = tuple[str, str, dict[str, Any]]


class OperatorCase(base.BaseTestCase):
    """An endpoint over something that only remembers.

    ``endpoint`` and ``asked``, what was asked of the thing below, are set by
    who inherits.
    """

    calls: ClassVar[tuple[Call, ...]]
    endpoint: Any
    asked: list[tuple[Any, ...]]

    def call(self, method, ctxt=endpoints.OPERATOR, /, **arguments):
        return getattr(self.endpoint, method)(ctxt, **arguments)

    def refusal(self, method, ctxt=endpoints.OPERATOR, /, **arguments):
        return endpoints.refusal_of(
            getattr(self.endpoint, method), ctxt, **arguments
        )


class RefusalFacts(OperatorCase):
    """Who may not, and what comes before that is asked."""

    def test_who_is_no_operator_does_nothing(self):
        """And is told which rule it was."""
        for method, arguments, _ in self.calls:
            error = self.refusal(method, endpoints.CONTEXT, **arguments)

            self.assertIs(exception.NotPermitted, type(error))
            self.assertEqual(f"cube_volpool:{method}", error.rule)
        self.assertEqual([], self.asked)

    def test_bad_input_is_told_before_the_policy_is_asked(self):
        """Asking may cost a call to Keystone; bad input costs nothing."""
        for method, _, _ in self.calls:
            error = self.refusal(method, None, unknown=1)

            self.assertIs(exception.InvalidRequest, type(error))


class BadInputFacts(OperatorCase):
    """One bad value, see ``bad_scenarios``."""

    method: str
    arguments: dict[str, Any]
    field: str

    def test_error_names_the_field_and_nothing_is_asked(self):
        """A bad value is refused by its field, and nothing is touched."""
        error = self.refusal(self.method, **self.arguments)

        self.assertIs(exception.InvalidRequest, type(error))
        self.assertEqual(self.field, error.field)
        self.assertTrue(error.reason)
        self.assertLess(len(str(error)), 250)
        self.assertEqual([], self.asked)


class ErrorFacts(OperatorCase):
    """What goes wrong below, see ``error_scenarios``."""

    expected: type[exception.VolpoolError]

    def test_each_leaves_as_an_error_of_the_wire(self):
        """Without a word of what failed below."""
        for method, arguments, _ in self.calls:
            error = self.refusal(method, **arguments)

            self.assertIs(self.expected, type(error))
            self.assertIn(type(error), api.WIRE_ERRORS)
            self.assertNotIn("password", str(error))
            self.assertIsNone(error.__cause__)


def bad_scenarios(bad: Iterable[Bad]) -> list[tuple[str, dict[str, Any]]]:
    """Return a scenario for each bad value."""
    return [
        (
            f"{number}-{method}-{field}",
            {"method": method, "arguments": arguments, "field": field},
        )
        for number, (method, field, arguments) in enumerate(bad)
    ]


def error_scenarios(
    *errors: tuple[Exception, type[exception.VolpoolError]],
) -> list[tuple[str, dict[str, Any]]]:
    """Return a scenario for each error below, and what the caller gets."""
    return [
        (type(error).__name__, {"error": error, "expected": expected})
        for error, expected in (
            *errors,
            (
                exception.LedgerUnavailable(reason="r", retry_after=5),
                exception.LedgerUnavailable,
            ),
            (KeyError("password"), exception.Busy),
        )
    ]
