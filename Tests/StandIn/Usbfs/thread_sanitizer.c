// As in Tests/CAllocationCount/thread_sanitizer.c; weak, because a program may link both.
__attribute__((weak)) const char *__tsan_default_suppressions(void) {
    return "race_top:sScc6resume9returning\n";
}
