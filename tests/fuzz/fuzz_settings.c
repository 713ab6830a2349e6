/* The settings: the input is jobjoker.ini up to a NUL, then variables NAME=VALUE, each after a NUL. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"

static int file;
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    file = fuzz_file();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    setenv("JOBJOKER_CONFIG", path, 1);
    return 0;
}

static const char *const names[] = {
    "JOBJOKER_DATA", "JOBJOKER_DATABASE", "JOBJOKER_API",     "JOBJOKER_ANONYMOUS",      "JOBJOKER_PHP",
    "JOBJOKER_PATH", "JOBJOKER_GRACE",    "JOBJOKER_TIMEOUT", "JOBJOKER_PARAMETERS_MAX", "JOBJOKER_ENTRY_MAX",
};

static void set_variable(const char *pair)
{
    const char *equals = strchr(pair, '=');

    for (size_t i = 0; equals && i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i]) == (size_t)(equals - pair) && strncmp(names[i], pair, strlen(names[i])) == 0)
            setenv(names[i], equals + 1, 1);
    }
}

static void count(const char *name, const char *value, void *context)
{
    MUST(strncmp(name, "JOBJOKER_", 9) == 0 && value);
    ++*(int *)context;
}

static void check(const struct settings *s)
{
    int overrides = 0;

    MUST(s->data[0] == '/' && s->database[0] && s->php[0] && s->c_compiler[0] && s->path[0]);
    MUST(s->grace_ms >= 0 && s->grace_ms <= 3600 * 1000 && s->timeout_ms >= 0 && s->timeout_ms <= 31536000000);
    MUST(s->check_timeout_ms >= 1000 && s->check_timeout_ms <= 600 * 1000);
    MUST(s->code_max >= 1 && s->code_max <= 64 << 20 && s->parameters_max >= 2 && s->parameters_max <= 16 << 20);
    MUST(s->entry_max >= 1 && s->entry_max <= 256 << 20);
    settings_each_override(count, &overrides);
    MUST(overrides >= 1); /* JOBJOKER_CONFIG */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct settings settings;
    struct error err = {0};
    size_t ini_size = 0;
    char *ini = fuzz_part(&in, '\0', &ini_size), *pair;

    fuzz_fill(file, ini ? ini : "", ini_size);
    while ((pair = fuzz_part(&in, '\0', NULL))) {
        set_variable(pair);
        free(pair);
    }
    if (settings_load(&settings, "/app", &err) == 0)
        check(&settings);
    else
        MUST(err.status == 500 && strcmp(err.code, "settings_invalid") == 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    free(ini);
    return 0;
}
