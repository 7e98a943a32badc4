// What the thread sanitizer asks each program: the races that it shall not report.
#pragma once
const char *__tsan_default_suppressions(void);
const char *__tsan_default_options(void);
