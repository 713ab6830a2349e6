/* Addresses as bits: an address is the network that holds it alone. */
#include "base/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { ADDRESS_TEXT_SIZE = 64, IPV4_BITS = 32, IPV6_BITS = 128, MAPPED_BITS = 96, SUBSCRIBER_BITS = 64 };

static void drop_bits_beyond(struct network *n)
{
    for (int i = 0; i < (int)sizeof n->bytes; i++) {
        int left = n->bits - 8 * i;

        if (left < 8)
            n->bytes[i] &= (unsigned char)(left <= 0 ? 0 : 0xff << (8 - left));
    }
}

static void take_mapped_as_ipv4(struct network *n)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (n->bits < MAPPED_BITS || memcmp(n->bytes, mapped, sizeof mapped) != 0)
        return;
    memmove(n->bytes, n->bytes + sizeof mapped, 4);
    n->bits -= MAPPED_BITS;
    n->ipv4 = true;
}

int network_parse(const char *text, struct network *out)
{
    size_t length = strcspn(text, "/");
    char address[ADDRESS_TEXT_SIZE];
    struct network n = {.ipv4 = !memchr(text, ':', length)};
    int all = n.ipv4 ? IPV4_BITS : IPV6_BITS;
    long long bits = all;

    if (length >= sizeof address)
        return -1;
    memcpy(address, text, length);
    address[length] = '\0';
    if (inet_pton(n.ipv4 ? AF_INET : AF_INET6, address, n.bytes) != 1)
        return -1;
    if (text[length] && text_to_int(text + length + 1, 0, all, &bits) < 0)
        return -1;
    n.bits = (int)bits;
    if (!n.ipv4)
        take_mapped_as_ipv4(&n);
    drop_bits_beyond(&n);
    *out = n;
    return 0;
}

static bool holds(const struct network *network, struct network address)
{
    if (address.ipv4 != network->ipv4)
        return false;
    address.bits = network->bits;
    drop_bits_beyond(&address);
    return memcmp(address.bytes, network->bytes, sizeof address.bytes) == 0;
}

bool network_list_holds(const char *networks, const char *address)
{
    struct network own, network;
    char word[ADDRESS_TEXT_SIZE + 4];

    if (strchr(address, '/') || network_parse(address, &own) < 0)
        return false;
    while (text_next_word(&networks, word, sizeof word)) {
        if (network_parse(word, &network) == 0 && holds(&network, own))
            return true;
    }
    return false;
}

void network_sender(const char *address, struct network *out)
{
    if (network_parse(address, out) < 0)
        *out = (struct network){0};
    if (!out->ipv4 && out->bits > SUBSCRIBER_BITS)
        out->bits = SUBSCRIBER_BITS;
    drop_bits_beyond(out);
}
