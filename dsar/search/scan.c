/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/search/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/whole.h"
#include "dsar/subject/identifier.h"
#include "dsar/subject/match.h"
#include "dsar/session.h"
#include "dsar/subject/subject.h"
#include "record/key/day.h"
#include "record/key/digest.h"
#include "record/key/keyring.h"
#include "record/record.h"
#include "store/store.h"

#define FRAME_MAX (256u << 20) /* a find's text, with its head */
#define READ_MAX  (256u << 10)

/* Parent and child are one program: structs go as they are. */
enum frame_type { FRAME_FIND, FRAME_LINK, FRAME_END };

struct frame {
	uint32_t type;
	uint64_t len; /* of what follows it */
};

struct frame_find {
	uint64_t store, offset, size, identifier, place_len, text_len;
	int64_t time_us;
	uint8_t digest[RECORD_DIGEST_LEN];
	bool own, has_text, again;
};

struct frame_link {
	uint64_t store, link, identifier;
	bool own;
};

/* --- the child -------------------------------------------------------------------------------- */

struct child {
	struct session *session;
	const struct subject *subject;
	struct matcher *matcher;
	struct store_env env;
	bool grow;
	int fd;
	struct scan_end end;
};

static int
put_frame(
	const struct child *c, enum frame_type type, struct span head, struct span a, struct span b)
{
	struct frame f;

	memset(&f, 0, sizeof(f)); /* also between its fields: all of it is written */
	f.type = type;
	f.len = head.len + a.len + b.len;
	/* -1: the parent is gone */
	return whole_write(c->fd, span_of((const char *)&f, sizeof(f))) < 0 ||
			       whole_write(c->fd, head) < 0 || whole_write(c->fd, a) < 0 ||
			       whole_write(c->fd, b) < 0
		       ? -1
		       : 0;
}

static size_t
place_of(const struct child *c, const struct conf_store *s)
{
	return (size_t)(s - c->session->conf->store);
}

/* By what a record was found: the certain ones first. */
struct best {
	const struct child *c;
	const struct record *r;
	size_t identifier;
	bool any, own;
	int status;
};

static void
see_match(void *ctx, const struct match *m)
{
	struct best *b = ctx;
	const bool own = match_is_own(m);

	if (b->any && (b->own || !own))
		return;
	b->identifier = (size_t)(m->identifier - b->c->subject->v);
	b->any = true;
	b->own = own;
}

static int
put_find(const struct child *c, const struct record *r, size_t identifier, bool own)
{
	struct frame_find f = { .store = place_of(c, r->store),
		.offset = r->offset,
		.size = r->size,
		.place_len = strlen(r->place),
		.text_len = r->text.len,
		.time_us = r->time_us,
		.identifier = identifier,
		.own = own,
		.has_text = r->text.p != NULL,
		.again = r->again || r->copy };

	record_digest(r, f.digest);
	return put_frame(
		c, FRAME_FIND, span_of(&f, sizeof(f)), span_of(r->place, f.place_len), r->text);
}

static int
give_find(const struct child *c, const struct record *r)
{
	struct best b = { .c = c };

	if (matcher_each(c->matcher, r, see_match, &b) == 0)
		return 0; /* a record that has changed under our eyes */
	return put_find(c, r, b.identifier, b.own);
}

/* Does link L go on from match M, and is what it gives her own? */
static bool
leads_on(const struct conf_link *l, const struct match *m)
{
	return m->how == MATCH_FIELD && (!l->from || strcmp(l->from, m->identifier->kind) == 0);
}

struct leading {
	struct child *c;
	const struct record *r;
	const struct conf_link *link;
	struct frame_link f;
	bool any;
};

static void
see_lead(void *ctx, const struct match *m)
{
	struct leading *d = ctx;
	const bool own = !d->link->review && match_is_own(m);

	if (!leads_on(d->link, m) || (d->any && (d->f.own || !own)))
		return;
	d->any = true;
	d->f.own = own;
	d->f.identifier = (uint64_t)(m->identifier - d->c->subject->v);
}

