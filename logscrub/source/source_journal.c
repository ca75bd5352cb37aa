/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The journal: an entry becomes the line that a syslog daemon would have written to a file. Of its
 * other fields only those that say where it came from and name no person go along.
 *
 * A torn or vanished file is passed over; the journal's other files go on. What was lost with it
 * shows in the numbers of the entries, which journald counts through all its files, or, where nothing
 * of it can be read, is told of by journal_files.h. Positions are cursors; where a journal has no
 * entry yet, "j:@" with the time of the start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-journal.h>

#include "record/claim.h"
#include "logscrub/source/journal_files.h"
#include "logscrub/rule/rule.h"
#include "logscrub/source/source-private.h"
#include "record/detect/detect.h"

#define SEQUENCE_GAP_MAX (UINT64_C(1) << 32)
#define SEQUENCES_MAX    8   /* journald begins another one where it finds no file to go on from */
#define FIELD_BYTES_MAX  256 /* of a trusted field */
#define ENTRY_BYTES_MAX  (LINE_MAX_BYTES + 4096)

struct sequence {
	char id[64];
	uint64_t number; /* the greatest seen */
};

struct source_journal {
	struct source s;
	sd_journal *journal;
	int fd;
	struct claims *claims; /* NULL: the source names its store */
	struct buf line;       /* as a syslog daemon would write it */
	struct buf trusted;    /* "FIELD=value", each with a NUL behind it */
	size_t trusted_at[ENTRY_TRUSTED_MAX], trusted_len[ENTRY_TRUSTED_MAX];
	unsigned n_trusted;
	struct buf message, host, ident, pid; /* of the entry at hand */
	char position[POSITION_MAX];
	size_t position_len;
	int64_t order;
	struct journal_files *files;
	bool look; /* files came or went */
	struct sequence sequence[SEQUENCES_MAX];
	unsigned n_sequences; /* ever seen; the slots are used in turn */
};

/* Says where an entry came from. Units that are started for a connection carry its addresses. */
static const char *const trusted_names[] = { "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER",
	"UNIT", "_BOOT_ID", "_HOSTNAME", "_MACHINE_ID", "_SYSTEMD_UNIT", "_TRANSPORT" };

/* --- an entry's fields ------------------------------------------------------------------------ */

static bool
has_personal_data(struct span s)
{
	struct detect d;
	struct finding f;

	detect_start(&d, s, DETECT_DEFAULT);
	return detect_next(&d, &f);
}

/* "FIELD=rsync@12-A:873-B:36718.service" is kept as "FIELD=rsync@.service". */
static bool
put_template(struct buf *out, struct span data)
{
	const char *at = memchr(data.p, '@', data.len);
	const char *dot = memrchr(data.p, '.', data.len);
	size_t start = out->len;

	if (!at || !dot || dot < at)
		return false;
	buf_put(out, data.p, (size_t)(at - data.p) + 1);
	buf_put(out, dot, (size_t)(data.p + data.len - dot));
	if (out->failed || has_personal_data(span_of(out->p + start, out->len - start))) {
		buf_cut(out, start);
		return false;
	}
	return true;
}

static void
take_trusted(struct source_journal *j, struct span data, size_t name_len)
{
	struct span value = span_from(data, name_len + 1);
	size_t start = j->trusted.len;
	bool known = false;

	for (size_t i = 0; i < sizeof(trusted_names) / sizeof(trusted_names[0]) && !known; i++)
		known = strlen(trusted_names[i]) == name_len &&
			memcmp(trusted_names[i], data.p, name_len) == 0;
	if (!known || value.len > FIELD_BYTES_MAX || memchr(value.p, '\n', value.len) ||
		j->n_trusted == ENTRY_TRUSTED_MAX)
		return;
	if (!has_personal_data(value))
		buf_span(&j->trusted, data);
	else if (!put_template(&j->trusted, data))
		return;
	j->trusted_at[j->n_trusted] = start;
	j->trusted_len[j->n_trusted++] = j->trusted.len - start;
	buf_char(&j->trusted, '\0');
}

static void
copy_first(struct buf *b, struct span value)
{
	if (b->len == 0) /* a field may stand in an entry more than once */
		buf_span(b, value);
}

