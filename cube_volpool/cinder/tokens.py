"""Tokens: got cheaply, and renewed before they end.

Checking a password takes Keystone 230 ms, changing the scope of a token 7
(measured): a claim should wait for neither.

*Source:* Identity API v3 ``POST /v3/auth/tokens``; keystoneauth1 5.18
``identity.base.BaseIdentityPlugin``, which gets a new token two minutes before
the old one ends, in the thread that needs it.
"""

from datetime import timedelta
from typing import Final

from keystoneauth1 import access, session
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1.identity import base as identity
from keystoneauth1.identity import generic

from cube_volpool import secrecy

#: So long before its end a token is renewed, or at half of its life: early
#: enough for some tries, and before keystoneauth would do it.
_EARLY: Final = timedelta(minutes=5)


class Rescoped(identity.BaseIdentityPlugin):
    """Tokens of one project, by changing the scope of the account's own.

    ``account`` has tokens without that project, ``by_password`` is the same
    account scoped to it: what Keystone refuses to the one, it is asked for by
    the other, for it may forbid a change of scope, or know the token no more.
    """

    def __init__(
        self,
        account: identity.BaseIdentityPlugin,
        project_id: str,
        *,
        by_password: identity.BaseIdentityPlugin,
    ) -> None:
        super().__init__(auth_url=account.auth_url)
        self._account = account
        self._project_id = project_id
        self._by_password = by_password

    def get_auth_ref(self, session: session.Session) -> access.AccessInfo:
        """Get a new token.  Raises what keystoneauth does."""
        used = self._account.get_access(session)
        secrecy.remember(used.auth_token)
        try:
            return self._rescoped(used.auth_token, session)
        except ksa_exceptions.HttpError:
            found = self._by_password.get_auth_ref(session)
        # The project is not the trouble, so that token was.
        if self._account.auth_ref is used:
            self._account.invalidate()
        return found

    def _rescoped(
        self, token: str | None, session: session.Session
    ) -> access.AccessInfo:
        scoped = generic.Token(
            self.auth_url or "",
            token=token or "",
            project_id=self._project_id,
        )
        return scoped.get_auth_ref(session)


def ends_soon(auth: identity.BaseIdentityPlugin) -> bool:
    """Is there a token, and is it time for the next one?"""
    known = auth.auth_ref
    if known is None or known.expires is None:
        return False
    early = _EARLY
    if known.issued is not None:
        early = min(early, (known.expires - known.issued) / 2)
    return known.will_expire_soon(int(early.total_seconds()))


def renew(
    auth: identity.BaseIdentityPlugin, session: session.Session
) -> None:
    """Get a new token; who needs one meanwhile has the old one.

    Raises what keystoneauth does.
    """
    auth.auth_ref = auth.get_auth_ref(session)
