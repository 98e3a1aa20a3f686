"""The simulator as a process of its own, seeded like the lab."""

import argparse
import gc
import signal
import sys
import threading

from cube_volpool.tests.simulator import lab
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.server import serve

#: To look for garbage among thousands of volumes takes longer than a request.
_SELDOM = (100_000, 20, 100)


def _latency(text: str) -> dict[tuple[str, str], float]:
    if text in ("none", "lab"):
        return lab.LATENCY if text == "lab" else {}
    seconds = float(text)
    if not seconds:
        return {}
    return {("*", "/volumes/**"): seconds, ("*", "/volumes"): seconds,
            ("*", "/volume-transfers/**"): seconds,
            ("*", "/volume-transfers"): seconds}


def main() -> int:
    """Print the URL on one line, serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m cube_volpool.tests.simulator",
        description="Keystone (/identity) and Cinder (/volume), simulated.")
    parser.add_argument("--port", type=int, default=0,
                        help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--latency", type=_latency, default={},
                        help="seconds per call: none, lab for the medians of "
                        "a real Cinder, or a number for each call that is "
                        "about volumes and transfers")
    parser.add_argument("--build-seconds", type=float, default=0.4,
                        help="time of a clone")
    parser.add_argument("--build-seconds-per-gib", type=float, default=2.5,
                        help="time of a flatten per GiB")
    parser.add_argument("--flatten-slots", type=int, default=3,
                        help="how many flattens run side by side")
    given = parser.parse_args()
    gc.set_threshold(*_SELDOM)
    cloud = Cloud.lab(
        build_seconds=given.build_seconds,
        build_seconds_per_gib=given.build_seconds_per_gib,
        flatten_slots=given.flatten_slots)
    cloud.latency.update(given.latency)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with serve(cloud, given.port) as server:
        print(server.url, flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
