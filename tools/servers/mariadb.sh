# shellcheck shell=bash
# One MariaDB of our own. To be sourced after process.sh.

# start_mariadb DIRECTORY PORT SQL [OPTION...]: the server, all its files in
# DIRECTORY. SQL is a file of one statement a line, run at every start before
# the port opens: nobody has to log in as root, whoever that is.
start_mariadb() {
    local dir=$1 port=$2 sql=$3
    shift 3
    alive mariadb && return
    claim_port "$port" mariadb
    if [ ${#dir} -gt 95 ]; then
        complain "a socket in $dir would have too long a name"
        return 1
    fi
    own_by mysql "$dir"
    cat >"$dir/my.cnf" <<CONF
[mariadbd]
datadir = $dir/data
socket = $dir/mariadbd.sock
pid-file = $dir/mariadbd.pid
bind-address = 127.0.0.1
port = $port
skip-name-resolve
max_connections = 600
character-set-server = utf8mb4
init-file = $sql
CONF
    printf '%s\n' "$@" >>"$dir/my.cnf"
    if [ ! -d "$dir/data/mysql" ]; then
        as_user mysql mariadb-install-db --defaults-file="$dir/my.cnf" \
            --auth-root-authentication-method=normal --skip-test-db \
            >>"$LOGS/mariadb-install.out" 2>&1 ||
            failed_to "make a MariaDB" mariadb-install
    fi
    begin_as mysql mariadb /usr/sbin/mariadbd --defaults-file="$dir/my.cnf"
    await_port "$port" mariadb
}
