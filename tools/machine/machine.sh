# shellcheck shell=bash
# A Debian with systemd as its first process, in a container: for what has to
# be installed as an operator installs it. To be sourced after
# servers/process.sh and servers/debian.sh; wants root. Everything of it is
# under MACHINE: what every boot begins with, in base, and the copy that runs,
# in root.
MACHINE=${VOLPOOL_MACHINE_DIR:-/var/tmp/cube-volpool-machine}
# shellcheck disable=SC2034 # process.sh uses it
RUN=$MACHINE/run LOGS=$MACHINE/logs BASE=$MACHINE/base ROOTFS=$MACHINE/root
# Of the network of its own.
MACHINE_HOST=10.77.0.1 MACHINE_ADDRESS=10.77.0.2 MACHINE_NETNS=cube-volpool
# What the machine has beyond the smallest Debian.
MACHINE_PACKAGES=(systemd systemd-sysv dbus libpam-systemd iproute2 procps
    ca-certificates sudo git python3 python3-venv)
# What the host needs for it.
HOST_PACKAGES=(systemd-container debootstrap procps git)

# make_machine: the files, whole or not at all.
make_machine() {
    mkdir -p "$MACHINE" "$RUN" "$LOGS"
    [ ! -d "$BASE" ] || return 0
    install_packages "$LOGS/apt.log" "${HOST_PACKAGES[@]}" || return
    rm -rf "$BASE.part"
    say "making a machine in $MACHINE"
    local suite mirror list
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(mirror)
    list=$(IFS=, && echo "${MACHINE_PACKAGES[*]}")
    debootstrap --variant=minbase --include="$list" "$suite" "$BASE.part" \
        "$mirror" >"$LOGS/debootstrap.out" 2>&1 ||
        failed_to "make a machine" debootstrap || return
    share_sources "$BASE.part"
    echo cube-volpool >"$BASE.part/etc/hostname"
    printf '127.0.0.1 localhost cube-volpool\n' >"$BASE.part/etc/hosts"
    mv "$BASE.part" "$BASE"
}

# mirror: where this host's own Debian comes from.
mirror() {
    local uri
    # The first repository that apt knows; the others may be of one program.
    # shellcheck disable=SC2016 # apt fills that in
    uri=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' \
        'Created-By: Packages' |
        awk '$1 == "Debian" && !/security/ {print $2; exit}')
    # Images for clouds have a list of mirrors there.
    [[ "$uri" != mirror+file:* ]] || uri=$(head -n 1 "${uri#mirror+file:}")
    echo "${uri%%[[:space:]]*}"
}

# share_sources ROOT: packages come from where the host's come from, and in
# the same way: past the same proxy, say.
share_sources() {
    local file
    rm -f "$1/etc/apt/sources.list"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources \
        /etc/apt/mirrors /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || cp --recursive --dereference "$file" "$1$file"
    done
    apt-config dump Acquire | grep -E '^Acquire::(https?::|Check-)' \
        >"$1/etc/apt/apt.conf.d/99host" || true
}

# fresh_machine: nothing of an earlier one.
fresh_machine() {
    rm -rf "$ROOTFS"
    cp -a "$BASE" "$ROOTFS"
}

# boot_machine NETWORK [OPTION...]: until systemd has started all it has to,
# or all but a unit that this kernel has no use for. NETWORK is host, whose
# loopback is then the machine's too, or own: two addresses, and behind them
# the host's. The options are for systemd-nspawn.
boot_machine() {
    local tries=300 network=() names=copy-host
    if [ "$1" = own ]; then
        own_network || return
        network=(--network-namespace-path="/run/netns/$MACHINE_NETNS")
        # A resolver on the host's loopback is out of its reach.
        [ ! -e /run/systemd/resolve/resolv.conf ] || names=copy-uplink
    fi
    shift
    begin machine systemd-nspawn --quiet --register=no --keep-unit --boot \
        --console=pipe --machine=cube-volpool --directory="$ROOTFS" \
        --resolv-conf=$names "${network[@]}" "$@"
    until [[ "$(in_machine systemctl is-system-running 2>&1)" =~ \
        ^(running|degraded)$ ]]; do
        if ! alive machine || [ $((tries--)) -le 0 ]; then
            failed_to "boot the machine" machine
            return
        fi
        sleep 0.2
    done
}

# One at a time has it, by its name; what the host had before is written down
# in RUN, for lose_network.
own_network() {
    local at=(ip -n "$MACHINE_NETNS")
    install_packages "$LOGS/apt.log" iproute2 iptables || return
    cat /proc/sys/net/ipv4/ip_forward >"$RUN/forwarded"
    ip netns add "$MACHINE_NETNS" &&
        ip link add cube-volpool type veth peer name host0 \
            netns "$MACHINE_NETNS" &&
        ip address add "$MACHINE_HOST/24" dev cube-volpool &&
        ip link set cube-volpool up &&
        "${at[@]}" address add "$MACHINE_ADDRESS/24" dev host0 &&
        "${at[@]}" link set host0 up &&
        "${at[@]}" link set lo up &&
        "${at[@]}" route add default via "$MACHINE_HOST" &&
        echo 1 >/proc/sys/net/ipv4/ip_forward &&
        masquerade -A
}

lose_network() {
    [ -e "$RUN/forwarded" ] || return 0
    masquerade -D 2>/dev/null || true
    ip netns delete "$MACHINE_NETNS" 2>/dev/null || true
    ip link delete cube-volpool 2>/dev/null || true
    cat "$RUN/forwarded" >/proc/sys/net/ipv4/ip_forward
    rm "$RUN/forwarded"
}

# masquerade OPERATION: of iptables, on the rule that lets the machine out.
masquerade() {
    iptables -t nat "$1" POSTROUTING -s "$MACHINE_ADDRESS" -j MASQUERADE
}

# in_machine COMMAND...: as root there. What the host tells pip, and of
# proxies, holds.
in_machine() {
    local pid kept=()
    read -r pid _ <"$RUN/machine.pid"
    mapfile -t kept < <(env | grep -E '^(PIP_[A-Z_]+|[a-z]+_proxy)=')
    # The first process there is the only child of systemd-nspawn.
    pid=$(pgrep --parent "$pid" | head -n 1)
    if [ -z "$pid" ]; then
        complain "no machine runs in $MACHINE"
        return 1
    fi
    nsenter --target "$pid" --all env -i "${kept[@]}" TERM=dumb LC_ALL=C.UTF-8 \
        HOME=/root \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "$@"
}

halt_machine() {
    finish machine 60
    lose_network
    rm -rf --one-file-system "$ROOTFS"
}

# wipe_machine: nothing of it is left; nothing else of its directory goes.
wipe_machine() {
    rm -rf --one-file-system "${MACHINE:?}"/{base,base.part,root,run,logs}
    rmdir "$MACHINE" 2>/dev/null || true
}
