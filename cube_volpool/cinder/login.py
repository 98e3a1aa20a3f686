"""An operator's own login, from ``--os-*`` options or the environment."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import loading as ks

from cube_volpool import exception, secrecy, volumeapi


@dataclass(frozen=True, kw_only=True)
class Login:
    """What Keystone says of an operator."""

    token: str = field(repr=False)
    project_id: str | None
    roles: tuple[str, ...]


def add_options(
    parser: argparse.ArgumentParser, argv: Sequence[str]
) -> None:
    """Add the options of every OpenStack client.

    Raises InvalidRequest for a kind of login that is not installed.
    """
    ks.register_session_argparse_arguments(parser)
    try:
        ks.register_auth_argparse_arguments(
            parser, list(argv), default="password"
        )
    except ksa_exceptions.NoMatchingPlugin as error:
        raise exception.InvalidRequest(
            field="--os-auth-type", reason=str(error)
        ) from error


def login(given: argparse.Namespace) -> Login | None:
    """Log in; None when no credential was given at all.

    Raises Refused when Keystone does not let it in, Unreachable while it
    does not answer, InvalidRequest when an option is missing.
    """
    if not getattr(given, "os_auth_url", None):
        return None
    try:
        auth: Any = ks.load_auth_from_argparse_arguments(given)
        session = ks.load_session_from_argparse_arguments(given, auth=auth)
        access = auth.get_access(session)
    except (
        ksa_exceptions.ConnectFailure,
        ksa_exceptions.RetriableConnectionFailure,
        ksa_exceptions.HttpServerError,
    ) as error:
        raise volumeapi.Unreachable(secrecy.masked(str(error))) from error
    except (
        ksa_exceptions.MissingRequiredOptions,
        ksa_exceptions.MissingAuthPlugin,
    ) as error:
        raise exception.InvalidRequest(
            field="--os-*", reason=secrecy.masked(str(error))
        ) from error
    except ksa_exceptions.ClientException as error:
        raise volumeapi.Refused(secrecy.masked(str(error))) from error
    return Login(
        token=access.auth_token,
        project_id=access.project_id,
        roles=tuple(access.role_names or ()),
    )
