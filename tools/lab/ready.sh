# shellcheck shell=bash
# A lab that runs, and in VENV the environment of the checkout with what its
# tests need. To be sourced by what then uses both.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
path=$PATH
# shellcheck source=env.sh
. "$ROOT/tools/lab/env.sh"
# Not the lab's own Python.
PATH=$path
for part in servers/process servers/debian environment; do
    # shellcheck source=/dev/null
    . "$ROOT/tools/$part.sh"
done
VENV=${VOLPOOL_VENV:-$ROOT/.venv}
alive cinder-api || "$ROOT/tools/lab/up.sh"
make_environment "$VENV" "$ROOT" "$ROOT/test-requirements.txt"
# The tools have modules in common.
export PYTHONPATH=$ROOT/tools${PYTHONPATH:+:$PYTHONPATH}
