/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines are of one form if their tokens are of the same kinds, in the same order, with the same
 * names and shapes of times. The most frequent forms become patterns; what most lines have in
 * common at their beginning becomes the last one, behind which all is text.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "logscrub/suggest/suggest.h"
#include "record/detect/detect.h"

#define NAMES_MAX      256
#define SIGNATURES_MAX 1024

/* Names of pairs, with how many lines have them. */
struct names {
	struct span v[NAMES_MAX];
	uint64_t count[NAMES_MAX], least;
	unsigned n;
};

struct signature {
	uint64_t hash, count;
	size_t first; /* a line that has it */
};

/* A form while it is made: its tokens, as one line has them, and what their places hold. */
struct form {
	struct tokens like;
	unsigned n;  /* tokens; the rest of the line is text */
	bool open;   /* … and there is a rest */
	bool framed; /* behind a syslog header, whose fields have names of their own */
	struct field *field;
	uint64_t quoted[SUGGEST_TOKENS + 1], unquoted[SUGGEST_TOKENS + 1];
	uint64_t covered;
};

struct making {
	const struct sample *s;
	struct proposal *p;
	struct names names;
	struct signature *sig;
	size_t n_sig;
};

/* --- names ------------------------------------------------------------------------------------ */

/* May it be shown? A name that looks like an id or an address is a value. */
static bool
is_decent(struct span name)
{
	struct detect d;
	struct finding x;
	unsigned digits = 0;

	if (name.len == 0 || name.len > 32 || isdigit((unsigned char)name.p[0]))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (!isalnum(c) && c != '_' && c != '-' && c != '.' && c != '@')
			return false;
		digits += isdigit(c) != 0;
	}
	detect_start(&d, name, DETECT_DEFAULT | DETECT_BIT(DETECT_UUID));
	return digits <= 2 && !detect_next(&d, &x);
}

static bool
name_count(void *ctx, struct span name)
{
	struct names *n = ctx;
	unsigned i = 0;

	if (!is_decent(name))
		return false;
	while (i < n->n && !span_eq(n->v[i], name))
		i++;
	if (i == NAMES_MAX)
		return false;
	if (i == n->n)
		n->v[n->n++] = name;
	n->count[i]++;
	return true;
}

/* What only a few lines have may be chosen by somebody. */
static bool
name_is_shown(void *ctx, struct span name)
{
	const struct names *n = ctx;

	for (unsigned i = 0; i < n->n; i++)
		if (span_eq(n->v[i], name))
			return n->count[i] >= n->least;
	return false;
}

/* --- signatures ------------------------------------------------------------------------------- */

static void
put_key(const struct token *t, bool first, struct buf *out)
{
	buf_char(out, (char)('a' + t->kind));
	buf_char(out, t->blanks > 0 && !first ? ' ' : t->blanks > 0 ? '>' : '.');
	buf_span(out, t->name);
	if (t->kind == TOKEN_TIME)
		token_put_time(t->value, out);
	if (t->tail)
		buf_char(out, t->tail);
	buf_char(out, '\n');
}

static uint64_t
hash_bytes(const struct buf *b)
{
	uint64_t h = UINT64_C(1469598103934665603);

	for (size_t i = 0; i < b->len; i++)
		h = (h ^ (unsigned char)b->p[i]) * UINT64_C(1099511628211);
	return h;
}

static uint64_t
signature_of(const struct tokens *t, unsigned n, struct buf *scratch)
{
	buf_clear(scratch);
	for (unsigned i = 0; i < n; i++)
		put_key(&t->v[i], i == 0, scratch);
	return hash_bytes(scratch);
}

static void
read_line(const struct making *m, size_t i, struct tokens *t)
{
	tokens_read(m->s->line[i], m->p->delimiter, name_is_shown, (void *)&m->names, t);
}

static void
count_signature(struct making *m, uint64_t hash, size_t line)
{
	size_t i = 0;

	while (i < m->n_sig && m->sig[i].hash != hash)
		i++;
	if (i == SIGNATURES_MAX)
		return;
	if (i == m->n_sig)
		m->sig[m->n_sig++] = (struct signature){ hash, 0, line };
	m->sig[i].count++;
}

static int
by_count(const void *a, const void *b)
{
	const struct signature *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->first < y->first ? -1 : 1;
}

