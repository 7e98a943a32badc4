// What Swift cannot import: a variadic function of libusb-1.0, and the requests of usbfs that libusb
// does not make, which are macros. No other C ships.
#pragma once
#include <errno.h>
#include <libusb.h>
#include <linux/usbdevice_fs.h>
#include <stdint.h>
#include <sys/ioctl.h>

/// libusb_set_option for the options that take no argument.
static inline int df_set_option(libusb_context *context, enum libusb_option option) {
    return libusb_set_option(context, option);
}

/// libusb_set_option for the options that take an int.
static inline int df_set_option_int(libusb_context *context, enum libusb_option option, int value) {
    return libusb_set_option(context, option, value);
}

// Linux 5.4's headers are the first to have these.
#ifndef USBDEVFS_CAP_SUSPEND
#define USBDEVFS_CAP_SUSPEND 0x100
#define USBDEVFS_FORBID_SUSPEND _IO('U', 33)
#define USBDEVFS_ALLOW_SUSPEND _IO('U', 34)
#define USBDEVFS_WAIT_FOR_RESUME _IO('U', 35)
#endif

/// Whether the kernel lets a device sleep whose node is open.
static inline int df_usbfs_can_suspend(int node) {
    uint32_t capabilities = 0;
    return ioctl(node, USBDEVFS_GET_CAPABILITIES, &capabilities) == 0 &&
           (capabilities & USBDEVFS_CAP_SUSPEND) != 0;
}

/// Lets the device sleep although its node is open. 0 or an errno, as of all that follow.
static inline int df_usbfs_allow_suspend(int node) {
    return ioctl(node, USBDEVFS_ALLOW_SUSPEND, NULL) < 0 ? errno : 0;
}

/// Wakes the device, and keeps it awake as long as its node is open.
static inline int df_usbfs_forbid_suspend(int node) {
    return ioctl(node, USBDEVFS_FORBID_SUSPEND, NULL) < 0 ? errno : 0;
}

/// Returns when the device has been woken since it was allowed to sleep, and keeps it awake.
static inline int df_usbfs_wait_for_resume(int node) {
    return ioctl(node, USBDEVFS_WAIT_FOR_RESUME, NULL) < 0 ? errno : 0;
}

/// A control transfer without data; returns when it has ended, after `timeout` ms at the latest.
static inline int df_usbfs_request(int node, uint8_t type, uint8_t request, uint16_t value,
                                   uint16_t index, uint32_t timeout) {
    struct usbdevfs_ctrltransfer transfer = {
        .bRequestType = type, .bRequest = request, .wValue = value, .wIndex = index, .timeout = timeout};
    return ioctl(node, USBDEVFS_CONTROL, &transfer) < 0 ? errno : 0;
}
