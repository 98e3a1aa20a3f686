#!/bin/bash
# Measures on the real lab, which is brought up if it does not run and is left
# running: all there is, or what is named.
#
#   tools/bench/lab.sh [claim] [batch] [refilling] [refill]
#                      [--short] [--json DIRECTORY] [--check]
#
#   claim      a claim, beside the same calls and beside a direct create
#   batch      20 claims in one request, against 20 in a row
#   refilling  claims while a pool is filled, beside claims while none is
#   refill     how fast a pool of lanes is refilled, beside one of none
#
# Both sides of a ratio are measured in turns. With --check it fails when a
# target is missed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SHORT='' JSON='' CHECK='' NAMES=() code=0
while [ $# -gt 0 ]; do
    case $1 in
    --short) SHORT=yes ;;
    --check) CHECK=yes ;;
    --json) JSON=${2:?names a directory} && mkdir -p "$JSON" && shift ;;
    claim | batch | refilling | refill) NAMES+=("$1") ;;
    *) sed -n '2,15p' "${BASH_SOURCE[0]}" | cut -c3- >&2 && exit 2 ;;
    esac
    shift
done
[ ${#NAMES[@]} -gt 0 ] || NAMES=(claim batch refilling refill)
declare -A SHORTER=(
    [claim]='--rounds 10 --creates 1'
    [batch]='--rounds 1 --size 4'
    [refilling]='--cycles 1 --claims 8 --copies 3'
    [refill]='--turns 1 --volumes 3'
)
# shellcheck source=../lab/ready.sh
. "$here/../lab/ready.sh"
for name in "${NAMES[@]}"; do
    options=()
    [ "$name" != batch ] || options+=(--lab)
    if [ -n "$SHORT" ]; then
        read -ra shorter <<<"${SHORTER[$name]}"
        options+=("${shorter[@]}")
    fi
    [ -z "$JSON" ] || options+=(--json "$JSON/$name.json")
    [ -z "$CHECK" ] || options+=(--check)
    echo "=== $name"
    "$VENV/bin/python" -W ignore "$here/$name.py" "${options[@]}" || code=1
done
exit $code
