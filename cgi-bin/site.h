#ifndef JOBJOKER_CGI_SITE_H
#define JOBJOKER_CGI_SITE_H

#include <limits.h>

#include "base/settings.h"
#include "store/store.h"

/* What a process that answers requests knows besides them: the settings, and its connection to the store. One that answers
 * many keeps both for as long as they are good. All zero at first. */
struct site {
    char app_folder[PATH_MAX]; /* where .htaccess, cgi-bin/ and runner/ lie; "": not known yet */
    struct settings settings;  /* of settings_file, when settings_loaded */
    bool settings_loaded;
    struct settings_file settings_file;
    struct store *store; /* NULL: none is open */
    const char *fastcgi; /* path of the socket that requests come from; NULL: none */
};

/* Finds app_folder. -1: 500. */
int site_find(struct site *site, struct error *err);
/* The settings as they are now. When they have changed, the store that was open is closed. -1: 500 settings_invalid. */
int site_load_settings(struct site *site, struct error *err);
/* After that: the store as it is now. -1: as store_open(). */
int site_open_store(struct site *site, struct error *err);

/* Between two requests: holds nothing that is in anybody's way. */
void site_rest(struct site *site);
void site_close(struct site *site);

#endif
