"""What grows with the pools: idle work, the scan, memory.

Three daemons on the simulator: one with 100,000 volumes and as many ended
claims, one with 1,000 of both, one with nothing; each has 100 pools.  The
first two are idle at the same time, read by Prometheus and looked at on the
status page meanwhile, and what they use is compared: processor, statements
and calls to Cinder, outside the scan, which is the audit of each when it
begins.  Then 1,000 projects claim from the large one, it audits once more,
and the most memory it ever had is compared with that of the daemon with
nothing.
"""

import argparse
import math
import statistics
import sys
import time
from concurrent import futures

# Before the client: importing the site chooses the threading backend.
import crowded
import figures

# isort: split
from cube_volpool import client
from cube_volpool.tests.simulator import crowd

#: Of idle work with so many times the volumes.
FLAT = 1.1
#: Volumes on a page of Cinder's.
PAGE = 1000
#: Of memory, in MiB: more than the daemon with nothing, and at all.
MORE, MOST = 64, 200
#: How often Prometheus comes, in seconds.
_SCRAPE = 15.0
_CALLERS = 8
#: A day: nothing of that kind within a run.
_NEVER = 86400


def changes(audit: float) -> dict[str, dict[str, object]]:
    """The usual pace, with an audit every so many seconds."""
    return {'reconcile': {'interval': 10, 'audit_interval': audit,
                          'max_creating': 64},
            # Reads images, as many as there are pools.
            'catalogue': {'sync_interval': _NEVER}}


def scan(site: crowded.Site) -> dict[str, object]:
    """The pages that the first audit has asked for."""
    # A full last page is followed by an empty one: Cinder says there is more.
    most = math.ceil((site.size.volumes + 1) / PAGE)
    found = site.listings()
    return {'volumes': site.size.volumes, 'listing calls': found,
            'target': f'at most {most}', 'reached': found <= most}


def idle(small: crowded.Site, large: crowded.Site, *, minutes: int,
         seconds: float) -> dict[str, object]:
    """What both use in the same minutes, and the ratio."""
    used: dict[str, list[crowded.Reading]] = {'small': [], 'large': []}
    for _ in range(minutes):
        before = {'small': small.read(), 'large': large.read()}
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for site in (small, large):
                site.scrape()
            time.sleep(min(_SCRAPE, left))
        for name, site in (('small', small), ('large', large)):
            used[name].append(site.read().since(before[name]))
    found: dict[str, object] = {'windows': minutes, 'seconds': seconds}
    for what in ('cpu_seconds', 'statements', 'calls'):
        one, other = ([getattr(reading, what) for reading in used[name]]
                      for name in ('small', 'large'))
        ratio = (sum(other) or 1e-9) / (sum(one) or 1e-9)
        found[what] = {
            'small': round(statistics.median(one), 2),
            'large': round(statistics.median(other), 2),
            'ratio': round(ratio, 3),
            'target': f'at most {FLAT}', 'reached': ratio <= FLAT}
    return found


def memory(empty: crowded.Site, large: crowded.Site, *,
           claims: int) -> dict[str, object]:
    """The most memory of the large one, against the empty one's."""
    large.start(changes(audit=20))
    client.configure(transport_url=large.broker_url, max_calls=64)

    def claim(number: int) -> None:
        project = crowd.project(number % large.size.projects)
        client.claim_volume(
            {'project_id': large.cloud.project_id(project)},
            {'name': f'new-{number}', 'volume_type': crowd.TYPE},
            os_name=crowd.pool(number % large.size.pools), budget=60)

    with futures.ThreadPoolExecutor(_CALLERS) as threads:
        for done in [threads.submit(claim, n) for n in range(claims)]:
            done.result()
    large.wait_for_audit(time.time() + 1)
    nothing, most = empty.memory_mib('VmRSS'), large.memory_mib('VmHWM')
    return {
        'claims': claims, 'projects': large.size.projects,
        'MiB': {'with nothing': round(nothing, 1), 'at most': round(most, 1),
                'more': round(most - nothing, 1),
                'at the end': round(large.memory_mib('VmRSS'), 1)},
        'target': f'at most {MORE} more, and {MOST} in all',
        'reached': most - nothing <= MORE and most <= MOST}


def measure(given: argparse.Namespace) -> dict[str, object]:
    """All of it."""
    noise = figures.Noise()
    sizes = {
        'empty': crowded.Size(0, 0, given.pools, 0),
        'small': crowded.Size(given.volumes // given.times,
                              given.volumes // given.times, given.pools,
                              given.projects),
        'large': crowded.Size(given.volumes, given.volumes, given.pools,
                              given.projects)}
    with crowded.Site(sizes['large'], vhost='bench',
                      changes=changes(_NEVER)) as large:
        # Nobody claims from these two.
        small = large.useFixture(crowded.Site(
            sizes['small'], vhost='volpool', changes=changes(_NEVER)))
        empty = large.useFixture(crowded.Site(
            sizes['empty'], vhost='volpool', changes=changes(_NEVER)))
        return {
            'scan': scan(large),
            'idle': idle(small, large, minutes=given.minutes,
                         seconds=given.seconds),
            'memory': memory(empty, large, claims=given.claims),
            'machine': noise.told()}


def main() -> int:
    """Print the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument('--volumes', type=int, default=100_000)
    parser.add_argument('--times', type=int, default=100,
                        help='as many fewer has the small one')
    parser.add_argument('--pools', type=int, default=100)
    parser.add_argument('--projects', type=int, default=1000)
    parser.add_argument('--claims', type=int, default=1000)
    parser.add_argument('--minutes', type=int, default=5,
                        help='windows in which both are idle')
    parser.add_argument('--seconds', type=float, default=60,
                        help='of a window')
    given = parser.parse_args()
    return figures.tell(measure(given), given)


if __name__ == '__main__':
    sys.exit(main())