static void
count_signatures(struct making *m, struct buf *scratch)
{
	struct tokens t;

	for (size_t i = 0; i < m->s->n; i++)
		tokens_read(m->s->line[i], m->p->delimiter, name_count, &m->names, &t);
	m->names.least = m->s->n / 50 > 3 ? m->s->n / 50 : 3;
	for (size_t i = 0; i < m->s->n; i++) {
		read_line(m, i, &t);
		if (t.n > 0)
			count_signature(m, signature_of(&t, t.n, scratch), i);
	}
	qsort(m->sig, m->n_sig, sizeof(m->sig[0]), by_count);
}

/* How many tokens most of the lines that are left begin with, as LIKE does. */
static unsigned
common_beginning(
	struct making *m, const struct tokens *like, const bool *taken, struct buf *scratch)
{
	uint64_t agree[SUGGEST_TOKENS + 2] = { 0 }, left = 0;
	struct tokens t;
	unsigned n = 0;

	for (size_t i = 0; i < m->s->n; i++) {
		if (taken[i])
			continue;
		left++;
		read_line(m, i, &t);
		for (unsigned k = 1; k <= t.n && k <= like->n; k++) {
			if (signature_of(&t, k, scratch) != signature_of(like, k, scratch))
				break;
			agree[k]++;
		}
	}
	while (n < like->n && 5 * agree[n + 1] >= 4 * left)
		n++;
	return n;
}

/* --- a form's fields -------------------------------------------------------------------------- */

static bool
fits(const struct form *f, const struct tokens *t, struct buf *scratch)
{
	if (f->open ? t->n < f->n : t->n != f->n)
		return false;
	return signature_of(t, f->n, scratch) == signature_of(&f->like, f->n, scratch);
}

static struct span
rest_of(const struct tokens *t, unsigned n, struct span line)
{
	const char *p = n == t->n ? line.p + line.len
			: t->v[n].kind == TOKEN_PAIR || t->v[n].kind == TOKEN_QPAIR
				? t->v[n].name.p
				: t->v[n].value.p;

	return span_of(p, (size_t)(line.p + line.len - p));
}

#define FINDINGS_MAX 32

/* What the detectors find in a whole line, of which a token may be a piece. */
struct findings {
	struct finding v[FINDINGS_MAX];
	unsigned n;
};

static void
find_all(struct span line, struct findings *ret)
{
	struct detect d;

	ret->n = 0;
	detect_start(&d, line, DETECT_DEFAULT | DETECT_BIT(DETECT_UUID));
	while (ret->n < FINDINGS_MAX && detect_next(&d, &ret->v[ret->n]))
		ret->n++;
}

static unsigned
types_at(const struct findings *f, struct span line, struct span value)
{
	size_t from = (size_t)(value.p - line.p);
	unsigned types = 0;

	for (unsigned i = 0; i < f->n; i++)
		if (f->v[i].start < from + value.len && from < f->v[i].end)
			types |= DETECT_BIT(f->v[i].type);
	return types;
}

/* Looks at all lines that no form before has taken, and takes those that fit. */
static void
gather(struct making *m, struct form *f, bool *taken, struct buf *scratch)
{
	struct findings found;
	struct tokens t;

	for (size_t i = 0; i < m->s->n; i++) {
		struct span line = m->s->line[i];

		if (taken[i])
			continue;
		read_line(m, i, &t);
		if (!fits(f, &t, scratch))
			continue;
		taken[i] = true;
		f->covered++;
		find_all(line, &found);
		for (unsigned k = 0; k < f->n; k++) {
			field_see(&f->field[k], t.v[k].value, types_at(&found, line, t.v[k].value));
			*(t.v[k].quoted ? &f->quoted[k] : &f->unquoted[k]) += 1;
		}
		if (f->open)
			field_see(&f->field[f->n], rest_of(&t, f->n, line), 0);
	}
}

/* A group's name in PCRE2: letters, digits and underscores, and not a digit first. */
static void
base_name(const struct form *f, unsigned k, char ret[SUGGEST_NAME_MAX])
{
	static const char *const taken[] = { "time", "hostname", "appname", "procid", "pri",
		"version", "msgid", "sd", "message" };
	struct span name = k < f->n ? f->like.v[k].name : SPAN_NONE;

	if (k == f->n)
		name = SPAN("text");
	else if (name.len == 0)
		name = span_str(field_word(&f->field[k]));
	for (size_t i = 0; i < name.len; i++)
		ret[i] = isalnum((unsigned char)name.p[i]) ? name.p[i] : '_';
	ret[name.len] = '\0';
	for (size_t i = 0; f->framed && i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(ret, taken[i]) == 0)
			(void)snprintf(ret, SUGGEST_NAME_MAX, "m_%s", taken[i]);
}

