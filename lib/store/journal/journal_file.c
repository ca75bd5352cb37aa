/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "store/copies.h"
#include "store/journal/journal-private.h"

/* Where a field of the record at hand lies in J's text, with its name. */
struct place_of {
	size_t at, len;
};

/* What a DATA object says, as it was found: units, programs and boots are met again with each entry. */
#define SAID_BITS 11
struct said {
	uint64_t offset; /* 0: free */
	struct journal_says says;
};

struct jfile {
	struct journal *j;
	struct journal_map map;
	struct journal_chain chain;
	struct journal_entry entry; /* at hand */
	int fd;
	char *path;
	struct journal_header header;
	bool copy, again, damaged;
	int64_t from_us, to_us;
	const struct select_question *marker; /* NULL: none */
	bool marked;                          /* what has no mark is left out */
	const struct selector *which;         /* NULL: nobody asks for anything */
	bool late;                            /* … and it asks for texts itself */
	bool read, broken;        /* of the record at hand: its text is in J's; it is damaged */
	uint64_t n, n_passed;     /* entries seen; of those, left out for their time */
	struct journal_seek seek; /* the ones that are asked for, … */
	size_t at_seek;
	bool sought; /* … if they are known */
	struct place_of *field;
	size_t n_fields, max_fields;
	char cursor[JOURNAL_CURSOR_MAX];
	struct said said[1 << SAID_BITS];
};

/* --- header ----------------------------------------------------------------------------------- */

int
journal_header(int fd, struct journal_header *ret)
{
	struct jf_header h;

	if (pread(fd, &h, JF_HEADER_MIN, 0) != (ssize_t)JF_HEADER_MIN ||
		memcmp(h.signature, JF_SIGNATURE, sizeof(h.signature)) != 0)
		return -1;
	*ret = (struct journal_header){ .state = h.state,
		.sealed = le32toh(h.compatible) & JF_SEALED,
		.n_entries = le64toh(h.n_entries),
		.head_seqnum = le64toh(h.head_entry_seqnum),
		.head_us = le64toh(h.head_entry_realtime),
		.tail_us = le64toh(h.tail_entry_realtime) };
	memcpy(ret->seqnum_id, h.seqnum_id, sizeof(ret->seqnum_id));
	return 0;
}

/* journald keeps its files open for writing, also those that it has not written to for long. UNKNOWN: what is said
 * where nobody can be asked. */
static bool
has_writer(int fd, bool unknown)
{
	(void)fcntl(fd, F_SETSIG, SIGURG); /* who opens it just then: SIGIO would end us */
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN || errno == EACCES || unknown;
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

bool
journal_is_closed(int fd, const char *name, const struct journal_header *h)
{
	const size_t len = strlen(name);

	if (h->state == JF_ARCHIVED || (len > 0 && name[len - 1] == '~'))
		return true;
	/* one that says that it is written to, and is not, was copied, or its writer has died */
	return !has_writer(fd, h->state != JF_OFFLINE);
}

/* --- a file ----------------------------------------------------------------------------------- */

int
jfile_open(struct journal *j, const struct place *p, struct jfile **ret, struct err *e)
{
	CLEANUP(jfile_freep) struct jfile *f = calloc(1, sizeof(*f));
	struct err why;

	if (!f)
		return err_memory(e);
	f->j = j;
	f->late = true; /* nobody has asked for a text yet */
	f->from_us = INT64_MIN;
	f->to_us = INT64_MAX;
	f->copy = journal_is_copy(j, p->path);
	f->again = p->again;
	f->path = strdup(p->path);
	f->fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &why);
	if (!f->path)
		return err_memory(e);
	if (f->fd < 0) {
		store_tell(&j->store, NOTE_NOT_POSSIBLE, p->path, "cannot be opened");
		return 1;
	}
	if (journal_map_open(f->fd, j->text.max, &f->map, &why) < 0 ||
		journal_header(f->fd, &f->header) < 0) {
		store_tell(&j->store, NOTE_DAMAGED, p->path, why.what);
		return 1;
	}
	f->chain = journal_map_entries(&f->map);
	*ret = TAKE(f);
	return 0;
}

struct jfile *
jfile_free(struct jfile *f)
{
	if (!f)
		return NULL;
	journal_map_release(&f->map);
	journal_seek_release(&f->seek);
	fd_closep(&f->fd);
	free(f->field);
	free(f->path);
	free(f);
	return NULL;
}

