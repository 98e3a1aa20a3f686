#!/bin/bash
# Boots a fresh Debian with systemd in a container, with this checkout in
# /srv/cube_volpool: a machine to install on as the documents say. It shares
# this host's network, so the servers of tools/lab are on its loopback.
#
#   tools/machine/up.sh
#   tools/machine/in.sh systemctl status
#   tools/machine/down.sh [--wipe]
#
#   VOLPOOL_MACHINE_DIR     everything of it, /var/tmp/cube-volpool-machine
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$here/../.." && pwd)
for part in servers/process servers/debian machine/machine; do
    # shellcheck source=/dev/null
    . "$here/../$part.sh"
done

# What is committed, with its history for the version, and what is changed.
copy_checkout() {
    local there=$ROOTFS/srv/cube_volpool
    if ! git -C "$ROOT" rev-parse HEAD >/dev/null; then
        complain "$ROOT is no git checkout, which the machine gets a clone of"
        return 1
    fi
    git clone --quiet "$ROOT" "$there"
    git -C "$ROOT" ls-files -z --cached --others --exclude-standard |
        tar -C "$ROOT" --null --files-from=- --ignore-failed-read -c |
        tar -C "$there" -x
}

if alive machine; then
    say "the machine runs already"
    exit
fi
make_machine
fresh_machine
copy_checkout
boot_machine host
say "the machine runs; tools/machine/in.sh is the way in"
