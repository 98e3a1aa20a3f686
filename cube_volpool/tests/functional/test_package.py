"""What a wheel of this project holds, wherever it is built."""

import configparser
import email
import os
import pathlib
import pkgutil
import shutil
import subprocess
import sys
import tempfile
import zipfile

from oslotest import base

import cube_volpool

PACKAGE = pathlib.Path(cube_volpool.__file__).parent
# What a build reads beside the package.
FILES = ("LICENSE", "README.rst", "pyproject.toml", "requirements.txt",
         "setup.cfg", "setup.py")
COMMITTER = ("-c", "user.name=a", "-c", "user.email=a@example.org",
             "-c", "commit.gpgsign=false")


def run(directory, *command, **environment):
    """Run the command there; when it fails the error has its output."""
    inherited = {name: value for name, value in os.environ.items()
                 if not name.startswith(("GIT_", "PBR_"))}
    done = subprocess.run(
        command, cwd=directory, env=inherited | environment, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout}")


def copy_source(directory):
    """What somebody has who got the files, but not their history."""
    shutil.copytree(PACKAGE, directory / PACKAGE.name,
                    ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name in FILES:
        shutil.copy(PACKAGE.parent / name, directory)


def build(source, **environment):
    """The wheel built there, opened."""
    run(source, sys.executable, "-m", "pip", "wheel", "--no-deps",
        "--wheel-dir", "wheels", ".", **environment)
    [wheel] = (source / "wheels").iterdir()
    return zipfile.ZipFile(wheel)


class FromGit(base.BaseTestCase):
    """Built in a git checkout, where pbr asks git for files and version."""

    wheel: zipfile.ZipFile

    @staticmethod
    def built_in(source):
        run(source, "git", "init", "--quiet")
        run(source, "git", "add", "--all")
        run(source, "git", *COMMITTER, "commit", "--quiet", "-m", "all")
        return build(source)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = tempfile.TemporaryDirectory(prefix="cube-volpool-")
        cls.addClassCleanup(directory.cleanup)
        source = pathlib.Path(directory.name, "source")
        source.mkdir()
        copy_source(source)
        cls.wheel = cls.built_in(source)
        cls.addClassCleanup(cls.wheel.close)

    def text_of(self, name):
        """A file of the wheel's own metadata."""
        [path] = [path for path in self.wheel.namelist()
                  if path.split("/")[0].endswith(".dist-info")
                  and path.endswith("/" + name)]
        return self.wheel.read(path).decode()

    def test_it_holds_every_module(self):
        """Every Python file of the checkout is there, the tests included."""
        wanted = {str(path.relative_to(PACKAGE.parent))
                  for path in PACKAGE.rglob("*.py")}

        self.assertEqual(set(), wanted - set(self.wheel.namelist()))

    def test_it_holds_the_templates(self):
        """Files that are not Python come along: of migrations, of the page."""
        for path in ("db/migrations/script.py.mako",
                     "status/templates/status.html"):
            self.assertIn(f"cube_volpool/{path}", self.wheel.namelist())

    def test_it_holds_nothing_but_the_package(self):
        """No tools, no caches, no second top-level package."""
        tops = {path.split("/")[0] for path in self.wheel.namelist()}

        self.assertEqual(
            {"cube_volpool"},
            {top for top in tops if not top.endswith(".dist-info")})

    def test_its_programs_and_options_lead_somewhere(self):
        """Each entry point names something that can be called."""
        points = configparser.ConfigParser(delimiters="=")
        points.read_string(self.text_of("entry_points.txt"))

        found = {group: set(points[group]) for group in points.sections()}
        commands = found.pop("cube_volpool.cli")
        for command in ("pool_list", "plan", "volume_hold"):
            self.assertIn(command, commands)
        self.assertEqual(
            {"console_scripts": {"cube-volpool",
                                 "cube-volpool-engine",
                                 "cube-volpool-manage",
                                 "cube-volpool-status"},
             "oslo.config.opts": {"cube_volpool"},
             "oslo.config.opts.defaults": {"cube_volpool"},
             "oslo.policy.enforcer": {"cube_volpool"},
             "oslo.policy.policies": {"cube_volpool"}},
            found)
        for group in points.sections():
            for target in points[group].values():
                self.assertTrue(callable(pkgutil.resolve_name(target)))

    def test_it_asks_for_what_the_service_needs(self):
        """The requirements are those of requirements.txt, each of them."""
        lines = (PACKAGE.parent / "requirements.txt").read_text().splitlines()
        wanted = {line.split("#")[0].strip() for line in lines} - {""}
        metadata = email.message_from_string(self.text_of("METADATA"))
        asked = {line for line in metadata.get_all("Requires-Dist", [])
                 if "extra ==" not in line}

        self.assertEqual(wanted, asked)


class FromFiles(FromGit):
    """Built from a copy without history, with a version given.

    The same facts hold there.
    """

    @staticmethod
    def built_in(source):
        return build(source, PBR_VERSION="1.2.3")

    def test_its_version_is_the_given_one(self):
        """The version in the metadata is what PBR_VERSION said."""
        metadata = email.message_from_string(self.text_of("METADATA"))

        self.assertEqual("1.2.3", metadata["Version"])