static int
small_number(struct span digits)
{
	int n = 0;

	for (size_t i = 0; i < digits.len && digits.p[i] >= '0' && digits.p[i] <= '9'; i++)
		n = n * 10 + (digits.p[i] - '0');
	return n;
}

static void
take_field(struct source_journal *j, struct entry *ret, struct span data)
{
	const char *eq = memchr(data.p, '=', data.len);
	struct span name, value;

	if (!eq)
		return;
	name = span_of(data.p, (size_t)(eq - data.p));
	value = span_from(data, name.len + 1);
	if (j->claims)
		claims_see(j->claims, data);
	if (span_eq(name, SPAN("MESSAGE")))
		copy_first(&j->message, value);
	else if (span_eq(name, SPAN("_HOSTNAME")))
		copy_first(&j->host, value);
	else if (span_eq(name, SPAN("SYSLOG_IDENTIFIER")))
		copy_first(&j->ident, value);
	else if (span_eq(name, SPAN("SYSLOG_PID")) || span_eq(name, SPAN("_PID")))
		copy_first(&j->pid, value);
	else if (span_eq(name, SPAN("PRIORITY")) && value.len == 1 && value.p[0] >= '0' &&
		 value.p[0] <= '7')
		ret->priority = value.p[0] - '0';
	else if (span_eq(name, SPAN("SYSLOG_FACILITY")) && value.len > 0 && value.len <= 2)
		ret->facility = small_number(value);
	take_trusted(j, data, name.len);
}

/* Reads all fields of the entry. -1: the file is torn here. */
static int
read_fields(struct source_journal *j, struct entry *ret, struct err *e)
{
	const void *data;
	size_t len;
	int r;

	j->n_trusted = 0;
	buf_clear(&j->trusted);
	buf_clear(&j->message);
	buf_clear(&j->host);
	buf_clear(&j->ident);
	buf_clear(&j->pid);
	if (j->claims)
		claims_begin(j->claims);
	sd_journal_restart_data(j->journal);
	while ((r = sd_journal_enumerate_available_data(j->journal, &data, &len)) > 0)
		take_field(j, ret, span_of(data, len));
	if (r < 0)
		return err_fail(e, EX_DATAERR, -r, N_("cannot read journal entry"), NULL, NULL);
	return 0;
}

/* --- the line --------------------------------------------------------------------------------- */

/* Control bytes as "#ooo", as rsyslog writes them: none may end the line or drive a terminal. */
static void
put_escaped(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 32 && c != 127)
			buf_char(out, (char)c);
		else
			buf_printf(out, "#%03o", c);
	}
}

/* One word of the header: what would end it early is taken out. */
static void
put_word(struct buf *out, struct span s, const char *otherwise)
{
	size_t start = out->len;

	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] > 32 && s.p[i] != 127 && s.p[i] != '[' && s.p[i] != ':')
			buf_char(out, s.p[i]);
	if (out->len == start)
		buf_str(out, otherwise);
}

static void
put_time(struct buf *out, int64_t us)
{
	time_t t = (time_t)(us / 1000000);
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%06d+00:00", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(us % 1000000));
}

/* TIME HOST IDENT[PID]: MESSAGE */
static void
build_line(struct source_journal *j, struct entry *ret)
{
	struct buf *b = &j->line;
	size_t ident_at, ident_len, message_at;

	buf_clear(b);
	put_time(b, ret->realtime_us);
	buf_char(b, ' ');
	put_word(b, span_of(j->host.p, j->host.len), "localhost");
	buf_char(b, ' ');
	ident_at = b->len;
	put_word(b, span_of(j->ident.p, j->ident.len), "unknown");
	ident_len = j->ident.len > 0 ? b->len - ident_at : 0;
	if (j->pid.len > 0) {
		buf_char(b, '[');
		put_word(b, span_of(j->pid.p, j->pid.len), "-");
		buf_char(b, ']');
	}
	buf_str(b, ": ");
	message_at = b->len;
	put_escaped(b, span_of(j->message.p, j->message.len));
	ret->line = span_of(b->p, b->len);
	ret->ident = span_of(b->p + ident_at, ident_len);
	ret->message = span_from(ret->line, message_at);
}

/* --- what is missing --------------------------------------------------------------------------- */

