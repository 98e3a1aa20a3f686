"""Removes guards one by one; see tools/guards.sh."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = 'cube_volpool'
#: A guard that is gone may let a test wait for what never comes, in seconds.
PATIENCE = 900
#: Of Python's unittest, for a failed test.
FAILED = re.compile(r'^(?:FAIL|ERROR): (\S+)(?: \((\S+)\))?', re.MULTILINE)


def main(words: list[str]) -> int:
    text = (ROOT / 'tools/guards/guards.toml').read_text(encoding='utf-8')
    guards = [
        guard for guard in tomllib.loads(text)['guard']
        if not words or any(word in guard['name'] for word in words)
    ]
    missed = 0
    for guard in guards:
        caught = catch(guard)
        missed += caught is None
        print(f'{guard["name"]}\n    {caught or "NO TEST MISSES IT"}',
              flush=True)
    print(f'{len(guards) - missed} of {len(guards)} guards are missed by a '
          'test')
    return 1 if missed or not guards else 0


def catch(guard: dict[str, Any]) -> str | None:
    """Return the test that fails without the guard, None for none."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        # All of it: a test that misses a file of the checkout would seem to
        # miss the guard.
        shutil.copytree(
            ROOT, copy, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns('.*', '__pycache__', 'build'))
        path = copy / PACKAGE / guard['file']
        source = path.read_text(encoding='utf-8')
        if source.count(guard['old']) != 1:
            raise SystemExit(f'{guard["name"]}: not once in {guard["file"]}')
        path.write_text(source.replace(guard['old'], guard['new']),
                        encoding='utf-8')
        for tests in guard['tests']:
            failed = first_failure(copy, tests)
            if failed is not None:
                return failed
    return None


def first_failure(copy: pathlib.Path, tests: str) -> str | None:
    """Run the tests of a folder, or of a file, until one fails.

    Return its name.

    One that fails with every guard in place proves nothing: it ends the run.
    """
    folder, pattern = tests, 'test*.py'
    if tests.endswith('.py'):
        folder, _, pattern = tests.rpartition('/')
    ran = unittest(copy, 'discover', '--failfast',
                   '--top-level-directory', '.', '--pattern', pattern,
                   '--start-directory', f'{PACKAGE}/tests/{folder}')
    if ran is None:
        return f'{tests} did not end'
    if ran.returncode == 0:
        return None
    found = FAILED.search(ran.stderr)
    if found is None:
        raise SystemExit(f'{tests} could not run:\n{ran.stderr[-2000:]}')
    name = found[2] or found[1]
    # Its whole module: one with scenarios cannot be run by its name alone.
    intact = unittest(ROOT, name.rpartition('.')[0].rpartition('.')[0])
    if intact is None or intact.returncode != 0:
        raise SystemExit(f'{name} fails with every guard in place, or one '
                         'beside it')
    return name.removeprefix(f'{PACKAGE}.tests.')


def unittest(
    where: pathlib.Path, *arguments: str
) -> subprocess.CompletedProcess[str] | None:
    """Run Python's unittest in a tree; None when it did not end."""
    try:
        return subprocess.run(
            [sys.executable, '-W', 'ignore', '-m', 'unittest', *arguments],
            cwd=where, check=False, capture_output=True, text=True,
            timeout=PATIENCE,
            env={**os.environ, 'PYTHONPATH': str(where),
                 'OS_LOG_CAPTURE': '1', 'OS_STDOUT_CAPTURE': '1'})
    except subprocess.TimeoutExpired:
        return None


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
