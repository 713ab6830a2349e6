/* Of IPv6 only what is given out as unicast at present counts as public (2000::/3), and within that not what carries another address or
 * leads nowhere: so a range that is new to us is refused rather than trusted. */
#include "base/outbound.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/network.h"
#include "base/text.h"

static const char special[] =
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 "
    "192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 "
    "192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 "
    "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20";

bool outbound_is_public(const char *address)
{
    struct network n;

    if (strchr(address, '/') || network_parse(address, &n) < 0)
        return false;
    if (!n.ipv4 && !network_list_holds("2000::/3", address))
        return false;
    return !network_list_holds(special, address);
}

static bool is_named(const char *allow, const char *host)
{
    char word[256];

    while (text_next_word(&allow, word, sizeof word)) {
        if (strcasecmp(word, host) == 0)
            return true;
    }
    return false;
}

/* The bytes of an address, or NULL for another family than IPv4 and IPv6. */
static const unsigned char *bytes_of(const struct sockaddr *address, size_t *size)
{
    if (address && address->sa_family == AF_INET) {
        *size = 4;
        return (const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr;
    }
    if (address && address->sa_family == AF_INET6) {
        *size = 16;
        return (const unsigned char *)&((const struct sockaddr_in6 *)address)->sin6_addr;
    }
    return NULL;
}

static int prefix_of(const struct sockaddr *netmask)
{
    size_t size = 0;
    const unsigned char *bytes = bytes_of(netmask, &size);
    int bits = 0;

    for (size_t i = 0; bytes && i < size; i++)
        bits += __builtin_popcount(bytes[i]);
    return bits;
}

int outbound_near(struct buf *networks)
{
    struct ifaddrs *own;

    if (getifaddrs(&own) < 0)
        return -1;
    for (const struct ifaddrs *a = own; a; a = a->ifa_next) {
        size_t size = 0;
        const unsigned char *bytes = bytes_of(a->ifa_addr, &size);
        int bits = bytes ? prefix_of(a->ifa_netmask) : 0;
        char text[OUTBOUND_ADDRESS_SIZE];

        if (!bytes || !inet_ntop(a->ifa_addr->sa_family, bytes, text, sizeof text))
            continue;
        /* Of a tunnel that leads everywhere, this end alone. */
        buf_printf(networks, "%s/%d ", text, bits ? bits : (int)(8 * size));
    }
    freeifaddrs(own);
    return networks->failed ? -1 : 0;
}

bool outbound_may(const char *allow, const char *near, const char *host, const struct sockaddr *address,
                  char text[OUTBOUND_ADDRESS_SIZE])
{
    size_t size;
    const unsigned char *bytes = bytes_of(address, &size);

    text[0] = '\0';
    if (!bytes || !inet_ntop(address->sa_family, bytes, text, OUTBOUND_ADDRESS_SIZE))
        return false;
    if (network_list_holds(allow, text) || is_named(allow, host))
        return true;
    return outbound_is_public(text) && !network_list_holds(near, text);
}
