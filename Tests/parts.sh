# shellcheck shell=bash disable=SC2154
# The parts of Tests/run, a function each. Each runs in a shell of its own that ends at the first
# error, in the repository's folder; what it prints is its log. It counts what it tested with `count`,
# and has lines shown with `report`. $root, $tests, $state and $current (the part) are run's.

stand_in=stand-in
stand_in_hotplug=stand-in-hotplug

# What a user's build needs: libusb's headers, and what SwiftPM fetches packages with. The product
# LogindSleep takes libsystemd's headers as well.
using=(libusb-1.0-0-dev pkg-config git ca-certificates)
building=("${using[@]}" libsystemd-dev)
# What the unit tests run beside: USB/IP's client; a message bus, and a logind on it.
referees=(usbip dbus python3-dbusmock)

# The programs a case of the lab runs, beside the kernel's.
declare -A lab_programs=(
    [selftest]=""
    [toaster]="toaster lab-toaster"
    [gadgets]="lab-gadgets"
    [giveback]="keyboard lab-gadgets"
    [keyboard]="keyboard"
    [suspend]="lab-gadgets"
    [samples]="toaster hotplug"
    [sleep]="toaster"
    [conformance]="lab-conformance"
    [usbip]="lab-usbip"
)

count() { echo "$1 $2" >>"$state/$current.counts"; } # passed or failed, NUMBER
report() { printf '%s\n' "$*" >>"$state/$current.report"; }
need() { "$tests/install" "$@"; }

# What Swift Testing tells while it runs, a record a line.
with_events=(--event-stream-version 6.3)

# No warning about a file of ours, or about this package, in the log of a build.
no_warning_of_ours() {
    local own="(^|[^/])($root/)?(Sources|Tests|Samples|Package\.swift)[^ ]*:.*warning:"
    if grep --extended-regexp "$own|warning: '(driver-foundation|$(basename "$root"))'" "$1" | grep --invert-match '/checkouts/'; then
        echo "the build warns of what is ours"
        count failed 1
        return 1
    fi
}

# Swift Testing's lines, "✔ Test name() passed after 0.001 seconds.", one for each test.
count_tests() {
    local log=$1 passed failed
    local test='^[^[:alnum:]]*Test [^r].*|^[^[:alnum:]]*Test r[^u].*' # not the line of the "Test run"
    passed=$(grep --extended-regexp "$test" "$log" | grep --count ' passed after ' || true)
    failed=$(grep --extended-regexp "$test" "$log" | grep --count ' failed after ' || true)
    count passed "$passed"
    count failed "$failed"
    if ((passed + failed == 0)); then
        echo "no test ran"
        return 1
    fi
}

# The lines "case NAME pass", "case NAME fail REASON", "case NAME n/a REASON" of a program of ours.
count_cases() {
    local log=$1 passed failed
    passed=$(grep --count --extended-regexp '^case [^ ]+ pass' "$log" || true)
    failed=$(grep --count --extended-regexp '^case [^ ]+ fail' "$log" || true)
    count passed "$passed"
    count failed "$failed"
    if ((passed + failed == 0)); then
        echo "no case ran"
        return 1
    fi
}

# tested LOG COMMAND…: runs COMMAND, counts what its output says with `counter`, returns its status.
tested() {
    local counter=$1 log=$2 status=0
    shift 2
    "$@" 2>&1 | tee "$log" || status=$?
    "$counter" "$log" || status=1
    return "$status"
}

part_format() {
    local paths=() scripts
    need shellcheck
    for path in Sources Tests Samples Package.swift; do
        if [[ -e $path ]]; then paths+=("$path"); fi
    done
    swift format lint --strict --recursive "${paths[@]}"
    mapfile -t scripts < <(grep --recursive --files-with-matches --max-count=1 \
        --extended-regexp '^(#!.*(bash|busybox sh)|# shellcheck shell=bash)$' "${paths[@]}" .ci)
    shellcheck --severity=warning --external-sources "${scripts[@]}"
    echo "formatted; ${#scripts[@]} scripts checked"
}

