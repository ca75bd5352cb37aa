/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/utmp/utmp-private.h"

int
utmp_file_open(struct utmp_file *f, const struct utmp_store *t, int fd, const char *path,
	const struct stat *st, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	*f = (struct utmp_file){ .t = t,
		.path = path,
		.fd = copy,
		.mtime_us = mtime_us(st),
		.size = t->lastlog ? sizeof(struct lastlog) : sizeof(struct utmp) };
	if (input_open(fd, path, &f->in, e) < 0) {
		utmp_file_release(f);
		return -1;
	}
	if (copy < 0) {
		utmp_file_release(f);
		return err_fail(e, EX_OSERR, errno, N_("cannot open"), NULL, "%s", path);
	}
	if (!*input_filter(f->in))
		f->in = input_free(f->in);
	return 0;
}

void
utmp_file_release(struct utmp_file *f)
{
	f->in = input_free(f->in);
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}

/* --- a record's bytes ------------------------------------------------------------------------- */

/* 0, or 1 at the end; what is less than a record is not given. */
static int
read_packed(struct utmp_file *f, struct err *e)
{
	for (size_t got = 0; got < f->size;) {
		long n = input_read(f->in, f->raw.bytes + got, f->size - got, e);

		if (n <= 0)
			return n < 0 ? -1 : 1;
		got += (size_t)n;
	}
	return 0;
}

static int
read_at(struct utmp_file *f, uint64_t at)
{
	return pread(f->fd, f->raw.bytes, f->size, (off_t)at) == (ssize_t)f->size ? 0 : 1;
}

static bool
is_blank(const struct utmp_file *f)
{
	for (size_t i = 0; i < f->size; i++)
		if (f->raw.bytes[i])
			return false;
	return true;
}

/* Where the next record with data may begin: a hole is passed over. */
static uint64_t
after_hole(const struct utmp_file *f, uint64_t at)
{
	off_t data = lseek(f->fd, (off_t)at, SEEK_DATA);

	return data < 0 ? at : (uint64_t)data - (uint64_t)data % f->size;
}

/* --- as a record ------------------------------------------------------------------------------ */

/* The kernel's own form: IPv4 in the first word, the others 0. */
static void
address_text(const int32_t v[4], char ret[INET6_ADDRSTRLEN])
{
	const bool v4 = v[1] == 0 && v[2] == 0 && v[3] == 0;

	if (v[0] == 0 && v4)
		*ret = '\0';
	else
		(void)inet_ntop(v4 ? AF_INET : AF_INET6, v, ret, INET6_ADDRSTRLEN);
}

static int64_t
put_utmp(struct utmp_file *f)
{
	const struct utmp *u = &f->raw.utmp;
	char address[INET6_ADDRSTRLEN];

	address_text(u->ut_addr_v6, address);
	(void)snprintf(f->text, sizeof(f->text), "%.*s %.*s %.*s %s", (int)sizeof(u->ut_user),
		u->ut_user, (int)sizeof(u->ut_line), u->ut_line, (int)sizeof(u->ut_host),
		u->ut_host, address);
	return (uint32_t)u->ut_tv.tv_sec * INT64_C(1000000) + u->ut_tv.tv_usec;
}

/* A user's own record has no name in it: his number is its place. */
static int64_t
put_lastlog(struct utmp_file *f)
{
	const struct lastlog *l = &f->raw.lastlog;
	const uint64_t uid = f->at / f->size;
	const struct passwd *pw = getpwuid((uid_t)uid);

	(void)snprintf(f->text, sizeof(f->text), "%.64s %llu %.*s %.*s", pw ? pw->pw_name : "",
		(unsigned long long)uid, (int)sizeof(l->ll_line), l->ll_line,
		(int)sizeof(l->ll_host), l->ll_host);
	return (uint32_t)l->ll_time * INT64_C(1000000);
}

static void
as_record(struct utmp_file *f, struct record *ret)
{
	const int64_t us = f->t->lastlog ? put_lastlog(f) : put_utmp(f);

	*ret = (struct record){ .store = f->t->store.conf,
		.time_us = us > 0 ? us : f->mtime_us, /* none of its own: not younger than that */
		.text = span_str(f->text),
		.size = f->size,
		.place = f->path,
		.offset = f->at,
		.copy = utmp_is_copy(f->t, f->path) };
}

int
utmp_file_next(struct utmp_file *f, struct record *ret, struct err *e)
{
	for (;;) {
		int rc;

		f->at = f->next;
		rc = f->in ? read_packed(f, e) : read_at(f, f->at);
		if (rc != 0)
			return rc;
		f->next = f->at + f->size;
		if (!is_blank(f)) {
			as_record(f, ret);
			return 0;
		}
		if (!f->in)
			f->next = after_hole(f, f->next);
	}
}

int
utmp_file_again(struct utmp_file *f, uint64_t at, struct record *ret)
{
	f->at = at;
	if (read_at(f, at) != 0 || is_blank(f))
		return 1;
	as_record(f, ret);
	return 0;
}
