#define _GNU_SOURCE
#include "node.h"
#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <string.h>
#include <sys/ioctl.h>

// With the lock, and the three that follow.
static int claim(node *n, unsigned interface, bool detaches) {
    if (interface >= interfaces) return -EINVAL;
    if (n->bound[interface] && !detaches) return -EBUSY;
    n->bound[interface] = false;
    n->claimed[interface] = true;
    return 0;
}

static int release(node *n, unsigned interface) {
    if (interface >= interfaces || !n->claimed[interface]) return -EINVAL;
    n->claimed[interface] = false;
    return 0;
}

static int driver(node *n, struct usbdevfs_getdriver *call) {
    if (call->interface >= interfaces) return -EINVAL;
    if (!n->bound[call->interface] && !n->claimed[call->interface]) return -ENODATA;
    strcpy(call->driver, n->claimed[call->interface] ? "usbfs" : "standin");
    return 0;
}

static int driver_request(node *n, struct usbdevfs_ioctl *call) {
    if (call->ifno < 0 || call->ifno >= interfaces) return -EINVAL;
    bool *bound = &n->bound[call->ifno];
    switch ((unsigned)call->ioctl_code) {
    case USBDEVFS_DISCONNECT:
        if (!*bound) return -ENODATA;
        *bound = false;
        return 0;
    case USBDEVFS_CONNECT:
        if (*bound || n->claimed[call->ifno]) return -EBUSY;
        *bound = true;
        return 1;
    default: return -ENOTTY;
    }
}

bool df_ownership(node *n, unsigned long code, void *argument, int *result) {
    pthread_mutex_lock(&n->lock);
    bool is_known = true;
    switch (code) {
    case USBDEVFS_CLAIMINTERFACE: *result = claim(n, *(unsigned *)argument, false); break;
    case USBDEVFS_DISCONNECT_CLAIM:
        *result = claim(n, ((struct usbdevfs_disconnect_claim *)argument)->interface, true);
        break;
    case USBDEVFS_RELEASEINTERFACE: *result = release(n, *(unsigned *)argument); break;
    case USBDEVFS_GETDRIVER: *result = driver(n, argument); break;
    case USBDEVFS_IOCTL: *result = driver_request(n, argument); break;
    default: is_known = false;
    }
    pthread_mutex_unlock(&n->lock);
    return is_known;
}
