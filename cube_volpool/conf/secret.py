"""The secrets of a parsed configuration, so that they can be masked."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib import parse

from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import loading as ks
from oslo_config import cfg
from oslo_messaging import opts as messaging

from cube_volpool.conf import keyring

_GROUPS: Final = (
    keyring.POOL_PROJECT,
    keyring.TENANT,
    keyring.SERVICE_USER,
)
_URLS: Final = (
    ("database", "connection"),
    ("database", "slave_connection"),
    ("os_table", "connection"),
    (None, "transport_url"),
)


def read(conf: cfg.ConfigOpts) -> tuple[str, ...]:
    """Return every password and key.  Raises nothing: wrong options later."""
    found = [*_of_accounts(conf)]
    # oslo.messaging itself registers it when it makes a transport.
    conf.register_opts(
        [
            option
            for group, options in messaging.list_opts()
            for option in options
            if group is None and option.dest == "transport_url"
        ]
    )
    for group, option in _URLS:
        for url in _words(conf, group, option):
            found += _of_url(url)
    return tuple(found)


def _of_accounts(conf: cfg.ConfigOpts) -> Iterator[str]:
    for group in _GROUPS:
        # Now that auth_section is known, its auth_type can be read as well.
        ks.register_auth_conf_options(conf, group)
        source = next(_words(conf, group, "auth_section"), group)
        for kind in _words(conf, source, "auth_type"):
            with contextlib.suppress(
                ks_exceptions.NoMatchingPlugin, cfg.DuplicateOptError
            ):
                options = ks.get_auth_plugin_conf_options(kind)
                conf.register_opts(options, group=source)
                for option in options:
                    if option.secret:
                        yield from _words(conf, source, option.dest)


def _words(
    conf: cfg.ConfigOpts, group: str | None, option: str
) -> Iterator[str]:
    with contextlib.suppress(cfg.Error):
        section: Any = conf if group is None else conf[group]
        value = section[option]
        if isinstance(value, str) and value:
            yield value


def _of_url(url: str) -> Iterator[str]:
    """Yield the passwords in a URL; a broker's may name several hosts."""
    yield url
    for part in url.partition("://")[2].split(","):
        account, at, _host = part.rpartition("@")
        _user, _colon, password = account.partition(":")
        if at and password:
            yield password
            yield parse.unquote(password)
            # Where somebody forgot to escape them, libraries take a part of
            # the password for the host, and name it.
            yield from re.split("[@/?#]", password)
