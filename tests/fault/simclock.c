/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * simclock.so - preloaded: a wall clock that is ahead by what the file $SIMCLOCK says
 *
 * The file has one int64_t, microseconds that are added to CLOCK_REALTIME and CLOCK_BOOTTIME, as if
 * the machine had run on; all processes see a change at once, also those that run for days
 * (journald). CLOCK_MONOTONIC stays, so that nobody waits; so do the file system's times.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_us;

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("SIMCLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED
			 : mmap(NULL, sizeof(*offset_us), PROT_READ, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		offset_us = p;
	if (fd >= 0)
		(void)close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);
	int64_t us;

	if (rc < 0 || !offset_us ||
		(id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE && id != CLOCK_BOOTTIME))
		return rc;
	us = (int64_t)ts->tv_sec * 1000000 + ts->tv_nsec / 1000 + *offset_us;
	*ts = (struct timespec){ us / 1000000, us % 1000000 * 1000 + ts->tv_nsec % 1000 };
	return 0;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	*tv = (struct timeval){ ts.tv_sec, ts.tv_nsec / 1000 };
	return 0;
}

time_t
time(time_t *ret)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}
