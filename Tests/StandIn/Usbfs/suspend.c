#define _GNU_SOURCE
#include "node.h"
#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <sys/ioctl.h>

// The node's lock is not held while the device is asked: it may answer from another thread that
// wants it.

void df_resumed(node *n) {
    n->sleep.is_asleep = false;
    n->sleep.was_resumed = true;
    pthread_cond_broadcast(&n->sleep.resumed);
}

bool df_is_asleep(node *n) {
    pthread_mutex_lock(&n->lock);
    bool result = n->sleep.is_asleep;
    pthread_mutex_unlock(&n->lock);
    return result;
}

static int allow(node *n) {
    pthread_mutex_lock(&n->lock);
    n->sleep.was_resumed = false;
    bool is_busy = n->in_flight != 0;
    pthread_mutex_unlock(&n->lock);
    if (is_busy || n->is_source || !n->device.suspend(n->device.context)) return 0;
    pthread_mutex_lock(&n->lock);
    // It may have woken already, or gone.
    n->sleep.is_asleep = !n->sleep.was_resumed;
    pthread_mutex_unlock(&n->lock);
    return 0;
}

static int forbid(node *n) {
    pthread_mutex_lock(&n->lock);
    bool is_gone = n->is_gone, wakes = n->sleep.is_asleep;
    if (wakes) df_resumed(n);
    pthread_mutex_unlock(&n->lock);
    if (is_gone) return -ENODEV;
    if (wakes) n->device.resume(n->device.context);
    return 0;
}

// As the kernel's: without an end for a device that was not asleep, and never is.
static int wait_for_resume(node *n) {
    pthread_mutex_lock(&n->lock);
    while (!n->sleep.was_resumed) pthread_cond_wait(&n->sleep.resumed, &n->lock);
    bool is_gone = n->is_gone;
    pthread_mutex_unlock(&n->lock);
    return is_gone ? -EIO : forbid(n);
}

bool df_suspend(node *n, unsigned long code, int *result) {
    switch (code) {
    case USBDEVFS_ALLOW_SUSPEND: *result = allow(n); return true;
    case USBDEVFS_FORBID_SUSPEND: *result = forbid(n); return true;
    case USBDEVFS_WAIT_FOR_RESUME: *result = wait_for_resume(n); return true;
    default: return false;
    }
}
