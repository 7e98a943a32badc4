// What Swift cannot import of libusb-1.0: a variadic function. No other C ships.
#pragma once
#include <libusb.h>

/// libusb_set_option for the options that take no argument.
static inline int df_set_option(libusb_context *context, enum libusb_option option) {
    return libusb_set_option(context, option);
}

/// libusb_set_option for the options that take an int.
static inline int df_set_option_int(libusb_context *context, enum libusb_option option, int value) {
    return libusb_set_option(context, option, value);
}
