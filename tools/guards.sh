#!/bin/bash
# Takes each guard of the protocols away in turn, in a copy, and shows which
# test fails then. A guard that no test misses fails the run.
#
#   tools/guards.sh [WORDS OF A GUARD'S NAME]...
#
# The list is tools/guards/guards.toml. Wants the environment that
# tools/test.sh makes, and for the functional tests the servers of
# tools/servers/up.sh. About half a minute for each guard.
#
#   PYTHON                  the interpreter, that of .venv by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec "${PYTHON:-.venv/bin/python}" -W ignore tools/guards/run.py "$@"
