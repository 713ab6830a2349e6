/* jobjoker follow: what follows from a job, or from the change of a queue, for the program that cannot do it itself. */
#include <string.h>

#include "base/clock.h"
#include "base/ulid.h"
#include "command.h"
#include "engine/follow.h"
#include "tick.h"

int command_follow(int argc, char **argv)
{
    struct command_site site;
    struct engine engine = {.settings = &site.settings,
                            .app_folder = site.app_folder,
                            .now_ms = clock_now_ms(),
                            .read_job = tick_read_job};
    bool queue = argc == 2 && strcmp(argv[0], "--queue") == 0;
    struct error err = {0};
    int result;

    if (!queue && (argc != 1 || !ulid_is(argv[0])))
        return EXIT_USAGE;
    result = command_open(&site, NULL, &err);
    if (result == 0) {
        engine.store = site.db;
        result = follow_through(&engine, queue ? NULL : argv[0], queue ? argv[1] : NULL, &err);
    }
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}
