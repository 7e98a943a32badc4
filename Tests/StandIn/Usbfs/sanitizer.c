// What the sanitizers ask the program.

// The thread sanitizer is not told when a task goes on that was resumed before it had suspended: the
// Swift runtime's short cut for that says nothing. It shows as a race with the resumption itself.
// Weak, because a program that counts allocations too has its own, narrower answer.
__attribute__((weak)) const char *__tsan_default_suppressions(void) {
    return "race:withUnsafeContinuation\nrace:Scc6resume\n";
}
