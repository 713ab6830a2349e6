#ifndef JOBJOKER_JOB_LIMITS_H
#define JOBJOKER_JOB_LIMITS_H

#include <stdint.h>

#include "base/json.h"
#include "base/settings.h"

/* What a job may use. One table says their names, units and settings; what enforces each stands in docs/reliability.md. */

enum limit {
    LIMIT_CPU,       /* milliseconds of CPU time, of the whole tree */
    LIMIT_MEMORY,    /* bytes: of the whole tree in a cgroup, else of address space of each process */
    LIMIT_FILES,     /* open files of each process */
    LIMIT_PROCESSES, /* processes and threads */
    LIMIT_FILE_SIZE, /* bytes of a file that is written */
    LIMIT_LOG,       /* bytes of the log */
    LIMITS
};

struct limits {
    int64_t max[LIMITS]; /* 0: none */
};

const char *limit_name(enum limit limit); /* "cpu", "memory" ... */

/* Reads an object such as {"cpu": 1.5, "memory": 100000000} (seconds, bytes, numbers) over what is in *out; what it does
 * not name stays, null or 0 is no limit. NULL reads nothing. -1: 422 with `code`: no such limit, or no number in its range. */
int limits_read_json(const struct json *object, const char *code, struct limits *out, struct error *err);

/* The presets of the settings. */
void limits_from_settings(const struct settings *settings, struct limits *out);

/* The administrator's ceilings: a limit that is higher, or none, becomes the ceiling. */
void limits_lower_to_ceiling(const struct settings *settings, struct limits *limits);

/* Does one stand above its ceiling? LIMITS: none does. */
enum limit limits_above_ceiling(const struct settings *settings, const struct limits *limits);

/* As a JSON object of those that are there; null where there is none. */
void limits_put_json(const struct limits *limits, struct json_writer *w);

#endif
