// The bytes of large answers and of files: byte `i` is `i % 251`. 251 is a prime: after a page that is lost, or comes
// twice, every byte is wrong. pattern.mjs has the same.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { PATTERN_PERIOD_BYTES = 251, PATTERN_PIECE_BYTES = 256 * 1024 };

static inline void fill_pattern(char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) bytes[i] = (char)(i % PATTERN_PERIOD_BYTES);
}

// Whether these bytes, at most a piece, stand at this place.
static inline bool has_pattern(const char *bytes, size_t length, size_t place) {
    static char pattern[PATTERN_PERIOD_BYTES + PATTERN_PIECE_BYTES];
    if (pattern[1] == 0) fill_pattern(pattern, sizeof pattern);
    return memcmp(bytes, pattern + place % PATTERN_PERIOD_BYTES, length) == 0;
}
