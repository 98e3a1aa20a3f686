"""``[status]``: where a daemon shows metrics, health and its page."""

import ipaddress
from typing import Final

from oslo_config import cfg

from cube_volpool import settings
from cube_volpool.conf.section import Section

GROUP: Final = "status"

OPTS: Final = (
    cfg.StrOpt(
        "host",
        default="127.0.0.1",
        help="The address that metrics, health and the status page are shown "
        "on, an IP address of this host. What is shown has no secrets, but "
        "names of pools, projects and volumes; nobody has to log in. So any "
        "other address than loopback belongs behind a firewall.",
    ),
    cfg.PortOpt(
        "port",
        default=9877,
        help="Its port. 0 shows nothing anywhere. Two daemons on one host "
        "need two ports.",
    ),
)


def read(section: Section) -> settings.StatusSettings:
    """Return the settings.  Raises InvalidConfiguration."""
    host = section.words("host")
    try:
        ipaddress.ip_address(host or "")
    except ValueError as error:
        raise section.wrong("host", f"is no IP address: {error}") from error
    return settings.StatusSettings(
        host=host or "", port=section.get("port") or None
    )
