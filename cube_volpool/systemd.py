"""sd_notify: telling systemd how the daemon is.

*Source:* sd_notify(3).  oslo.service and cotyledon send READY=1 alone.
"""

import os
import socket


def notify(*states: str) -> None:
    """Send ``NAME=value`` states; does nothing outside of systemd."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        # The abstract name space of Linux.
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.sendto("\n".join(states).encode(), address)