/* Fields of one form are told apart by numbers; the same in another form are the same field. */
static void
name_fields(struct form *f)
{
	for (unsigned k = 0; k < f->n + f->open; k++) {
		char base[SUGGEST_NAME_MAX];
		unsigned same = 1;

		base_name(f, k, base);
		for (unsigned i = 0; i < k; i++) {
			char other[SUGGEST_NAME_MAX];

			base_name(f, i, other);
			same += strcmp(other, base) == 0;
		}
		if (same == 1)
			(void)snprintf(f->field[k].name, SUGGEST_NAME_MAX, "%.40s", base);
		else
			(void)snprintf(f->field[k].name, SUGGEST_NAME_MAX, "%.36s_%u", base, same);
	}
}

static bool
merge_fields(struct proposal *p, const struct form *f)
{
	unsigned n = p->n_fields;

	/* all of them, or none: a pattern needs each of its fields */
	for (unsigned k = 0; k < f->n + f->open; k++) {
		unsigned i = 0;

		while (i < n && strcmp(p->field[i].name, f->field[k].name) != 0)
			i++;
		if (i == SUGGEST_FIELDS)
			return false;
		if (i == n)
			memcpy(p->field[n++].name, f->field[k].name, SUGGEST_NAME_MAX);
	}
	p->n_fields = n;
	for (unsigned k = 0; k < f->n + f->open; k++)
		for (unsigned i = 0; i < n; i++)
			if (strcmp(p->field[i].name, f->field[k].name) == 0)
				field_merge(&p->field[i], &f->field[k]);
	return true;
}

/* --- a form's pattern ------------------------------------------------------------------------- */

static void
put_literal(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_' && s.p[i] != '=' &&
			s.p[i] != '"' && s.p[i] != ',' && s.p[i] != ':' && s.p[i] != ';')
			buf_char(out, '\\');
		if (s.p[i] == '\t')
			buf_char(out, 't');
		else
			buf_char(out, s.p[i]);
	}
}

static void
put_cell(const struct form *f, unsigned k, char delimiter, struct buf *out)
{
	const char *name = f->field[k].name;
	char class[3] = { delimiter, '\0' };

	if (delimiter == '\t')
		memcpy(class, "\\t", 3);
	if (f->quoted[k] == 0)
		buf_printf(out, "(?<%s>[^%s]*)", name, class);
	else if (f->unquoted[k] == 0)
		buf_printf(out, "\"(?<%s>(?:[^\"]|\"\")*)\"", name);
	else
		buf_printf(out, "(?<%s>\"(?:[^\"]|\"\")*\"|[^%s\"]*)", name, class);
}

static void
put_token(const struct form *f, unsigned k, char delimiter, struct buf *out)
{
	const struct token *t = &f->like.v[k];
	const char *name = f->field[k].name;

	if (t->blanks > 0)
		buf_str(out, k == 0 ? "\\h*" : "\\h+");
	switch (t->kind) {
	case TOKEN_TIME:
		buf_printf(out, "(?<%s>", name);
		token_put_time(t->value, out);
		buf_char(out, ')');
		break;
	case TOKEN_QUOTED:
		buf_printf(out, "\"(?<%s>(?:[^\"\\\\\\\\]|\\\\\\\\.)*)\"", name);
		break;
	case TOKEN_BRACKET:
		buf_printf(out, "\\[(?<%s>[^\\]]*)\\]", name);
		break;
	case TOKEN_PAREN:
		buf_printf(out, "\\((?<%s>[^)]*)\\)", name);
		break;
	case TOKEN_PAIR:
	case TOKEN_QPAIR:
		put_literal(t->name, out);
		if (t->kind == TOKEN_PAIR)
			buf_printf(out, "=(?<%s>[^ \\t]*)", name);
		else
			buf_printf(out, "=\"(?<%s>(?:[^\"\\\\\\\\]|\\\\\\\\.)*)\"", name);
		break;
	case TOKEN_CELL:
		put_cell(f, k, delimiter, out);
		break;
	case TOKEN_TEXT:
		buf_printf(out, "(?<%s>.*)", name);
		break;
	case TOKEN_WORD:
		buf_printf(out, "(?<%s>[^ \\t]+)", name);
		break;
	}
	if (t->tail)
		put_literal(span_of(&t->tail, 1), out);
}

