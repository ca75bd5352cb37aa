/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names: seconds, a dot, what makes it unique, and behind ":2," its flags (cr.yp.to/proto/maildir.html;
 * R: replied).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "store/maildir/maildir-private.h"
#include "store/maildir/mime.h"

const char *
maildir_sub_name(enum maildir_sub s)
{
	static const char *const names[MAILDIR_SUBS] = { "cur", "new", "tmp" };

	return names[s];
}

/* --- as declared ------------------------------------------------------------------------------ */

static int
ages_read(struct maildir *m, const struct conf_store *s, struct err *e)
{
	static const char *const words[] = { "name", "date", "mtime", "ctime" };
	const char *text = store_option(s, "age", "name mtime");

	while (*(text += strspn(text, " \t\n"))) {
		const size_t len = strcspn(text, " \t\n");
		size_t i = 0;

		while (i < 4 && (strlen(words[i]) != len || strncmp(words[i], text, len) != 0))
			i++;
		if (i == 4 || m->n_ages == MAILDIR_AGES_MAX)
			return conf_fail(e, &s->where, N_("no such clue"),
				N_("see maildir in sparsam.conf(5)"), "store \"%s\": %.*s", s->name,
				(int)len, text);
		m->age[m->n_ages++] = (enum mail_age)i;
		text += len;
	}
	return 0;
}

int
maildir_declared(struct maildir *m, const struct conf_store *s, struct err *e)
{
	char *rest = NULL;

	m->answered = store_option(s, "answered", "R");
	m->about_text = strdup(store_option(s, "about", "From To Cc Reply-To Subject body"));
	m->about.v = m->about_text ? calloc(strlen(m->about_text) + 1, sizeof(*m->about.v)) : NULL;
	if (!m->about.v)
		return err_memory(e);
	for (char *word = strtok_r(m->about_text, " \t\n", &rest); word;
		word = strtok_r(NULL, " \t\n", &rest)) {
		if (strcmp(word, "body") == 0)
			m->body = true;
		else
			m->about.v[m->about.n++] = word;
	}
	return ages_read(m, s, e);
}

/* --- read as far as needed -------------------------------------------------------------------- */