static struct sequence *
sequence_of(struct source_journal *j, struct span id)
{
	struct sequence *s;

	for (unsigned i = 0; i < SEQUENCES_MAX; i++)
		if (span_eq(span_str(j->sequence[i].id), id))
			return &j->sequence[i];
	s = &j->sequence[j->n_sequences++ % SEQUENCES_MAX];
	memcpy(s->id, id.p, id.len);
	s->id[id.len] = '\0';
	s->number = 0;
	return s;
}

/* Counts what lies between the entry at hand and the one before it. With matches, gaps are what is
 * wanted. False: the number itself is torn, and nothing may be placed by it. */
static bool
note_number(struct source_journal *j, struct span position)
{
	struct sequence *s;
	struct span id;
	uint64_t n;

	if (j->s.decl->match.n > 0 || !position_sequence(position, &id, &n) ||
		id.len >= sizeof(s->id))
		return true;
	s = sequence_of(j, id);
	if (n <= s->number)
		return true;
	if (s->number > 0 && n - s->number > SEQUENCE_GAP_MAX)
		return false;
	if (s->number > 0)
		j->s.n_missing += n - s->number - 1;
	s->number = n;
	return true;
}

/* --- positions -------------------------------------------------------------------------------- */

static int
note_position(struct source_journal *j, struct err *e)
{
	char *cursor = NULL, text[POSITION_MAX];
	uint64_t us = 0;
	int r = sd_journal_get_cursor(j->journal, &cursor);
	int n;

	if (r >= 0)
		r = sd_journal_get_realtime_usec(j->journal, &us);
	n = r >= 0 ? snprintf(text, sizeof(text), "j:%s", cursor) : 0;
	free(cursor);
	if (r < 0 || n < 0 || (size_t)n >= sizeof(text) ||
		!note_number(j, span_of(text, (size_t)n)))
		return err_fail(
			e, EX_DATAERR, r < 0 ? -r : 0, N_("cannot read journal entry"), NULL, NULL);
	memcpy(j->position, text, (size_t)n);
	j->position_len = (size_t)n;
	j->order = (int64_t)us;
	return 0;
}

static int
fail_seek(int r, struct err *e)
{
	return err_fail(e, EX_UNAVAILABLE, -r, N_("cannot seek in the journal"), NULL, NULL);
}

/* Behind the last entry. With none there, everything that will come is new. */
static int
seek_end(struct source_journal *j, struct err *e)
{
	int r = sd_journal_seek_tail(j->journal);

	if (r >= 0)
		r = sd_journal_previous(j->journal);
	if (r > 0)
		return note_position(j, e);
	if (r == 0)
		r = sd_journal_seek_head(j->journal);
	if (r < 0)
		return fail_seek(r, e);
	j->order = now_us();
	j->position_len = (size_t)snprintf(
		j->position, sizeof(j->position), "j:@%lld", (long long)j->order);
	return 0;
}

/* Entries that come again because the cursor's own is gone are known by the sinks' positions. */
static int
seek_past(struct source_journal *j, const struct source_past *past, struct err *e)
{
	char cursor[POSITION_MAX + 1];
	int r = 0;

	memcpy(j->position, past->position, past->len);
	j->position_len = past->len;
	j->order = past->order;
	(void)note_number(j, span_of(j->position, j->position_len)); /* the first is always taken */
	if (past->len > 2 && past->position[2] != '@') {
		memcpy(cursor, past->position + 2, past->len - 2);
		cursor[past->len - 2] = '\0';
		if (sd_journal_seek_cursor(j->journal, cursor) >= 0 &&
			sd_journal_next(j->journal) > 0 &&
			sd_journal_test_cursor(j->journal, cursor) > 0)
			return 0;
	}
	r = sd_journal_seek_realtime_usec(j->journal, (uint64_t)past->order);
	return r < 0 ? fail_seek(r, e) : 0;
}

static int
seek(struct source_journal *j, struct err *e)
{
	struct source_past past;

	if (j->s.host->past(j->s.host->ctx, &j->s, j->s.decl->name, &past))
		return seek_past(j, &past, e);
	if (seek_end(j, e) < 0)
		return -1;
	j->s.host->began(j->s.host->ctx, &j->s,
		&(struct source_mark){
			j->s.decl->name, span_of(j->position, j->position_len), j->order });
	return 0;
}

