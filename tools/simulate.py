#!/usr/bin/env python
"""Random histories by the seed: the long form, resumable.

    tools/simulate.py --seeds 1000-9999 --jobs 2 --record seeds.jsonl
    tools/simulate.py --seeds 1000-9999 --callers 120 --record seeds.jsonl
    tools/simulate.py --seeds 1234-1234
    tools/simulate.py --sum seeds.jsonl

A seed is one run of three simulated daemons with faults, crashes, zombies,
operators and callers; every invariant is looked at after every step. A block
of seeds that is done is one line of the record; blocks that the record has
for the same production code are left out, so that an interrupted command is
simply given again. Seeds are counted inclusively. Exits with 1 when some
invariant broke, and tells the seed, its last steps, and the command that
repeats it.

Claims are calls of claim: a caller that asks again counts again.
"""

import argparse
import functools
import json
import multiprocessing
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from cube_volpool.tests.reliability.histories import blocks, runs
from cube_volpool.tests.reliability.histories.simulation import Shape

BLOCK = 20


def main() -> int:
    given = _arguments()
    if given.sum:
        print(json.dumps(blocks.added_up(given.sum), indent=1))
        return 0
    first, _, last = given.seeds.partition("-")
    # Of the code that is loaded, whatever becomes of the files meanwhile.
    code, commit = blocks.code(), blocks.commit()
    done = set()
    if given.record:
        done = {
            block["from"]
            for block in blocks.recorded(given.record)
            if block["code"] == code
            and blocks.callers(block) == given.callers
        }
    wanted = [
        (begin, min(begin + BLOCK - 1, int(last or first)))
        for begin in range(int(first), int(last or first) + 1, BLOCK)
        if begin not in done
    ]
    broken = 0
    began = time.monotonic()
    sums = blocks.Block()
    simulated = functools.partial(_block, shape=Shape.of(given.callers))
    with multiprocessing.get_context("fork").Pool(given.jobs) as pool:
        for bounds, block, texts in pool.imap_unordered(simulated, wanted):
            broken += block.violations
            sums.claims += block.claims
            sums.seeds += block.seeds
            print(*texts, sep="\n", end="", flush=True)
            if given.record:
                _record(
                    given.record,
                    bounds,
                    block,
                    code=code,
                    commit=commit,
                    callers=given.callers,
                )
            if given.quiet:
                continue
            spent = time.monotonic() - began
            print(
                f"seeds {bounds[0]}-{bounds[1]}: {block.claims} claims; "
                f"in all {sums.claims}, {sums.claims / spent:.0f} a second, "
                f"{broken} seeds broken",
                flush=True,
            )
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0]
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seeds", metavar="A-B", help="from A to B")
    what.add_argument(
        "--sum", type=pathlib.Path, metavar="FILE", help="add a record up"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="how many processes"
    )
    parser.add_argument(
        "--callers", type=int, default=Shape().callers,
        help="how many callers a storm has; with more of them a claim costs "
        "less, for the quiet points between the storms cost the same",
    )
    parser.add_argument(
        "--record", type=pathlib.Path, metavar="FILE",
        help="append one line for each finished block of seeds",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="tell of broken seeds alone"
    )
    return parser.parse_args()


def _block(
    bounds: tuple[int, int], *, shape: Shape
) -> tuple[tuple[int, int], blocks.Block, list[str]]:
    block = blocks.Block()
    texts = []
    for seed in range(bounds[0], bounds[1] + 1):
        found = runs.run(seed, shape)
        block.add(found)
        if found.problems:
            texts.append(blocks.told(found) + "\n")
    return bounds, block, texts


def _record(
    path: pathlib.Path,
    bounds: tuple[int, int],
    block: blocks.Block,
    *,
    code: str,
    commit: str,
    callers: int,
) -> None:
    line = json.dumps(
        {
            "commit": commit,
            "code": code,
            "from": bounds[0],
            "to": bounds[1],
            "callers": callers,
            "claims": block.claims,
            "steps": block.steps,
            "violations": block.violations,
        }
    )
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
