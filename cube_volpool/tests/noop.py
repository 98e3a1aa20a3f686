"""A server of oslo.messaging whose one method does nothing.

    python -m cube_volpool.tests.noop TRANSPORT_URL

Prints its topic once it listens.  What the bus costs by itself is measured
with it.
"""

import sys
from typing import Any

import oslo_messaging as om
from oslo_config import cfg

from cube_volpool.rpc import api

TOPIC = "bench-noop"


class _Endpoint:
    def noop(self, _ctxt: Any, **arguments: Any) -> dict[str, Any]:
        """Return what was given."""
        return arguments


def transport(url: str) -> Any:
    """Return a way to the broker, on options of its own."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    api.register_options(conf)
    return om.get_rpc_transport(conf, url=url)


def main() -> None:
    """Serve until killed."""
    server = om.get_rpc_server(
        transport(sys.argv[1]),
        om.Target(topic=TOPIC, server="bench"),
        [_Endpoint()],
    )
    server.start()
    print(TOPIC, flush=True)
    server.wait()


if __name__ == "__main__":
    main()
