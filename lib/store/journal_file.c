/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#include "base/walk.h"
#include "store/journal-private.h"

/* Where they stand in the header, little endian. */
enum {
	AT_STATE = 16,
	AT_SEQNUM_ID = 72,
	AT_N_ENTRIES = 152,
	AT_HEAD_SEQNUM = 168,
	AT_HEAD_US = 184,
	AT_TAIL_US = 192,
	HEADER_LEN = 208
};

struct jfile {
	struct journal *j;
	sd_journal *sd;
	int fd; /* our own */
	char *path;
	struct journal_header header;
	bool copy, damaged;
	int64_t from_us, to_us;
	uint64_t n, n_passed; /* entries seen; of those, left out for their time */
	char *cursor;
};

static uint64_t
u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

int
journal_header(int fd, struct journal_header *ret)
{
	uint8_t h[HEADER_LEN];

	if (pread(fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) || memcmp(h, "LPKSHHRH", 8) != 0)
		return -1;
	*ret = (struct journal_header){ .state = h[AT_STATE],
		.n_entries = u64_at(h + AT_N_ENTRIES),
		.head_seqnum = u64_at(h + AT_HEAD_SEQNUM),
		.head_us = u64_at(h + AT_HEAD_US),
		.tail_us = u64_at(h + AT_TAIL_US) };
	memcpy(ret->seqnum_id, h + AT_SEQNUM_ID, sizeof(ret->seqnum_id));
	return 0;
}

/* journald keeps its files open for writing, also those that it has not written to for long. */
static bool
has_writer(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN || errno == EACCES; /* or nobody may know */
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

bool
journal_is_closed(int fd, const char *name, const struct journal_header *h)
{
	const size_t len = strlen(name);

	if (h->state == JOURNAL_ARCHIVED || (len > 0 && name[len - 1] == '~'))
		return true;
	return h->state == JOURNAL_OFFLINE && !has_writer(fd);
}

int
jfile_open(struct journal *j, const struct place *p, struct jfile **ret, struct err *e)
{
	CLEANUP(jfile_freep) struct jfile *f = calloc(1, sizeof(*f));
	struct err why;
	int fd;

	if (!f)
		return err_memory(e);
	f->j = j;
	f->from_us = INT64_MIN;
	f->to_us = INT64_MAX;
	f->copy = journal_is_copy(j, p->path);
	f->path = strdup(p->path);
	f->fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &why);
	if (!f->path)
		return err_memory(e);
	if (f->fd < 0) {
		store_tell(&j->store, NOTE_NOT_POSSIBLE, p->path, "cannot be opened");
		return 1;
	}
	fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0); /* libsystemd closes it with the journal */
	if (fd < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot open"), NULL, "%s", p->path);
	if (journal_header(f->fd, &f->header) < 0 ||
		sd_journal_open_files_fd(&f->sd, &fd, 1, 0) < 0) {
		(void)close(fd);
		store_tell(&j->store, NOTE_DAMAGED, p->path, "no journal that can be read");
		return 1;
	}
	(void)sd_journal_set_data_threshold(f->sd, 0); /* fields whole */
	*ret = TAKE(f);
	return 0;
}

struct jfile *
jfile_free(struct jfile *f)
{
	if (!f)
		return NULL;
	sd_journal_close(f->sd);
	fd_closep(&f->fd);
	free(f->cursor);
	free(f->path);
	free(f);
	return NULL;
}

void
jfile_reach(struct jfile *f, const struct selector *which)
{
	bool timeless;

	if (f->copy)
		return; /* aged by nothing but its holds */
	selector_reach(which, &f->from_us, &f->to_us, &timeless);
	/* what lies before the first moment is passed by the index, as long as time only went forward */
	if (f->from_us > 0 && (uint64_t)f->from_us > f->header.head_us)
		(void)sd_journal_seek_realtime_usec(f->sd, (uint64_t)f->from_us);
}

static const struct conf_store *
named_store(const struct journal *j, struct span data)
{
	static const char key[] = "SPARSAM_STORE=";
	char name[128];

	if (data.len < sizeof(key) || data.len - sizeof(key) + 1 >= sizeof(name) ||
		memcmp(data.p, key, sizeof(key) - 1) != 0)
		return NULL;
	memcpy(name, data.p + sizeof(key) - 1, data.len - sizeof(key) + 1);
	name[data.len - sizeof(key) + 1] = '\0';
	return conf_find_store(j->store.env->conf, name);
}

