/* What a source is. The type of content settles it where it says more than that this is a text or a form. */
#include <stdbool.h>
#include <string.h>

#include "worker/worker.h"

static const char *const names[WORKER_KINDS] = {
    [WORKER_C] = "c",
    [WORKER_PHP] = "php",
    [WORKER_SCRIPT] = "script",
};

static const struct {
    const char *type;
    enum worker_kind kind;
} types[] = {
    {"text/x-csrc", WORKER_C},
    {"text/x-c", WORKER_C},
    {"application/x-httpd-php", WORKER_PHP},
    {"application/x-php", WORKER_PHP},
    {"text/x-php", WORKER_PHP},
    {"text/x-shellscript", WORKER_SCRIPT},
    {"application/x-sh", WORKER_SCRIPT},
    {"text/x-sh", WORKER_SCRIPT},
    {"text/x-python", WORKER_SCRIPT},
    {"text/x-script.python", WORKER_SCRIPT},
    {"text/javascript", WORKER_SCRIPT},
    {"application/javascript", WORKER_SCRIPT},
    {"text/x-perl", WORKER_SCRIPT},
    {"text/x-ruby", WORKER_SCRIPT},
};

const char *worker_kind_name(enum worker_kind kind)
{
    return names[kind];
}

static bool begins(const char *code, size_t size, const char *with)
{
    return size >= strlen(with) && memcmp(code, with, strlen(with)) == 0;
}

enum worker_kind worker_kind_of(const char *content_type, const char *code, size_t size)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, content_type) == 0)
            return types[i].kind;
    }
    if (begins(code, size, "<?php"))
        return WORKER_PHP;
    return begins(code, size, "#!") ? WORKER_SCRIPT : WORKER_C;
}
