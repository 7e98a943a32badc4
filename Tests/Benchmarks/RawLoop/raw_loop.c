#include "raw_loop.h"
#include <libusb.h>
#include <stdlib.h>

static long left;
static int in_flight;

static void LIBUSB_CALL ended(struct libusb_transfer *transfer) {
    in_flight--;
    if (transfer->status != LIBUSB_TRANSFER_COMPLETED || left <= 0) return;
    left--;
    if (libusb_submit_transfer(transfer) == 0) in_flight++;
}

int df_raw_loop(int node, int depth, long count) {
    libusb_context *context;
    libusb_device_handle *device;
    libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
    int code = libusb_init(&context);
    if (code == 0) code = libusb_wrap_sys_device(context, node, &device);
    if (code == 0) code = libusb_claim_interface(device, 0);
    if (code != 0) return code;
    left = count - depth;
    struct libusb_transfer *transfers[depth];
    for (int i = 0; i < depth; i++) {
        transfers[i] = libusb_alloc_transfer(0);
        libusb_fill_bulk_transfer(transfers[i], device, 0x81, malloc(512), 512, ended, NULL, 0);
    }
    for (int i = 0; i < depth; i++)
        if (libusb_submit_transfer(transfers[i]) == 0) in_flight++;
    while (in_flight > 0) libusb_handle_events(context);
    for (int i = 0; i < depth; i++) {
        free(transfers[i]->buffer);
        libusb_free_transfer(transfers[i]);
    }
    libusb_release_interface(device, 0);
    libusb_close(device);
    libusb_exit(context);
    return 0;
}