static int
give_link(struct child *c, const struct record *r, size_t n)
{
	const struct conf_link *l = &r->store->link[n];
	struct leading d = { .c = c, .r = r, .link = l };
	struct span value;
	struct buf made;
	int rc;

	(void)matcher_each(c->matcher, r, see_lead, &d);
	value = d.any ? span_trim(r->field(r, l->field)) : SPAN_NONE;
	if (!value.p || value.len == 0)
		return 0;
	d.f.store = place_of(c, r->store);
	d.f.link = n;
	buf_init(&made, 1u << 16);
	if (l->as)
		match_as(l->as, value, &made);
	else
		buf_span(&made, value);
	rc = made.failed ? 0
			 : put_frame(c, FRAME_LINK, span_of(&d.f, sizeof(d.f)),
				   span_of(made.p, made.len), SPAN_NONE);
	buf_wipe(&made);
	return rc;
}

/* What CHILD of an element holds: bytes between its tags, SPAN_NONE where there is none. Ids have no entities. */
static struct span
child_of(struct span element, const char *child)
{
	char tag[80];
	const int n = snprintf(tag, sizeof(tag), "<%s>", child);
	const char *begin = n < (int)sizeof(tag) ? memmem(element.p, element.len, tag, (size_t)n)
						 : NULL,
		   *end;

	if (!begin)
		return SPAN_NONE;
	begin += n;
	end = memchr(begin, '<', element.len - (size_t)(begin - element.p));
	return end ? span_of(begin, (size_t)(end - begin)) : SPAN_NONE;
}

/* The next element NAME from *AT on. It is looked for in the text, and not parsed: the text is several files, one of
 * which may be torn, and what is taken for an element by mistake still has to hold the identifier. */
static bool
next_element(struct span text, const char *name, size_t *at, struct span *ret)
{
	char open[80], close[80];
	const int n_open = snprintf(open, sizeof(open), "<%s", name);
	const int n_close = snprintf(close, sizeof(close), "</%s>", name);
	const char *begin, *end;

	if (n_close >= (int)sizeof(close))
		return false;
	begin = memmem(text.p + *at, text.len - *at, open, (size_t)n_open);
	end = begin ? memmem(begin, text.len - (size_t)(begin - text.p), close, (size_t)n_close)
		    : NULL;
	if (!end)
		return false;
	*ret = span_of(begin, (size_t)(end - begin));
	*at = (size_t)(end - text.p) + (size_t)n_close;
	return true;
}

static int
give_elements(struct child *c, const struct record *r, size_t n)
{
	const struct conf_link *l = &r->store->link[n];
	struct span element;
	size_t at = 0;

	while (r->text.p && next_element(r->text, l->element, &at, &element)) {
		const struct span with = child_of(element, l->with),
				  value = child_of(element, l->field);

		for (size_t i = 0; value.len > 0 && i < c->subject->n; i++) {
			const struct identifier *id = &c->subject->v[i];
			const struct frame_link f = { .store = place_of(c, r->store),
				.link = n,
				.identifier = i,
				.own = !l->review && (id->own || id->confirmed) };

			if (span_eq(with, id->value) &&
				(!l->from || strcmp(l->from, id->kind) == 0) &&
				put_frame(c, FRAME_LINK, span_of(&f, sizeof(f)), value, SPAN_NONE) <
					0)
				return -1;
		}
	}
	return 0;
}

/* Of a record of many people, what is hers: each element with her identifier in it, as a find of its own. */
static int
give_parts(const struct child *c, const struct record *r, const struct conf_subject *b)
{
	struct span element;
	size_t at = 0;

	while (b->element && r->text.p && next_element(r->text, b->element, &at, &element)) {
		const struct span value = child_of(element, b->field);
		struct record part = *r;

		part.text = span_of(element.p, (size_t)(r->text.p + at - element.p));
		part.offset = (uint64_t)(element.p - r->text.p);
		part.known_by = 0;
		part.size = part.text.len;
		for (size_t i = 0; value.len > 0 && i < c->subject->n; i++) {
			const struct identifier *id = &c->subject->v[i];

			if (strcmp(id->kind, b->kind) == 0 && span_eq(value, id->value) &&
				put_find(c, &part, i, !b->review && (id->own || id->confirmed)) < 0)
				return -1;
		}
	}
	return 0;
}