part_unit() {
    need "${building[@]}" "${referees[@]}"
    swift build --build-tests 2>&1 | tee "$state/unit.build"
    no_warning_of_ours "$state/unit.build"
    local status=0 tier
    # A run of some tests alone leaves no events: it shows nothing of the rest.
    if (($#)); then
        tested count_tests "$state/unit.tests" swift test --skip-build --disable-xctest "$@" || status=$?
    else
        # What has processes of its own, that live for long, has one of its own: whatever is opened
        # beside them, they inherit.
        run_tests unit --skip LogindSleepTests || status=$?
        run_tests logind --filter LogindSleepTests || status=$?
        cat "$state"/{unit,logind}.stream >"$state/unit.events"
    fi
    for tier in virtual simulated; do # for Tests/conformance-table
        sed -n "s/^$tier: case /case /p" "$state/unit.tests" >"$state/unit.conformance-$tier"
    done
    return "$status"
}

run_tests() { # NAME, and what of all tests
    local name=$1
    shift
    tested count_tests "$state/$name.tests" swift test --skip-build --disable-xctest "$@" \
        "${with_events[@]}" --event-stream-output-path "$state/$name.stream"
}

# Each row of Tests/Coverage/rows.tsv, and the tests that show it. What the other parts left counts as
# long as no source is newer; tests and promises that did not run since are run now.
part_coverage() {
    local logs=() file status=0
    need "${building[@]}" "${referees[@]}"
    swift build --product coverage
    if [[ " $* " != *" --write "* ]]; then
        if ! fresh "$state/unit.events"; then
            swift build --build-tests
            rm -f "$state/unit.events"
            # What fails is told below, where a row needs it, and by the part unit.
            swift test --skip-build --disable-xctest "${with_events[@]}" \
                --event-stream-output-path "$state/unit.events" >"$state/coverage.tests" 2>&1 || true
        fi
        set -- --events "$state/unit.events" "$@"
        if ! fresh "$state/compile.cases"; then
            current=compile part_compile >"$state/coverage.compile" || true
        fi
        for file in "$state"/{compile.cases,standin.*,storm.*,machines.*,lab.output-*}; do
            if [[ -s $file ]] && fresh "$file"; then logs+=(--cases "$file"); fi
        done
    fi
    "$(swift build --show-bin-path)/coverage" "$@" "${logs[@]}" | tee "$state/coverage.rows" || status=$?
    $streamed || sed -n '/^ *done *open/,$p' "$state/coverage.rows" >"$state/coverage.report"
    return "$status"
}

# Whether a file is there, and no source is newer. The list of rows and the page made of it are none.
fresh() {
    [[ -s $1 && -z $(find Package.swift Sources Tests Samples -newer "$1" -type f \
        -not -path 'Tests/Coverage/*.tsv' -not -path 'Tests/External/.build*' -not -name '*.md' -print -quit) ]]
}

# The promises that the compiler keeps.
part_compile() {
    need "${building[@]}"
    swift build --target DriverFoundation
    tested count_cases "$state/compile.cases" Tests/MustNotCompile/check "$(swift build --show-bin-path)/Modules"
}

# What can happen to a device's machines, all of it; MACHINES_DEEP=1 goes further first.
part_machines() {
    local program
    need "${building[@]}"
    swift build --configuration release --product machines
    program=$(swift build --configuration release --show-bin-path)/machines
    if [[ ${1-} == deep || -n ${MACHINES_DEEP-} ]]; then
        tested count_cases "$state/machines.deep" "$program" deep
        if [[ ${1-} == deep ]]; then return; fi
    fi
    tested count_cases "$state/machines.cases" "$program"
}

# Storms of the simulation, each seed twice, on two processors; one that fails is shrunk.
part_storm() {
    local program half failed=0 children=() seeds
    need "${building[@]}"
    swift build --configuration release --product storm
    program=$(swift build --configuration release --show-bin-path)/storm
    if [[ ${1:-} == --* ]]; then
        "$program" "$@"
        return
    fi
    seeds=${1:-${STORM_SEEDS:-5000}}
    "$program" 0 $((seeds / 2)) >"$state/storm.first" 2>&1 &
    children+=($!)
    "$program" $((seeds / 2)) "$seeds" >"$state/storm.second" 2>&1 &
    children+=($!)
    for half in first second; do
        if ! wait "${children[0]}"; then
            failed=1
            grep '^seed ' "$state/storm.$half" | tail -n 1
            "$program" --shrink "$(grep '^seed ' "$state/storm.$half" | tail -n 1 | cut -d ' ' -f 2)" || true
        fi
        children=("${children[@]:1}")
        grep --invert-match --extended-regexp '^(mark|seed) ' "$state/storm.$half" || true
    done
    find_planted "$program" "$seeds" || failed=1
    if ((failed)); then return 1; fi
    count passed "$seeds"
    # Each process prints "mark COUNT NAME" for every race that storms must run into.
    awk '
        $1 == "mark" { name = $0; sub(/^mark [0-9]+ /, "", name); sum[name] += $2 }
        END {
            for (name in sum) printf "%9d  %s\n", sum[name], name | "sort --key=2"
            close("sort --key=2")
            for (name in sum) if (sum[name] == 0) { print "never reached: " name; failed = 1 }
            exit failed
        }
    ' "$state/storm.first" "$state/storm.second"
}

# Each mistake that the framework can be asked to make: one of so many storms must find it.
find_planted() { # PROGRAM SEEDS
    local fault status count
    local failed=0
    while read -r fault; do
        status=0
        # Where it trapped is known; that it did, the shell would say.
        { SWIFT_BACKTRACE=enable=no "$1" --search "$fault" "$2" >"$state/storm.planted"; } 2>"$state/storm.trap" || status=$?
        count=$(tail -n 1 "$state/storm.planted")
        if ((status != 0)) && [[ $count =~ ^[0-9]+$ ]]; then
            echo "planted: $fault: found after $count storms"
            count passed 1
        else
            echo "FAIL planted: $fault: not found by $2 storms (status $status)"
            count failed 1
            failed=1
        fi
    done < <("$1" --faults)
    return "$failed"
}

part_sanitize() {
    # The exploration of the machines is pure, of one thread, and slow under a sanitizer.
    local kind program folder failed=0 scratch
    local filter=(--skip MachinesTests --skip LogindSleepTests)
    # A simulation is of one thread, in which the thread sanitizer has nothing to find: the more seeds
    # are for the other one.
    local -A seeds=([thread]=4 [address]=20)
    need "${building[@]}" "${referees[@]}" umockdev
    if (($#)); then filter=(--filter "$1"); fi
    # The test library itself leaks a little.
    export ASAN_OPTIONS=detect_leaks=0
    for kind in thread address; do
        echo "the $kind sanitizer"
        if [[ $kind == thread ]]; then export SANITIZE_THREAD=1; else unset SANITIZE_THREAD; fi
        export SIMULATION_SEEDS=${seeds[$kind]}
        scratch=("--sanitize=$kind" --scratch-path ".build-$kind")
        swift build "${scratch[@]}" --build-tests
        tested count_tests "$state/sanitize.$kind" \
            swift test "${scratch[@]}" --skip-build --disable-xctest "${filter[@]}" || failed=1
        if (($#)); then continue; fi
        tested count_tests "$state/sanitize.$kind-logind" \
            swift test "${scratch[@]}" --skip-build --disable-xctest --filter LogindSleepTests || failed=1
        folder=$(swift build "${scratch[@]}" --show-bin-path)
        for program in "$stand_in" "$stand_in_hotplug"; do
            tested count_cases "$state/sanitize.$kind-$program" "$folder/$program" || failed=1
        done
    done
    return "$failed"
}

part_standin() {
    local programs=("$stand_in" "$stand_in_hotplug") program folder status=0
    need "${building[@]}" umockdev
    case ${1-} in
        "") ;;
        hotplug-*) programs=("$stand_in_hotplug") ;;
        *) programs=("$stand_in") ;;
    esac
    folder=$(swift build --show-bin-path)
    for program in "${programs[@]}"; do
        swift build --product "$program"
        tested count_cases "$state/standin.$program" "$folder/$program" "$@" || status=1
    done
    return "$status"
}

# The tree as it is, uncommitted changes and all, as a repository with a tag: what a user's package
# resolves and fetches. Tests/External/Package.swift takes both from its environment.
part_external() {
    local work
    need "${using[@]}"
    [[ -f Tests/External/Package.swift ]] || {
        echo "there is no Tests/External/Package.swift"
        return 1
    }
    work=$(mktemp --directory)
    # shellcheck disable=SC2064 # now
    trap "rm -rf '$work'" EXIT
    mkdir "$work/driver-foundation"
    tar --create --exclude='./.build*' --exclude=./.git . | tar --extract --directory "$work/driver-foundation"
    cp -r Tests/External "$work/External"
    git -C "$work/driver-foundation" init --quiet
    git -C "$work/driver-foundation" add --all
    git -C "$work/driver-foundation" -c user.name=tests -c user.email=tests@localhost commit --quiet --message "The tree under test"
    git -C "$work/driver-foundation" tag 0.0.1
    export DRIVER_FOUNDATION_URL="file://$work/driver-foundation" DRIVER_FOUNDATION_VERSION=0.0.1
    swift build --package-path "$work/External" --build-tests 2>&1 | tee "$state/external.build"
    if grep 'warning:' "$state/external.build"; then
        echo "a user's build has warnings"
        return 1
    fi
    tested count_tests "$state/external.tests" swift test --package-path "$work/External" --skip-build --disable-xctest
}

# Each sample plugs in a virtual device and ends by itself. Its output must have the lines that
# Tests/Samples/NAME.expected describes, an extended regular expression each, in that order.
part_samples() {
    local name failed=0 options
    need "${building[@]}"
    for name in $(Samples/run --list); do
        echo "sample $name"
        options=()
        # Builds it: the deadline below is the program's alone.
        if Samples/run "$name" --help >"$state/samples.$name" 2>&1 &&
            if grep --quiet -- '--bus' "$state/samples.$name"; then options=(--bus virtual); fi &&
            timeout --foreground 30 "$(swift build --show-bin-path)/$name" "${options[@]}" \
                >"$state/samples.$name" 2>&1 &&
            has_lines "Tests/Samples/$name.expected" "$state/samples.$name"; then
            count passed 1
        else
            cat "$state/samples.$name"
            echo "the sample $name failed, or prints something else than Tests/Samples/$name.expected"
            count failed 1
            failed=1
        fi
    done
    [[ -s $state/samples.counts ]] || { echo "there is no sample" && return 1; }
    refuses_without_a_toaster || failed=1
    return "$failed"
}

# Over libusb, where no toaster is, it fails within its second and says what can be done.
refuses_without_a_toaster() {
    local log="$state/samples.missing" status=0
    if grep --quiet --line-regexp 7057 /sys/bus/usb/devices/*/idProduct 2>/dev/null; then
        echo "a toaster is plugged in: what the toaster says without one is not tested"
        return
    fi
    echo "sample toaster, without a toaster"
    timeout --foreground 30 "$(swift build --show-bin-path)/toaster" --bus libusb --wait 1 >"$log" 2>&1 || status=$?
    if ((status != 0 && status != 124)) &&
        grep --quiet 'No toaster (1209:7057) came within 1 s\. Plug one in' "$log"; then
        count passed 1
    else
        cat "$log"
        echo "the toaster ended with $status, or does not say what to do without a toaster"
        count failed 1
        return 1
    fi
}

has_lines() { # EXPECTED OUTPUT
    awk '
        FNR == NR { if ($0 !~ /^#|^$/) expected[++count] = $0; next }
        found < count && $0 ~ expected[found + 1] { found++ }
        END { if (found < count) { print "not found: " expected[found + 1]; exit 1 } exit count == 0 }
    ' "$1" "$2"
}

part_lab() {
    local cases=("$@") name product cpus folder failed=0
    if ((${#cases[@]} == 0)); then read -r -a cases <<<"$("$tests/Lab/run-cases" --list)"; fi
    need "${building[@]}" "${referees[@]}" systemd
    "$tests/Lab/setup"
    # A case says itself which program it has not.
    if (($# == 0)); then swift build || echo "not all of the lab's programs can be built"; fi
    for name in "$@"; do
        for product in ${lab_programs[$name]-}; do
            swift build --product "$product" || echo "the lab's program $product cannot be built"
        done
    done
    folder=$(swift build --show-bin-path)
    for cpus in 1 2; do boot_lab "$cpus" "${cases[@]}" || failed=1; done
    report "$(printf '%-14s %-14s %-14s' "lab's case" "1 processor" "2 processors")"
    for name in "${cases[@]}" kernel-log; do
        report "$(printf '%-14s %-14s %-14s' "$name" "$(lab_verdict 1 "$name")" "$(lab_verdict 2 "$name")")"
    done
    return "$failed"
}

boot_lab() { # CPUS CASE…
    local cpus=$1 output="$state/lab.output-$1" status=0 name
    shift
    "$tests/Lab/boot" -s "$cpus" -t 1800 -o "$state/lab-$cpus" \
        "LAB_CPUS=$cpus LAB_BIN=$folder Tests/Lab/run-cases $*" 2>&1 |
        tee "$output" || status=$?
    if "$tests/Lab/kernel-log" "$state/lab-$cpus/kernel.log"; then
        echo "PASS kernel-log" >>"$output"
    else
        echo "FAIL kernel-log" >>"$output"
        echo "what the kernel logged must not be there; all of it: Tests/Lab/kernel-log --print $state/lab-$cpus/kernel.log"
    fi
    # A guest that ended early has left cases without a verdict.
    for name in "$@"; do
        grep --quiet --extended-regexp "^(PASS|FAIL) $name " "$output" || echo "FAIL $name never" >>"$output"
    done
    count passed "$(grep --count '^PASS ' "$output" || true)"
    count failed "$(grep --count '^FAIL ' "$output" || true)"
    if ((status != 0)) || grep --quiet '^FAIL ' "$output"; then return 1; fi
}

lab_verdict() { # CPUS CASE
    awk -v name="$2" '/^(PASS|FAIL) / && $2 == name { print $1, $3, $4 }' "$state/lab.output-$1"
}

part_bench() {
    need "${building[@]}" valgrind strace
    "$tests/Benchmarks/run" "$@" | tee "$state/bench.report"
}
