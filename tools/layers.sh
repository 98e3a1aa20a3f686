# shellcheck shell=bash
# shellcheck disable=SC2034 # test.sh uses the two tables
# The layers of tests, one function each. To be sourced by test.sh, which
# runs each in a shell of its own, at ROOT, with the environment VENV on PATH.
# A layer leaves "PASSED FAILED SKIPPED" in its totals file; one that leaves
# none has failed.
# The order in which they run: what is quick and finds most comes first.
LAYERS=(lint types docs unit functional scenario contract reliability
    quickstart lab machine)
declare -A ABOUT=(
    [lint]="ruff, hacking, the import rule, shell scripts"
    [types]="mypy, strict"
    [docs]="the documents and release notes, warnings fail"
    [unit]="one part at a time, no server"
    [functional]="with real RabbitMQ, MariaDB and PostgreSQL"
    [scenario]="journeys and races on the simulator"
    [contract]="what Cinder answers, asked of the simulator"
    [reliability]="crashes, errors, chaos, histories; ends with a table"
    [quickstart]="the README's tour, tools/quickstart.sh"
    [lab]="the contract and the service on a real Cinder, tools/lab"
    [machine]="installed by the page on a real systemd, tools/machine"
)

# whole NAME CODE: a layer that counts as one test.
whole() {
    if [ "$2" = 0 ]; then
        echo 1 0 0
    else
        echo "FAILED $1, as told above" >>"$WORK/failures"
        echo 0 1 0
    fi >"$WORK/$1.totals"
}

# suite NAME DIRECTORY [OPTION...]: the tests in DIRECTORY under stestr. Its
# repository is new, so that the totals cannot be an earlier run's.
suite() {
    local name=$1 tests=$2 code=0
    local repository=$WORK/$name.stestr
    shift 2
    mkdir -p "$repository"
    if [ ! -d "$tests" ]; then
        complain "there is no $tests"
        return 1
    fi
    # stestr runs its workers with $PYTHON, whatever itself runs with.
    PYTHON=$VENV/bin/python stestr --repo-url "$repository" --top-dir . \
        --test-path "./$tests" ${BY_CLASS:+--parallel-class} \
        run "$@" || code=$?
    # Any other code means that nothing ran: 100 is an import error.
    if [ "$code" -gt 1 ]; then
        complain "$name: stestr ended with $code, no test ran"
        return 1
    fi
    stestr --repo-url "$repository" last --subunit |
        python tools/totals.py "$WORK/$name.totals" "$WORK/failures" || return
    # A worker that died leaves no failed test behind.
    if [ "$code" = 1 ] && grep -q ' 0 ' "$WORK/$name.totals"; then
        complain "$name: stestr failed though no test did"
        rm "$WORK/$name.totals"
    fi
}

layer_lint() {
    local code=0 scripts
    mapfile -t scripts < <(find tools devstack cube_volpool -name '*.sh' && echo .ci/run)
    ruff check . || code=1
    flake8 cube_volpool tools || code=1
    lint-imports || code=1
    shellcheck -x -P SCRIPTDIR "${scripts[@]}" devstack/settings || code=1
    bashate -e E042 -i E006 "${scripts[@]}" || code=1
    # E005 wants an extension, and DevStack a file without one.
    bashate -e E042 -i E005,E006 devstack/settings || code=1
    whole lint $code
}

layer_types() {
    local code=0
    mypy || code=1
    whole types $code
}

layer_docs() {
    local code=0
    doc8 doc/source README.rst CONTRIBUTING.rst || code=1
    sphinx-build -q -W -b html doc/source "$WORK/html" || code=1
    reno lint || code=1
    whole docs $code
}

layer_unit() {
    suite unit cube_volpool/tests/unit
}

layer_functional() {
    # A wheel is built in a git checkout.
    command -v git >/dev/null ||
        install_packages "$LOGS/apt.log" git || return
    # systemd-analyze rates the unit; nothing of it has to run.
    command -v systemd-analyze >/dev/null ||
        install_packages "$LOGS/apt.log" systemd || return
    # promtool checks the rules; nothing of it has to run.
    command -v promtool >/dev/null ||
        install_packages "$LOGS/apt.log" prometheus || return
    # The status page is looked at with a browser.
    command -v chromium >/dev/null ||
        install_packages "$LOGS/apt.log" chromium || return
    start_servers || return
    # shellcheck source=/dev/null
    . "$VOLPOOL_SERVERS_DIR/env"
    # Daemons of two tests at a time would take each other's claims: the
    # broker is one, and so is the topic.
    OS_TEST_TIMEOUT=180 suite functional cube_volpool/tests/functional \
        --worker-file tools/functional.yaml
}

