#!/bin/bash
# A tour in two minutes, without root, services or a cloud: a simulated
# Keystone and Cinder on a loopback socket, the daemon on SQLite, two pools
# that fill, 20 claims. Fails when a claim does not come as it should.
#
#   PYTHON                  interpreter, 3.11 or later
#   VOLPOOL_QUICKSTART_VENV the environment that is made for it and kept,
#                           .venv-quickstart of this checkout by default
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=${VOLPOOL_QUICKSTART_VENV:-$ROOT/.venv-quickstart}
for part in servers/process servers/debian environment; do
    # shellcheck source=/dev/null
    . "$ROOT/tools/$part.sh"
done
LOGS=$(mktemp -d "${TMPDIR:-/tmp}/cube-volpool-quickstart.XXXXXX")
trap 'rm -rf "$LOGS"' EXIT
make_environment "$VENV" "$ROOT" "$ROOT/tools/quickstart/requirements.txt"
# It is nothing of the checkout's.
echo '*' >"$VENV/.gitignore"
PYTHONPATH=$ROOT/tools "$VENV/bin/python" -W ignore \
    "$ROOT/tools/quickstart/tour.py"
