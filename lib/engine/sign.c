/* Signing webhooks. The key is looked up when it is used, so that one that was replaced is not used any more. A target that names a
 * secret of its own gets no signature by one that its worker would not get, nor by one that is not made for that: whoever may name a
 * target could try passwords by it. */
#include "engine/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "engine/vault.h"

static const char KEY_PREFIX[] = "whsec_";

struct signing {
    const char *worker; /* that must get the secret; NULL: it is the site's */
    const struct secret_part *parts;
    size_t part_count;
    bool found, granted, usable;
    unsigned char mac[SECRET_HASH_SIZE];
};

static void use_secret(const struct secret *secret, const char *value, void *context)
{
    struct signing *s = context;
    const char *encoded = strncmp(value, KEY_PREFIX, sizeof KEY_PREFIX - 1) == 0 ? value + sizeof KEY_PREFIX - 1 : NULL;
    size_t size = strlen(value);
    unsigned char *key = malloc(size + 1);

    s->found = true;
    s->granted = !s->worker || grant_allows(&secret->grant, s->worker);
    if (!key || !s->granted) {
        free(key);
        return;
    }
    if (!encoded)
        memcpy(key, value, size);
    s->usable = encoded ? secret_from_base64(encoded, key, size, &size) == 0 && size > 0 : !s->worker;
    if (s->usable)
        secret_hmac(key, size, s->parts, s->part_count, s->mac);
    secret_forget(key, strlen(value));
    free(key);
}

static int explain(struct delivery_try *t, const char *name, const char *why)
{
    snprintf(t->fault, sizeof t->fault, "the secret %.64s %s", name, why);
    return -1;
}

static int make_mac(struct engine *e, const char *name, struct signing *s, struct delivery_try *t)
{
    struct error err = {0};

    if (vault_open_one(e->store, e->settings, name, use_secret, s, &err) < 0) {
        snprintf(t->fault, sizeof t->fault, "%.190s", err.message);
        return -1;
    }
    if (!s->found || !s->granted)
        return explain(t, name, s->worker ? "is none of those that the job's worker gets" : "is not there");
    return s->usable ? 0 : explain(t, name, "is no key: that is whsec_ and base 64");
}

int sign_headers(struct engine *e, const struct delivery *d, struct buf *headers, struct delivery_try *t)
{
    const char *name = d->secret[0] ? d->secret : e->settings->notify_secret;
    char time[24], signature[SECRET_BASE64_SIZE(SECRET_HASH_SIZE)];
    const struct secret_part parts[] = {{d->id, strlen(d->id)},
                                        {".", 1},
                                        {time,
                                         (size_t)snprintf(time, sizeof time, "%lld", (long long)(e->now_ms / 1000))},
                                        {".", 1},
                                        {d->body, d->body_size}};
    struct signing s = {.worker = d->secret[0] ? d->worker : NULL,
                        .parts = parts,
                        .part_count = sizeof parts / sizeof *parts};

    buf_printf(headers, "Content-Type: application/json\nwebhook-id: %s\nwebhook-timestamp: %s\n", d->id, time);
    if (!*name)
        return 0;
    if (make_mac(e, name, &s, t) < 0)
        return -1;
    secret_to_base64(s.mac, sizeof s.mac, signature);
    buf_printf(headers, "webhook-signature: v1,%s\n", signature);
    return 0;
}
