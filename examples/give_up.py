"""Gives the network up from Python, for this thread and all that it starts from then on.

    supervise --network on -- python3 give_up.py

Python's `resource` module refuses a limit that it does not know, so the C library is called. The
numbers are those of supervise.h.
"""

import ctypes
import os
import socket

PR_SET_NETWORK = 0x534E0001
PR_NETWORK_OFF = 1
RLIMIT_NETWORK = 16

libc = ctypes.CDLL(None, use_errno=True)


def give_up_in_thread():
    """PR_SET_NETWORK: what other threads may do stays as it is."""
    none = ctypes.c_ulong(0)
    flags = ctypes.c_ulong(PR_NETWORK_OFF)
    if libc.prctl(PR_SET_NETWORK, flags, none, none, none) == -1:
        raise OSError(ctypes.get_errno(), "not under supervise?")


def limit():
    """RLIMIT_NETWORK: the soft and the hard value, of which a soft 0 is off."""
    values = (ctypes.c_uint64 * 2)()
    if libc.prlimit64(0, RLIMIT_NETWORK, None, values) == -1:
        raise OSError(ctypes.get_errno(), "not under supervise?")
    return ["infinity" if value == 2**64 - 1 else value for value in values]


print("limit:", *limit())
listener = socket.create_server(("127.0.0.1", 0))
give_up_in_thread()
print("listens on:", listener.getsockname()[0])
try:
    socket.create_connection(listener.getsockname())
except OSError as error:
    print("connects:", os.strerror(error.errno))
left, right = socket.socketpair()
left.send(b"done")
print("AF_UNIX:", right.recv(9).decode())
