"""Pictures for the documents, of a daemon that has something to show.

Usage: pictures.py DIRECTORY
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from rich import console, text

# Before the client: importing tests chooses the threading backend, and
# oslo.messaging by itself would choose another, for good.
from cube_volpool.tests import asking, engine
from cube_volpool.tests.functional import cli_case, service
from cube_volpool.tests.functional.test_daemon import free_port

# isort: split
from cube_volpool import client

POOLS = {
    'debian-12-ssd': {
        'os_name': 'debian-12', 'volume_type': 'ssd', 'min_ready': 4,
    },
    'ubuntu-24.04-ssd': {
        'os_name': 'ubuntu-24.04', 'volume_type': 'ssd', 'min_ready': 2,
    },
}
#: What is typed, by the picture it makes.
COMMANDS = {
    'cli-pools': 'pool list',
    'cli-volumes': 'volume list --pool debian-12-ssd',
    'cli-claims': 'claim list',
    'cli-plan': 'plan',
    'cli-watch': 'watch --count 1',
    'cli-doctor': 'doctor',
}
#: Of a terminal, unless a line is longer.
WIDTH = 110
#: A picture brings no font of somebody else's server.
SVG = re.sub(
    r'\s*@font-face \{\{.*?\}\}', '', console.CONSOLE_SVG_FORMAT, flags=re.S
)


def fill(running: service.Service) -> None:
    """Fill the pools, take some, and let the rest be built slowly."""
    client.configure(transport_url=running.broker_url)
    engine.wait_until(
        lambda: [pool['ready'] for pool in asking.pools()] == [
            pool['min_ready'] for pool in POOLS.values()
        ],
        'the pools are full',
    )
    running.cloud.backend.timing.build_seconds = 60
    project = {'project_id': running.cloud.project_id('skyline-a')}
    for number, name in enumerate(
        ('debian-12', 'debian-12', 'ubuntu-24.04', 'debian-12'), 1
    ):
        client.claim_volume(
            project,
            {'name': f'web-{number}_sys', 'volume_type': 'ssd'},
            os_name=name,
        )
    engine.wait_until(
        lambda: any(pool['creating'] for pool in asking.pools()),
        'something is built',
    )


def picture(file: pathlib.Path, words: str) -> str:
    """Run a command, and return what a terminal shows, as SVG."""
    done = cli_case.run(
        '--config-file', str(file), *words.split(), COLUMNS=str(WIDTH)
    )
    if done.returncode:
        raise RuntimeError(f'{words}: {done.stderr}')
    lines = done.stdout.rstrip().splitlines()
    with open(os.devnull, 'w') as nowhere:
        screen = console.Console(
            record=True, file=nowhere, width=max(WIDTH, *map(len, lines)) + 1
        )
        screen.print(f'[bold]$[/] cube-volpool {words}', highlight=False)
        for line in lines:
            screen.print(text.Text(line))
    return screen.export_svg(
        title='cube-volpool', code_format=SVG, unique_id='cube-volpool'
    )


def page(address: str, path: pathlib.Path, home: pathlib.Path) -> None:
    """Take a picture of the status page with Chromium."""
    chromium = shutil.which('chromium')
    if chromium is None:
        raise RuntimeError('there is no chromium; tools/test.sh installs it')
    subprocess.run(
        [
            chromium, '--headless', '--no-sandbox', '--disable-gpu',
            '--disable-dev-shm-usage', '--hide-scrollbars',
            f'--user-data-dir={home}', '--window-size=1200,900',
            f'--screenshot={path}', address,
        ],
        check=True, capture_output=True, timeout=120,
    )


def main(folder: pathlib.Path) -> None:
    """Make them all."""
    port = free_port()
    running = service.Service(
        'pictures', POOLS, {'status': {'port': port}}
    )
    with running:
        fill(running)
        for name, words in COMMANDS.items():
            svg = picture(running.file, words)
            (folder / f'{name}.svg').write_text(svg, encoding='utf-8')
        page(
            f'http://127.0.0.1:{port}/', folder / 'status-page.png',
            running.folder / 'browser',
        )


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]))
