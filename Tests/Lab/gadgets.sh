# shellcheck shell=bash
# Gadgets: USB devices made of kernel parts, plugged into the lab's own ports. Source this in the guest.
#
#   gadget_source_sink NAME VENDOR PRODUCT [BUFFER]   bulk IN sends zeroes, bulk OUT takes anything
#   gadget_loopback NAME VENDOR PRODUCT [BUFFER]      bulk IN sends what came by bulk OUT
#   gadget_keyboard NAME VENDOR PRODUCT               a boot keyboard; write its reports to /dev/hidg0
#   gadget_plug NAME [CONTROLLER]                     CONTROLLER: dummy_udc.0 (if not given),
#                                                     dummy_udc.1 or .2, usbip-vudc.0
#   gadget_unplug NAME                                pulls it, whatever is in flight
#   gadget_remove NAME                                takes it apart, unplugged or not
#   wait_for_device VENDOR PRODUCT                    until it is configured; prints its name (1-1)
#   wait_for_absence VENDOR PRODUCT                   until it has gone
#   device_named VENDOR PRODUCT                       prints its name now, or fails
#
# VENDOR and PRODUCT are four lower-case hexadecimal digits. The bulk endpoints are 0x81 and 0x02 on the
# dummy controllers. Every wait ends after ten seconds.

gadgets=/sys/kernel/config/usb_gadget

gadget_make() {
    local gadget="$gadgets/$1"
    mkdir "$gadget" "$gadget/strings/0x409" "$gadget/configs/c.1" "$gadget/configs/c.1/strings/0x409"
    echo "0x$2" >"$gadget/idVendor"
    echo "0x$3" >"$gadget/idProduct"
    echo 0x0200 >"$gadget/bcdUSB"
    echo "Driver Foundation" >"$gadget/strings/0x409/manufacturer"
    echo "$1" >"$gadget/strings/0x409/product"
    echo "LAB-0001" >"$gadget/strings/0x409/serialnumber"
    echo "$1" >"$gadget/configs/c.1/strings/0x409/configuration"
    echo 100 >"$gadget/configs/c.1/MaxPower"
}

gadget_link() {
    ln -s "$gadgets/$1/functions/$2" "$gadgets/$1/configs/c.1/"
}

gadget_source_sink() {
    local function="$gadgets/$1/functions/SourceSink.$1"
    gadget_make "$1" "$2" "$3"
    mkdir "$function"
    echo "${4:-4096}" >"$function/bulk_buflen"
    echo 0 >"$function/pattern" # zeroes, and no check of what comes
    gadget_link "$1" "SourceSink.$1"
}

gadget_loopback() {
    local function="$gadgets/$1/functions/Loopback.$1"
    gadget_make "$1" "$2" "$3"
    mkdir "$function"
    echo "${4:-4096}" >"$function/bulk_buflen"
    gadget_link "$1" "Loopback.$1"
}

gadget_keyboard() {
    local function="$gadgets/$1/functions/hid.$1"
    gadget_make "$1" "$2" "$3"
    mkdir "$function"
    echo 1 >"$function/subclass" # boot interface
    echo 1 >"$function/protocol" # keyboard
    echo 8 >"$function/report_length"
    boot_keyboard_report_descriptor >"$function/report_desc"
    gadget_link "$1" "hid.$1"
}

# The boot keyboard's report: a byte of modifiers, a byte unused, six keys; five lamps the other way
# (HID 1.11, appendix B.1). One write: the kernel takes each for the whole descriptor.
boot_keyboard_report_descriptor() {
    local bytes=(
        05 01 09 06 a1 01                                     # generic desktop, keyboard: application
        05 07 19 e0 29 e7 15 00 25 01 75 01 95 08 81 02       # keys E0 to E7, the modifiers: one bit each
        75 08 95 01 81 01                                     # a byte unused
        05 08 19 01 29 05 75 01 95 05 91 02 75 03 95 01 91 01 # lamps 1 to 5, one bit each, and three unused
        05 07 19 00 29 65 15 00 25 65 75 08 95 06 81 00       # keys 0 to 65, six bytes
        c0                                                    # the application's end
    )
    printf '%b' "$(printf '\\x%s' "${bytes[@]}")"
}

gadget_plug() {
    echo "${2:-dummy_udc.0}" >"$gadgets/$1/UDC"
}

gadget_unplug() {
    echo "" >"$gadgets/$1/UDC"
}

gadget_remove() {
    local gadget="$gadgets/$1" link
    [[ -z $(<"$gadget/UDC") ]] || gadget_unplug "$1"
    for link in "$gadget"/configs/c.1/*; do
        [[ ! -L $link ]] || rm "$link"
    done
    rmdir "$gadget/configs/c.1/strings/0x409" "$gadget/configs/c.1" "$gadget"/functions/* \
        "$gadget/strings/0x409" "$gadget"
}

device_named() {
    local device vendor product configuration
    for device in /sys/bus/usb/devices/*; do
        # It may go while it is read.
        {
            read -r vendor <"$device/idVendor" && read -r product <"$device/idProduct" &&
                read -r configuration <"$device/bConfigurationValue"
        } 2>/dev/null || continue
        if [[ $vendor == "$1" && $product == "$2" && -n $configuration ]]; then
            basename "$device"
            return
        fi
    done
    return 1
}

no_device_named() {
    ! device_named "$1" "$2" >/dev/null
}

wait_for_device() {
    wait_for 10 device_named "$1" "$2"
}

wait_for_absence() {
    wait_for 10 no_device_named "$1" "$2"
}

# wait_for SECONDS COMMAND…: until COMMAND succeeds.
wait_for() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@"; do
        if ((${EPOCHREALTIME/./} >= end)); then
            echo "waited in vain for: $*" >&2
            return 1
        fi
        sleep 0.05
    done
}
