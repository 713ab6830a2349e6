#ifndef JOBJOKER_CGI_KEY_H
#define JOBJOKER_CGI_KEY_H

#include <limits.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/settings.h"

/* The key of the data folder, secret.key: what is hashed under it cannot be guessed from the database alone. */

enum { KEY_PATH_SIZE = PATH_MAX + 16 };

void key_path(const struct settings *settings, char out[KEY_PATH_SIZE]);
/* 500 internal: it is not there, or is none. */
int key_read(const struct settings *settings, unsigned char key[SECRET_KEY_SIZE], struct error *err);
/* Makes it where there is none. 500, 503. */
int key_make(const struct settings *settings, struct error *err);

/* Waits until nobody else has it locked; close(2) the descriptor. -1: 500. */
int key_lock(const struct settings *settings, struct error *err);

#endif
