/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/whole.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int
whole_write(int fd, struct span s)
{
	while (s.len > 0) {
		const ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s = span_from(s, (size_t)n);
	}
	return 0;
}

int
whole_map(int fd, struct span *ret)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_size == 0)
		return 1;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	*ret = span_of(p, (size_t)st.st_size);
	return 0;
}

void
whole_unmap(struct span s)
{
	if (s.p)
		(void)munmap((void *)s.p, s.len);
}
