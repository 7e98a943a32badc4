#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdbool.h>
#include <stdint.h>

/* How often the calling thread asked for heap memory since it began. */
uint64_t allocation_count(void);

/* Whether the count counts: not under a sanitizer, which brings an allocator of its own. */
bool allocation_count_works(void);

#endif