static bool
journal_mark(struct source *s, unsigned i, struct source_mark *ret)
{
	const struct source_journal *j = (const struct source_journal *)s;

	if (i > 0)
		return false;
	*ret = (struct source_mark){ .stream = s->decl->name,
		.position = span_of(j->position, j->position_len),
		.order = j->order };
	return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int
read_entry(struct source_journal *j, struct entry *ret, struct err *e)
{
	sd_id128_t boot;
	uint64_t us = 0, monotonic = 0;
	int r = sd_journal_get_realtime_usec(j->journal, &us);

	*ret = (struct entry){ .priority = -1, .facility = -1, .stream = j->s.decl->name };
	if (r < 0)
		return err_fail(e, EX_DATAERR, -r, N_("cannot read journal entry"), NULL, NULL);
	ret->arrival_us = ret->realtime_us = (int64_t)us;
	if (sd_journal_get_monotonic_usec(j->journal, &monotonic, &boot) >= 0) {
		ret->monotonic_us = (int64_t)monotonic;
		(void)sd_id128_to_string(boot, ret->boot_id);
	}
	if (read_fields(j, ret, e) < 0 || note_position(j, e) < 0)
		return -1;
	build_line(j, ret);
	ret->position = span_of(j->position, j->position_len);
	ret->order = j->order;
	ret->store = j->claims ? claims_store(j->claims) : NULL;
	for (; ret->n_trusted < j->n_trusted; ret->n_trusted++)
		ret->trusted[ret->n_trusted] = span_of(j->trusted.p + j->trusted_at[ret->n_trusted],
			j->trusted_len[ret->n_trusted]);
	return 0;
}

static int
journal_next(struct source *s, struct entry *ret, struct err *e)
{
	struct source_journal *j = (struct source_journal *)s;

	if (j->look) {
		unsigned n = journal_files_look(j->files, s->decl, e);

		j->look = false;
		s->n_failed += n > 0 ? n - 1 : 0;
		if (n > 0)
			return -1;
	}
	for (;;) {
		int r = sd_journal_next(j->journal);

		if (r == 0) {
			s->lag_us = 0;
			return 1;
		}
		if (r < 0)
			return err_fail(
				e, EX_DATAERR, -r, N_("cannot read the journal"), NULL, NULL);
		if (read_entry(j, ret, e) < 0)
			return -1;
		s->lag_us = now_us() - ret->realtime_us;
		if (!j->message.failed && !j->line.failed && j->message.len <= LINE_MAX_BYTES)
			return 0;
		s->n_too_long++;
	}
}

static int
journal_ready(struct source *s, int fd, struct err *e)
{
	struct source_journal *j = (struct source_journal *)s;
	int r = sd_journal_process(j->journal);

	(void)fd; /* there is only one */
	j->look |= r == SD_JOURNAL_INVALIDATE;
	if (r < 0)
		return err_fail(e, EX_UNAVAILABLE, -r, N_("cannot watch the journal"), NULL, NULL);
	return 0;
}

/* Some file systems tell of no changes: then sd-journal asks to be woken up. */
static int
journal_timeout_ms(const struct source *s)
{
	const struct source_journal *j = (const struct source_journal *)s;
	uint64_t us;

	if (sd_journal_reliable_fd(j->journal) > 0 || sd_journal_get_timeout(j->journal, &us) < 0)
		return -1;
	return 2000;
}

static int
journal_pause(struct source *s, bool yes, struct err *e)
{
	return s->host->watch(s->host->ctx, s, ((struct source_journal *)s)->fd, !yes, e);
}

static int
journal_redeclare(struct source *s, const struct conf *c, struct err *e)
{
	struct source_journal *j = (struct source_journal *)s;
	struct claims *claims = NULL;

	if (!s->decl->store && claims_new(c, NULL, &claims, e) < 0)
		return -1;
	claims_free(j->claims);
	j->claims = claims;
	return 0;
}

static void
journal_free(struct source *s)
{
	struct source_journal *j = (struct source_journal *)s;

	if (j->fd >= 0 && !s->paused)
		(void)s->host->watch(s->host->ctx, s, j->fd, false, NULL);
	if (j->journal)
		sd_journal_close(j->journal);
	claims_free(j->claims);
	journal_files_free(j->files);
	buf_wipe(&j->line);
	buf_wipe(&j->trusted);
	buf_wipe(&j->message);
	buf_release(&j->host);
	buf_wipe(&j->ident);
	buf_release(&j->pid);
	free(j);
}

static const struct source_ops journal_ops = { .next = journal_next,
	.ready = journal_ready,
	.timeout_ms = journal_timeout_ms,
	.pause = journal_pause,
	.mark = journal_mark,
	.redeclare = journal_redeclare,
	.free = journal_free };

/* --- opening ---------------------------------------------------------------------------------- */

/* A sink that writes into what the source reads would feed it for ever. */
static int
refuse_loop(const struct conf *c, const struct conf_source *d, struct err *e)
{
	for (size_t i = 0; i < c->n_stores; i++)
		for (size_t k = 0; k < c->store[i].n_sinks; k++) {
			const struct conf_sink *sink = &c->store[i].sink[k];
			const char *ns = d->namespace_;
			bool loop = false;

			if (sink->type == SINK_NAMESPACE && ns && !d->directory)
				loop = strcmp(ns, "*") == 0 || strcmp(ns, sink->namespace_) == 0;
			if (sink->type == SINK_JOURNAL && d->directory && sink->path)
				loop = strncmp(sink->path, d->directory, strlen(d->directory)) == 0;
			if (loop)
				return conf_fail(e, &sink->where,
					N_("sink writes into the journal that a source reads"),
					N_("name another namespace or folder"), "store \"%s\"",
					c->store[i].name);
		}
	return 0;
}

static int
open_journal(struct source_journal *j, struct err *e)
{
	const struct conf_source *d = j->s.decl;
	int r;

	if (d->directory)
		r = sd_journal_open_directory(&j->journal, d->directory, 0);
	else if (!d->namespace_)
		r = sd_journal_open(&j->journal, SD_JOURNAL_LOCAL_ONLY);
	else if (strcmp(d->namespace_, "*") == 0)
		r = sd_journal_open_namespace(
			&j->journal, NULL, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_ALL_NAMESPACES);
	else
		r = sd_journal_open_namespace(&j->journal, d->namespace_, SD_JOURNAL_LOCAL_ONLY);
	if (r < 0)
		return err_fail(e, r == -EACCES ? EX_NOPERM : EX_UNAVAILABLE, -r,
			N_("cannot open the journal"),
			N_("add the service user to group \"systemd-journal\""), "%s",
			d->directory ? d->directory : "");
	for (size_t i = 0; i < d->match.n; i++) {
		r = sd_journal_add_match(j->journal, d->match.v[i], 0);
		if (r < 0)
			return conf_fail(e, &d->where, N_("bad journal match"),
				N_("write \"FIELD=VALUE\""), "%s", "");
	}
	(void)sd_journal_set_data_threshold(j->journal, ENTRY_BYTES_MAX);
	j->fd = sd_journal_get_fd(j->journal);
	if (j->fd < 0)
		return err_fail(
			e, EX_UNAVAILABLE, -j->fd, N_("cannot watch the journal"), NULL, NULL);
	return 0;
}

int
source_journal_open(const struct conf *c, const struct conf_source *d,
	const struct source_host *host, struct source **ret, struct err *e)
{
	CLEANUP(source_freep) struct source *s = NULL;
	struct source_journal *j;

	if (refuse_loop(c, d, e) < 0)
		return -1;
	j = calloc(1, sizeof(*j));
	if (!j)
		return err_memory(e);
	s = &j->s;
	j->s = (struct source){ .ops = &journal_ops, .decl = d, .host = host, .paused = true };
	j->fd = -1;
	j->look = true;
	buf_init(&j->line, 4 * ENTRY_BYTES_MAX);
	buf_init(&j->trusted, ENTRY_TRUSTED_MAX * (FIELD_BYTES_MAX + 64));
	buf_init(&j->message, ENTRY_BYTES_MAX);
	buf_init(&j->host, FIELD_BYTES_MAX);
	buf_init(&j->ident, FIELD_BYTES_MAX);
	buf_init(&j->pid, FIELD_BYTES_MAX);
	if (journal_files_new(&j->files, e) < 0 || journal_redeclare(s, c, e) < 0 ||
		open_journal(j, e) < 0 || seek(j, e) < 0 || source_pause(s, false, e) < 0)
		return -1;
	*ret = TAKE(s);
	return 0;
}
