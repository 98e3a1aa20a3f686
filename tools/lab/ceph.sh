# shellcheck shell=bash
# One monitor, one manager, one OSD. To be sourced by up.sh.
# One OSD and not more: with two, the fuller one ends the room.
OSD=$LAB/ceph/osd.0

start_ceph() {
    mkdir -p "$LAB/ceph" "$RUN/ceph"
    ceph_monitor
    begin ceph-mgr ceph-mgr -c "$CEPH_CONF" -f -i x
    ceph_osd
    ceph_pool
}

ceph_monitor() {
    local keyring=$ETC/ceph.keyring address fsid
    address="[v2:127.0.0.1:$MON_PORT/0,v1:127.0.0.1:$MON_V1_PORT/0]"
    if [ ! -s "$LAB/ceph/mon.a/made" ]; then
        rm -rf "$LAB/ceph/mon.a" "$keyring"
        mkdir -p "$LAB/ceph/mgr.x"
        fsid=$(</proc/sys/kernel/random/uuid)
        ceph_configuration "$fsid" "$address" >"$CEPH_CONF"
        {
            ceph_keys "$keyring" &&
                monmaptool --create --clobber --addv a "$address" \
                    --fsid "$fsid" "$LAB/ceph/monmap" &&
                ceph-mon -c "$CEPH_CONF" --mkfs -i a \
                    --monmap "$LAB/ceph/monmap" --keyring "$keyring"
        } >"$LOGS/ceph-mon-mkfs.out" 2>&1 ||
            failed_to "make a monitor" ceph-mon-mkfs
        echo yes >"$LAB/ceph/mon.a/made"
    fi
    claim_port "$MON_PORT" ceph-mon
    begin ceph-mon ceph-mon -c "$CEPH_CONF" -f -i a
    await_port "$MON_V1_PORT" ceph-mon
}

ceph_keys() {
    ceph-authtool -C "$1" --gen-key -n mon. --cap mon 'allow *'
    ceph-authtool "$1" --gen-key -n client.admin --cap mon 'allow *' \
        --cap osd 'allow *' --cap mgr 'allow *'
    ceph-authtool "$1" --gen-key -n mgr.x --cap mon 'allow profile mgr' \
        --cap osd 'allow *'
    ceph-authtool "$1" --gen-key -n client.cinder --cap mon 'profile rbd' \
        --cap osd 'profile rbd pool=volumes' \
        --cap mgr 'profile rbd pool=volumes'
    ceph-authtool "$1" --gen-key -n osd.0 --cap mon 'allow profile osd' \
        --cap mgr 'allow profile osd' --cap osd 'allow *'
}

ceph_configuration() {
    cat <<CONF
[global]
fsid = $1
mon_initial_members = a
mon_host = $2
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
keyring = $ETC/ceph.keyring
run_dir = $RUN/ceph
admin_socket = $RUN/ceph/\$name.\$pid.asok
log_file = $LOGS/\$name.log
crash_dir = $LOGS
mon_data = $LAB/ceph/mon.\$id
mgr_data = $LAB/ceph/mgr.\$id
osd_data = $LAB/ceph/osd.\$id
# one copy, and no complaint about it
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
osd_crush_chooseleaf_type = 0
# The file behind the OSD takes fresh blocks before freed ones, so it grows to
# its full size whatever is deleted: better all of it at once, or a full disk
# comes as a surprise in the middle of a test.
bluestore_block_create = true
bluestore_block_preallocate_file = true
# the OSD may be filled further than one that must move data about
mon_osd_nearfull_ratio = .94
mon_osd_backfillfull_ratio = .95
mon_osd_full_ratio = .96
osd_failsafe_full_ratio = .98
osd_memory_target = 1610612736
# the monitor's opinion of a disk that others fill too
mon_data_avail_warn = 2
mon_data_avail_crit = 1
CONF
}

ceph_osd() {
    local want=$((OSD_GIB << 30)) make=grow_osd
    alive ceph-osd && return
    if [ ! -s "$OSD/made" ]; then
        rm -rf "$OSD"
        make=make_osd
    fi
    if [ "$(osd_size)" -lt "$want" ]; then
        $make "$want" >>"$LOGS/$make.out" 2>&1 ||
            failed_to "make the OSD so large" $make
    fi
    begin ceph-osd ceph-osd -c "$CEPH_CONF" -f -i 0
}

osd_size() {
    stat -c %s "$OSD/block" 2>/dev/null || echo 0
}

# check_room: may the OSD take what it still lacks of the disk?
check_room() {
    local lacks free
    # Only one that starts is made larger.
    ! alive ceph-osd || return 0
    lacks=$((OSD_GIB - ($(osd_size) >> 30)))
    free=$(($(df --output=avail -B1 "$LAB" | tail -n 1) >> 30))
    if [ $lacks -gt 0 ] && [ $((free - lacks)) -lt "$SPARE_GIB" ]; then
        complain "the OSD's file wants $lacks GiB more; $LAB has $free GiB" \
            "and must keep $SPARE_GIB; set VOLPOOL_LAB_OSD_GIB to less"
        return 1
    fi
}

make_osd() {
    local uuid=$LAB/ceph/osd.0.uuid
    mkdir -p "$OSD"
    # Kept, so that a run after one that was cut short names the same OSD.
    [ -s "$uuid" ] || cat /proc/sys/kernel/random/uuid >"$uuid"
    ceph osd new "$(<"$uuid")" 0 &&
        ceph-osd -c "$CEPH_CONF" -i 0 --mkfs --osd-uuid "$(<"$uuid")" \
            --bluestore-block-size "$1" &&
        ceph osd crush add osd.0 1.0 host=lab root=default &&
        echo yes >"$OSD/made"
}

grow_osd() {
    fallocate -l "$1" "$OSD/block" &&
        ceph-bluestore-tool bluefs-bdev-expand --path "$OSD"
}

# The monitor's word is not enough: it knows of a crash only after a while.
osd_serves() {
    local pid
    read -r pid _ <"$RUN/ceph-osd.pid"
    ceph --admin-daemon "$RUN/ceph/osd.0.$pid.asok" status 2>/dev/null |
        grep -q '"state": "active"'
}

ceph_pool() {
    local tries=60
    until osd_serves; do
        [ $((tries--)) -gt 0 ] || failed_to "see the OSD come up" ceph-osd
        alive ceph-osd || failed_to "start the OSD" ceph-osd
        sleep 1
    done
    if ! ceph osd pool ls | grep -qx volumes; then
        {
            ceph osd pool create volumes 32 32 &&
                ceph osd pool set volumes size 1 --yes-i-really-mean-it &&
                rbd pool init volumes
        } >"$LOGS/ceph-pool.out" 2>&1 || failed_to "make a pool" ceph-pool
    fi
    say "$(ceph --version | cut -d' ' -f1-3) $(ceph health)"
}

stop_ceph() {
    finish ceph-osd
    finish ceph-mgr
    finish ceph-mon
}