static void
put_pattern(const struct form *f, char delimiter, struct buf *out)
{
	for (unsigned k = 0; k < f->n; k++)
		put_token(f, k, delimiter, out);
	if (f->open)
		buf_printf(out, "\\h*(?<%s>.*)", f->field[f->n].name);
	else if (!delimiter && (f->n == 0 || f->like.v[f->n - 1].kind != TOKEN_TEXT))
		buf_str(out, "\\h*");
}

/* --- the whole -------------------------------------------------------------------------------- */

/* N tokens as the line FIRST has them; OPEN: and text behind. */
static int
add_form(struct making *m, size_t first, unsigned n, bool open, bool *taken, struct buf *scratch,
	struct err *e)
{
	struct form f = { .framed = m->p->how == READ_SYSLOG };
	struct proposal *p = m->p;

	read_line(m, first, &f.like);
	f.n = open && n < f.like.n ? n : f.like.n;
	f.open = f.n < f.like.n || (open && n == f.like.n);
	f.field = calloc(f.n + 1, sizeof(*f.field));
	if (!f.field)
		return err_memory(e);
	gather(m, &f, taken, scratch);
	name_fields(&f);
	if (f.covered > 0 && merge_fields(p, &f)) {
		buf_init(&p->form[p->n_forms], 1 << 16);
		put_pattern(&f, p->delimiter, &p->form[p->n_forms]);
		p->covered[p->n_forms++] = f.covered;
		p->n_covered += f.covered;
	}
	free(f.field);
	return 0;
}

static int
make_forms(struct making *m, struct buf *scratch, struct err *e)
{
	size_t least = m->s->n / 20 > 2 ? m->s->n / 20 : 2, n = 0, first;
	bool *taken = calloc(m->s->n + 1, sizeof(*taken));
	uint64_t sum = 0;
	struct tokens like;
	int rc = 0;

	if (!taken)
		return err_memory(e);
	count_signatures(m, scratch);
	while (n < m->n_sig && n + 1 < SUGGEST_FORMS && (m->sig[n].count >= least || m->s->n < 8))
		sum += m->sig[n++].count;
	/* forms of which each line has its own are none: it is text */
	for (size_t i = 0; i < n && 2 * sum >= m->s->n && rc == 0; i++)
		rc = add_form(m, m->sig[i].first, 0, false, taken, scratch, e);
	/* the others: what they begin with, and text */
	first = 2 * sum >= m->s->n ? n : 0;
	if (rc == 0 && first < m->n_sig && !m->p->delimiter) {
		unsigned k;

		read_line(m, m->sig[first].first, &like);
		k = common_beginning(m, &like, taken, scratch);
		if (k > 0)
			rc = add_form(m, m->sig[first].first, k, true, taken, scratch, e);
	}
	free(taken);
	return rc;
}

/* The first field that has times in nearly all its lines. */
static void
choose_time(struct proposal *p)
{
	for (unsigned i = 0; i < p->n_fields && p->time[0] == '\0'; i++)
		if (field_kind(&p->field[i]) == VALUE_TIME)
			memcpy(p->time, p->field[i].name, sizeof(p->time));
	/* a format takes a field of this name for one, and a rule may not drop it */
	for (unsigned i = 0; i < p->n_fields && p->time[0] == '\0'; i++)
		if (strcmp(p->field[i].name, "time") == 0)
			memcpy(p->time, p->field[i].name, sizeof(p->time));
}

int
proposal_from_lines(struct proposal *p, const struct sample *s, struct err *e)
{
	CLEANUP(buf_release) struct buf scratch = { .max = 1 << 16 };
	struct making *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return err_memory(e);
	m->s = s;
	m->p = p;
	m->sig = calloc(SIGNATURES_MAX, sizeof(m->sig[0]));
	p->n_lines = s->n;
	rc = m->sig ? make_forms(m, &scratch, e) : err_memory(e);
	choose_time(p);
	free(m->sig);
	free(m);
	return rc;
}

/* --- JSON ------------------------------------------------------------------------------------- */

#define PATHS_MAX 8192 /* a power of two; names that are ids give each line its own */

struct path {
	char name[SUGGEST_NAME_MAX];
	uint64_t count;
};

