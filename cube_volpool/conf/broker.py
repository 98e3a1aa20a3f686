"""The broker's files of certificates, before anything is connected.

Apart from the other options: whoever lists those must not have to import
oslo.messaging, which by that alone would choose a backend of threads.
"""

from typing import Final

import oslo_messaging as om
from oslo_config import cfg, types
from oslo_messaging import opts as messaging

from cube_volpool import certificates
from cube_volpool.conf.section import DEFAULT, Section

_RABBIT: Final = "oslo_messaging_rabbit"
_SCHEMES: Final = ("rabbit", "kombu")
_FILES: Final = ("ssl_ca_file", "ssl_cert_file", "ssl_key_file")


def check(conf: cfg.ConfigOpts) -> None:
    """Refuse files of no use for the broker, where it is talked TLS to."""
    try:
        url = om.TransportURL.parse(conf)
    except om.InvalidTransportURL:
        # Refused when the transport is made.
        return
    except ValueError:
        # Its text may repeat a part of the password.
        raise Section(conf, DEFAULT).wrong(
            "transport_url",
            "is no URL of a broker: the port must be a number, and '/', ':' "
            "and '@' in a password are written %2F, %3A and %40",
        ) from None
    if url.transport not in _SCHEMES:
        return
    _register(conf)
    rabbit, default = Section(conf, _RABBIT), Section(conf, DEFAULT)
    # What stands in the URL counts more than an option.
    try:
        is_secure = types.Boolean()(url.query.get("ssl", rabbit.get("ssl")))
    except ValueError as error:
        raise default.wrong("transport_url", f"ssl: {error}") from error
    for option in _FILES if is_secure else ():
        in_url = url.query.get(option)
        path = in_url or rabbit.words(option)
        trouble = certificates.trouble(path) if path else None
        if trouble is not None and in_url:
            raise default.wrong("transport_url", f"{option}: {trouble}")
        if trouble is not None:
            raise rabbit.wrong(option, trouble)


def _register(conf: cfg.ConfigOpts) -> None:
    """Do what oslo.messaging does when it makes a transport for RabbitMQ."""
    for group, options in messaging.list_opts():
        if group is not None and str(group) == _RABBIT:
            conf.register_opts(
                [one for one in options if one.dest in ("ssl", *_FILES)],
                group=_RABBIT,
            )
