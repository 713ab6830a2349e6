/* libsodium behind the few names that we need. sodium_init() is left out on purpose: it only picks faster
 * implementations and costs every request; each function used here works without it. */
#include "base/secret.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SECRET_HASH_SIZE == crypto_generichash_BYTES, "BLAKE2b-256");
_Static_assert(SECRET_KEY_SIZE == crypto_generichash_KEYBYTES, "BLAKE2b key");
_Static_assert(SECRET_KEY_SIZE == crypto_kdf_KEYBYTES, "KDF key");
_Static_assert(SECRET_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "AEAD key");
_Static_assert(SECRET_SEAL_SIZE ==
                   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce and tag");
_Static_assert(SECRET_PASSWORD_SIZE == crypto_pwhash_STRBYTES, "Argon2id text");

void secret_random(void *out, size_t size)
{
    randombytes_buf(out, size);
}

void secret_token(char out[SECRET_TOKEN_SIZE])
{
    unsigned char bytes[32];

    secret_random(bytes, sizeof bytes);
    sodium_bin2base64(out, SECRET_TOKEN_SIZE, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void secret_hash(const void *data, size_t size, unsigned char out[SECRET_HASH_SIZE])
{
    crypto_generichash(out, SECRET_HASH_SIZE, data, size, NULL, 0);
}

void secret_keyed_hash(const unsigned char *key, const void *data, size_t size, unsigned char out[SECRET_HASH_SIZE])
{
    crypto_generichash(out, SECRET_HASH_SIZE, data, size, key, SECRET_KEY_SIZE);
}

void secret_derive(const unsigned char *key, enum secret_use use, unsigned char out[SECRET_KEY_SIZE])
{
    crypto_kdf_derive_from_key(out, SECRET_KEY_SIZE, (uint64_t)use, "jobjoker", key);
}

/* A random nonce of 192 bits never comes twice. It stands before the rest. */
void secret_seal(const unsigned char *key, const char *name, const void *data, size_t size, unsigned char *out)
{
    unsigned char *text = out + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;

    secret_random(out, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, data, size, (const unsigned char *)name, strlen(name), NULL,
                                               out, key);
}

int secret_unseal(const unsigned char *key, const char *name, const unsigned char *sealed, size_t sealed_size,
                  void *out)
{
    const unsigned char *text = sealed + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;

    if (sealed_size < SECRET_SEAL_SIZE)
        return -1;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, text,
                                                      sealed_size - crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
                                                      (const unsigned char *)name, strlen(name), sealed, key);
}

void secret_forget(void *data, size_t size)
{
    if (data)
        sodium_memzero(data, size);
}

void secret_sha256(const void *data, size_t size, char out[SECRET_SHA256_SIZE])
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, data, size);
    sodium_bin2hex(out, SECRET_SHA256_SIZE, digest, sizeof digest);
}

_Static_assert(SECRET_HASH_SIZE == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");

void secret_hmac(const void *key, size_t key_size, const struct secret_part *parts, size_t count,
                 unsigned char out[SECRET_HASH_SIZE])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, key_size);
    for (size_t i = 0; i < count; i++)
        crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].size);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

void secret_to_base64(const void *data, size_t size, char *out)
{
    sodium_bin2base64(out, SECRET_BASE64_SIZE(size), data, size, sodium_base64_VARIANT_ORIGINAL);
}

int secret_from_base64(const char *text, void *out, size_t room, size_t *size)
{
    return sodium_base642bin(out, room, text, strlen(text), NULL, size, NULL, sodium_base64_VARIANT_ORIGINAL);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

int secret_password_hash(const char *password, char out[SECRET_PASSWORD_SIZE], struct error *err)
{
    if (crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0)
        return 0;
    return error_set(err, 500, "internal", "the server has too little memory to check a password");
}

bool secret_password_matches(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}
