// What the parts of this program share.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

/// What is inherited: a bound UDP socket, a UDP socket, a TCP socket, a TCP listener.
enum { UDP_TARGET = 21, UDP, TCP, TCP_TARGET };

/// Notes the first step that failed; returns whether this one did not.
int step(const char *name, long result);
/// As `step`, with an errno value instead of the variable: of calls that the C library does not make.
int step_raw(const char *name, long result);
/// Whether a datagram, or a connection, came to its target.
int has_datagram(void);
int has_connection(void);
/// The target's address.
struct sockaddr_in address_of(int target);
/// The end of the way, in a process of its own: its status.
int in_child(void (*run)(void));

// other-calls.c, devices.c, services.c, options.c, untraced.c, machine.c
void connect_by_ring(void);
void connect_by_listener(void);
void connect_untraced(void);
void fast_open(void);
void fast_open_message(void);
void send_without_family(void);
void listen_unbound(void);
void insert_input(void);
void connect_received(void);
void send_received(void);
void make_tunnel(void);
void make_ppp(void);
void set_discipline(void);
void own_vhost(void);
void begin_vmci(void);
void run_bpf(void);
void request_key(void);
void connect_by_setting(void);
void connect_by_reading(void);
void choose_port_by_binding(void);
void choose_port_by_sending(void);
void choose_port_by_listening(void);
void send_by_interrupt(void);
void send_by_socketcall(void);
void send_by_far_jump(void);
void send_by_narrow_syscall(void);
void send_by_sysenter(void);
void send_with_garbage(void);
