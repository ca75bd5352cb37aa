/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * service.h - all sources and stores of a configuration at work, in one thread
 *
 * Signals: SIGTERM and SIGINT end it with everything flushed; SIGHUP reads the configuration anew
 * and keeps the old one if that is wrong; SIGUSR1 opens the sinks' files again; SIGUSR2 prints the
 * counters to standard error.
 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"

struct service;

/* Opens everything that the configuration FILE (NULL: the default) declares. */
int service_open(const char *file, struct service **ret, struct err *e);

/* Runs until a signal ends it. Fails with EX_TEMPFAIL if a sink did not take all at the end (what
 * can be read again is read again at the next start), EX_IOERR if a sink is closed for good. */
int service_run(struct service *s, struct err *e);

struct service *service_free(struct service *s);
DEFINE_CLEANUP(struct service, service_free)
