/* Settings and store, which outlive a request where a process answers many. */
#include "site.h"

#include <string.h>

#include "base/io.h"

int site_find(struct site *site, struct error *err)
{
    char *slash;

    if (site->app_folder[0])
        return 0;
    if (io_program_folder(site->app_folder, sizeof site->app_folder) < 0)
        return error_errno(err, "/proc/self/exe");
    slash = strrchr(site->app_folder, '/'); /* the folder of .htaccess is the one above cgi-bin/ */
    if (slash)
        *slash = '\0';
    return 0;
}

static void close_store(struct site *site)
{
    store_close(site->store);
    site->store = NULL;
}

/* The file is looked at before it is read: a change in between is found by the next look. */
int site_load_settings(struct site *site, struct error *err)
{
    struct settings_file now;

    settings_look(site->app_folder, &now);
    if (site->settings_loaded && settings_same_file(&now, &site->settings_file))
        return 0;
    close_store(site);
    site->settings_file = now;
    site->settings_loaded = settings_load(&site->settings, site->app_folder, err) == 0;
    if (site->settings_loaded)
        return 0;
    log_line("%s", err->message); /* for the administrator only: it names a path */
    return error_set(err, 500, "settings_invalid", "the server's settings are wrong: its error log says where");
}

int site_open_store(struct site *site, struct error *err)
{
    if (site->store && store_renew(site->store) == 0)
        return 0;
    close_store(site);
    site->store = store_open(&site->settings, err);
    return site->store ? 0 : -1;
}

void site_rest(struct site *site)
{
    if (site->store)
        store_rollback(site->store);
}

void site_close(struct site *site)
{
    close_store(site);
    site->settings_loaded = false;
}
