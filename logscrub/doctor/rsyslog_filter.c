/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/rsyslog_filter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALL_SEVERITIES 0xff
#define DEEP           32 /* parentheses and nots within one another */

/* Names as in syslog.h, several for some, rsyslog's own first; numbers are taken as well. */
static const struct {
	const char *name;
	unsigned number;
} facilities[] = { { "kern", 0 }, { "user", 1 }, { "mail", 2 }, { "daemon", 3 }, { "auth", 4 },
	{ "security", 4 }, { "syslog", 5 }, { "lpr", 6 }, { "news", 7 }, { "uucp", 8 },
	{ "cron", 9 }, { "authpriv", 10 }, { "ftp", 11 }, { "ntp", 12 }, { "audit", 13 },
	{ "alert", 14 }, { "local0", 16 }, { "local1", 17 }, { "local2", 18 }, { "local3", 19 },
	{ "local4", 20 }, { "local5", 21 }, { "local6", 22 }, { "local7", 23 } },
  severities[] = { { "emerg", 0 }, { "panic", 0 }, { "alert", 1 }, { "crit", 2 }, { "err", 3 },
	  { "error", 3 }, { "warning", 4 }, { "warn", 4 }, { "notice", 5 }, { "info", 6 },
	  { "debug", 7 } };

static int
number_of(const char *name, size_t len, bool is_facility)
{
	const size_t n = is_facility ? sizeof(facilities) / sizeof(facilities[0])
				     : sizeof(severities) / sizeof(severities[0]);

	for (size_t i = 0; i < n; i++) {
		const char *known = is_facility ? facilities[i].name : severities[i].name;

		if (strlen(known) == len && strncasecmp(known, name, len) == 0)
			return (int)(is_facility ? facilities[i].number : severities[i].number);
	}
	return -1;
}

/* What a selector lets through: for each facility a bit for a severity. */
struct selected {
	uint8_t severity[RSYSLOG_FACILITIES];
};

/* "*", "none", "info" (and worse), "=info", "!err", "!=err": which bits are set, or taken away. */
static bool
severities_of(const char *text, size_t len, uint8_t *ret, bool *ret_away)
{
	const bool away = len > 0 && *text == '!';
	const bool one = len > away && text[away] == '=';
	const size_t signs = (size_t)away + one;
	int number;

	text += signs;
	len -= signs;
	*ret_away = away;
	*ret = ALL_SEVERITIES;
	if (len == 1 && *text == '*')
		return true;
	if (len == 4 && strncasecmp(text, "none", 4) == 0) {
		*ret_away = true;
		return true;
	}
	number = number_of(text, len, false);
	if (number < 0)
		return false;
	*ret = (uint8_t)(one ? 1U << number : (2U << number) - 1);
	return true;
}

static void
severities_put(struct selected *s, int facility, uint8_t bits, bool away)
{
	for (int i = 0; i < RSYSLOG_FACILITIES; i++) {
		if (facility >= 0 && i != facility)
			continue;
		s->severity[i] = (uint8_t)(away ? s->severity[i] & ~bits : s->severity[i] | bits);
	}
}

/* "auth,authpriv.*": false if it is none that is known. */
static bool
part_read(struct selected *s, const char *part, size_t len)
{
	const char *dot = memchr(part, '.', len), *at = part;
	uint8_t bits;
	bool away;

	if (!dot || !severities_of(dot + 1, len - (size_t)(dot - part) - 1, &bits, &away))
		return false;
	while (at < dot) {
		const char *comma = memchr(at, ',', (size_t)(dot - at)), *end = comma ? comma : dot;
		const bool every = end - at == 1 && *at == '*';
		const int facility = every ? -1 : number_of(at, (size_t)(end - at), true);

		if (!every && facility < 0)
			return false;
		severities_put(s, facility, bits, away);
		at = comma ? comma + 1 : dot;
	}
	return true;
}

