// A message of some bytes with which one descriptor comes (SCM_RIGHTS).
#ifndef CSUPERVISE_MESSAGE_H
#define CSUPERVISE_MESSAGE_H

#include <string.h>
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

/// Puts a descriptor into the room of a message that is to be sent.
static inline void hold_descriptor(union descriptor_room *room, int descriptor)
{
    room->header = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)),
    };
    memcpy(CMSG_DATA(&room->header), &descriptor, sizeof descriptor);
}

#endif
