"""What one hit asks of the database and of Cinder, counted.

In this process and without a socket, so that the counts are exact: the real
claim on SQLite, whose statements are those of the other databases, and the
simulator.  How many of Cinder's calls wait for another is told by
``latency``.
"""

import logging
import sys

import figures
import sqlalchemy as sa

from cube_volpool.tests import world

#: At most so many for each hit.
TARGETS = {'statements': 6, 'commits': 3, 'calls': 4}


class Counter:
    """Statements and commits of an engine, from now on."""

    def __init__(self, engine: sa.Engine) -> None:
        self.statements: list[str] = []
        self.commits = 0
        sa.event.listen(engine, 'before_cursor_execute', self._statement)
        sa.event.listen(engine, 'commit', self._commit)

    def _statement(self, _connection: object, _cursor: object,
                   statement: str, *_: object) -> None:
        if not statement.startswith('BEGIN'):
            self.statements.append(' '.join(statement.split()))

    def _commit(self, _connection: object) -> None:
        self.commits += 1


def count() -> dict[str, object]:
    """One hit, after one that made what is made once."""
    with world.World(world.settings_of()) as made:
        daemon = made.daemon('one')
        daemon.fill()
        daemon.claim('first_sys')
        counter = Counter(daemon.house.store.ledger.engine)
        made.cloud.journal.clear()
        answer = daemon.claim('web_sys')
        calls = [f'{entry.method} {entry.route}'
                 for entry in made.cloud.journal.entries()]
    found = {'statements': len(counter.statements),
             'commits': counter.commits, 'calls': len(calls)}
    return {
        'source': answer.source.value, **found,
        'targets': TARGETS,
        'reached': all(found[name] <= most
                       for name, most in TARGETS.items()),
        'each statement': counter.statements, 'each call': calls}


def main() -> int:
    """Print the counts."""
    given = figures.parser(__doc__).parse_args()
    logging.disable(logging.CRITICAL)
    return figures.tell(count(), given)


if __name__ == '__main__':
    sys.exit(main())
