#!/bin/bash
# Makes the pictures of the documents: what cube-volpool prints, and the status
# page, of a daemon with a real broker and database on a simulated Cinder.
# They change each time, for ids and times do; commit those that should.
#
#   PYTHON                  interpreter with the requirements of the tests
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
python=${PYTHON:-$ROOT/.venv/bin/python}
VOLPOOL_SERVERS_DIR=$(mktemp -d "${TMPDIR:-/tmp}/cube-volpool-pictures.XXXXXX")
export VOLPOOL_SERVERS_DIR
# The servers run as users of their own, who must get at their files.
chmod 755 "$VOLPOOL_SERVERS_DIR"
trap 'tools/servers/down.sh --wipe' EXIT
tools/servers/up.sh >/dev/null
# shellcheck source=/dev/null
. "$VOLPOOL_SERVERS_DIR/env"
"$python" -W ignore tools/pictures.py doc/source/_static
