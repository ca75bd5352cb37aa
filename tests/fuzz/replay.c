/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A fuzz target as a plain program: runs its entry point over its corpus, and over every prefix of
 * the small seeds, because parsers are wrong where input ends too early. Each input is a block of
 * its own, so that a read past its end is seen by the sanitizers.
 *
 *   fuzz_NAME            replays tests/fuzz/corpus/NAME
 *   fuzz_NAME FILE...    replays these files: what a crash left behind
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define PREFIX_MAX_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run(const uint8_t *data, size_t size)
{
	cleanup_mem uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size); /* always 0: it fails by crashing */
}

/* Returns 0, or -1 with errno set. */
static int
replay(int dirfd, const char *name)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	cleanup_mem uint8_t *data = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode))
		return 0;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -1;
	n = read(fd, data, (size_t)st.st_size);
	if (n < 0)
		return -1;
	run(data, (size_t)n);
	for (size_t i = 0; i < (size_t)n && n <= PREFIX_MAX_BYTES; i++)
		run(data, i);
	return 0;
}

static int
replay_corpus(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int n = 0;

	while (dir && (d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && replay(dirfd(dir), d->d_name) == 0)
			n++;
	if (dir)
		(void)closedir(dir); /* only read from */
	return n;
}

int
main(int argc, char **argv)
{
	char path[512];
	int n;

	for (int i = 1; i < argc; i++) {
		if (replay(AT_FDCWD, argv[i]) < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			return 1;
		}
	}
	if (argc > 1)
		return 0;
	(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/%s",
		program_invocation_short_name + strlen("fuzz_"));
	n = replay_corpus(path);
	printf("%d seeds of %s\n", n, path);
	return n > 0 ? 0 : 1;
}
