// What the parts of this program share.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define OUT "out"
#define MARK "leads out"

/// Goes a way, so many times; 0, or 2 where it is none.
int lead_out(const char *way, int is_ipv6, int is_narrow, long tries);