/* Where the head of RAW ends, behind its empty line; 0: not yet. */
static size_t
head_end(const struct buf *raw, size_t from)
{
	for (size_t i = from; i < raw->len; i++) {
		if (raw->p[i] != '\n')
			continue;
		if (i + 1 < raw->len && raw->p[i + 1] == '\n')
			return i + 2;
		if (i + 2 < raw->len && raw->p[i + 1] == '\r' && raw->p[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

/* The head into m->raw, and the body where it is asked for. 1: it cannot be read. */
static int
read_mail(struct mail *one, bool body, struct err *e)
{
	struct maildir *m = one->m;
	struct err why;
	cleanup_fd int fd = walk_open(one->dirfd, one->name, O_RDONLY, 0, NULL, &why);
	size_t end = 0;
	ssize_t n = 1;

	buf_clear(&m->raw);
	one->read = true;
	one->whole = false;
	if (fd < 0)
		return 1;
	while (n > 0 && (body || end == 0)) {
		const size_t from = m->raw.len > 3 ? m->raw.len - 3 : 0;

		if (!buf_room(&m->raw, 4096))
			return 1;
		n = read(fd, m->raw.p + m->raw.len, 4096);
		if (n < 0)
			return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, "%s/%s",
				one->folder, maildir_sub_name(one->sub));
		m->raw.len += (size_t)n;
		end = end ? end : head_end(&m->raw, from);
	}
	one->whole = true;
	return 0;
}

/* --- age -------------------------------------------------------------------------------------- */

/* Without comments at its end: "Tue, 24 Nov 2026 01:40:29 +0000 (UTC)". */
static struct span
date_of(struct span h)
{
	const char *p = h.p + 5, *end = h.p + h.len, *to;

	while (p < end && strchr(" \t\r\n", *p))
		p++;
	to = memchr(p, '(', (size_t)(end - p));
	end = to ? to : end;
	while (end > p && strchr(" \t\r\n", end[-1]))
		end--;
	return span_of(p, (size_t)(end - p));
}

static int64_t
name_us(const char *name)
{
	int64_t s = 0;
	size_t n = 0;

	for (; name[n] >= '0' && name[n] <= '9' && n < 12; n++)
		s = 10 * s + (name[n] - '0');
	return n >= 9 && n < 12 && name[n] == '.' ? s * 1000000 : RECORD_NO_TIME;
}

static int64_t
timespec_us(struct timespec ts)
{
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int
date_us(struct mail *one, int64_t *ret, struct err *e)
{
	struct span rest, h;
	int rc = one->read ? 0 : read_mail(one, false, e);

	*ret = RECORD_NO_TIME;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rest = span_of(one->m->raw.p, one->m->raw.len);
	while ((h = mime_header(&rest)).p)
		if (mime_is_header(h, "Date"))
			(void)timestamp_parse(&one->m->ts, date_of(h), ret); /* none: no time */
	return 0;
}

static bool
is_answered(const struct mail *one)
{
	const char *flags = NULL;

	if (*one->m->answered == '\0')
		return true;
	for (const char *p = one->name; (p = strstr(p, ":2,")); p++)
		flags = p + 3;
	return one->sub == SUB_CUR && flags && strpbrk(flags, one->m->answered);
}

static int
find_time(struct mail *one, struct err *e)
{
	const struct maildir *m = one->m;

	one->time_us = RECORD_NO_TIME;
	if (one->sub == SUB_TMP) { /* what a delivery left that never came to its end */
		one->time_us = timespec_us(one->st.st_mtim);
		return 0;
	}
	for (size_t i = 0; i < m->n_ages && is_answered(one); i++) {
		int64_t us = RECORD_NO_TIME;

		if (m->age[i] == MAIL_NAME)
			us = name_us(one->name);
		else if (m->age[i] == MAIL_MTIME)
			us = timespec_us(one->st.st_mtim);
		else if (m->age[i] == MAIL_CTIME)
			us = timespec_us(one->st.st_ctim);
		else if (date_us(one, &us, e) < 0)
			return -1;
		/* a time to come tells nothing */
		if (us != RECORD_NO_TIME && us <= m->store.env->now_us + DAY_US) {
			one->time_us = us;
			return 0;
		}
	}
	return 0;
}

int
mail_look(struct mail *one, struct err *e)
{
	one->read = false;
	if (*one->name == '.' ||
		fstatat(one->dirfd, one->name, &one->st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(one->st.st_mode))
		return 1;
	return find_time(one, e);
}

/* --- as a record ------------------------------------------------------------------------------ */

/* A header's value, out of the text. */
static struct span
header_field(const struct record *r, const char *name)
{
	const char *p = r->text.p, *end = p + r->text.len;

	while (p && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (!nl || nl == p)
			break;
		if (mime_is_header(span_of(p, (size_t)(nl - p)), name)) {
			p += strlen(name) + 1;
			p += strspn(p, " \t");
			return span_of(p, p < nl ? (size_t)(nl - p) : 0);
		}
		p = nl + 1;
	}
	return SPAN_NONE;
}

int
mail_record(struct mail *one, struct record *ret, struct err *e)
{
	struct maildir *m = one->m;

	*ret = (struct record){ .store = m->store.conf,
		.time_us = one->time_us,
		.size = (uint64_t)one->st.st_size,
		.place = one->folder,
		.field = header_field,
		.driver = m };
	if ((!one->read || m->body) && read_mail(one, m->body, e) < 0)
		return -1;
	if (!one->whole) /* too large, or closed to us: nobody can decide what it says */
		return 0;
	buf_clear(&m->text);
	mime_text(&m->text, span_of(m->raw.p, m->raw.len), &m->about, m->body);
	if (!m->text.failed)
		ret->text = span_of(m->text.p ? m->text.p : "", m->text.len);
	return 0;
}

int
mail_selected(struct mail *one, const struct selector *which, bool *ret, struct err *e)
{
	int64_t from_us, to_us;
	struct record r;
	bool timeless;

	*ret = false;
	selector_reach(which, &from_us, &to_us, &timeless);
	if (one->time_us == RECORD_NO_TIME && !timeless)
		return 0;
	if (one->time_us != RECORD_NO_TIME) {
		const struct select_block b = {
			.store = one->m->store.conf, .from_us = one->time_us, .to_us = one->time_us
		};
		const enum select_answer answer = selector_block(which, &b);

		*ret = answer == SELECT_YES;
		if (answer != SELECT_MAYBE)
			return 0;
	}
	if (mail_record(one, &r, e) < 0)
		return -1;
	*ret = selector_record(which, &r);
	return 0;
}
