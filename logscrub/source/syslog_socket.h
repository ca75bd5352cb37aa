/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * syslog_socket.h - where a syslog source listens
 *
 * "unix:PATH" (datagrams), "udp:ADDR:PORT", "tcp:ADDR:PORT", or "systemd:NAME" for what socket
 * activation hands over under that FileDescriptorName= (datagram or listening stream). ADDR is
 * numeric, in brackets where it has colons, or "*".
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SYSLOG_SOCKETS_MAX 8

struct syslog_socket {
	int fd;
	bool stream;         /* listening; else datagrams */
	bool local;          /* AF_UNIX */
	const char *unlink_; /* our own path in the file system, or NULL */
	unsigned long long dev, ino;
};

/* Opens what LISTEN (which lives on) names; *ret_n sockets, at most SYSLOG_SOCKETS_MAX. A stale
 * socket in the way is replaced; one that somebody listens on, or another kind of file, is not.
 * Fails with EX_UNAVAILABLE, EX_NOPERM, EX_CONFIG. */
int syslog_sockets_open(const char *listen_, struct syslog_socket ret[SYSLOG_SOCKETS_MAX],
	unsigned *ret_n, struct err *e);

/* Closes it, and removes its path if that is still the one that was made. */
void syslog_socket_close(struct syslog_socket *k);
