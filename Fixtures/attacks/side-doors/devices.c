// Devices that lead to a network, each by the one request without which it leads nowhere.
#include "door.h"

#include <fcntl.h>
#include <linux/ppp-ioctl.h>
#include <linux/vhost.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

// drivers/misc/vmw_vmci and <linux/vmw_vmci_defs.h>, which is not among the headers for programs.
#define VMCI_VERSION2 0x07a7
#define VMCI_INIT_CONTEXT 0x07a0

static int open_device(const char *path) {
    int device = open(path, O_RDWR);
    step(path, device);
    return device;
}

/// A network card whose other side is this program.
void make_ppp(void) {
    int device = open_device("/dev/ppp"), unit = -1;
    if (device != -1) {
        step("PPPIOCNEWUNIT", ioctl(device, PPPIOCNEWUNIT, &unit));
    }
}

/// What a terminal's bytes are taken for: those of PPP, SLIP, Bluetooth, ... are packets. Here as ever.
void set_discipline(void) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), discipline = N_TTY;
    if (step("posix_openpt", terminal)) {
        step("TIOCSETD", ioctl(terminal, TIOCSETD, &discipline));
    }
}

/// The host's side of a virtual machine's AF_VSOCK. Its queues are this program's memory from here on.
void own_vhost(void) {
    int device = open_device("/dev/vhost-vsock");
    if (device != -1) {
        step("VHOST_SET_OWNER", ioctl(device, VHOST_SET_OWNER, NULL));
    }
}

/// The same of VMware's: what follows sends datagrams to other machines.
void begin_vmci(void) {
    int device = open_device("/dev/vmci"), version = 0xb0000;
    struct {
        unsigned number, flags;
    } context = {0xffffffff, 0};
    if (device != -1) {
        ioctl(device, VMCI_VERSION2, &version);
        step("IOCTL_VMCI_INIT_CONTEXT", ioctl(device, VMCI_INIT_CONTEXT, &context));
    }
}
