"""The simulator as a process of its own, seeded like the lab."""
import argparse
import signal
import sys
import threading

from cube_volpool.tests.simulator import lab
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.server import serve


def main() -> int:
    """Print the URL on one line, serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m cube_volpool.tests.simulator",
        description="Keystone (/identity) and Cinder (/volume), simulated.")
    parser.add_argument("--port", type=int, default=0,
                        help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--latency", choices=("none", "lab"),
                        default="none", help="seconds per call: none, or "
                        "the medians of a real Cinder")
    parser.add_argument("--build-seconds", type=float, default=0.4,
                        help="time of a clone")
    parser.add_argument("--build-seconds-per-gib", type=float, default=2.5,
                        help="time of a flatten per GiB")
    given = parser.parse_args()
    cloud = Cloud.lab(
        build_seconds=given.build_seconds,
        build_seconds_per_gib=given.build_seconds_per_gib)
    if given.latency == "lab":
        cloud.latency.update(lab.LATENCY)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with serve(cloud, given.port) as server:
        print(server.url, flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
