/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/map.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* All pages of what is written to come with one call, not with a fault each, which takes a third of the time.
 * Of more they would be on their way to the disk before anything stands in them. */
#define AT_ONCE (256u << 20)

/* In a table of fixed places, for the handler may not wait for whoever changes a list. */
struct map {
	uint8_t *volatile p; /* NULL: this place is free */
	volatile size_t len;
	volatile sig_atomic_t torn;
};

static struct map maps[MAP_MOST];
static uintptr_t page; /* bytes; 0: the handler is not set yet */

static struct map *
map_of(uintptr_t at)
{
	for (size_t i = 0; i < MAP_MOST; i++) {
		const uintptr_t p = (uintptr_t)maps[i].p;

		if (p != 0 && at >= p && at - p < maps[i].len)
			return &maps[i];
	}
	return NULL;
}

/* mmap(2) is a bare system call: it may be made from here. */
static void
on_bus(int signal_, siginfo_t *info, void *context)
{
	const int saved = errno;
	const uintptr_t at = (uintptr_t)info->si_addr & ~(page - 1);
	struct map *m = info->si_code == BUS_ADRERR ? map_of((uintptr_t)info->si_addr) : NULL;

	(void)context;
	if (m) {
		uint8_t *from = m->p + (at - (uintptr_t)m->p);
		const size_t len = m->len - (size_t)(from - m->p);

		m->torn = 1;
		if (mmap(from, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			    0) != MAP_FAILED) {
			errno = saved;
			return;
		}
	}
	(void)signal(signal_, SIG_DFL); /* it comes again, and ends us */
	errno = saved;
}

static int
handler_set(void)
{
	struct sigaction sa = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_RESTART };

	if (page != 0)
		return 0;
	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	return sigaction(SIGBUS, &sa, NULL);
}

int
map_new(int fd, size_t len, bool write, struct map **ret)
{
	struct map *m = NULL;
	void *p;

	for (size_t i = 0; i < MAP_MOST && !m; i++)
		m = maps[i].p ? NULL : &maps[i];
	if (!m) {
		errno = EMFILE;
		return -1;
	}
	if (handler_set() < 0)
		return -1;
	p = mmap(NULL, len, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	if (write && len <= AT_ONCE)
		(void)madvise(p, len, MADV_POPULATE_WRITE); /* refused: they come one by one */
	m->torn = 0;
	m->len = len;
	m->p = p;
	*ret = m;
	return 0;
}

struct map *
map_free(struct map *m)
{
	uint8_t *p = m ? m->p : NULL;

	if (p) {
		m->p = NULL;
		(void)munmap(p, m->len); /* of what we mapped: cannot fail */
	}
	return NULL;
}

uint8_t *
map_bytes(const struct map *m)
{
	return m->p;
}

bool
map_is_torn(const struct map *m)
{
	return m->torn;
}