layer_scenario() {
    OS_TEST_TIMEOUT=180 suite scenario cube_volpool/tests/scenario
}

# Ends with the table of what was counted; a figure that falls short fails.
# Chaos runs by itself: it measures how fast the daemons are again.
layer_reliability() {
    local code=0
    export VOLPOOL_FIGURES_DIR=$WORK/figures
    mkdir -p "$VOLPOOL_FIGURES_DIR"
    start_servers || return
    # shellcheck source=/dev/null
    . "$VOLPOOL_SERVERS_DIR/env"
    export OS_TEST_TIMEOUT=900
    BY_CLASS=yes suite sweeps cube_volpool/tests/reliability || code=1
    suite chaos cube_volpool/tests/chaos --serial || code=1
    [ $code = 0 ] || return
    if ! python tools/reliability.py "$VOLPOOL_FIGURES_DIR" \
        >"$WORK/reliability.table"; then
        code=1
        grep FAILED "$WORK/reliability.table" >>"$WORK/failures"
    fi
    cat "$WORK/reliability.table"
    paste -d' ' "$WORK/sweeps.totals" "$WORK/chaos.totals" |
        awk -v code=$code '{print $1 + $4, $2 + $5 + code, $3 + $6}' \
            >"$WORK/reliability.totals"
}

layer_contract() {
    suite contract cube_volpool/tests/contract
}

layer_quickstart() {
    local code=0
    tools/quickstart.sh || code=1
    whole quickstart $code
}

# As an operator installs it: on a machine of its own, beside the lab's cloud.
layer_machine() {
    start_lab "$VOLPOOL_LAB_DIR" || return
    # On one that runs somebody installs, or the page was followed already.
    if tools/machine/in.sh true 2>/dev/null; then
        complain "a machine runs in $VOLPOOL_MACHINE_DIR; a fresh one is" \
            "needed: tools/machine/down.sh"
        return 1
    fi
    [ -d "$VOLPOOL_MACHINE_DIR/base" ] || touch "$WORK/machine.new"
    touch "$WORK/machine.mine"
    tools/machine/up.sh || return
    export VOLPOOL_LAB_DIR OS_TEST_TIMEOUT=300
    suite machine cube_volpool/tests/machine --serial
}

# One test at a time: they share one small cloud, and some measure it.
layer_lab() {
    local code=0
    start_lab "$VOLPOOL_LAB_DIR" || return
    export VOLPOOL_LAB_DIR VOLPOOL_CONTRACT_AUTH_URL OS_TEST_TIMEOUT=900
    # shellcheck source=lab/env.sh
    VOLPOOL_CONTRACT_AUTH_URL=$(. tools/lab/env.sh && echo "$OS_AUTH_URL")
    suite lab-contract cube_volpool/tests/contract --serial || code=1
    suite lab-service cube_volpool/tests/integration --serial || code=1
    [ $code = 0 ] || return
    paste -d' ' "$WORK/lab-contract.totals" "$WORK/lab-service.totals" |
        awk '{print $1 + $4, $2 + $5, $3 + $6}' >"$WORK/lab.totals"
}

# What is started for the tests is marked in WORK, and stopped by test.sh at
# its end, whatever that is. What ran before is used and left alone.
start_servers() {
    # shellcheck source=servers/env.sh
    if (. tools/servers/env.sh && alive rabbitmq && alive mariadb &&
        alive postgresql); then
        return
    fi
    touch "$WORK/servers.mine"
    tools/servers/up.sh
}

# shellcheck source=lab/env.sh
lab_runs() (. tools/lab/env.sh && alive cinder-api)

start_lab() {
    local lab=$1
    if lab_runs; then
        say "the lab in $lab runs already and will be left so"
    elif [ -e "$lab/lab.json" ]; then
        touch "$WORK/lab.mine"
    else
        touch "$WORK/lab.mine" "$WORK/lab.new"
    fi
    tools/lab/up.sh
}

stop_all() {
    local code=0
    [ ! -e "$WORK/servers.mine" ] || tools/servers/down.sh --wipe || code=1
    if [ -e "$WORK/machine.new" ]; then
        tools/machine/down.sh --wipe || code=1
    elif [ -e "$WORK/machine.mine" ]; then
        tools/machine/down.sh || code=1
    fi
    if [ -e "$WORK/lab.new" ]; then
        tools/lab/down.sh --wipe || code=1
    elif [ -e "$WORK/lab.mine" ]; then
        tools/lab/down.sh || code=1
    fi
    return $code
}
