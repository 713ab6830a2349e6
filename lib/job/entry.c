/* Entries of a log or a response. */
#include <string.h>

#include "job/job.h"

static const char *const stream_names[STREAMS] = {
    [STREAM_API] = "api",
    [STREAM_STDOUT] = "stdout",
    [STREAM_STDERR] = "stderr",
    [STREAM_SYSTEM] = "system",
};

const char *entry_stream_name(enum entry_stream stream)
{
    return stream_names[stream];
}

enum entry_stream entry_stream_from_name(const char *name, size_t size)
{
    for (enum entry_stream s = STREAM_API; s < STREAMS; s++) {
        if (strlen(stream_names[s]) == size && memcmp(stream_names[s], name, size) == 0)
            return s;
    }
    return 0;
}
