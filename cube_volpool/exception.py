"""One class for each situation that somebody must tell apart.

The classes under *on the wire* travel through oslo.messaging to the caller;
this module is the only one a client has to allow as a remote module, so it
imports nothing.  Their fields are keyword arguments and arrive with them.
"""

from typing import Any


class VolpoolError(Exception):
    """The base of every error of cube_volpool.

    ``text`` may be given; else the class's ``template`` is filled with the
    fields.  oslo.messaging rebuilds the error from ``args`` and ``kwargs``.
    """

    template = "an error without further words"

    def __init__(self, text: str | None = None, /, **fields: Any) -> None:
        self.kwargs = fields
        super().__init__(
            self.template.format(**fields) if text is None else text
        )

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["kwargs"][name]
        except KeyError:
            raise AttributeError(name) from None


# -- on the wire --------------------------------------------------------------


class InvalidRequest(VolpoolError):
    """The request itself is wrong; nothing was touched.  Field: field."""

    template = "{field}: {reason}"


class ProjectMismatch(VolpoolError):
    """The token belongs to another project than the context names."""

    template = (
        "the token belongs to project {token_project}, the request names "
        "project {project_id}; send a token of the requested project"
    )


class NotPermitted(VolpoolError):
    """A rule of the policy says no; nothing was touched.  Field: rule."""

    template = "{method} is not permitted to this caller by the rule {rule}"


class PoolEmpty(VolpoolError):
    """No volume was given and none will be; the caller may create one."""

    template = "no volume for {name}: {reason}; create it directly"


class Withheld(VolpoolError):
    """All or nothing was asked, and another volume was not to be had.

    Nothing was given.  Fields: name, and failed, the other one's name.
    """

    template = (
        "no volume for {name}: all or nothing was asked, and {failed} was "
        "not to be had"
    )


class ClaimInProgress(VolpoolError):
    """The outcome is not known yet; ask again.  Field: retry_after, s."""

    template = (
        "the claim of {name} is still under way; ask again with the same "
        "name in {retry_after} s"
    )


class ClaimMismatch(VolpoolError):
    """A claim of that name with another body is under way."""

    template = (
        "a claim of {name} with another body is under way; wait for it or "
        "use another name"
    )


class QuotaExceeded(VolpoolError):
    """Cinder refused for the project's quota.  Field: cinder_message."""

    template = "{cinder_message}"


class NotExtended(VolpoolError):
    """The volume was given, and stays smaller than was asked for.

    Fields: volume_id, size_gib, wanted_gib.  The same name again tries to
    extend it again.
    """

    template = (
        "volume {volume_id} of {name} is there with {size_gib} GiB, and could "
        "not be extended to {wanted_gib}: {reason}"
    )


class Busy(VolpoolError):
    """This request gave nothing; try again.  Field: retry_after, in s."""

    template = "{reason}; try again in {retry_after} s"


class LedgerUnavailable(Busy):
    """The daemon cannot reach its database; this request gave nothing."""


class CinderUnavailable(VolpoolError):
    """Cinder or Keystone does not answer; this request gave nothing."""

    template = "{reason}; this request gave nothing, try again later"


class ImagesUnavailable(VolpoolError):
    """The table of images cannot be read; the catalogue stays as it is."""

    template = (
        "the table {table} of [os_table] cannot be read: {reason}; the images "
        "stay as they are"
    )


class NotKnown(VolpoolError):
    """What an operator names is not here.  Fields: what, id."""

    template = "{what} {id} is not known here"


class Refused(VolpoolError):
    """What an operator wants is not to be done; nothing was changed.

    Fields: what, id, reason.
    """

    template = "{what} {id} {reason}"


class NoImage(VolpoolError):
    """The image that an operator means is not there; nothing was changed.

    Fields: image, in words, for example "snapshot ...", and reason.
    """

    template = "{image} {reason}; see os list"


# -- inside the house ---------------------------------------------------------


class LostRace(VolpoolError):
    """The row changed since it was read; somebody else goes on with it."""

    template = "{what} {id} changed since it was read"


class ForbiddenTransition(VolpoolError):
    """A state change that no transition table has: a programming error."""

    template = "{what} may not go from {seen} to {wanted}"


class InvalidConfiguration(VolpoolError):
    """Options that cannot be served.  The daemon exits with status 78."""

    template = "[{group}] {option}: {reason}"


class StartupRefused(VolpoolError):
    """A check before serving failed for good, for example an admin role."""
