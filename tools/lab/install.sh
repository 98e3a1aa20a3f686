# shellcheck shell=bash
# Packages and virtual environments of the lab. To be sourced by up.sh.
PACKAGES=(
    rabbitmq-server mariadb-server memcached
    ceph-mon ceph-mgr ceph-osd ceph-common python3-rados python3-rbd
    qemu-utils                   # Cinder asks for its version
    python3-venv python3-dev gcc # uwsgi is built
)

install_lab() {
    local keystone glance cinder
    install_packages "$LOGS/apt.log" "${PACKAGES[@]}"
    install_service keystone 'keystone==30.0.*' pymemcache &
    keystone=$!
    install_service glance 'glance==33.0.*' python-memcached &
    glance=$!
    # The clients are for the seed and for whoever looks round.
    install_service cinder 'cinder==29.0.*' python-memcached \
        python-cinderclient python-keystoneclient &
    cinder=$!
    wait $keystone
    wait $glance
    wait $cinder
    link_ceph "$LAB/venv/cinder"
}

# install_service NAME REQUIREMENT...: an environment that is whole or not
# marked as such. Debian's own Python: Ceph's bindings are built for that one.
install_service() {
    local name=$1 venv=$LAB/venv/$1
    shift
    [ "$(cat "$venv/installed" 2>/dev/null)" != "$*" ] || return 0
    say "installing $name"
    {
        /usr/bin/python3 -m venv "$venv" &&
            "$venv/bin/pip" install "$@" uwsgi pymysql
    } >"$LOGS/install-$name.out" 2>&1 || failed_to "install $name" "install-$name"
    echo "$*" >"$venv/installed"
}

# Just the two bindings: --system-site-packages would bring all of Debian's
# modules in, among them some older than Cinder wants.
link_ceph() {
    local site
    site=$("$1/bin/python" -c 'import sysconfig as s; print(s.get_path("platlib"))')
    ln -sf /usr/lib/python3/dist-packages/{rados,rbd}.cpython-*.so "$site/"
}
