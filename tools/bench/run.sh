#!/bin/bash
# Runs benchmarks, on servers of their own: all that need no lab, or those that
# are named. tools/bench/lab.sh measures on the real lab.
#
#   tools/bench/run.sh [imports] [counts] [hits] [latency] [batch] [lanes]
#                      [growth]
#                      [--short] [--json DIRECTORY] [--check]
#
#   imports   what importing the client costs, beside oslo.messaging
#   counts    statements, commits and calls to Cinder of a hit
#   hits      hits on the simulator, against what they are made of
#   latency   hits with a slow Cinder, against five calls in a row
#   batch     20 claims in one request, against 20 in a row, with a slow Cinder
#   lanes     refill by three lanes, against one, and how busy Cinder was kept
#   growth    idle work, the scan and memory with 100,000 volumes, against
#             1,000 and none; about a quarter of an hour
#
# Only ratios and counts mean something: both sides are measured in turns, on
# a machine that is busy with nothing else. With --check it fails when a target
# is missed.
#
#   PYTHON                  interpreter with the requirements of the tests
#   VOLPOOL_SERVERS_DIR     servers that run already; else new ones, for now
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$here/../.." && pwd)
python=${PYTHON:-$ROOT/.venv/bin/python}
SHORT='' JSON='' CHECK='' NAMES=() code=0
while [ $# -gt 0 ]; do
    case $1 in
    --short) SHORT=yes ;;
    --check) CHECK=yes ;;
    --json) JSON=${2:?names a directory} && mkdir -p "$JSON" && shift ;;
    imports | counts | hits | latency | batch | lanes | growth)
        NAMES+=("$1")
        ;;
    *) sed -n '2,24p' "${BASH_SOURCE[0]}" | cut -c3- >&2 && exit 2 ;;
    esac
    shift
done
[ ${#NAMES[@]} -gt 0 ] ||
    NAMES=(imports counts hits latency batch lanes growth)
declare -A SHORTER=(
    [imports]='--rounds 15'
    [counts]=''
    [hits]='--rounds 20 --together 1 --times 40'
    [latency]='--rounds 5'
    [batch]='--rounds 3'
    [lanes]='--volumes 18'
    [growth]='--volumes 10000 --pools 20 --projects 50 --claims 50 --minutes 2'
)
# shellcheck source=../servers/lent.sh
. "$ROOT/tools/servers/lent.sh"
"$python" -c 'import cube_volpool, fixtures, rich'
lend_servers cube-volpool-bench
# The tools have modules in common.
export PYTHONPATH=$ROOT/tools:$here
for name in "${NAMES[@]}"; do
    options=()
    [ -z "$SHORT" ] || read -ra options <<<"${SHORTER[$name]}"
    [ -z "$JSON" ] || options+=(--json "$JSON/$name.json")
    [ -z "$CHECK" ] || options+=(--check)
    echo "=== $name"
    "$python" -W ignore "$here/$name.py" "${options[@]}" || code=1
done
exit $code
