#ifndef JOBJOKER_BASE_SECRET_H
#define JOBJOKER_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Randomness, hashes and passwords: libsodium's work. */

enum {
    SECRET_HASH_SIZE = 32,
    SECRET_TOKEN_SIZE = 48,     /* text of 256 random bits in base64url, and its NUL */
    SECRET_PASSWORD_SIZE = 128, /* text of a password's Argon2id hash */
    SECRET_KEY_SIZE = 32,
};

void secret_random(void *out, size_t size);
void secret_token(char out[SECRET_TOKEN_SIZE]);

/* BLAKE2b-256 (RFC 7693); enough for tokens, which are random: nobody can guess them. */
void secret_hash(const void *data, size_t size, unsigned char out[SECRET_HASH_SIZE]);
/* The same under a key of SECRET_KEY_SIZE bytes. */
void secret_keyed_hash(const unsigned char *key, const void *data, size_t size, unsigned char out[SECRET_HASH_SIZE]);
/* The key of one use, made from the key of the data folder: what is made for one use is good for no other. The numbers stay. */
enum secret_use { SECRET_USE_PASSWORD = 1, SECRET_USE_GUESS, SECRET_USE_VALUE, SECRET_USE_KEY_ID };
void secret_derive(const unsigned char *key, enum secret_use use, unsigned char out[SECRET_KEY_SIZE]);

/* Encrypts and authenticates (XChaCha20-Poly1305) `size` bytes into size + SECRET_SEAL_SIZE. They can be opened under the same
 * name alone. */
enum { SECRET_SEAL_SIZE = 40 };
void secret_seal(const unsigned char *key, const char *name, const void *data, size_t size, unsigned char *out);
/* Into sealed_size - SECRET_SEAL_SIZE bytes. -1: another key, another name, or changed; nothing of it is told. */
int secret_unseal(const unsigned char *key, const char *name, const unsigned char *sealed, size_t sealed_size,
                  void *out);

/* Overwrites what need not lie about in memory. */
void secret_forget(void *data, size_t size);

/* SHA-256 (FIPS 180-4) as 64 hexadecimal digits and a NUL: names of what is addressed by its content. */
enum { SECRET_SHA256_SIZE = 65 };
void secret_sha256(const void *data, size_t size, char out[SECRET_SHA256_SIZE]);

/* HMAC-SHA-256 (RFC 2104) of parts, one after the other. */
struct secret_part {
    const void *data;
    size_t size;
};
void secret_hmac(const void *key, size_t key_size, const struct secret_part *parts, size_t count,
                 unsigned char out[SECRET_HASH_SIZE]);

/* Base 64 (RFC 4648 section 4) with padding, and a NUL. */
#define SECRET_BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)
void secret_to_base64(const void *data, size_t size, char *out);
/* Into at most `room` bytes. -1: it is none, or too long. */
int secret_from_base64(const char *text, void *out, size_t room, size_t *size);

bool secret_equal(const void *a, const void *b, size_t size); /* in constant time */

/* Argon2id (RFC 9106): slow on purpose, about 0.1 s and 64 MB. 500: memory ran out. */
int secret_password_hash(const char *password, char out[SECRET_PASSWORD_SIZE], struct error *err);
bool secret_password_matches(const char *hash, const char *password);

#endif
