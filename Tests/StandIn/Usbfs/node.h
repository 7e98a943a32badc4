// What the parts of the stand-in know of a node.
#pragma once
#include "usbfs.h"
#include <pthread.h>
#include <sys/types.h>

enum { nodes_limit = 1024, slots = 4096, interfaces = 32 };

// Of a device that the kernel may suspend. With the node's lock.
typedef struct {
    bool cannot, is_asleep, was_resumed;
    pthread_cond_t resumed;
} sleep_state;
enum state { is_free, is_pending, is_completed };

typedef struct { uint64_t serial; enum state state; struct usbdevfs_urb *urb; } slot;

// Not writable means: nothing to reap. What keeps it from being writable is data that the other end
// has not read; the other end's close with data unread is an error, as a device's end is on a node.
typedef struct {
    pthread_mutex_t lock;
    int end, other_end;
    bool is_writable, is_gone, is_source;
    df_device device;
    uint8_t *descriptors;
    int count, speed;
    off_t position;
    uint64_t next_serial;
    uint64_t done[slots]; // serials in the order of their ends
    unsigned done_head, done_tail;
    uint64_t first_waiting; // of a source: from here on not yet completed
    slot slots[slots];
    int in_flight;
    bool claimed[interfaces], bound[interfaces];
    sleep_state sleep;
} node;

// Who has which interface; false for other requests.
bool df_ownership(node *n, unsigned long code, void *argument, int *result);
// The suspend of the port; false for other requests.
bool df_suspend(node *n, unsigned long code, int *result);
// Whether what is submitted fails because the device sleeps.
bool df_is_asleep(node *n);
// The device is awake, or gone: whoever waits for that goes on. With the lock.
void df_resumed(node *n);
