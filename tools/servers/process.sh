# shellcheck shell=bash
# Processes of our own, started and ended by pid. To be sourced; wants in RUN
# a directory for pid files and in LOGS one for output.

say() {
    printf '%(%T)T %s\n' -1 "$*"
}

# alive NAME: does the process that begin started still run? A pid alone may
# have gone to somebody else since, after a reboot for instance, so the time
# the process began is compared too.
alive() {
    local file=$RUN/$1.pid pid began
    [ -s "$file" ] || return 1
    read -r pid began <"$file"
    [ "$(began_at "$pid")" = "$began" ]
}

# began_at PID: when the process began, in clock ticks since the boot and with
# the boot's name; nothing when there is none or it is a zombie.
began_at() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    # The second field, the name, may hold blanks and brackets itself.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$1" = Z ] || echo "${20}@$(</proc/sys/kernel/random/boot_id)"
}

# begin NAME COMMAND...: a process that outlives this shell, leader of a
# session and a process group of its own.
begin() {
    local name=$1 pid
    shift
    if alive "$name"; then
        say "$name runs already"
        return
    fi
    setsid "$@" >>"$LOGS/$name.out" 2>&1 </dev/null &
    pid=$!
    echo "$pid $(began_at "$pid")" >"$RUN/$name.pid"
    disown "$pid"
    say "$name started, pid $pid"
}

# finish NAME [SECONDS [SIGNAL]]: end what begin started, and then its process group: a
# worker may outlive its parent (cinder-volume in the middle of a flatten).
finish() {
    local file=$RUN/$1.pid pid began tries
    tries=$((${2:-30} * 10))
    [ -s "$file" ] || return 0
    read -r pid began <"$file"
    if alive "$1"; then
        # It may end by itself between these two lines.
        kill -s "${3:-TERM}" "$pid" 2>/dev/null || true
        while alive "$1" && [ $((tries--)) -gt 0 ]; do
            sleep 0.1
        done
        end_group "$pid"
        say "$1 stopped"
    elif ended_since_boot "$pid" "$began"; then
        # The leader died by itself. Its group, if any, still bears its
        # number, and the kernel gives that to nobody while it does.
        end_group "$pid"
    fi
    rm -f "$file"
}

# end_group PID: kill what is left of a process group, and wait until it is
# gone: whoever still writes would bring back what is about to be removed. A
# zombie, whose parent is not ours, is not waited for longer than that.
end_group() {
    local tries=50
    kill -KILL -- "-$1" 2>/dev/null || return 0
    while kill -0 -- "-$1" 2>/dev/null && [ $((tries--)) -gt 0 ]; do
        sleep 0.1
    done
}

ended_since_boot() {
    [ "${2#*@}" = "$(</proc/sys/kernel/random/boot_id)" ] && [ ! -e "/proc/$1" ]
}

# port_open PORT: does somebody listen there on loopback?
port_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# await_port PORT NAME [SECONDS]: until NAME listens; not when it has died.
await_port() {
    local tries
    tries=$((${3:-60} * 5))
    until port_open "$1"; do
        if ! alive "$2"; then
            failed_to "start $2" "$2"
            return
        fi
        if [ $((tries--)) -le 0 ]; then
            failed_to "see $2 listen on port $1" "$2"
            return
        fi
        sleep 0.2
    done
}

# claim_port PORT NAME: fails when another than NAME listens there.
claim_port() {
    if ! alive "$2" && port_open "$1"; then
        complain "port $1, meant for $2, is taken by somebody else"
        return 1
    fi
}

complain() {
    say "$*" >&2
}

# failed_to WHAT NAME: says so with the end of NAME's output, and fails.
failed_to() {
    complain "could not $1; the end of $LOGS/$2.out:"
    tail -n 15 "$LOGS/$2.out" >&2
    return 1
}

# as_user USER COMMAND...: as USER when we are root, for servers that refuse
# root; else as ourselves. From /, for USER may not be allowed where we are.
as_user() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        set -- setpriv --reuid="$user" --regid="$user" --init-groups -- "$@"
    fi
    (cd / && "$@")
}

# begin_as USER NAME COMMAND...: begin, as as_user. setpriv turns into the
# command instead of watching over it, so the pid is the command's own.
begin_as() {
    local user=$1 name=$2
    shift 2
    if [ "$(id -u)" = 0 ]; then
        set -- setpriv --reuid="$user" --regid="$user" --init-groups -- "$@"
    fi
    begin "$name" env -C / "$@"
}

# own_by USER DIRECTORY...: made, USER's when we are root, and reachable.
own_by() {
    local user=$1 directory
    shift
    mkdir -p "$@"
    [ "$(id -u)" = 0 ] || return 0
    chown -R "$user:" "$@"
    for directory; do
        if ! as_user "$user" test -w "$directory"; then
            complain "the user $user cannot reach $directory"
            return 1
        fi
    done
}
