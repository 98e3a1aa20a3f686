# shellcheck shell=bash
# A virtual environment with this project in it. To be sourced after
# servers/process.sh and servers/debian.sh; wants a directory in LOGS.

# find_python: sets PYTHON to one of 3.11 or later that can make an
# environment, installed if need be.
find_python() {
    PYTHON=${PYTHON:-$(command -v python3 || echo python3)}
    if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        install_packages "$LOGS/apt.log" python3 python3-venv
        hash -r
    fi
    if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        2>/dev/null; then
        complain "$PYTHON is not Python 3.11 or later; set PYTHON"
        return 1
    fi
}

# make_environment VENV ROOT REQUIREMENTS...: an environment in VENV with the
# checkout ROOT, editable, and what the files name. Quick when nothing of that
# has changed since.
make_environment() {
    local venv=$1 root=$2 stamp options=() file
    shift 2
    [ -x "$venv/bin/python" ] || find_python || return
    stamp=$(cat "$root/pyproject.toml" "$root/requirements.txt" "$@" |
        cksum)-$root
    [ "$(cat "$venv/installed" 2>/dev/null)" != "$stamp" ] || return 0
    for file; do
        options+=(-r "$file")
    done
    say "installing into $venv"
    fill_environment "$venv" "$root" "${options[@]}" \
        >"$LOGS/install.out" 2>&1 || failed_to "fill $venv" install || return
    echo "$stamp" >"$venv/installed"
}

fill_environment() {
    local venv=$1 root=$2
    shift 2
    # The version comes from git; a copy without it must be told one.
    if ! git -C "$root" rev-parse HEAD >/dev/null 2>&1; then
        export PBR_VERSION=${PBR_VERSION:-0.0.1.dev0}
    fi
    [ -x "$venv/bin/python" ] || "$PYTHON" -m venv "$venv" &&
        "$venv/bin/python" -m pip install --disable-pip-version-check \
            -e "$root" "$@"
}
