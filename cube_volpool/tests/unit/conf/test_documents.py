"""What the documents tell operators to write and to type."""

import argparse
import pathlib
import re
import shlex
import textwrap
from collections.abc import Iterator

from oslo_config import cfg
from oslotest import base as oslotest_base

from cube_volpool import conf
from cube_volpool.cmd import manage
from cube_volpool.tests.unit.conf import base

_ROOT = pathlib.Path(__file__).resolve().parents[4]
_PAGES = ("README.rst", "devstack/README.rst", "doc/source")
_INI = re.compile(r"code-block:: ini\n\n((?: {4}.*\n|\n)+)")
#: A command on a line of its own, with or without the path to it.
_COMMAND = re.compile(r"^ +(?:\S*/)?cube-volpool-manage (.+)$", re.MULTILINE)
#: Of the README's installation.
_LAST = "systemctl enable --now cube-volpool-engine"
#: The heads of the list of commands: ``os sync [--dry-run]``.
_HEAD = re.compile(r"^``((?:db|os) [^`]+)``$", re.MULTILINE)


def _pages() -> Iterator[pathlib.Path]:
    for name in _PAGES:
        path = _ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.rst"))


class TestExamples(base.ConfCase):
    def test_each_example_of_the_page_on_images_loads(self):
        """Beside a configuration that is right, each is right."""
        page = (_ROOT / "doc/source/admin/images.rst").read_text()
        blocks = [textwrap.dedent(found) for found in _INI.findall(page)]

        self.assertEqual(4, len(blocks))
        for block in blocks:
            changes: base.Groups = {}
            group = ""
            for line in block.splitlines():
                if line.startswith("["):
                    group = line.strip("[]")
                elif line:
                    option, _, value = line.partition(" = ")
                    changes.setdefault(group, {})[option] = value
            self.load(changes)


class TestCommands(oslotest_base.BaseTestCase):
    def parse(self, words: list[str]) -> None:
        """Parse a command line as cube-volpool-manage does."""
        parsed = cfg.ConfigOpts()
        conf.register(parsed)
        parsed.register_cli_opt(
            cfg.SubCommandOpt("command", handler=manage._add_commands)
        )
        parsed(words, default_config_files=[], default_config_dirs=[])

    def test_each_command_is_one(self):
        """Whatever a page tells to type, the program takes."""
        found = {
            command
            for page in _pages()
            for command in _COMMAND.findall(page.read_text())
        }

        self.assertLessEqual(
            {
                "db sync",
                "os sync",
                "os sync --dry-run",
                "os list --json",
                "os rollback debian-12 ssd",
            },
            found,
        )
        for command in found:
            self.parse(shlex.split(command))

    def test_the_list_of_commands_is_whole(self):
        """Each that there is has its place on the page, and no other."""
        page = (_ROOT / "doc/source/admin/commands.rst").read_text()
        told = {tuple(head.split()[:2]) for head in _HEAD.findall(page)}

        commands = argparse.ArgumentParser().add_subparsers()
        manage._add_commands(commands)
        there_are = {
            (group, name)
            for group, parser in commands.choices.items()
            for action in parser._actions
            if isinstance(action, argparse._SubParsersAction)
            for name in action.choices
        }
        self.assertIn(("os", "rollback"), there_are)
        self.assertEqual(there_are, told)
        for head in _HEAD.findall(page):
            # Optional ones are left out; the rest is a word each.
            words = re.sub(r"\[[^]]*\]", "", head).split()
            self.parse(words)

    def test_the_readme_installs_as_the_install_page_does(self):
        """Which is followed on a real machine, see ``tests/machine``."""
        readme = (_ROOT / "README.rst").read_text(encoding="utf-8")
        page = (_ROOT / "doc/source/install.rst").read_text(encoding="utf-8")
        section = readme.partition("Install it as a service")[2]
        commands = re.findall(r"^ {4}([^#\s].*)$", section, re.MULTILINE)
        commands = commands[: commands.index(_LAST) + 1]

        self.assertGreater(len(commands), 8)
        for command in commands:
            self.assertIn(f"    {command}", page)
