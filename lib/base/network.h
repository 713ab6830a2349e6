#ifndef JOBJOKER_BASE_NETWORK_H
#define JOBJOKER_BASE_NETWORK_H

#include <stdbool.h>

/* Addresses and networks (CIDR, RFC 4632 and RFC 4291): `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. An IPv4 address
 * that is written as IPv6 (::ffff:192.0.2.7) is the IPv4 address. */

struct network {
    bool ipv4;
    unsigned char bytes[16]; /* IPv4: the first four; those beyond `bits` are 0 */
    int bits;
};

/* Reads one address, or one network; bits beyond the prefix are dropped. -1: it is none. */
int network_parse(const char *text, struct network *out);

/* Is the address in one of the networks, which are separated by spaces? False for what is no address. */
bool network_list_holds(const char *networks, const char *address);

/* Who sends from this address, as far as an address tells: all of an IPv4 address, and of an IPv6 address the /64 that
 * one subscriber has. What is no address is one sender, all zero. */
void network_sender(const char *address, struct network *out);

#endif