static int
see_record(void *ctx, const struct record *r, struct err *e)
{
	struct child *c = ctx;

	(void)e;
	if (!c->grow && give_find(c, r) < 0)
		_exit(EX_IOERR);
	for (size_t i = 0; !c->grow && i < r->store->n_subjects; i++)
		if (give_parts(c, r, &r->store->subject[i]) < 0)
			_exit(EX_IOERR);
	for (size_t i = 0; c->grow && r->field && i < r->store->n_links; i++)
		if ((r->store->link[i].element ? give_elements(c, r, i) : give_link(c, r, i)) < 0)
			_exit(EX_IOERR);
	return 0;
}

static void
hear(void *ctx, const struct conf_store *s, enum store_note n, const char *place,
	const char *detail)
{
	struct child *c = ctx;

	(void)s;
	(void)place;
	(void)detail;
	c->end.n_damaged += n == NOTE_DAMAGED;
	c->end.n_closed += n == NOTE_NOT_POSSIBLE;
}

static bool
has_pseudonyms(const struct conf_store *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (strstr(s->rule[i].to, "pseudonym"))
			return true;
	return false;
}

/* The printed reason why tokens of earlier days are not found (Art. 11(2), R15f). */
static void
note_keys(struct child *c, const struct conf_store *s, const struct keyring *keys)
{
	const int32_t before = keyring_destroyed(keys);
	char day[DAY_TEXT_MAX];

	if (before == INT32_MIN || !has_pseudonyms(s))
		return;
	(void)day_format(before, day);
	(void)snprintf(c->end.note, sizeof(c->end.note), NOTE_KEYS "%s", day);
}

/* Has the product left nothing where it would? */
static bool
is_empty(struct store *s)
{
	struct store_size size;
	struct err ignored;

	return strcmp(store_conf(s)->type, "postgres") != 0 &&
	       strcmp(store_conf(s)->type, "redis") != 0 && store_size(s, &size, &ignored) == 0 &&
	       size.n_parts == 0;
}

static int
search(struct child *c, const struct conf_store *conf, struct err *e)
{
	CLEANUP(keyring_freep) struct keyring *keys = NULL;
	CLEANUP(store_freep) struct store *store = NULL;
	struct store_cost cost = { 0 };
	struct selector which;
	int rc = store_open(&c->env, conf, &store, e);

	if (rc != 0 || is_empty(store)) {
		c->end.answer = ANSWER_ABSENT;
		return rc < 0 ? -1 : 0;
	}
	if (keyring_open(c->session->conf, NULL, NULL, &keys, e) < 0 ||
		matcher_new(c->session->conf, conf, c->subject, keys, &c->matcher, e) < 0)
		return -1;
	note_keys(c, conf, keys);
	which = select_ask(c->grow ? matcher_ask_fields(c->matcher) : matcher_ask(c->matcher));
	if (store_cost(store, &which, &cost, e) < 0 ||
		store_scan(store, &which, see_record, c, e) < 0)
		return -1;
	c->end.n_read = cost.bytes;
	c->end.n_unread = matcher_unread(c->matcher);
	c->end.answer = c->end.n_damaged + c->end.n_closed > 0 ? ANSWER_FAILED : ANSWER_NOTHING;
	if (c->end.answer == ANSWER_FAILED)
		(void)snprintf(c->end.note, sizeof(c->end.note),
			"%u damaged, %u that cannot be opened", c->end.n_damaged, c->end.n_closed);
	return 0;
}

static _Noreturn void
child_main(struct child *c, const struct conf_store *conf)
{
	struct err e = { 0 };

	c->env = c->session->env;
	c->env.ctx = c;
	c->env.note = hear;
	if (search(c, conf, &e) < 0) {
		c->end.answer = ANSWER_FAILED;
		c->end.exit = e.exit;
		(void)snprintf(c->end.note, sizeof(c->end.note), "%s", e.what);
		if (e.exit == EX_CONFIG) /* which word of the declaration, and where it stands */
			(void)err_print(&e, "dsar", stderr);
	}
	matcher_free(c->matcher);
	_exit(put_frame(c, FRAME_END, span_of(&c->end, sizeof(c->end)), SPAN_NONE, SPAN_NONE) < 0
			? EX_IOERR
			: 0);
}

