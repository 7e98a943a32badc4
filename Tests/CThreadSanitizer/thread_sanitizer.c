#include "thread_sanitizer.h"

// A continuation that is resumed before its task has suspended passes its result through an atomic
// of the Swift runtime, which is not instrumented: the frame's next use then looks like a race with
// the resumption's last look at it. Only where that look itself is the top of the stack.
const char *__tsan_default_suppressions(void) {
    return "race_top:sScc6resume9returning\n";
}

// A thread that has ended is joined or let go of by whoever owns it: an owner that lives as long as
// its program does neither, which is no leak. That no thread runs on is a case of its own (L24): so
// a process that ends need not wait a second for what such a thread may still do.
const char *__tsan_default_options(void) {
    return "report_thread_leaks=0:atexit_sleep_ms=0";
}
