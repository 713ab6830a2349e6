#include "base/ulid.h"

#include <string.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void ulid_make(int64_t now_ms, const unsigned char random[10], char out[ULID_SIZE])
{
    uint64_t time = (uint64_t)now_ms;

    for (int i = 9; i >= 0; i--, time >>= 5)
        out[i] = digits[time & 31];
    /* 80 bits are 16 digits: two halves of 40 bits, 8 digits each. */
    for (int half = 0; half < 2; half++) {
        uint64_t bits = 0;

        for (int i = 0; i < 5; i++)
            bits = bits << 8 | random[half * 5 + i];
        for (int i = 7; i >= 0; i--, bits >>= 5)
            out[10 + half * 8 + i] = digits[bits & 31];
    }
    out[26] = '\0';
}

bool ulid_is(const char *text)
{
    return strlen(text) == 26 && strspn(text, digits) == 26 && text[0] <= '7';
}

void ulid_floor(int64_t time_ms, char out[ULID_SIZE])
{
    static const unsigned char zeros[10];

    ulid_make(time_ms < 0 ? 0 : time_ms, zeros, out);
}
