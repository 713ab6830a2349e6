/* jobjoker tick: the look after lost jobs, jobs that are due, and lines that stand still, without a request. */
#include "base/clock.h"
#include "command.h"
#include "engine/due.h"
#include "engine/engine.h"
#include "engine/line.h"

int command_tick(int argc, char **argv)
{
    struct command_site site;
    struct engine engine = {.settings = &site.settings, .app_folder = site.app_folder, .now_ms = clock_now_ms()};
    struct error err = {0}, more = {0};
    int64_t next_ms;
    int result;

    (void)argv;
    if (argc != 0)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0) {
        engine.store = site.db;
        result = engine_reap(&engine, &err);
        if (engine_due(&engine, INT_MAX, &next_ms, result == 0 ? &err : &more) < 0)
            result = -1;
        if (line_advance_all(&engine, result == 0 ? &err : &more) < 0)
            result = -1;
        engine_tidy(&engine);
    }
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}
