// A usbfs of our own: descriptors that libusb takes for a device's node, in a process whose `ioctl` we
// define. Behind each is a device that answers transfers, or a source that answers at once.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// A transfer as the device is given it. `data` is valid until it is completed.
typedef struct {
    uint64_t serial;
    uint8_t endpoint;
    uint8_t type; // USBDEVFS_URB_TYPE_…
    bool zero_packet;
    uint8_t setup[8]; // of a control transfer
    void *data;
    int length;
} df_transfer;

typedef struct {
    void *context;
    // Takes a transfer; any thread. df_node_complete follows, later.
    void (*submit)(void *context, df_transfer transfer);
    // Asks for an early end; any thread.
    void (*discard)(void *context, uint64_t serial);
    // One control transfer, waited for: bytes moved or a negative errno. Any thread but the device's.
    int (*control)(void *context, const uint8_t *setup, void *data, int length);
    // A reset of the port: 0 or a negative errno. Any thread but the device's.
    int (*reset)(void *context);
    // The node lets its device sleep: whether it does. Any thread.
    bool (*suspend)(void *context);
    // It is woken from its host. Any thread.
    void (*resume)(void *context);
} df_device;

// A node with a device behind it; -1 when there are no descriptors left. `speed` is the kernel's number.
int df_node_create(const uint8_t *descriptors, int count, int speed, df_device device);
// A node whose transfers complete in full, with whatever is in their memory: all that were submitted
// between two wake-ups at the second.
int df_node_create_source(const uint8_t *descriptors, int count, int speed);
// Ends a transfer with an errno's negative, or 0. Nothing happens if it was ended already.
void df_node_complete(int node, uint64_t serial, int status, int actual);
// The device is gone. `ends` says whether pending transfers end with it, as a kernel's do.
void df_node_disconnect(int node, bool ends);
// Closes the node; after libusb did.
void df_node_destroy(int node);
// The device woke by itself. Any thread.
void df_node_resumed(int node);
// From now on the node is one of a kernel that cannot suspend what is open.
void df_node_forbid_sleep(int node);
// Puts a kernel's driver on an interface, or takes it away.
void df_node_set_driver(int node, unsigned interface, bool is_bound);
// Whether an interface has a kernel's driver, and whether it is claimed.
bool df_node_has_driver(int node, unsigned interface);
bool df_node_is_claimed(int node, unsigned interface);
// Transfers that were submitted and not reaped.
int df_node_in_flight(int node);
// The serial number of the transfer that was submitted last.
uint64_t df_node_last_serial(int node);

// What the process called so far.
typedef struct {
    uint64_t submits, reaps, empty_reaps, discards, others, timers;
} df_counts;
df_counts df_count(void);
// Timers that libusb set.
uint64_t df_timers(void);