static bool
selector_read(const char *selector, struct selected *ret)
{
	memset(ret, 0, sizeof(*ret));
	while (*selector) {
		const size_t n = strcspn(selector, ";");

		if (n > 0 && !part_read(ret, selector, n))
			return false;
		selector += n + (selector[n] == ';');
	}
	return true;
}

/* --- sets ------------------------------------------------------------------------------------- */

/* What can be of a cell. */
enum {
	CAN_NONE = 1,
	CAN_FEW = 2,
	CAN_MOST = 4,
	CAN_ALL = 8,
	CAN_ANY = CAN_NONE | CAN_FEW | CAN_MOST | CAN_ALL
};

static void
bits_put(uint8_t *at, uint8_t bits, bool on)
{
	*at = (uint8_t)(on ? *at | bits : *at & ~bits);
}

static void
cell_put(struct rsyslog_set *s, unsigned program, unsigned facility, uint8_t bits, int can)
{
	const unsigned i = program * RSYSLOG_FACILITIES + facility;

	bits_put(&s->none[i], bits, can & CAN_NONE);
	bits_put(&s->few[i], bits, can & CAN_FEW);
	bits_put(&s->most[i], bits, can & CAN_MOST);
	bits_put(&s->all[i], bits, can & CAN_ALL);
}

static void
set_fill(struct rsyslog_set *s, int can)
{
	memset(s->none, can & CAN_NONE ? ALL_SEVERITIES : 0, sizeof(s->none));
	memset(s->few, can & CAN_FEW ? ALL_SEVERITIES : 0, sizeof(s->few));
	memset(s->most, can & CAN_MOST ? ALL_SEVERITIES : 0, sizeof(s->most));
	memset(s->all, can & CAN_ALL ? ALL_SEVERITIES : 0, sizeof(s->all));
}

static void
set_not(struct rsyslog_set *s)
{
	const struct rsyslog_set was = *s;

	memcpy(s->none, was.all, sizeof(s->none));
	memcpy(s->few, was.most, sizeof(s->few));
	memcpy(s->most, was.few, sizeof(s->most));
	memcpy(s->all, was.none, sizeof(s->all));
}

/* A = A and B. Few and few may have none in common; few and most are taken to have some. */
static void
set_and(struct rsyslog_set *a, const struct rsyslog_set *b)
{
	uint8_t *none = a->none, *few = a->few, *most = a->most, *all = a->all;
	const uint8_t *bn = b->none, *bf = b->few, *bm = b->most, *ba = b->all;

	for (size_t i = 0; i < RSYSLOG_CELLS; i++) {
		none[i] = (uint8_t)(none[i] | bn[i] | (few[i] & bf[i]));
		few[i] = (uint8_t)((few[i] & (bf[i] | bm[i] | ba[i])) |
				   ((most[i] | all[i]) & bf[i]));
		most[i] = (uint8_t)((most[i] & (bm[i] | ba[i])) | (all[i] & bm[i]));
		all[i] &= ba[i];
	}
}

static void
set_or(struct rsyslog_set *a, const struct rsyslog_set *b)
{
	struct rsyslog_set not_b = *b;

	set_not(a);
	set_not(&not_b);
	set_and(a, &not_b);
	set_not(a);
}

/* --- what a filter asks ----------------------------------------------------------------------- */

enum operation {
	IS,
	CONTAINS,
	CONTAINS_ANY_CASE,
	STARTS,
	STARTS_ANY_CASE,
	ENDS,
	LESS,
	MORE,
	AT_MOST,
	AT_LEAST,
	OTHER
};

struct question {
	const char *property;
	enum operation operation;
	bool negated;
};

