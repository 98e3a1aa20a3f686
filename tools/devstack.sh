#!/bin/bash
# The DevStack plugin under a real DevStack, in a machine of its own: stack.sh,
# the tests of tox -e devstack, unstack.sh, and all of it once more, at last
# clean.sh. About half an hour; wants root, and room for 4 GiB.
#
#   VOLPOOL_DEVSTACK_SOURCES=DIRECTORY tools/devstack.sh
#
# DIRECTORY holds bare git repositories, openstack/NAME.git, of devstack,
# keystone, cinder and requirements; their master is taken. The plugin is what
# is committed here. What stack.sh says is in logs of VOLPOOL_MACHINE_DIR.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$here/.." && pwd)
export VOLPOOL_MACHINE_DIR=${VOLPOOL_MACHINE_DIR:-/var/tmp/cube-volpool-devstack}
for part in servers/process servers/debian machine/machine; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
done
SOURCES=$(cd "${VOLPOOL_DEVSTACK_SOURCES:?names the repositories}" && pwd)
CONF=/etc/cube_volpool/cube_volpool.conf

# In a machine without a volume group or an image service: Cinder's driver for
# tests, which makes nothing but answers.
local_conf() {
    cat <<CONF
[[local|localrc]]
ADMIN_PASSWORD=of-a-test
DATABASE_PASSWORD=of-a-test
RABBIT_PASSWORD=of-a-test
SERVICE_PASSWORD=of-a-test
HOST_IP=$MACHINE_ADDRESS
GIT_BASE=/srv/git
disable_all_services
enable_service key mysql rabbit c-api c-sch c-vol
CINDER_ENABLED_BACKENDS=fake:fake
ENABLE_KSM=False
ENABLE_KSMTUNED=False
MYSQL_GATHER_PERFORMANCE=False
enable_plugin fake_driver /srv/fake_driver HEAD
enable_plugin cube_volpool /srv/cube_volpool HEAD
CONF
}

# What that driver imports, by a plugin beside ours.
fake_driver() {
    mkdir -p "$1/devstack"
    cat >"$1/devstack/plugin.sh" <<'PLUGIN'
if [[ "$1/${2:-}" == "stack/install" ]]; then
    pip_install fixtures testtools ddt oslotest
fi
PLUGIN
    git -C "$1" init --quiet
    git -C "$1" add devstack
    git -C "$1" -c user.name=test -c user.email=test@example.org \
        commit --quiet --message 'What the fake driver imports'
}

# stack COMMAND: as the user who runs DevStack, who may become root.
stack() {
    in_machine su --login stack --command "$1"
}

prepare() {
    local packages=(lsb-release wget curl gcc libc6-dev python3-dev tox)
    {
        in_machine apt-get update &&
            in_machine env DEBIAN_FRONTEND=noninteractive apt-get install -y \
                "${packages[@]}"
    } >"$LOGS/packages.out" 2>&1 || failed_to "install packages" packages
    in_machine useradd --shell /bin/bash --home-dir /opt/stack --create-home stack
    in_machine chmod 755 /opt/stack
    echo 'stack ALL=(ALL) NOPASSWD: ALL' >"$ROOTFS/etc/sudoers.d/stack"
    # The repositories are somebody else's.
    in_machine git config --system safe.directory '*'
    stack 'git clone --quiet /srv/git/openstack/devstack.git devstack'
    local_conf >"$ROOTFS/opt/stack/devstack/local.conf"
}

# phase SCRIPT: of DevStack; with the end of what it said when it fails.
phase() {
    local began=$SECONDS
    stack "cd devstack && ./$1" >"$LOGS/$1.out" 2>&1 </dev/null ||
        failed_to "run $1" "$1" || return
    say "$1 ended well after $((SECONDS - began)) s"
}

tests() {
    in_machine systemctl is-active devstack@cube-volpool-engine
    stack "data/venv/bin/cube-volpool --config-file $CONF pool list"
    stack "set -e
        cd devstack && . ./openrc demo demo >/dev/null
        cd ../cube_volpool && tox -q -e devstack"
}

# Nothing of the plugin may run after unstack.sh.
stopped() {
    local state
    # Its own status is that of the answer: 3 for inactive.
    state=$(in_machine systemctl is-active devstack@cube-volpool-engine) || true
    if [ "$state" != inactive ]; then
        complain "after unstack.sh the daemon is ${state:-nowhere to be asked}"
        return 1
    fi
}

cleaned() {
    local left
    left=$(in_machine find /etc/cube_volpool /opt/stack/data/cube_volpool \
        -maxdepth 0 2>/dev/null) || true
    if [ -n "$left" ] || ! in_machine test -d /etc/systemd; then
        complain "clean.sh left $left"
        return 1
    fi
}

finish_run() {
    [ $? = 0 ] || in_machine journalctl --no-pager >"$LOGS/journal.out" || true
    halt_machine
}

if alive machine; then
    complain "a machine runs in $MACHINE already: another run of this script?"
    exit 1
fi
trap finish_run EXIT
make_machine
fresh_machine
git clone --quiet --bare "$ROOT" "$ROOTFS/srv/cube_volpool"
fake_driver "$ROOTFS/srv/fake_driver"
boot_machine own --bind-ro="$SOURCES:/srv/git"
prepare
for _ in 1 2; do
    phase stack.sh
    tests
    phase unstack.sh
    stopped
done
phase clean.sh
cleaned
say "stack, tests, unstack, twice, and clean: all went well"
