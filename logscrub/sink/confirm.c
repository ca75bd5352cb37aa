/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/sink/confirm.h"

#include <inttypes.h>
#include <libintl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "logscrub/sink/sink.h"
#include "record/key/keyring.h"
#include "record/timestamp.h"

#define SOURCE_NAME "omprog"
#define HASH_LEN    16
#define MARK_MAX    64 /* "h:DAY:HASH" */

struct confirm {
	struct sink *sink;
	struct keyring *keyring;
	struct buf out;
	bool each;  /* a confirmation for each message: they will be sent again otherwise */
	bool first; /* the message at hand may be one that was written before */
	bool said;  /* that the file cannot take more */
	int64_t order;
	struct conf_sink decl;
};

static volatile sig_atomic_t want_reopen;

static void
on_usr1(int sig)
{
	(void)sig;
	want_reopen = 1;
}

/* "h:DAY:HASH" of LINE under the key of DAY. */
static int
mark(struct confirm *f, int32_t day, struct span line, char ret[MARK_MAX], struct err *e)
{
	unsigned char h[HASH_LEN];
	char hex[HASH_LEN * 2 + 1];
	const uint8_t *key;

	if (keyring_key(f->keyring, day, &key, e) < 0)
		return -1;
	(void)crypto_generichash(
		h, sizeof(h), (const unsigned char *)line.p, line.len, key, KEY_LEN);
	(void)sodium_bin2hex(hex, sizeof(hex), h, sizeof(h));
	(void)snprintf(ret, MARK_MAX, "h:%" PRId32 ":%s", day, hex);
	return 0;
}

/* Is LINE the last message that the file has? Asked for the first one only. */
static bool
was_written(struct confirm *f, struct span line)
{
	char text[MARK_MAX], now[MARK_MAX], *end;
	struct span pos;
	int64_t order;
	int32_t day;

	if (!sink_position(f->sink, SOURCE_NAME, &pos, &order) || pos.len >= sizeof(text))
		return false;
	f->order = order;
	memcpy(text, pos.p, pos.len);
	text[pos.len] = '\0';
	if (strncmp(text, "h:", 2) != 0)
		return false;
	day = (int32_t)strtol(text + 2, &end, 10);
	if (*end != ':' || mark(f, day, line, now, NULL) < 0)
		return false;
	return strcmp(text, now) == 0;
}

int
confirm_open(const struct conf *c, const struct conf_store *s, const char *file, struct keyring *k,
	bool each, struct confirm **ret, struct err *e)
{
	CLEANUP(confirm_freep) struct confirm *f = calloc(1, sizeof(*f));
	const struct sigaction act = { .sa_handler = on_usr1 }; /* no SA_RESTART: wake up */

	if (!f)
		return err_memory(e);
	f->keyring = k;
	f->each = each;
	f->first = each;
	f->decl = (struct conf_sink){ .where = s->where, .type = SINK_FILE, .path = file };
	buf_init(&f->out, 8 * LINE_MAX_BYTES);
	/* what was written without a mark was not confirmed either: it will be sent again */
	if (sink_open(c, s, &f->decl, &f->sink, e) < 0 || sink_recover(f->sink, each, e) < 0)
		return -1;
	(void)sigaction(SIGUSR1, &act, NULL);
	*ret = TAKE(f);
	return 0;
}

static int
take(struct confirm *f, const struct entry *en, struct err *e)
{
	int rc;

	while ((rc = sink_write(f->sink, SOURCE_NAME, en, span_of(f->out.p, f->out.len), NULL, e)) >
		0)
		if (confirm_flush(f, e) < 0)
			return -1;
	return rc;
}

int
confirm_take(struct confirm *f, struct rule *r, struct span line, int64_t arrival_us, struct err *e)
{
	char pos[MARK_MAX];
	struct entry en = {
		.line = line, .arrival_us = arrival_us, .priority = -1, .facility = -1
	};
	int why;

	if (f->first) {
		f->first = false;
		if (was_written(f, line))
			return CONFIRM_REPEATED;
	}
	buf_clear(&f->out);
	why = rule_apply(r, line, arrival_us, &f->out, NULL, e);
	if (why != DROP_NONE)
		return why;
	if (f->each) {
		if (mark(f, timestamp_day(arrival_us), line, pos, e) < 0)
			return -1;
		en.position = span_str(pos);
		en.order = ++f->order;
	}
	return take(f, &en, e);
}

int
confirm_flush(struct confirm *f, struct err *e)
{
	const struct timespec second = { .tv_sec = 1 };
	int rc;

	if (want_reopen) {
		want_reopen = 0;
		if (sink_reopen(f->sink, e) < 0)
			return -1;
	}
	while ((rc = sink_flush(f->sink, e)) > 0) {
		const char *why = sink_trouble(f->sink);

		if (!f->said)
			fprintf(stderr, "logscrub: %s: %s\n", sink_name(f->sink),
				gettext(why ? why : N_("waiting until it can be written")));
		f->said = true;
		(void)nanosleep(&second, NULL);
	}
	if (rc == 0 && f->said) {
		fprintf(stderr, "logscrub: %s: %s\n", sink_name(f->sink),
			gettext(N_("written again")));
		f->said = false;
	}
	return rc;
}

int
confirm_answer(struct confirm *f, struct err *e)
{
	if (confirm_flush(f, e) < 0)
		return -1;
	if (puts("OK") == EOF || fflush(stdout) == EOF)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "standard output");
	return 0;
}

struct confirm *
confirm_free(struct confirm *f)
{
	if (!f)
		return NULL;
	f->sink = sink_free(f->sink);
	buf_wipe(&f->out);
	free(f);
	return NULL;
}
