/* jobjoker tick: the look after lost jobs, without a request. */
#include "base/clock.h"
#include "command.h"
#include "engine/engine.h"

int command_tick(int argc, char **argv)
{
    struct command_site site;
    struct engine engine = {.settings = &site.settings, .app_folder = site.app_folder, .now_ms = clock_now_ms()};
    struct error err = {0};
    int result;

    (void)argv;
    if (argc != 0)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0) {
        engine.store = site.db;
        result = engine_reap(&engine, &err);
        engine_tidy(&engine);
    }
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}