static const struct {
	const char *name;
	enum operation operation;
	bool negated;
} operations[] = { { "==", IS, false }, { "=", IS, false }, { "isequal", IS, false },
	{ "!=", IS, true }, { "<>", IS, true }, { "contains", CONTAINS, false },
	{ "contains_i", CONTAINS_ANY_CASE, false }, { "startswith", STARTS, false },
	{ "startswith_i", STARTS_ANY_CASE, false }, { "endswith", ENDS, false },
	{ "<", LESS, false }, { ">", MORE, false }, { "<=", AT_MOST, false },
	{ ">=", AT_LEAST, false } };

static bool
operation_read(const char *word, struct question *ret)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcasecmp(word, operations[i].name) != 0)
			continue;
		ret->operation = operations[i].operation;
		ret->negated = operations[i].negated;
		return true;
	}
	return false;
}

static bool
text_matches(enum operation o, const char *have, const char *want)
{
	const size_t n = strlen(have), k = strlen(want);

	switch (o) {
	case IS:
		return strcmp(have, want) == 0;
	case CONTAINS:
		return strstr(have, want) != NULL;
	case CONTAINS_ANY_CASE:
		return strcasestr(have, want) != NULL;
	case STARTS:
		return strncmp(have, want, k) == 0;
	case STARTS_ANY_CASE:
		return strncasecmp(have, want, k) == 0;
	case ENDS:
		return n >= k && strcmp(have + n - k, want) == 0;
	default:
		return false;
	}
}

static bool
number_matches(enum operation o, long have, long want)
{
	switch (o) {
	case IS:
		return have == want;
	case LESS:
		return have < want;
	case MORE:
		return have > want;
	case AT_MOST:
		return have <= want;
	case AT_LEAST:
		return have >= want;
	default:
		return false;
	}
}

static const char *
name_of(unsigned number, bool is_facility)
{
	const size_t n = is_facility ? sizeof(facilities) / sizeof(facilities[0])
				     : sizeof(severities) / sizeof(severities[0]);

	for (size_t i = 0; i < n; i++) {
		if ((is_facility ? facilities[i].number : severities[i].number) == number)
			return is_facility ? facilities[i].name : severities[i].name;
	}
	return "";
}

/* Its row; 0 where there is no room. A name that is new takes a row that was kept for it. */
static unsigned
program_row(struct rsyslog_flow *f, const char *name)
{
	for (unsigned i = 1; i <= f->n_programs; i++) {
		if (strcmp(f->program[i], name) == 0)
			return i;
	}
	if (f->n_programs + 1 == RSYSLOG_PROGRAMS || strlen(name) >= sizeof(f->program[0]))
		return 0;
	f->n_programs++;
	memcpy(f->program[f->n_programs], name, strlen(name) + 1);
	return f->n_programs;
}

static void
ask_program(struct rsyslog_flow *f, enum operation o, const char *value, struct rsyslog_set *ret)
{
	const bool exact = o == IS;
	const unsigned row = program_row(f, value);

	/* of others, some that begin so may be there, never all; names yet to come may do so or not */
	set_fill(ret, exact && row > 0 ? CAN_NONE : CAN_ANY);
	for (unsigned k = 0; k < RSYSLOG_FACILITIES; k++)
		cell_put(ret, 0, k, ALL_SEVERITIES,
			!exact    ? CAN_NONE | CAN_FEW
			: row > 0 ? CAN_NONE
				  : CAN_FEW);
	for (unsigned p = 1; p <= f->n_programs; p++) {
		const int can = text_matches(o, f->program[p], value) ? CAN_ALL : CAN_NONE;

		for (unsigned k = 0; k < RSYSLOG_FACILITIES; k++)
			cell_put(ret, p, k, ALL_SEVERITIES, can);
	}
}

/* A facility or severity, by its name or its number; false where VALUE is no number. */
static bool
ask_level(enum operation o, bool is_facility, bool by_name, const char *value,
	struct rsyslog_set *ret)
{
	char *end;
	const long want = strtol(value, &end, 10);

