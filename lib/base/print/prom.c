/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/print/prom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"

void
prom_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
prom_label(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s=\"", key);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			buf_char(b, '\\');
		if (*value == '\n')
			buf_str(b, "\\n");
		else
			buf_char(b, *value);
	}
	buf_char(b, '"');
}

int
prom_write(const char *dir, const char *name, const struct buf *b, struct err *e)
{
	cleanup_fd int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char new[64]; /* node_exporter reads *.prom only */

	if (folder < 0 && errno == ENOENT)
		return 1;
	if (b->failed)
		return err_memory(e);
	(void)snprintf(new, sizeof(new), "%s.%d", name, (int)getpid());
	if (folder >= 0)
		fd = openat(
			folder, new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0 && fchmod(fd, 0644) == 0 && write(fd, b->p, b->len) == (ssize_t)b->len &&
		renameat(folder, new, folder, name) == 0)
		return 0;
	(void)err_fail(e, EX_IOERR, errno, N_("cannot write metrics"),
		N_("let the service write in the folder, or change metrics_dir"), "%s", dir);
	if (fd >= 0)
		(void)unlinkat(folder, new, 0);
	return -1;
}
