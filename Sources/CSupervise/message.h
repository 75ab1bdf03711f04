// A message of some bytes with which one descriptor comes (SCM_RIGHTS).
#ifndef CSUPERVISE_MESSAGE_H
#define CSUPERVISE_MESSAGE_H

#include <sys/socket.h>

/// Room for one descriptor; the kernel closes what does not fit.
union descriptor_room {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
};

static inline struct msghdr descriptor_message(struct iovec *bytes, union descriptor_room *room)
{
    return (struct msghdr){
        .msg_iov = bytes, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof *room,
    };
}

#endif