	if (!by_name && (*value == '\0' || *end != '\0' || (o != IS && o < LESS)))
		return false;
	if (by_name && o >= LESS)
		return false;
	for (unsigned k = 0; k < RSYSLOG_FACILITIES; k++) {
		for (unsigned s = 0; s < 8; s++) {
			const unsigned have = is_facility ? k : s;
			const bool hit = by_name ? text_matches(
							   o, name_of(have, is_facility), value)
						 : number_matches(o, have, want);

			for (unsigned p = 0; p < RSYSLOG_PROGRAMS; p++)
				cell_put(ret, p, k, (uint8_t)(1U << s), hit ? CAN_ALL : CAN_NONE);
		}
	}
	return true;
}

bool
rsyslog_is_one_of(const char *word, const char *const words[])
{
	for (size_t i = 0; words[i]; i++) {
		if (strcasecmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

/* Which messages does Q let through with VALUE? */
static void
ask(struct rsyslog_flow *f, const struct question *q, const char *value, struct rsyslog_set *ret)
{
	static const char *const program[] = { "programname", "app-name", NULL };
	/* no word is in all messages, and some have it, or nobody would ask for it */
	static const char *const text[] = { "msg", "rawmsg", "rawmsg-after-pri", "syslogtag",
		NULL };
	static const char *const severity[] = { "syslogseverity", "syslogpriority", NULL };
	static const char *const severity_text[] = { "syslogseverity-text", "syslogpriority-text",
		NULL };
	const char *p = q->property;

	set_fill(ret, CAN_ANY);
	if (q->operation == OTHER || *value == '\0')
		return;
	if (rsyslog_is_one_of(p, program) && q->operation < LESS)
		ask_program(f, q->operation, value, ret);
	else if (rsyslog_is_one_of(p, text) && q->operation < LESS)
		set_fill(ret, CAN_FEW);
	else if (strcasecmp(p, "syslogfacility") == 0 || rsyslog_is_one_of(p, severity))
		(void)ask_level(q->operation, !rsyslog_is_one_of(p, severity), false, value, ret);
	else if (strcasecmp(p, "syslogfacility-text") == 0 || rsyslog_is_one_of(p, severity_text))
		(void)ask_level(
			q->operation, !rsyslog_is_one_of(p, severity_text), true, value, ret);
}

static void
selector_ask(const char *selector, struct rsyslog_set *ret)
{
	struct selected s;

	set_fill(ret, CAN_ANY);
	if (!selector_read(selector, &s))
		return;
	set_fill(ret, CAN_NONE);
	for (unsigned p = 0; p < RSYSLOG_PROGRAMS; p++) {
		for (unsigned k = 0; k < RSYSLOG_FACILITIES; k++)
			cell_put(ret, p, k, s.severity[k], CAN_ALL);
	}
}

/* --- expressions ------------------------------------------------------------------------------ */

struct parser {
	struct rsyslog_flow *flow;
	const struct rsyslog_words *words;
	size_t at;
	unsigned deep;
};

static const char *
word_at(const struct parser *p)
{
	return p->at < p->words->n ? p->words->v[p->at] : "";
}

static bool
word_take(struct parser *p, const char *word)
{
	if (strcasecmp(word_at(p), word) != 0)
		return false;
	p->at++;
	return true;
}

/* Goes behind the parenthesis that was opened. */
static bool
arguments_skip(struct parser *p)
{
	unsigned open = 1;

	for (; p->at < p->words->n; p->at++) {
		open += strcmp(word_at(p), "(") == 0;
		open -= strcmp(word_at(p), ")") == 0;
		if (open == 0) {
			p->at++;
			return true;
		}
	}
	return false;
}

static bool
is_value(const char *word)
{
	return *word == '"' || (*word >= '0' && *word <= '9');
}

/* A value, or a list of them of which one has to match. */
static bool
values_ask(struct parser *p, const struct question *q, struct rsyslog_set *ret)
{
	const bool list = word_take(p, "[");
	struct rsyslog_set one;

	set_fill(ret, CAN_NONE);
	do {
		const char *word = word_at(p);

		if (!is_value(word))
			return false;
		p->at++;
		ask(p->flow, q, word + (*word == '"'), &one);
		set_or(ret, &one);
	} while (list && word_take(p, ","));
	if (q->negated && !list)
		set_not(ret);
	else if (q->negated)
		set_fill(ret, CAN_ANY); /* of all, or of any? */
	return !list || word_take(p, "]");
}

/* "$property operation value", "prifilt("…")", "function(…)", "$variable" */
static bool
comparison_read(struct parser *p, struct rsyslog_set *ret)
{
	struct question q = { .property = word_at(p) + 1 };
	const char *word = word_at(p);

	set_fill(ret, CAN_ANY);
	if (!*word)
		return false;
	p->at++;
	if (*word == '$')
		return !operation_read(word_at(p), &q) || (p->at++, values_ask(p, &q, ret));
	if (!word_take(p, "("))
		return false;
	if (strcasecmp(word, "prifilt") == 0 && *word_at(p) == '"')
		selector_ask(word_at(p) + 1, ret);
	if (!arguments_skip(p))
		return false;
	/* what it is compared with */
	if (operation_read(word_at(p), &q)) {
		struct rsyslog_set unused;

		p->at++;
		q.property = "";
		set_fill(ret, CAN_ANY);
		return values_ask(p, &q, &unused);
	}
	return true;
}

static bool alternatives_read(struct parser *p, struct rsyslog_set *ret);

static bool
negation_read(struct parser *p, struct rsyslog_set *ret)
{
	bool good, negated = false;

	if (p->deep == 0)
		return false;
	while (word_take(p, "not"))
		negated = !negated;
	p->deep--;
	if (word_take(p, "("))
		good = alternatives_read(p, ret) && word_take(p, ")");
	else
		good = comparison_read(p, ret);
	p->deep++;
	if (negated)
		set_not(ret);
	return good;
}

static bool
conjunction_read(struct parser *p, struct rsyslog_set *ret)
{
	struct rsyslog_set next;

	if (!negation_read(p, ret))
		return false;
	while (word_take(p, "and")) {
		if (!negation_read(p, &next))
			return false;
		set_and(ret, &next);
	}
	return true;
}

static bool
alternatives_read(struct parser *p, struct rsyslog_set *ret)
{
	struct rsyslog_set next;

	if (!conjunction_read(p, ret))
		return false;
	while (word_take(p, "or")) {
		if (!conjunction_read(p, &next))
			return false;
		set_or(ret, &next);
	}
	return true;
}

void
rsyslog_words_clear(struct rsyslog_words *w)
{
	w->used = w->n = 0;
	w->failed = false;
}

void
rsyslog_words_add(struct rsyslog_words *w, bool quoted, const char *text, size_t len)
{
	char *at = w->text + w->used;

	if (w->n == RSYSLOG_WORDS || sizeof(w->text) - w->used < len + 2) {
		w->failed = true;
		return;
	}
	if (quoted)
		*at = '"';
	memcpy(at + quoted, text, len);
	at[quoted + len] = '\0';
	w->v[w->n++] = at;
	w->used += quoted + len + 1;
}

/* --- the way of messages ---------------------------------------------------------------------- */

void
rsyslog_flow_init(struct rsyslog_flow *f)
{
	memset(f, 0, sizeof(*f));
	rsyslog_flow_again(f);
}

void
rsyslog_flow_again(struct rsyslog_flow *f)
{
	f->depth = f->beyond = 0;
	f->is_ruleset = false;
	set_fill(&f->alive, CAN_ALL);
	f->block[0].set = f->here = f->last = f->other = f->alive;
}

void
rsyslog_flow_statement(struct rsyslog_flow *f)
{
	f->last = f->here;
	f->here = f->block[f->depth].set;
	f->is_ruleset = false;
}

void
rsyslog_flow_same(struct rsyslog_flow *f)
{
	f->here = f->last;
}

static void
filter_put(struct rsyslog_flow *f, struct rsyslog_set *filter)
{
	struct rsyslog_set here = f->here;

	set_and(&f->here, filter);
	set_not(filter);
	set_and(&here, filter);
	f->other = here;
}

void
rsyslog_flow_selector(struct rsyslog_flow *f, const char *selector)
{
	struct rsyslog_set s;

	selector_ask(selector, &s);
	filter_put(f, &s);
}

void
rsyslog_flow_property(
	struct rsyslog_flow *f, const char *property, const char *operation, const char *value)
{
	const bool negated = *operation == '!';
	struct question q = { .property = property, .operation = OTHER };
	struct rsyslog_set s;

	if (!operation_read(operation + negated, &q) || q.negated)
		q.operation = OTHER;
	ask(f, &q, value, &s);
	if (negated)
		set_not(&s);
	filter_put(f, &s);
}

void
rsyslog_flow_condition(struct rsyslog_flow *f, const struct rsyslog_words *expression)
{
	struct parser p = { .flow = f, .words = expression, .deep = DEEP };
	struct rsyslog_set s;

	if (expression->failed || !alternatives_read(&p, &s) || p.at < expression->n)
		set_fill(&s, CAN_ANY);
	filter_put(f, &s);
}

void
rsyslog_flow_else(struct rsyslog_flow *f)
{
	f->here = f->other;
}

void
rsyslog_flow_unknown(struct rsyslog_flow *f)
{
	struct rsyslog_set s;

	set_fill(&s, CAN_ANY);
	filter_put(f, &s);
}

void
rsyslog_flow_ruleset(struct rsyslog_flow *f)
{
	f->is_ruleset = true;
}

void
rsyslog_flow_open(struct rsyslog_flow *f)
{
	struct rsyslog_block *b;

	if (f->depth + 1 == RSYSLOG_DEEP) {
		f->beyond++;
		set_fill(&f->block[f->depth].set, CAN_ANY);
		return;
	}
	b = &f->block[++f->depth];
	b->is_ruleset = f->is_ruleset;
	f->is_ruleset = false;
	b->alive = f->alive;
	b->other = f->other;
	if (b->is_ruleset) {
		set_fill(&f->alive, CAN_ALL);
		f->here = f->alive;
	}
	b->set = f->here;
}

void
rsyslog_flow_close(struct rsyslog_flow *f)
{
	struct rsyslog_block *b = &f->block[f->depth];

	if (f->beyond > 0) {
		f->beyond--;
		return;
	}
	f->here = b->set;
	if (f->depth == 0)
		return;
	f->other = b->other;
	if (b->is_ruleset)
		f->alive = b->alive;
	f->depth--;
}

void
rsyslog_flow_stop(struct rsyslog_flow *f)
{
	struct rsyslog_set rest = f->here;

	set_not(&rest);
	set_and(&f->alive, &rest);
}

void
rsyslog_flow_call(struct rsyslog_flow *f)
{
	struct rsyslog_set rest;

	set_fill(&rest, CAN_ANY);
	set_and(&rest, &f->here);
	set_not(&rest);
	set_and(&f->alive, &rest);
}

enum rsyslog_reach
rsyslog_flow_reaches(const struct rsyslog_flow *f)
{
	struct rsyslog_set s = f->alive;
	enum rsyslog_reach best = RSYSLOG_NO;

	set_and(&s, &f->here);
	for (size_t i = 0; i < RSYSLOG_CELLS; i++) {
		const uint8_t can = s.few[i] | s.most[i] | s.all[i];

		if (can & ~s.none[i])
			return RSYSLOG_YES;
		if (can)
			best = RSYSLOG_MAYBE;
	}
	return best;
}
