#define _GNU_SOURCE
#include "node.h"
#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic(node *) nodes[nodes_limit];
static _Atomic uint64_t submits, reaps, empty_reaps, discards, others;

df_counts df_count(void) {
    return (df_counts){submits, reaps, empty_reaps, discards, others, df_timers()};
}

static node *find(int descriptor) {
    return descriptor >= 0 && descriptor < nodes_limit ? atomic_load(&nodes[descriptor]) : NULL;
}

static void set_writable(node *n, bool is_writable) {
    static char block[2048];
    if (n->is_writable == is_writable || n->is_gone) return;
    n->is_writable = is_writable;
    if (is_writable) {
        char sink[sizeof block];
        while (recv(n->other_end, sink, sizeof sink, MSG_DONTWAIT) > 0) {}
    } else {
        (void)!send(n->end, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static int create(const uint8_t *descriptors, int count, int speed) {
    int ends[2], least = 1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    node *n = calloc(1, sizeof *n);
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->sleep.resumed, NULL);
    n->end = ends[0];
    n->other_end = ends[1];
    n->is_writable = true;
    set_writable(n, false);
    n->descriptors = malloc((size_t)count);
    memcpy(n->descriptors, descriptors, (size_t)count);
    n->count = count;
    n->speed = speed;
    atomic_store(&nodes[n->end], n);
    return n->end;
}

int df_node_create(const uint8_t *descriptors, int count, int speed, df_device device) {
    int end = create(descriptors, count, speed);
    if (end >= 0) find(end)->device = device;
    return end;
}

int df_node_create_source(const uint8_t *descriptors, int count, int speed) {
    int end = create(descriptors, count, speed);
    if (end >= 0) find(end)->is_source = true;
    return end;
}

// With the lock.
static void finish(node *n, slot *s, int status, int actual) {
    s->state = is_completed;
    s->urb->status = status;
    s->urb->actual_length = actual;
    n->done[n->done_head++ % slots] = s->serial;
}

static void finish_waiting(node *n) {
    for (; n->first_waiting < n->next_serial; n->first_waiting++) {
        slot *s = &n->slots[n->first_waiting % slots];
        int setup = s->urb->type == USBDEVFS_URB_TYPE_CONTROL ? 8 : 0;
        if (s->state == is_pending) finish(n, s, 0, s->urb->buffer_length - setup);
    }
}

void df_node_complete(int descriptor, uint64_t serial, int status, int actual) {
    node *n = find(descriptor);
    if (!n) return;
    pthread_mutex_lock(&n->lock);
    slot *s = &n->slots[serial % slots];
    if (s->serial == serial && s->state == is_pending) {
        finish(n, s, status, actual);
        set_writable(n, true);
    }
    pthread_mutex_unlock(&n->lock);
}

void df_node_disconnect(int descriptor, bool ends) {
    node *n = find(descriptor);
    if (!n) return;
    pthread_mutex_lock(&n->lock);
    if (!n->is_gone) {
        for (int i = 0; i < slots; i++) {
            if (n->slots[i].state != is_pending) continue;
            if (ends) {
                finish(n, &n->slots[i], -ESHUTDOWN, 0);
            } else { // libusb ends them itself, and frees them
                n->slots[i].state = is_free;
                n->in_flight--;
            }
        }
        set_writable(n, false);
        n->is_gone = true;
        df_resumed(n);
        close(n->other_end);
    }
    pthread_mutex_unlock(&n->lock);
}

void df_node_destroy(int descriptor) {
    node *n = find(descriptor);
    if (!n) return;
    atomic_store(&nodes[descriptor], NULL);
    if (!n->is_gone) close(n->other_end);
    close(descriptor);
    pthread_cond_destroy(&n->sleep.resumed);
    pthread_mutex_destroy(&n->lock);
    free(n->descriptors);
    free(n);
}

void df_node_forbid_sleep(int descriptor) { find(descriptor)->sleep.cannot = true; }

void df_node_resumed(int descriptor) {
    node *n = find(descriptor);
    if (!n) return;
    pthread_mutex_lock(&n->lock);
    df_resumed(n);
    pthread_mutex_unlock(&n->lock);
}

void df_node_set_driver(int descriptor, unsigned interface, bool is_bound) {
    node *n = find(descriptor);
    if (!n || interface >= interfaces) return;
    pthread_mutex_lock(&n->lock);
    n->bound[interface] = is_bound;
    pthread_mutex_unlock(&n->lock);
}

static bool get(int descriptor, unsigned interface, bool wants_claimed) {
    node *n = find(descriptor);
    if (!n || interface >= interfaces) return false;
    pthread_mutex_lock(&n->lock);
    bool result = wants_claimed ? n->claimed[interface] : n->bound[interface];
    pthread_mutex_unlock(&n->lock);
    return result;
}

bool df_node_has_driver(int descriptor, unsigned interface) { return get(descriptor, interface, false); }
bool df_node_is_claimed(int descriptor, unsigned interface) { return get(descriptor, interface, true); }

int df_node_in_flight(int descriptor) {
    node *n = find(descriptor);
    if (!n) return 0;
    pthread_mutex_lock(&n->lock);
    int count = n->in_flight;
    pthread_mutex_unlock(&n->lock);
    return count;
}

uint64_t df_node_last_serial(int descriptor) {
    node *n = find(descriptor);
    if (!n) return 0;
    pthread_mutex_lock(&n->lock);
    uint64_t serial = n->next_serial - 1;
    pthread_mutex_unlock(&n->lock);
    return serial;
}

static int submit(node *n, struct usbdevfs_urb *urb) {
    submits++;
    pthread_mutex_lock(&n->lock);
    slot *s = &n->slots[n->next_serial % slots];
    if (n->is_gone || n->sleep.is_asleep || s->state != is_free) {
        int code = n->is_gone ? ENODEV : n->sleep.is_asleep ? EHOSTUNREACH : ENOMEM;
        pthread_mutex_unlock(&n->lock);
        return -code;
    }
    *s = (slot){n->next_serial++, is_pending, urb};
    n->in_flight++;
    df_transfer transfer = {.serial = s->serial, .endpoint = urb->endpoint, .type = urb->type};
    transfer.zero_packet = urb->flags & USBDEVFS_URB_ZERO_PACKET;
    transfer.data = urb->buffer;
    transfer.length = urb->buffer_length;
    if (urb->type == USBDEVFS_URB_TYPE_CONTROL) {
        memcpy(transfer.setup, urb->buffer, 8);
        transfer.data = (char *)urb->buffer + 8;
        transfer.length = urb->buffer_length - 8;
    }
    if (n->is_source && !n->is_writable) {
        finish_waiting(n);
        set_writable(n, true);
    }
    pthread_mutex_unlock(&n->lock);
    if (!n->is_source) n->device.submit(n->device.context, transfer);
    return 0;
}

static int reap(node *n, void **urb) {
    pthread_mutex_lock(&n->lock);
    if (n->done_head == n->done_tail) {
        empty_reaps++;
        if (n->is_source && n->first_waiting < n->next_serial) finish_waiting(n);
        else set_writable(n, false);
        int code = n->is_gone ? ENODEV : EAGAIN;
        pthread_mutex_unlock(&n->lock);
        return -code;
    }
    reaps++;
    slot *s = &n->slots[n->done[n->done_tail++ % slots] % slots];
    *urb = s->urb;
    s->state = is_free;
    n->in_flight--;
    pthread_mutex_unlock(&n->lock);
    return 0;
}

static int discard(node *n, struct usbdevfs_urb *urb) {
    discards++;
    pthread_mutex_lock(&n->lock);
    uint64_t serial = 0;
    bool is_found = false;
    for (int i = 0; i < slots && !is_found; i++) {
        slot *s = &n->slots[(n->next_serial - 1 - (uint64_t)i) % slots];
        is_found = s->state == is_pending && s->urb == urb;
        if (is_found) serial = s->serial;
        if (is_found && n->is_source) finish(n, s, -ENOENT, 0), set_writable(n, true);
    }
    pthread_mutex_unlock(&n->lock);
    if (!is_found) return -EINVAL;
    if (!n->is_source) n->device.discard(n->device.context, serial);
    return 0;
}

static int request(node *n, uint8_t type, uint8_t code, uint16_t value, uint16_t index) {
    uint8_t setup[8] = {type, code, (uint8_t)value, (uint8_t)(value >> 8),
                        (uint8_t)index, (uint8_t)(index >> 8), 0, 0};
    return n->is_source ? 0 : n->device.control(n->device.context, setup, NULL, 0);
}

static int control(node *n, struct usbdevfs_ctrltransfer *transfer) {
    uint8_t setup[8] = {transfer->bRequestType, transfer->bRequest, (uint8_t)transfer->wValue,
                        (uint8_t)(transfer->wValue >> 8), (uint8_t)transfer->wIndex,
                        (uint8_t)(transfer->wIndex >> 8), (uint8_t)transfer->wLength,
                        (uint8_t)(transfer->wLength >> 8)};
    if (n->is_source) {
        if (transfer->wLength > 0) memset(transfer->data, 1, transfer->wLength);
        return transfer->wLength;
    }
    return n->device.control(n->device.context, setup, transfer->data, transfer->wLength);
}

static int answer(node *n, unsigned long code, void *argument) {
    int result = 0;
    switch (code) {
    case USBDEVFS_SUBMITURB: return submit(n, argument);
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY: return reap(n, argument);
    case USBDEVFS_DISCARDURB: return discard(n, argument);
    }
    others++;
    pthread_mutex_lock(&n->lock);
    bool is_gone = n->is_gone;
    pthread_mutex_unlock(&n->lock);
    if (is_gone) return -ENODEV;
    if (df_ownership(n, code, argument, &result) || df_suspend(n, code, &result)) return result;
    if (df_is_asleep(n) && code != USBDEVFS_GET_CAPABILITIES) return -EHOSTUNREACH;
    switch (code) {
    case USBDEVFS_GET_CAPABILITIES:
        *(uint32_t *)argument = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
                                USBDEVFS_CAP_BULK_SCATTER_GATHER | USBDEVFS_CAP_REAP_AFTER_DISCONNECT |
                                (n->sleep.cannot ? 0 : USBDEVFS_CAP_SUSPEND);
        return 0;
    case USBDEVFS_GET_SPEED: return n->speed;
    case USBDEVFS_CONNINFO_EX(sizeof(struct usbdevfs_conninfo_ex)):
        *(struct usbdevfs_conninfo_ex *)argument = (struct usbdevfs_conninfo_ex){
            .size = sizeof(struct usbdevfs_conninfo_ex), .busnum = 1, .devnum = 1,
            .speed = (uint32_t)n->speed, .num_ports = 1, .ports = {1}};
        return 0;
    case USBDEVFS_CONNECTINFO:
        *(struct usbdevfs_connectinfo *)argument = (struct usbdevfs_connectinfo){.devnum = 1};
        return 0;
    case USBDEVFS_CONTROL: return control(n, argument);
    case USBDEVFS_SETINTERFACE: {
        struct usbdevfs_setinterface *call = argument;
        return request(n, 1, 11, (uint16_t)call->altsetting, (uint16_t)call->interface);
    }
    case USBDEVFS_SETCONFIGURATION: return request(n, 0, 9, (uint16_t)*(unsigned *)argument, 0);
    case USBDEVFS_CLEAR_HALT: return request(n, 2, 1, 0, (uint16_t)*(unsigned *)argument);
    case USBDEVFS_RESET: return n->is_source ? 0 : n->device.reset(n->device.context);
    default: return -ENOTTY;
    }
}

// What libusb calls in place of the C library's. Fixed arguments stand for variadic ones: the same on
// the platforms that Linux has USB on.
int ioctl(int descriptor, unsigned long code, ...) {
    va_list arguments;
    va_start(arguments, code);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    node *n = find(descriptor);
    if (!n) return (int)syscall(SYS_ioctl, descriptor, code, argument);
    int result = answer(n, code, argument);
    if (result >= 0) return result;
    errno = -result;
    return -1;
}

ssize_t read(int descriptor, void *bytes, size_t length) {
    node *n = find(descriptor);
    if (!n) return syscall(SYS_read, descriptor, bytes, length);
    size_t left = n->position < n->count ? (size_t)(n->count - n->position) : 0;
    if (length > left) length = left;
    memcpy(bytes, n->descriptors + n->position, length);
    n->position += (off_t)length;
    return (ssize_t)length;
}

off_t lseek(int descriptor, off_t offset, int from) {
    node *n = find(descriptor);
    if (!n) return syscall(SYS_lseek, descriptor, offset, from);
    return n->position = from == SEEK_SET ? offset : n->position + offset;
}

off64_t lseek64(int descriptor, off64_t offset, int from) { return lseek(descriptor, offset, from); }
