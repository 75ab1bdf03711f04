// The local address of a socket, given to it through a copy of its descriptor.
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "CSupervise.h"

int csupervise_bind(int descriptor, const void *address, size_t length)
{
    return bind(descriptor, address, (socklen_t)length) == 0 ? 0 : errno;
}

int csupervise_bind_source(int descriptor, const void *address, size_t length)
{
    int former = 0, one = 1;
    socklen_t size = sizeof former;
    // The port is then chosen when the connection or the message needs one: so each of many
    // connections has all ports for itself that its peer has not seen.
    int is_known = getsockopt(
                       descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &former, &size) == 0
        && setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) == 0;
    int error = bind(descriptor, address, (socklen_t)length) == 0 ? 0 : errno;
    if (is_known && !former) {
        setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &former, sizeof former);
    }
    return error;
}

int csupervise_make_ipv6_only(int descriptor)
{
    int only = 0, one = 1;
    socklen_t size = sizeof only;
    if (getsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) == -1) {
        return errno;
    }
    if (only) {
        return 0;
    }
    return setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == 0 ? 0 : errno;
}