void
jfile_reach(struct jfile *f, const struct selector *which)
{
	bool timeless;

	f->which = which;
	f->late = selector_is_late(which);
	f->marker = selector_marker(which, &f->marked);
	if (!f->copy) /* which is aged by nothing but its holds */
		selector_reach(which, &f->from_us, &f->to_us, &timeless);
}

void
jfile_seek(struct jfile *f, const struct needles *needles, const struct signs *signs)
{
	f->sought = journal_seek(&f->seek, &f->map, needles, signs) == 0;
	if (!f->sought)
		f->map.bad = NULL; /* what is wrong is told by whoever comes to it */
}

void
jfile_before(struct jfile *f, int64_t us)
{
	if (us < f->to_us)
		f->to_us = us;
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

struct journal_map *
jfile_map(struct jfile *f)
{
	return &f->map;
}

/* --- records ---------------------------------------------------------------------------------- */

static bool
room_for_field(struct jfile *f)
{
	const size_t max = f->max_fields ? 2 * f->max_fields : 64;
	struct place_of *more;

	if (f->n_fields < f->max_fields)
		return true;
	more = realloc(f->field, max * sizeof(*more));
	if (!more)
		return false;
	f->field = more;
	f->max_fields = max;
	return true;
}

static void
take_field(struct jfile *f, struct span data)
{
	struct buf *text = &f->j->text;

	if (!room_for_field(f)) {
		text->failed = true;
		return;
	}
	f->field[f->n_fields++] = (struct place_of){ text->len, data.len };
	buf_span(text, data);
	buf_char(text, '\n');
}

/* All fields of the entry at hand go to J's text. -1: it is damaged. */
static int
read_fields(struct jfile *f)
{
	struct buf *text = &f->j->text;
	bool all = true;

	buf_clear(text);
	f->n_fields = 0;
	for (uint64_t i = 0; i < f->entry.n_items; i++) {
		struct span data;
		const int rc = journal_map_payload(
			&f->map, journal_entry_item(&f->map, &f->entry, i), &data);

		if (rc < 0)
			return -1;
		all &= rc == 0;
		if (rc == 0)
			take_field(f, data);
	}
	text->failed |= !all; /* a part of it would be judged for the whole */
	return 0;
}

static struct span
read_text(const struct record *r)
{
	struct jfile *f = r->driver;
	const struct buf *text = &f->j->text;

	if (!f->read)
		f->broken = read_fields(f) < 0 || map_is_torn(f->map.map);
	f->read = true;
	return f->broken || text->failed ? SPAN_NONE : span_of(text->p, text->len);
}

static struct span
field(const struct record *r, const char *name)
{
	struct jfile *f = r->driver;
	const struct buf *text = &f->j->text;
	const size_t n = strlen(name);

	if (strcmp(name, "__CURSOR") == 0) {
		journal_map_cursor(&f->map, &f->entry, f->cursor);
		return span_str(f->cursor);
	}
	(void)read_text(r);
	for (size_t i = 0; i < f->n_fields; i++) {
		const struct place_of *p = &f->field[i];

		if (p->at + p->len <= text->len && p->len > n && text->p[p->at + n] == '=' &&
			memcmp(text->p + p->at, name, n) == 0)
			return span_of(text->p + p->at + n + 1, p->len - n - 1);
	}
	return SPAN_NONE;
}

void
jfile_damaged(struct jfile *f, const char *how)
{
	if (!f->damaged)
		store_tell(&f->j->store, NOTE_DAMAGED, f->path, how);
	f->damaged = true;
}

static int
damaged(struct jfile *f)
{
	jfile_damaged(f, f->map.bad ? f->map.bad : "an entry cannot be read");
	return 2;
}

void
jfile_says(void *ctx, struct span data, struct journal_says *ret)
{
	const struct jfile *f = ctx;

	ret->marks = f->marker ? f->marker->marks(f->marker->ctx, data) & ~RECORD_MARK_UNREAD : 0;
	ret->whose = claims_of(f->j->claims, data);
	ret->matters = f->which && selector_matters(f->which, data);
}

uint32_t
jfile_join(void *ctx, uint32_t a, uint32_t b)
{
	const struct jfile *f = ctx;

	return claims_join(f->j->claims, a, b);
}

/* The same of the DATA object at OFFSET. -1: it is damaged. */
static int
says_at(struct jfile *f, uint64_t offset, struct journal_says *ret)
{
	struct said *s = &f->said[offset * 0x9e3779b97f4a7c15 >> (64 - SAID_BITS)];
	struct journal_says says = { 0 };
	struct span data;
	uint64_t size;
	int rc;

	if (s->offset == offset && offset != 0) {
		*ret = s->says;
		return 0;
	}
	if (!journal_map_object(&f->map, offset, JF_DATA, &size))
		return -1;
	rc = journal_map_payload(&f->map, offset, &data);
	if (rc < 0)
		return -1;
	if (rc == 0)
		jfile_says(f, data, &says);
	else
		says = (struct journal_says){ .marks = RECORD_MARK_UNREAD, .matters = true };
	says.bytes = journal_map_bytes(&f->map, size);
	*s = (struct said){ offset, says };
	*ret = says;
	return 0;
}

static int
says_all(struct jfile *f, const struct journal_entry *en, struct journal_says *ret)
{
	const struct journal_judge judge = { .ctx = f, .join = jfile_join };

	*ret = (struct journal_says){ 0 };
	for (uint64_t i = 0; i < en->n_items; i++) {
		struct journal_says one;

		if (says_at(f, journal_entry_item(&f->map, en, i), &one) < 0)
			return -1;
		journal_judge_join(&judge, ret, &one);
	}
	return 0;
}

/* Whose an entry is by its fields themselves. -1: it is damaged. */
static int
look_whose(struct jfile *f, const struct conf_store **ret)
{
	struct claims *claims = f->j->claims;

	claims_begin(claims);
	for (uint64_t i = 0; i < f->entry.n_items; i++) {
		struct span data;
		const int rc = journal_map_payload(
			&f->map, journal_entry_item(&f->map, &f->entry, i), &data);

		if (rc < 0)
			return -1;
		if (rc == 0)
			(void)claims_see(claims, data);
	}
	*ret = claims_store(claims);
	return 0;
}

bool
jfile_reaches(struct jfile *f, const struct journal_entry *en, uint64_t marks)
{
	const bool yes = (int64_t)en->realtime >= f->from_us && (int64_t)en->realtime < f->to_us &&
			 (marks != 0 || !f->marked);

	f->n++;
	f->n_passed += !yes;
	return yes;
}

int
jfile_record(struct jfile *f, const struct journal_entry *en, const struct journal_says *all,
	struct record *ret)
{
	const struct conf_store *store = NULL;

	f->entry = *en;
	f->read = f->broken = false;
	if (all->whose == CLAIMS_MANY && look_whose(f, &store) < 0)
		return -1;
	if (all->whose != CLAIMS_MANY)
		store = claims_store_of(f->j->claims, all->whose);
	*ret = (struct record){ .store = store ? store : f->j->store.conf,
		.time_us = (int64_t)en->realtime,
		.read = read_text,
		.silent = f->late && !all->matters,
		.size = all->bytes,
		.place = f->path,
		.offset = f->n,
		.marks = all->marks,
		.copy = f->copy,
		.again = f->again,
		.copied = !f->copy && f->j->there && copies_have(f->j->there, jfile_key(f)),
		.field = field,
		.driver = f };
	if (!f->late) {
		ret->text = read_text(ret);
		ret->read = NULL;
	}
	return f->broken ? -1 : 0;
}

bool
jfile_is_broken(const struct jfile *f)
{
	return f->broken;
}

/* The next of those that are asked for. One that is not in the file's own chain was never finished. */
static int
next_sought(struct jfile *f, struct journal_entry *ret)
{
	while (f->at_seek < f->seek.n) {
		const uint64_t wanted = f->seek.v[f->at_seek];
		const int rc = journal_chain_reach(&f->map, &f->chain, wanted, &f->n);

		if (rc != 0)
			return rc;
		f->at_seek++;
		if (f->chain.last == wanted) {
			f->n--; /* it is counted when it is judged */
			return journal_map_entry(&f->map, wanted, ret);
		}
	}
	return 1;
}

int
jfile_next(struct jfile *f, struct record *ret, struct err *e)
{
	struct journal_says all;
	struct journal_entry en;
	int rc;

	(void)e;
	if (f->broken)
		return damaged(f);
	do {
		rc = f->sought ? next_sought(f, &en) : journal_chain_next(&f->map, &f->chain, &en);
		if (rc != 0)
			return rc < 0 || map_is_torn(f->map.map) ? damaged(f) : 1;
	} while (!jfile_reaches(f, &en, UINT64_MAX));
	return says_all(f, &en, &all) < 0 || jfile_record(f, &en, &all, ret) < 0 ||
			       map_is_torn(f->map.map)
		       ? damaged(f)
		       : 0;
}

struct span
jfile_key(struct jfile *f)
{
	const char *boot;

	journal_map_cursor(&f->map, &f->entry, f->cursor);
	boot = strstr(f->cursor, ";b="); /* what comes before is the file's own numbering */
	return span_str(boot ? boot : f->cursor);
}
