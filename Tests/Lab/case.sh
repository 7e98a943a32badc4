# shellcheck shell=bash
# What the cases have in common. A case sources this, runs in the guest, ends with `pass`, and leaves
# no device plugged in and no process behind.
#
#   step TEXT              says what is done next
#   figure TEXT            a figure to be reported
#   fail TEXT              ends the case
#   pass                   ends the case well
#   at_end COMMAND         to be run when the case ends, however it ends; the latest first
#   program NAME           prints the path of one of our programs, in $LAB_BIN
#   attend COMMAND…        runs COMMAND, shows its lines, and calls `answer WORDS` for each line
#                          "LAB-WORDS"; `tell TEXT` writes it a line. Returns COMMAND's status. The
#                          lines are in /tmp/attended, the last in $attended_last.
#   driver_of DEVICE       prints what kernel driver holds DEVICE's first interface: usbhid, usbfs, none
set -euo pipefail

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Tests/Lab/gadgets.sh
source "$lab/gadgets.sh"

endings=()
trap run_endings EXIT
run_endings() {
    local status=$? index
    set +e
    for ((index = ${#endings[@]} - 1; index >= 0; index--)); do
        eval "${endings[index]}"
    done
    exit "$status"
}
at_end() { endings+=("$1"); }

step() { echo "- $*"; }
figure() { echo "  figure: $*"; }
fail() {
    echo "  failed: $*" >&2 # not into what a caller may be reading
    exit 1
}
pass() { exit 0; }

program() {
    [[ -n ${LAB_BIN-} ]] || fail "LAB_BIN does not say where our programs are"
    [[ -x $LAB_BIN/$1 ]] || fail "there is no program $LAB_BIN/$1"
    echo "$LAB_BIN/$1"
}

driver_of() {
    local link="/sys/bus/usb/devices/$1:1.0/driver"
    if [[ -L $link ]]; then basename "$(readlink "$link")"; else echo none; fi
}

driver_is() { [[ $(driver_of "$1") == "$2" ]]; }

# A pipe makes the C library keep lines back; stdbuf does not let it.
attend() {
    local line words pid status=0
    coproc attended { exec stdbuf -oL "$@" 2>&1; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$attended_PID
    at_end "kill $pid 2>/dev/null"
    : >/tmp/attended
    exec {attended_output}<&"${attended[0]}" {attended_input}>&"${attended[1]}"
    while IFS= read -r line <&"$attended_output"; do
        printf '  | %s\n' "$line"
        printf '%s\n' "$line" >>/tmp/attended
        case $line in
            LAB-*) read -r -a words <<<"${line#LAB-}" && answer "${words[@]}" ;;
            *) attended_last=$line ;;
        esac
    done
    wait "$pid" || status=$?
    exec {attended_output}<&- {attended_input}>&-
    return "$status"
}
# shellcheck disable=SC2034 # the cases read it
attended_last=

tell() { printf '%s\n' "$1" >&"$attended_input"; }

# Whether all of vhci's ports are: one is free again only some time after its device has gone. 4 is free.
vhci_is_free() {
    ! awk 'FNR > 1 && $3 + 0 != 4 { used = 1 } END { exit !used }' /sys/devices/platform/vhci_hcd.*/status*
}

# usbip_attach BUSID [PORT]: what is just being plugged in at the server may not be there yet.
usbip_attach() {
    wait_for 10 usbip_attach_once "$1" "${2:-3240}"
}
usbip_attach_once() {
    usbip --tcp-port "$2" attach --remote 127.0.0.1 --busid "$1" >/tmp/usbip.attach 2>&1
}

milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }
