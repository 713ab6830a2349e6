/* jobjoker tick: a pass of all that is due, without a request. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "command.h"
#include "engine/engine.h"
#include "engine/keeper.h"
#include "engine/tick.h"
#include "tick.h"

/* For the keeper (runner/keeper.c). */
static void print_answer(const struct tick *tick)
{
    printf("%lld%s\n", (long long)tick->next_ms, tick->after_boot ? " boot" : "");
}

int command_tick(int argc, char **argv)
{
    struct command_site site;
    struct engine engine = {.settings = &site.settings,
                            .app_folder = site.app_folder,
                            .now_ms = clock_now_ms(),
                            .read_job = tick_read_job};
    bool keeper = argc == 1 && strcmp(argv[0], "--keeper") == 0;
    struct error err = {0};
    struct tick tick = {0};
    int result;

    if (argc != 0 && !keeper)
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0) {
        engine.store = site.db;
        result = engine_tick(&engine, &tick, &err);
        if (keeper) {
            print_answer(&tick);
        } else {
            engine_tidy(&engine);
            if (tick.next_ms)
                engine_wake(&engine);
        }
    }
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}
