/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/sink/journal_entry.h"

#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <systemd/sd-id128.h>
#include <time.h>

#include "record/detect/detect.h"
#include "record/key/pseudonym.h"
#include "record/timestamp.h"

#define NAME_MAX_BYTES 64  /* journald drops longer names */
#define TOKENS_MAX     512 /* journald drops an entry with more than 1024 fields */
#define WORD_MAX_BYTES 96  /* of an identifier or a unit */

void
journal_entry_field(struct buf *out, const char *name, struct span value)
{
	uint64_t len = htole64(value.len);

	buf_str(out, name);
	if (value.len > 0 && memchr(value.p, '\n', value.len)) {
		buf_char(out, '\n');
		buf_put(out, &len, sizeof(len));
	} else {
		buf_char(out, '=');
	}
	buf_span(out, value);
	buf_char(out, '\n');
}

static bool
has_address(struct span s)
{
	struct detect d;
	struct finding f;

	detect_start(&d, s, DETECT_ADDRESSES | DETECT_BIT(DETECT_EMAIL));
	return detect_next(&d, &f);
}

/* Identifiers and unit names come from the program that logs, not from a rule. */
static bool
is_plain_word(struct span s)
{
	if (s.len == 0 || s.len > WORD_MAX_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return true;
}

static void
put_identifier(struct buf *out, const struct journal_entry *j)
{
	struct span id = j->en->ident;

	if (!is_plain_word(id) || has_address(id))
		id = span_str(j->store);
	journal_entry_field(out, "SYSLOG_IDENTIFIER", id);
}

/* "sshd@7-203.0.113.7:22-….service" is written "sshd@.service". */
static void
put_unit(struct buf *out, const char *name, struct span unit)
{
	const char *at, *dot;
	char plain[WORD_MAX_BYTES + 1];

	if (!unit.p || !is_plain_word(unit))
		return;
	if (!has_address(unit)) {
		journal_entry_field(out, name, unit);
		return;
	}
	at = memchr(unit.p, '@', unit.len);
	dot = memrchr(unit.p, '.', unit.len);
	if (!at || !dot || dot < at)
		return;
	(void)snprintf(plain, sizeof(plain), "%.*s%.*s", (int)(at + 1 - unit.p), unit.p,
		(int)(unit.p + unit.len - dot), dot);
	if (!has_address(span_str(plain)))
		journal_entry_field(out, name, span_str(plain));
}

/* The value of the trusted field NAME. */
static struct span
trusted_value(const struct entry *en, const char *name)
{
	size_t len = strlen(name);

	for (unsigned i = 0; i < en->n_trusted; i++) {
		struct span t = en->trusted[i];

		if (t.len > len && memcmp(t.p, name, len) == 0 && t.p[len] == '=')
			return span_from(t, len + 1);
	}
	return SPAN_NONE;
}

/* "remote_addr" to "SPARSAM_F_REMOTE_ADDR". */
static void
field_name(const char *name, char ret[NAME_MAX_BYTES + 1])
{
	static const char head[] = "SPARSAM_F_";
	size_t n = sizeof(head) - 1;

	memcpy(ret, head, n);
	for (; *name != '\0' && n < NAME_MAX_BYTES; name++) {
		char c = *name;

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
			c = '_';
		ret[n++] = c;
	}
	ret[n] = '\0';
}

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':';
}

/* A token, or one rendered as an address: below fd00::/8, where a rule leaves nothing else. */
static bool
is_token(struct span w)
{
	char text[INET6_ADDRSTRLEN] = { 0 };
	struct in6_addr a;

	if (pseudonym_is_token(w))
		return true;
	if (w.len < 4 || w.len >= sizeof(text) || w.p[0] != 'f' || w.p[1] != 'd')
		return false;
	memcpy(text, w.p, w.len);
	return inet_pton(AF_INET6, text, &a) == 1;
}

/* Returns how many there were; writes at most MAX. */
static unsigned
put_tokens(struct buf *out, struct span value, unsigned max)
{
	unsigned n = 0;
	size_t i = 0;

	while (i < value.len && n < max) {
		size_t from = i;
		struct span w;

		while (i < value.len && is_token_char(value.p[i]))
			i++;
		w = span_of(value.p + from, i - from);
		if (w.len > 0 && w.p[w.len - 1] == ':' && !is_token(w)) /* "from ip4:…: closed" */
			w.len--;
		if (is_token(w)) {
			journal_entry_field(out, "SPARSAM_TOKEN", w);
			n++;
		}
		i += i < value.len;
	}
	return n;
}