/* First all paths are counted, then those that many lines have are looked at. */
struct walk {
	struct proposal *p;
	struct path *counted; /* NULL: the second time */
	unsigned n_counted;
	char path[SUGGEST_NAME_MAX];
};

static void
count_path(struct walk *w)
{
	const struct buf name = { .p = w->path, .len = strlen(w->path) };
	size_t i = hash_bytes(&name) & (PATHS_MAX - 1);

	while (w->counted[i].count > 0 && strcmp(w->counted[i].name, w->path) != 0)
		i = (i + 1) & (PATHS_MAX - 1);
	if (w->counted[i].count == 0) {
		if (w->n_counted == PATHS_MAX / 2)
			return;
		w->n_counted++;
		memcpy(w->counted[i].name, w->path, sizeof(w->path));
	}
	w->counted[i].count++;
}

static void
see_scalar(struct walk *w, const json_t *v)
{
	struct proposal *p = w->p;
	char text[64];
	unsigned i = 0;

	while (i < p->n_fields && strcmp(p->field[i].name, w->path) != 0)
		i++;
	if (i == p->n_fields)
		return;
	if (json_is_string(v)) {
		field_see(&p->field[i], span_of(json_string_value(v), json_string_length(v)), 0);
	} else if (json_is_number(v)) {
		if (json_is_integer(v))
			(void)snprintf(
				text, sizeof(text), "%lld", (long long)json_integer_value(v));
		else
			(void)snprintf(text, sizeof(text), "%.6f", json_real_value(v));
		field_see(&p->field[i], span_str(text), 0);
	} else if (json_is_boolean(v)) {
		field_see(&p->field[i], json_is_true(v) ? SPAN("true") : SPAN("false"), 0);
	}
}

/* A name with a dot in it would be another path; it is left out, and so is one that is a value. */
static void
walk(struct walk *w, json_t *v)
{
	size_t len = strlen(w->path);

	for (void *at = json_object_iter(v); at; at = json_object_iter_next(v, at)) {
		const char *name = json_object_iter_key(at);

		if (!is_decent(span_str(name)) || strchr(name, '.') ||
			len + strlen(name) + 2 > sizeof(w->path))
			continue;
		(void)snprintf(w->path + len, sizeof(w->path) - len, "%s%s", len ? "." : "", name);
		walk(w, json_object_iter_value(at));
		w->path[len] = '\0';
	}
	for (size_t i = 0; i < json_array_size(v); i++)
		walk(w, json_array_get(v, i));
	if (len == 0 || json_is_object(v) || json_is_array(v))
		return;
	if (w->counted)
		count_path(w);
	else
		see_scalar(w, v);
}

static void
walk_all(struct walk *w, const struct sample *s)
{
	for (size_t i = 0; i < s->n; i++) {
		json_t *v = json_loadb(s->line[i].p, s->line[i].len, 0, NULL);

		if (json_is_object(v)) {
			w->p->n_covered += w->counted == NULL;
			walk(w, v);
		}
		json_decref(v);
	}
}

static int
by_path_count(const void *a, const void *b)
{
	const struct path *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Whoever chose a name that few lines have may have chosen their own. */
static void
choose_paths(struct walk *w)
{
	struct proposal *p = w->p;
	uint64_t least = p->n_lines / 50 > 3 ? p->n_lines / 50 : 3;

	if (p->n_lines < 10)
		least = p->n_lines > 1 ? 2 : 1;
	qsort(w->counted, PATHS_MAX, sizeof(*w->counted), by_path_count);
	for (size_t i = 0; i < PATHS_MAX && p->n_fields < SUGGEST_FIELDS; i++)
		if (w->counted[i].count >= least)
			memcpy(p->field[p->n_fields++].name, w->counted[i].name, SUGGEST_NAME_MAX);
}

int
proposal_from_json(struct proposal *p, const struct sample *s, struct err *e)
{
	struct walk w = { .p = p, .counted = calloc(PATHS_MAX, sizeof(struct path)) };

	if (!w.counted)
		return err_memory(e);
	p->how = READ_JSON;
	p->n_lines = s->n;
	walk_all(&w, s);
	choose_paths(&w);
	free(w.counted);
	w.counted = NULL;
	walk_all(&w, s);
	choose_time(p);
	return 0;
}

void
proposal_release(struct proposal *p)
{
	for (unsigned i = 0; i < p->n_forms; i++)
		buf_release(&p->form[i]);
	explicit_bzero(p->field, sizeof(p->field));
}
