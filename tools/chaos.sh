#!/bin/bash
# The long form of the chaos tests: nemeses by chance under steady load.
#
#   tools/chaos.sh [--claims N] [--minutes M] [--rate CLAIMS_PER_SECOND]
#                  [--nemesis NAME] [--seed N]
#
# Ends after N claims (10000 unless told) or M minutes (60), whatever comes
# first, with the table of figures; fails when a claim was given twice, to the
# wrong one or not at all, when a volume was lost, or when the throughput did
# not come back by itself. Needs root: a full disk is a tmpfs of its own.
#
#   PYTHON                  interpreter with the requirements of the tests
#   VOLPOOL_SERVERS_DIR     servers that run already; else new ones, for now
#   VOLPOOL_CHAOS_LOGS      folder for the daemons' logs when something is wrong
set -uo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit
case " $* " in
*" --help "* | *" -h "*)
    sed -n '2,15p' tools/chaos.sh | cut -c3-
    exit
    ;;
esac
python=${PYTHON:-$ROOT/.venv/bin/python}
# shellcheck source=servers/lent.sh
. tools/servers/lent.sh
trap 'exit 130' INT TERM HUP
lend_servers cube-volpool-chaos || exit
export VOLPOOL_FIGURES_DIR=$WORK/figures
mkdir "$VOLPOOL_FIGURES_DIR"
code=0
# In the background and waited for, so that a signal is heeded at once.
"$python" -W ignore -m cube_volpool.tests.chaos "$@" &
child=$!
trap 'kill $child; wait $child; exit 130' INT TERM HUP
wait $child || code=$?
"$python" tools/reliability.py "$VOLPOOL_FIGURES_DIR" || code=1
exit $code
