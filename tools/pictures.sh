#!/bin/bash
# Makes the pictures of the documents: what cube-volpool prints, and the status
# page, of a daemon with a real broker and database on a simulated Cinder.
# They change each time, for ids and times do; commit those that should.
#
#   PYTHON                  interpreter with the requirements of the tests
#   VOLPOOL_SERVERS_DIR     servers that run already; else new ones, for now
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
# shellcheck source=servers/lent.sh
. tools/servers/lent.sh
python=${PYTHON:-$ROOT/.venv/bin/python}
"$python" -c 'import cube_volpool, fixtures, rich'
lend_servers cube-volpool-pictures
"$python" -W ignore tools/pictures.py doc/source/_static