int
scan_begin(
	struct scan *c, struct session *session, const struct subject *s, bool grow, struct err *e)
{
	const pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot start a search"), NULL, NULL);
	c->pid = fork();
	if (c->pid == 0) {
		struct child child = {
			.session = session, .subject = s, .grow = grow, .fd = ends[1]
		};

		(void)close(ends[0]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would read what it finds */
		if (getppid() != parent)
			_exit(EX_IOERR);
		child_main(&child, c->store);
	}
	(void)close(ends[1]);
	if (c->pid < 0) {
		(void)close(ends[0]);
		c->pid = 0;
		return err_fail(e, EX_OSERR, errno, N_("cannot start a search"), NULL, NULL);
	}
	c->fd = ends[0];
	buf_init(&c->in, FRAME_MAX);
	return 0;
}

/* --- the parent ------------------------------------------------------------------------------- */

static int
take_find(const struct conf *conf, const struct scan_seen *seen, struct span p, struct err *e)
{
	struct frame_find f;
	cleanup_mem char *place = NULL;
	struct find find;

	memcpy(&f, p.p, sizeof(f));
	p = span_from(p, sizeof(f));
	place = strndup(p.p, f.place_len);
	if (!place)
		return err_memory(e);
	find = (struct find){ .store = conf->store[f.store].name,
		.place = place,
		.offset = f.offset,
		.time_us = f.time_us,
		.text = f.has_text ? span_of(p.p + f.place_len, f.text_len) : SPAN_NONE,
		.size = f.size,
		.identifier = (int64_t)f.identifier,
		.own = f.own,
		.again = f.again,
		.ground = "" };
	memcpy(find.digest, f.digest, sizeof(find.digest));
	return seen->find(seen->ctx, &find, e);
}

static int
take_link(const struct conf *conf, const struct scan_seen *seen, struct span p, struct err *e)
{
	struct frame_link f;
	struct scan_link l;

	memcpy(&f, p.p, sizeof(f));
	l = (struct scan_link){ .store = &conf->store[f.store],
		.link = &conf->store[f.store].link[f.link],
		.identifier = f.identifier,
		.own = f.own,
		.value = span_from(p, sizeof(f)) };
	return seen->link(seen->ctx, &l, e);
}

static int
take_frame(struct scan *c, const struct conf *conf, const struct scan_seen *seen, uint32_t type,
	struct span p, struct err *e)
{
	if (type == FRAME_FIND)
		return take_find(conf, seen, p, e);
	if (type == FRAME_LINK)
		return take_link(conf, seen, p, e);
	memcpy(&c->end, p.p, sizeof(c->end));
	c->ended = true;
	return 0;
}

static int
take_frames(struct scan *c, const struct conf *conf, const struct scan_seen *seen, struct err *e)
{
	size_t at = 0;

	while (c->in.len - at >= sizeof(struct frame)) {
		struct frame f;

		memcpy(&f, c->in.p + at, sizeof(f));
		if (c->in.len - at - sizeof(f) < f.len)
			break;
		if (take_frame(c, conf, seen, f.type, span_of(c->in.p + at + sizeof(f), f.len), e) <
			0)
			return -1;
		at += sizeof(f) + f.len;
	}
	if (at > 0)
		memmove(c->in.p, c->in.p + at, c->in.len - at);
	c->in.len -= at;
	return 0;
}

static void
reap(struct scan *c)
{
	int status;

	while (c->pid > 0 && waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!c->ended) {
		c->end = (struct scan_end){ .answer = ANSWER_FAILED, .exit = EX_SOFTWARE };
		(void)snprintf(c->end.note, sizeof(c->end.note), "its search was ended");
	}
	c->ended = true;
	c->pid = 0;
	(void)close(c->fd);
	buf_wipe(&c->in);
}

int
scan_take(struct scan *c, const struct conf *conf, const struct scan_seen *seen, struct err *e)
{
	ssize_t n;

	if (!buf_room(&c->in, READ_MAX))
		return err_memory(e);
	n = read(c->fd, c->in.p + c->in.len, READ_MAX);
	if (n < 0 && errno != EINTR)
		return err_fail(e, EX_IOERR, errno, N_("cannot read what a search found"), NULL,
			"%s", c->store->name);
	if (n == 0) {
		reap(c);
		return 1;
	}
	c->in.len += n > 0 ? (size_t)n : 0;
	return take_frames(c, conf, seen, e);
}

void
scan_release(struct scan *c)
{
	if (c->pid > 0) {
		(void)kill(c->pid, SIGKILL);
		reap(c);
	}
}
