#!/bin/bash
# Runs a command as root in the machine of up.sh.
#
#   tools/machine/in.sh COMMAND [ARGUMENT]...
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in servers/process servers/debian machine/machine; do
    # shellcheck source=/dev/null
    . "$here/../$part.sh"
done
if ! alive machine; then
    complain "the machine does not run; tools/machine/up.sh boots one"
    exit 1
fi
in_machine "$@"
