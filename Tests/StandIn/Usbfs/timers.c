#define _GNU_SOURCE
#include "usbfs.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static _Atomic uint64_t timers;

uint64_t df_timers(void) { return timers; }

// What libusb calls in place of the C library's.
int timerfd_settime(int timer, int flags, const struct itimerspec *new, struct itimerspec *old) {
    // Others in the process have timers too.
    Dl_info caller;
    if (dladdr(__builtin_return_address(0), &caller) && strstr(caller.dli_fname, "libusb")) timers++;
    return (int)syscall(SYS_timerfd_settime, timer, flags, new, old);
}
