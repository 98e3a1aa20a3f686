#!/bin/bash
# Kills the lab's cinder-volume as a power cut would, or starts it again.
#
#   tools/lab/volume_service.sh kill | start
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=env.sh
. "$here/env.sh"
for part in ../servers/process keystone cinder; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
done

case ${1:-} in
kill) finish cinder-volume 5 KILL ;;
start) start_cinder ;;
*)
    sed -n '4p' "$0" | cut -c3- >&2
    exit 2
    ;;
esac
