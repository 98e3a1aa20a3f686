#!/bin/bash
# Installs what gives one process a clock of its own, and prints the library
# to preload.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=env.sh
. "$here/env.sh"
# shellcheck source=debian.sh
. "$here/debian.sh"

mkdir -p "$LOGS"
install_packages "$LOGS/apt.log" libfaketime >&2
# The one for programs with threads.
library=$(dpkg -L libfaketime | grep '/libfaketimeMT\.so\.1$') || {
    complain "libfaketime has no library for threads"
    exit 1
}
echo "$library"
