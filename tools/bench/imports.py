"""What importing the client library costs, beside oslo.messaging alone.

A worker imports ``cube_volpool.client`` and oslo.messaging anyhow.  Each
import is a process of its own, in turns; seconds are the processor's.

Two things that chance decides are left out.  The garbage collector is off:
when importing oslo.messaging ends just short of a full collection, whoever
imports one module more would be told to pay for it, some 30 ms.  And each
round begins at another depth of the stack: CPython has it in pieces of 16 KiB
and takes and returns one with every call across an end, so that an import
which runs just there costs up to 40 ms more, in calls of nobody's in
particular.  *Source:* CPython 3.11 ``pystate.c:_PyThreadState_PopFrame``.
"""

import statistics
import subprocess
import sys

import figures

MODULES = ('oslo_messaging', 'cube_volpool.client')
TARGET = 1.1
#: Frames by which one round is deeper than another; all of them together are
#: more than one piece of the stack.
_DEEPER = 16
_DEPTHS = 15
_MEASURE = """
import gc, time
def at(depth):
    if depth:
        return at(depth - 1)
    began = time.process_time()
    import {module}
    return time.process_time() - began
gc.disable()
print(at({depth}))
"""


def seconds(module: str, depth: int) -> float:
    """Processor seconds of one import, so many calls deep."""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c',
         _MEASURE.format(module=module, depth=depth)],
        check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure(rounds: int) -> dict[str, object]:
    """All rounds; the medians, and the ratio with its interval."""
    noise = figures.Noise()
    took: dict[str, list[float]] = {module: [] for module in MODULES}
    for number in range(rounds):
        for place in range(len(MODULES)):
            module = MODULES[(place + number) % len(MODULES)]
            took[module].append(
                seconds(module, number % _DEPTHS * _DEEPER))
    base, ours = (took[module] for module in MODULES)
    ratios = [mine / theirs for mine, theirs in zip(ours, base, strict=True)]
    ratio = statistics.median(ratios)
    return {
        'rounds': rounds,
        'milliseconds': {
            module: round(statistics.median(values) * 1e3, 1)
            for module, values in took.items()},
        'ratio': round(ratio, 3),
        'ratio, 95 %': [round(end, 3) for end in figures.interval(ratios)],
        'target': f'at most {TARGET}',
        'reached': ratio <= TARGET,
        'machine': noise.told(),
    }


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--rounds', type=int, default=2 * _DEPTHS)
    given = parser.parse_args()
    return figures.tell(measure(given.rounds), given)


if __name__ == '__main__':
    sys.exit(main())
