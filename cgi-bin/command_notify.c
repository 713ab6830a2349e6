/* jobjoker notify: delivers what is to be told of jobs. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "command.h"
#include "engine/notifier.h"
#include "tick.h"

enum { LOCK = 3 };

int command_notify(int argc, char **argv)
{
    struct command_site site;
    struct engine engine = {.settings = &site.settings, .app_folder = site.app_folder, .now_ms = clock_now_ms()};
    bool locked = argc == 1 && strcmp(argv[0], "--locked") == 0; /* by who started us (engine/tell.c) */
    struct error err = {0};
    int result;

    if (argc != 0 && !locked)
        return EXIT_USAGE;
    signal(SIGPIPE, SIG_IGN); /* a program that we write to may die: that is an error like any other */
    result = command_open(&site, NULL, &err);
    if (result == 0) {
        engine.store = site.db;
        result = notifier_run(&engine, locked ? LOCK : -1, &err);
    }
    command_close(&site);
    return result < 0 ? command_complain(&err) : 0;
}
