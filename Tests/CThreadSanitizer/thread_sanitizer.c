#include "thread_sanitizer.h"

// A continuation that is resumed before its task has suspended passes its result through an atomic
// of the Swift runtime, which is not instrumented: the frame's next use then looks like a race with
// the resumption's last look at it. Only where that look itself is the top of the stack.
const char *__tsan_default_suppressions(void) {
    return "race_top:sScc6resume9returning\n";
}
