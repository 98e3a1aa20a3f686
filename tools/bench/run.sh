#!/bin/bash
# Runs benchmarks, on servers of their own: all that need no lab, or those that
# are named. tools/bench/claim.sh measures a claim on the real lab.
#
#   tools/bench/run.sh [imports] [counts] [hits] [latency]
#                      [--short] [--json DIRECTORY]
#
#   imports   what importing the client costs, beside oslo.messaging
#   counts    statements, commits and calls to Cinder of a hit
#   hits      hits on the simulator, against what they are made of
#   latency   hits with a slow Cinder, against five calls in a row
#
# Only ratios and counts mean something: both sides are measured in turns, on
# a machine that is busy with nothing else.
#
#   PYTHON                  interpreter with the requirements of the tests
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$here/../.." && pwd)
python=${PYTHON:-$ROOT/.venv/bin/python}
SHORT='' JSON='' NAMES=()
while [ $# -gt 0 ]; do
    case $1 in
    --short) SHORT=yes ;;
    --json) JSON=${2:?names a directory} && mkdir -p "$JSON" && shift ;;
    imports | counts | hits | latency) NAMES+=("$1") ;;
    *) sed -n '2,16p' "${BASH_SOURCE[0]}" | cut -c3- >&2 && exit 2 ;;
    esac
    shift
done
[ ${#NAMES[@]} -gt 0 ] || NAMES=(imports counts hits latency)
declare -A SHORTER=(
    [imports]='--rounds 5'
    [counts]=''
    [hits]='--rounds 20 --together 1 --times 40'
    [latency]='--rounds 5'
)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/cube-volpool-bench.XXXXXX")
# The servers run as users of their own, who must get at their files.
chmod 755 "$WORK"

# shellcheck disable=SC2317,SC2329 # the trap calls it
leave() {
    [ ! -e "$WORK/mine" ] || "$ROOT/tools/servers/down.sh" --wipe
    rm -rf "$WORK"
}
trap leave EXIT

if [ -z "${VOLPOOL_TEST_AMQP_URL:-}" ]; then
    export VOLPOOL_SERVERS_DIR=$WORK/servers
    touch "$WORK/mine"
    "$ROOT/tools/servers/up.sh" >/dev/null
    # shellcheck source=/dev/null
    . "$VOLPOOL_SERVERS_DIR/env"
fi
# The tools have modules in common.
export PYTHONPATH=$ROOT/tools:$here
for name in "${NAMES[@]}"; do
    options=()
    [ -z "$SHORT" ] || read -ra options <<<"${SHORTER[$name]}"
    [ -z "$JSON" ] || options+=(--json "$JSON/$name.json")
    echo "=== $name"
    "$python" -W ignore "$here/$name.py" "${options[@]}"
done
