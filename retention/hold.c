/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hold.c - keep what an incident needs
 *
 * A pattern or an identifier is read from a file or standard input, never from the arguments. The
 * ledger gets the hold's number, its stores and times, not its texts, which may name somebody.
 */
#include "evidence/hold.h"
#include "evidence/hold_known.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "record/record.h"
#include "record/timestamp.h"
#include "retention/command.h"
#include "retention/hold_copy.h"
#include "retention/session.h"
#include "retention/when.h"

#define _(text) gettext(text)

#define STORES_MAX 64
#define MATCH_MAX  1024

struct asked {
	struct hold hold;
	const char *stores[STORES_MAX];
	const char *from_file;
	struct buf match;
	bool records, pattern, has_expiry;
};

/* Reads the pattern or identifier, without the line's end. */
static int
match_read(struct asked *a, struct err *e)
{
	cleanup_fd int fd = strcmp(a->from_file, "-") == 0
				    ? dup(STDIN_FILENO)
				    : open(a->from_file, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", a->from_file);
	buf_init(&a->match, MATCH_MAX + 2);
	while (buf_room(&a->match, 256) && (n = read(fd, a->match.p + a->match.len, 256)) > 0)
		a->match.len += (size_t)n;
	if (n < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot read"), NULL, "%s", a->from_file);
	a->match.failed = false;
	while (a->match.len > 0 && strchr("\r\n", a->match.p[a->match.len - 1]))
		a->match.len--;
	a->hold.match = a->pattern ? HOLD_PATTERN : HOLD_IDENTIFIER;
	return 0;
}

static int
note(struct session *s, const char *what, uint64_t id, const struct hold *d, struct err *e)
{
	json_t *j = json_pack("{s:s, s:I}", "what", what, "hold", (json_int_t)id), *stores;
	char time[28];

	if (d) {
		stores = json_array();
		for (size_t i = 0; i < d->stores.n; i++)
			(void)json_array_append_new(stores, json_string(d->stores.v[i]));
		(void)json_object_set_new(j, "stores", stores);
		timestamp_format(d->expires_us, time);
		(void)json_object_set_new(j, "expires", json_string(time));
	}
	if (ledger_append(s->ledger, s->now_us, "hold", j, NULL, e) < 0)
		return -1;
	return ledger_sign(s->ledger, s->sign, e) < 0 ? -1 : 0;
}

/* --- the verbs -------------------------------------------------------------------------------- */

static int
hold_add_do(struct session *s, struct asked *a, struct err *e)
{
	uint64_t id, n;

	if (!a->has_expiry)
		return err_fail(e, EX_USAGE, 0, N_("hold needs an expiry"),
			N_("give --expires, a date"), NULL);
	if (a->from_file && match_read(a, e) < 0)
		return -1;
	/* in a new file numbers would begin anew, and the loss of the old one be forgotten */
	if (hold_known_file(s->holds, s->ledger, e) < 0 ||
		hold_add(s->holds, &a->hold, span_of(a->match.p, a->match.len), s->now_us, &id, e) <
			0)
		return -1;
	if (note(s, "added", id, &a->hold, e) < 0 || hold_copy(s, id, &a->hold, &n, e) < 0)
		return err_within(e, "hold %llu", (unsigned long long)id);
	if (!s->out.json)
		printf("%llu\n", (unsigned long long)id);
	print_begin(&s->out);
	print_int(&s->out, "hold", (int64_t)id);
	print_int(&s->out, "copied", (int64_t)n);
	print_end(&s->out);
	return 0;
}

static const char *
end_name(const struct hold *d, int64_t now_us)
{
	if (d->end == HOLD_RELEASED)
		return N_("released");
	return d->end == HOLD_EXPIRED || d->expires_us <= now_us ? N_("expired") : N_("in force");
}

static const char *
match_name(enum hold_match m)
{
	static const char *const names[] = { "all", "pattern", "identifier", "records" };

	return names[m];
}

static void
stores_join(const struct hold *d, struct buf *out)
{
	buf_init(out, 4096);
	for (size_t i = 0; i < d->stores.n; i++)
		buf_printf(out, "%s%s", i ? "," : "", d->stores.v[i]);
}

static void
hold_json(struct session *s, const struct hold *d)
{
	struct print *o = &s->out;
	struct buf stores;

	stores_join(d, &stores);
	print_begin(o);
	print_int(o, "hold", (int64_t)d->id);
	print_str(o, "incident", span_str(d->incident));
	print_str(o, "reason", span_str(d->reason));
	print_str(o, "owner", span_str(d->owner));
	print_str(o, "stores", span_of(stores.p, stores.len));
	print_str(o, "match", span_str(match_name(d->match)));
	print_time(o, "created", d->created_us);
	print_time(o, "expires", d->expires_us);
	print_str(o, "state", span_str(end_name(d, s->now_us)));
	print_end(o);
	buf_release(&stores);
}

static void
hold_row(struct session *s, struct print_table *t, const struct hold *d)
{
	struct buf stores;
	char expires[28];

	stores_join(d, &stores);
	timestamp_format(d->expires_us, expires);
	print_table_cell(t, true, "%llu", (unsigned long long)d->id);
	print_table_cell(t, false, "%s", _(end_name(d, s->now_us)));
	print_table_cell(t, false, "%.10s", expires);
	print_table_cell(t, false, "%s", d->incident);
	print_table_cell(t, false, "%s", d->owner);
	print_table_cell(t, false, "%.*s", (int)stores.len, stores.p);
	print_table_cell(t, false, "%s", match_name(d->match));
	print_table_cell(t, false, "%s", d->reason);
	buf_release(&stores);
}

static int
hold_list_do(struct session *s)
{
	static const char *const head[] = { N_("id"), N_("state"), N_("expires"), N_("incident"),
		N_("owner"), N_("stores"), N_("match"), N_("reason") };
	const struct hold *list;
	size_t n = holds_list(s->holds, &list);
	struct print_table *t;

	if (s->out.json) {
		for (size_t i = 0; i < n; i++)
			hold_json(s, &list[i]);
		return 0;
	}
	t = print_table_new(sizeof(head) / sizeof(head[0]));
	if (!t)
		return 0;
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		print_table_cell(t, i == 0, "%s", _(head[i]));
	for (size_t i = 0; i < n; i++)
		hold_row(s, t, &list[i]);
	print_table_free(t, &s->out);
	return 0;
}

static int
see_held(void *ctx, const struct record *r, struct err *e)
{
	struct session *s = ctx;
	struct span text = r->text;

	(void)e;
	if (s->out.json) {
		print_begin(&s->out);
		print_str(&s->out, "store", span_str(r->store->name));
		print_str(&s->out, "place", span_str(r->place));
		print_int(&s->out, "offset", (int64_t)r->offset);
		if (r->time_us != RECORD_NO_TIME)
			print_time(&s->out, "time", r->time_us);
		print_str(&s->out, "text", r->text);
		print_end(&s->out);
		return 0;
	}
	if (text.len > 0 && text.p[text.len - 1] == '\n')
		text.len--;
	printf("%s: ", r->place);
	print_safe(&s->out, text);
	putchar('\n');
	return 0;
}

static const struct hold *
find(const struct session *s, uint64_t id)
{
	const struct hold *list;
	size_t n = holds_list(s->holds, &list);

	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

static int
hold_show_do(struct session *s, uint64_t id, bool records, struct err *e)
{
	const struct selector held = select_ask(holds_ask_one(s->holds, id));
	const struct hold *d = find(s, id);

	if (!d)
		return err_fail(
			e, EX_USAGE, 0, N_("no such hold"), N_("see `retention hold list`"), NULL);
	if (!records) {
		if (s->out.json) {
			hold_json(s, d);
			return 0;
		}
		printf(_("hold %llu, %s\nincident  %s\nreason    %s\nowner     %s\nmatch     %s\n"),
			(unsigned long long)id, _(end_name(d, s->now_us)), d->incident, d->reason,
			d->owner, match_name(d->match));
		return 0;
	}
	for (size_t i = 0; i < s->conf->n_stores; i++) {
		const struct conf_store *c = &s->conf->store[i];

		if (hold_may_lie_in(s, d, c) && store_visit(&s->env, c, &held, see_held, s, e) < 0)
			return -1;
	}
	return 0;
}

static int
hold_change_do(struct session *s, const char *verb, uint64_t id, struct asked *a, struct err *e)
{
	const bool extend = strcmp(verb, "extend") == 0;
	int rc;

	if (extend && !a->has_expiry)
		return err_fail(e, EX_USAGE, 0, N_("hold needs an expiry"),
			N_("give --expires, a date"), NULL);
	rc = extend ? hold_extend(s->holds, id, a->hold.expires_us, s->now_us, e)
		    : hold_release(s->holds, id, s->now_us, e);
	if (rc > 0)
		return err_fail(e, EX_USAGE, 0, N_("no such hold in force"),
			N_("see `retention hold list`"), NULL);
	if (rc < 0)
		return -1;
	return note(s, extend ? "extended" : "released", id, NULL, e);
}

/* --- the command line ------------------------------------------------------------------------- */

static void
help(void)
{
	fputs(_("Usage: retention hold add --incident REF --reason TEXT --owner NAME --expires DATE\n"
		"                          --store NAME... [--since TIME] [--until TIME]\n"
		"                          [--from FILE [--pattern]]\n"
		"       retention hold list\n"
		"       retention hold show ID [--records]\n"
		"       retention hold extend ID --expires DATE\n"
		"       retention hold release ID\n"
		"Keeps records past their period while an incident needs them.\n\n"
		"  --from FILE   only records with the identifier in FILE (\"-\": standard input);\n"
		"                it is stored encrypted and never listed\n"
		"  --pattern     FILE has a PCRE2 pattern instead\n\n"
		"Example:  echo 203.0.113.7 | retention hold add --incident T-17 --reason \"login attack\"\n"
		"              --owner ops --expires +30d --store nginx-access --from -\n"),
		stdout);
}

static int
take_time(const char *text, const struct session *s, int64_t *ret)
{
	if (when_parse(text, s->now_us, ret))
		return 0;
	fprintf(stderr, "retention: %s\n",
		_("not a time; write 2026-11-24, an RFC 3339 time, or +30d"));
	return -1;
}

static int
options_read(struct session *s, struct asked *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "incident", required_argument, NULL, 'i' },
		{ "reason", required_argument, NULL, 'r' },
		{ "owner", required_argument, NULL, 'o' },
		{ "expires", required_argument, NULL, 'e' },
		{ "store", required_argument, NULL, 's' },
		{ "since", required_argument, NULL, 'f' },
		{ "until", required_argument, NULL, 't' },
		{ "from", required_argument, NULL, 'm' },
		{ "pattern", no_argument, NULL, 'p' },
		{ "records", no_argument, NULL, 'R' },
		{ 0 },
	};

	for (int o; (o = getopt_long(argc, argv, "s:", options, NULL)) != -1;) {
		switch (o) {
		case 'i':
			a->hold.incident = optarg;
			break;
		case 'r':
			a->hold.reason = optarg;
			break;
		case 'o':
			a->hold.owner = optarg;
			break;
		case 'e':
			a->has_expiry = true;
			if (take_time(optarg, s, &a->hold.expires_us) < 0)
				return -1;
			break;
		case 's':
			if (a->hold.stores.n == STORES_MAX)
				return -1;
			a->stores[a->hold.stores.n++] = optarg;
			break;
		case 'f':
			if (take_time(optarg, s, &a->hold.from_us) < 0)
				return -1;
			break;
		case 't':
			if (take_time(optarg, s, &a->hold.to_us) < 0)
				return -1;
			break;
		case 'm':
			a->from_file = optarg;
			break;
		case 'p':
			a->pattern = true;
			break;
		case 'R':
			a->records = true;
			break;
		default:
			return -1;
		}
	}
	a->hold.stores.v = a->stores;
	return 0;
}

static int
dispatch(struct session *s, const char *verb, struct asked *a, const char *id_text, struct err *e)
{
	char *end = NULL;
	uint64_t id = id_text ? strtoull(id_text, &end, 10) : 0;

	if (strcmp(verb, "add") == 0 && !id_text)
		return hold_add_do(s, a, e);
	if (strcmp(verb, "list") == 0 && !id_text)
		return hold_list_do(s);
	if (!id_text || *end || id == 0)
		return usage_fail(_("hold takes add, list, or a verb and the number of a hold"));
	if (strcmp(verb, "show") == 0)
		return hold_show_do(s, id, a->records, e);
	if (strcmp(verb, "extend") == 0 || strcmp(verb, "release") == 0)
		return hold_change_do(s, verb, id, a, e);
	return usage_fail(_("hold takes add, list, show, extend or release"));
}

int
hold_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .hold = { .from_us = INT64_MIN + 1, .to_us = INT64_MAX } };
	int rc;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			help();
			return 0;
		}
	}
	if (argc < 2)
		return usage_fail(_("hold takes add, list, show, extend or release"));
	if (options_read(s, &a, argc - 1, argv + 1) < 0)
		return usage_fail(_("unknown option, or its value is missing"));
	if (argc - 1 - optind > 1)
		return usage_fail(_("too many arguments; identifiers come from --from"));
	rc = dispatch(s, argv[1], &a, optind < argc - 1 ? argv[1 + optind] : NULL, e);
	buf_wipe(&a.match);
	return rc;
}
