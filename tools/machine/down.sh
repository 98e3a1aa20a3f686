#!/bin/bash
# Halts the machine of up.sh, and removes what it wrote. With --wipe, the files
# that the next one would begin with as well.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in servers/process servers/debian machine/machine; do
    # shellcheck source=/dev/null
    . "$here/../$part.sh"
done
halt_machine
[ "${1:-}" != --wipe ] || wipe_machine
