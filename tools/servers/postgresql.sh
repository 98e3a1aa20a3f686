# shellcheck shell=bash
# One PostgreSQL of our own. To be sourced after process.sh.

# postgresql_programs: the directory of the newest server installed. Debian
# keeps it off PATH, other systems do not.
postgresql_programs() {
    local found
    found=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null |
        sort -V | tail -n 1)
    found=${found:-$(command -v initdb)} || return 1
    dirname "$found"
}

# start_postgresql DIRECTORY PORT USER PASSWORD: the server; USER is its
# superuser and has a database of the same name. With TLS, a directory of
# make_certificates, clients may ask for TLS.
start_postgresql() {
    local dir=$1 port=$2 user=$3 password=$4 programs tls=()
    alive postgresql && return
    claim_port "$port" postgresql
    programs=$(postgresql_programs) || {
        complain "there is no PostgreSQL server here"
        return 1
    }
    if [ -n "${TLS:-}" ]; then
        # It takes no key that others may read.
        install -D -m 600 "$TLS/server.key" "$dir/server.key"
        tls=(-c ssl=on -c ssl_cert_file="$TLS/server.pem"
            -c ssl_key_file="$dir/server.key")
    fi
    own_by postgres "$dir"
    if [ ! -s "$dir/data/PG_VERSION" ]; then
        echo "$password" >"$dir/password"
        chmod 644 "$dir/password"
        as_user postgres "$programs/initdb" -D "$dir/data" -U "$user" \
            --pwfile="$dir/password" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 \
            >>"$LOGS/postgresql-initdb.out" 2>&1 ||
            failed_to "make a PostgreSQL" postgresql-initdb
        # The one thing initdb cannot do: a database named as its user, where
        # a client looks that names none.
        echo "CREATE DATABASE $user;" |
            as_user postgres "$programs/postgres" --single -D "$dir/data" \
                postgres >>"$LOGS/postgresql-initdb.out" 2>&1 ||
            failed_to "make a database" postgresql-initdb
    fi
    # No socket file: its name could be too long, and nobody needs it. A test
    # database may lose its last second in a power cut.
    begin_as postgres postgresql "$programs/postgres" -D "$dir/data" \
        -c port="$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c max_connections=300 \
        "${tls[@]}" -c fsync=off -c synchronous_commit=off -c full_page_writes=off
    await_port "$port" postgresql
}
