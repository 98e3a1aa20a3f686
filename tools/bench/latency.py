"""A hit where each call to Cinder takes long, beside five calls in a row.

The calls in a row are those of the first notes of this project: look up,
show, offer, accept, rename.  How many calls of a hit wait for another is the
time of the fastest one over that of a call.
"""

import statistics
import sys

import figures

# Before the floor: importing the stage chooses the threading backend.
import stage

# isort: split
import floor

#: Of a hit, against five calls in a row.
TARGET = 0.45


def measure(rounds: int, latency: float) -> dict[str, object]:
    """Both, in turns."""
    noise = figures.Noise()
    ours: list[float] = []
    theirs: list[float] = []
    with stage.Stage(rounds + 1, latency=latency) as site:
        bare = floor.Calls(
            site.keyring('volpool', 'volpool'),
            site.keyring('skyline', stage.PROJECT))
        site.claim('bench-first')
        for number in range(rounds):
            spare = bare.make(f'spare-{number}', stage.TYPE)
            ours.append(figures.timed(site.claim, f'bench-{number}'))
            theirs.append(figures.timed(
                bare.in_a_row, spare, f'bare-{number}'))
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    return {
        'rounds': rounds, 'milliseconds a call': latency * 1e3,
        'milliseconds': {
            'claim': round(statistics.median(ours) * 1e3),
            'five in a row': round(statistics.median(theirs) * 1e3)},
        'calls in a row': int(min(ours) / latency),
        'ratio': round(ratio, 3),
        'ratio, 95 %': [round(end, 3) for end in figures.interval(ratios)],
        'target': f'at most {TARGET}', 'reached': ratio <= TARGET,
        'machine': noise.told()}


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--rounds', type=int, default=30)
    parser.add_argument('--latency', type=float, default=0.2)
    given = parser.parse_args()
    return figures.tell(measure(given.rounds, given.latency), given)


if __name__ == '__main__':
    sys.exit(main())
