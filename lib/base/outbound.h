#ifndef JOBJOKER_BASE_OUTBOUND_H
#define JOBJOKER_BASE_OUTBOUND_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/buf.h"

/* Where a program of ours may connect to on behalf of somebody who named a URL. The address that is really connected to is
 * looked at, whatever name has led there. */

enum { OUTBOUND_ADDRESS_SIZE = 64 };

/* Is it one of the Internet at large? Not: loopback, link-local, private, shared (RFC 6598), multicast, unspecified, reserved or for
 * documentation (RFC 6890), nor an IPv6 address that carries an IPv4 address (NAT64, 6to4, Teredo). One that is mapped (::ffff:192.0.2.7) is
 * the IPv4 address. */
bool outbound_is_public(const char *address);

/* Writes the networks that this machine is attached to, and so its own addresses, as outbound_may() takes them (getifaddrs(3)). -1: they
 * cannot be told. */
int outbound_near(struct buf *networks);

/* May it? `allow`: networks, addresses and names of hosts, separated by spaces; those are allowed besides what is public. `near`: networks
 * that are not, although they look public. `host` is the name in the URL, perhaps in brackets. Only IPv4 and IPv6. `text` gets the address
 * as text, "" for other families. */
bool outbound_may(const char *allow, const char *near, const char *host, const struct sockaddr *address,
                  char text[OUTBOUND_ADDRESS_SIZE]);

#endif