/* All fields of the entry at hand go to J's text. Returns whose it is; NULL: cannot be read. */
static const struct conf_store *
read_fields(struct jfile *f)
{
	struct journal *j = f->j;
	const struct conf_store *named = NULL, *claimed;
	const void *p;
	size_t len;
	int r;

	buf_clear(&j->text);
	claims_begin(j->claims);
	sd_journal_restart_data(f->sd);
	while ((r = sd_journal_enumerate_data(f->sd, &p, &len)) > 0) {
		const struct span data = span_of(p, len);

		claims_see(j->claims, data);
		if (!named)
			named = named_store(j, data);
		buf_span(&j->text, data);
		buf_char(&j->text, '\n');
	}
	if (r < 0)
		return NULL;
	claimed = claims_store(j->claims);
	return named ? named : claimed ? claimed : j->store.conf;
}

static struct span
field(const struct record *r, const char *name)
{
	struct jfile *f = r->driver;
	const void *p;
	size_t len, n = strlen(name);

	if (strcmp(name, "__CURSOR") == 0) {
		free(f->cursor);
		f->cursor = NULL;
		return sd_journal_get_cursor(f->sd, &f->cursor) < 0 ? SPAN_NONE
								    : span_str(f->cursor);
	}
	if (sd_journal_get_data(f->sd, name, &p, &len) < 0 || len < n + 1)
		return SPAN_NONE;
	return span_of((const char *)p + n + 1, len - n - 1);
}

static int
damaged(struct jfile *f)
{
	if (!f->damaged)
		store_tell(&f->j->store, NOTE_DAMAGED, f->path, "an entry cannot be read");
	f->damaged = true;
	return 2;
}

int
jfile_next(struct jfile *f, struct record *ret, struct err *e)
{
	const struct conf_store *store;
	uint64_t us;
	int r;

	(void)e;
	for (;;) {
		r = sd_journal_next(f->sd);
		if (r == 0 && f->n < f->header.n_entries && f->from_us <= 0)
			return damaged(f); /* its chain of entries ends too early */
		if (r == 0)
			return 1;
		if (r < 0 || sd_journal_get_realtime_usec(f->sd, &us) < 0 || us > INT64_MAX)
			return damaged(f);
		f->n++;
		if ((int64_t)us >= f->from_us && (int64_t)us < f->to_us)
			break;
		f->n_passed++;
	}
	store = read_fields(f);
	if (!store)
		return damaged(f);
	*ret = (struct record){ .store = store,
		.time_us = (int64_t)us,
		.text = f->j->text.failed ? SPAN_NONE : span_of(f->j->text.p, f->j->text.len),
		.size = f->j->text.len,
		.place = f->path,
		.offset = f->n,
		.copy = f->copy,
		.field = field,
		.driver = f };
	return 0;
}

uint64_t
jfile_passed(const struct jfile *f)
{
	return f->n_passed;
}

const struct journal_header *
jfile_header(const struct jfile *f)
{
	return &f->header;
}

int
jfile_fd(const struct jfile *f)
{
	return f->fd;
}

struct span
jfile_key(struct jfile *f)
{
	const char *boot;

	free(f->cursor);
	f->cursor = NULL;
	if (sd_journal_get_cursor(f->sd, &f->cursor) < 0)
		return SPAN_NONE;
	boot = strstr(f->cursor, ";b="); /* what comes before is the file's own numbering */
	return span_str(boot ? boot : f->cursor);
}

static void
export_field(struct buf *out, struct span data)
{
	const char *eq = memchr(data.p, '=', data.len);
	const uint64_t len = htole64(eq ? data.len - (size_t)(eq + 1 - data.p) : 0);
	bool plain = true;

	if (!eq || span_starts(data, span_str("_BOOT_ID=")))
		return;
	for (size_t i = 0; i < data.len && plain; i++)
		plain = (unsigned char)data.p[i] >= ' ' || data.p[i] == '\t';
	if (plain) {
		buf_span(out, data);
		buf_char(out, '\n');
		return;
	}
	buf_put(out, data.p, (size_t)(eq - data.p));
	buf_char(out, '\n');
	buf_put(out, &len, sizeof(len));
	buf_put(out, eq + 1, data.len - (size_t)(eq + 1 - data.p));
	buf_char(out, '\n');
}

int
jfile_export(struct jfile *f, struct buf *out)
{
	char boot_text[SD_ID128_STRING_MAX];
	uint64_t realtime, monotonic;
	sd_id128_t boot;
	const void *p;
	size_t len;
	int r;

	if (sd_journal_get_realtime_usec(f->sd, &realtime) < 0 ||
		sd_journal_get_monotonic_usec(f->sd, &monotonic, &boot) < 0)
		return -1;
	buf_printf(out, "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n_BOOT_ID=%s\n",
		(unsigned long long)realtime, (unsigned long long)monotonic,
		sd_id128_to_string(boot, boot_text));
	sd_journal_restart_data(f->sd);
	while ((r = sd_journal_enumerate_data(f->sd, &p, &len)) > 0)
		export_field(out, span_of(p, len));
	buf_char(out, '\n');
	return r < 0 || out->failed ? -1 : 0;
}
