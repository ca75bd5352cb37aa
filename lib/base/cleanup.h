/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cleanup.h - scope ends things
 *
 * A variable marked CLEANUP(f) is ended by f(&variable) when its scope is left. What is handed on
 * is taken out first: TAKE(p) leaves NULL behind, fd_take(&fd) leaves -1.
 */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(f) __attribute__((cleanup(f)))

/* Gives the value of pointer P away and leaves NULL in it. */
#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

/* DEFINE_CLEANUP(struct hold, hold_free) makes hold_freep for CLEANUP(hold_freep). */
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline __attribute__((unused)) void fn##p(type **p)                                 \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}

static inline __attribute__((unused)) void
fd_closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd); /* read side, or already synced: nothing left to report */
	errno = saved;
}

static inline __attribute__((unused)) void
freep(void *p)
{
	free(*(void **)p);
}

static inline __attribute__((unused)) void
fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline __attribute__((unused)) int
fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define cleanup_fd    CLEANUP(fd_closep)
#define cleanup_mem   CLEANUP(freep)
#define cleanup_stdio CLEANUP(fclosep)