static void
put_fields(struct buf *out, const struct journal_entry *j)
{
	unsigned tokens = TOKENS_MAX;

	for (unsigned i = 0; i < j->trace->n; i++) {
		const struct rule_field *f = &j->trace->field[i];
		struct span value = span_of(j->text.p + f->at, f->len);
		char name[NAME_MAX_BYTES + 1];

		if (f->len == 0 || span_eq(value, SPAN("-")) || strcmp(f->action, "drop") == 0)
			continue;
		field_name(f->name, name);
		journal_entry_field(out, name, value);
		if (f->token)
			tokens -= put_tokens(out, value, tokens);
	}
}

static void
put_number(struct buf *out, const char *name, int value)
{
	if (value >= 0)
		buf_printf(out, "%s=%d\n", name, value);
}

static void
put_origin(struct buf *out, const struct journal_entry *j)
{
	char time[28];

	timestamp_format(j->en->realtime_us > 0 ? j->en->realtime_us : j->en->arrival_us, time);
	buf_printf(out, "SPARSAM_STORE=%s\nSPARSAM_SOURCE=%s\nSPARSAM_TIME=%s\n", j->store,
		j->stream, time);
	buf_printf(out, "SPARSAM_POSITION=%" PRIu64 " %" PRId64 " ", j->number, j->en->order);
	if (j->en->position.len > 0)
		buf_span(out, j->en->position);
	else
		buf_char(out, '-');
	buf_char(out, '\n');
}

void
journal_entry_put(struct buf *out, const struct journal_entry *j)
{
	size_t at = j->trace && j->trace->message_at <= j->text.len ? j->trace->message_at : 0;

	journal_entry_field(out, "MESSAGE", span_from(j->text, at));
	put_number(out, "PRIORITY", j->en->priority);
	put_number(out, "SYSLOG_FACILITY", j->en->facility);
	put_identifier(out, j);
	put_unit(out, "SPARSAM_UNIT", trusted_value(j->en, "_SYSTEMD_UNIT"));
	put_origin(out, j);
	if (j->trace)
		put_fields(out, j);
}

static void
put_times(struct buf *out, const struct entry *en)
{
	int64_t realtime = en->realtime_us > 0 ? en->realtime_us : en->arrival_us;
	int64_t monotonic = en->monotonic_us;
	char boot[SD_ID128_STRING_MAX] = "";
	struct timespec t = { 0 };
	sd_id128_t id;

	/* What did not come from a journal was received by this boot, now. */
	if (en->boot_id[0] == '\0') {
		(void)clock_gettime(CLOCK_MONOTONIC, &t);
		monotonic = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
		if (sd_id128_get_boot(&id) >= 0)
			(void)sd_id128_to_string(id, boot);
	}
	buf_printf(out, "__REALTIME_TIMESTAMP=%" PRId64 "\n__MONOTONIC_TIMESTAMP=%" PRId64 "\n",
		realtime > 0 ? realtime : 1, monotonic > 0 ? monotonic : 1);
	buf_printf(out, "_BOOT_ID=%s\n", en->boot_id[0] != '\0' ? en->boot_id : boot);
}

static void
put_trusted(struct buf *out, const struct entry *en)
{
	for (unsigned i = 0; i < en->n_trusted; i++) {
		struct span t = en->trusted[i];
		const char *eq = memchr(t.p, '=', t.len);
		char name[NAME_MAX_BYTES + 1];
		struct span value;

		if (!eq || (size_t)(eq - t.p) >= sizeof(name) || t.p[0] != '_' ||
			span_starts(t, SPAN("__")) || span_starts(t, SPAN("_BOOT_ID=")))
			continue;
		memcpy(name, t.p, (size_t)(eq - t.p));
		name[eq - t.p] = '\0';
		value = span_from(t, (size_t)(eq + 1 - t.p));
		if (strstr(name, "UNIT"))
			put_unit(out, name, value);
		else if (!has_address(value))
			journal_entry_field(out, name, value);
	}
}

void
journal_entry_export(struct buf *out, const struct journal_entry *j)
{
	put_times(out, j->en);
	put_trusted(out, j->en);
	journal_entry_put(out, j);
	buf_char(out, '\n');
}

void
journal_entry_mark(struct buf *out, const struct journal_entry *j, bool export)
{
	if (export)
		put_times(out, j->en);
	buf_str(out, "MESSAGE=read up to here\nMESSAGE_ID=" JOURNAL_ENTRY_MARK
		     "\nPRIORITY=7\nSYSLOG_IDENTIFIER=logscrub\n");
	put_origin(out, j);
	if (export)
		buf_char(out, '\n');
}
