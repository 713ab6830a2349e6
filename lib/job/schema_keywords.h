#ifndef JOBJOKER_JOB_SCHEMA_KEYWORDS_H
#define JOBJOKER_JOB_SCHEMA_KEYWORDS_H

/* Between schema.c, which walks along schemas and values, and schema_keywords.c, which knows each keyword. Nobody else
 * includes this. */

#include "job/schema.h"

/* Where we are, as a list from the inside out: a member's name, or with no name an item's index. NULL is the whole. */
struct place {
    const struct place *up;
    const char *name;
    size_t index;
};

/* A pattern is compiled once per validation, however many items it is applied to. */
struct compiled {
    struct compiled *next;
    const struct json *word;
    struct pattern *pattern;
};

struct validation {
    struct schema_faults *faults;
    struct compiled *patterns;
    struct error *err;
    bool broken; /* memory ran out: err says so, and what was found does not count */
};

/* One keyword meets one value. */
struct meeting {
    struct validation *v;
    const struct place *at;
    const struct json *schema; /* the one that the keyword is in */
    const struct json *word;   /* the keyword's value */
    const struct json *value;
};

struct keyword {
    const char *name;
    enum json_type of; /* type of the values that it looks at; 0: any */
    /* Does the keyword's own value have the right form? -1: err is filled. NULL: any form. */
    int (*check)(const struct place *at, const struct json *word, struct error *err);
    /* False: the value itself is wrong, a fault was added, and no further keyword looks at it. NULL: an annotation. */
    bool (*holds)(const struct meeting *m);
};

/* The table of all keywords, in the order in which they are to be applied. Ends with a NULL name. */
extern const struct keyword schema_keywords[];

/* schema.c: the walk into a schema inside of a schema. */
int schema_check_any(const struct place *at, const struct json *schema, struct error *err);
void schema_validate_value(struct validation *v, const struct place *at, const struct json *schema,
                           const struct json *value);

/* schema.c: what is wrong. A fault is added, and false returned; a schema is refused with -1 and 422 schema_invalid;
 * out of memory, the validation is broken. */
bool schema_fault(struct validation *v, const struct place *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int schema_refuse(const struct place *at, struct error *err, const char *what);
void schema_out_of_memory(struct validation *v);

#endif
