/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer/template.h"
#include "base/file/wipe.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define TEMPLATE_MAX (256u << 10) /* bytes of a file */
#define VALUE_MAX    (64u << 10)

/* --- places ----------------------------------------------------------------------------------- */

int
places_init(struct places *p, const char *const *names, size_t n, struct err *e)
{
	*p = (struct places){ .v = calloc(n, sizeof(p->v[0])), .n = n };
	if (!p->v)
		return err_memory(e);
	for (size_t i = 0; i < n; i++)
		p->v[i].name = names[i];
	return 0;
}

static void
place_wipe(struct letter_place *p)
{
	for (size_t i = 0; i < p->n; i++)
		wipe_text(p->item[i]);
	free(p->item);
	p->item = NULL;
	p->n = 0;
}

void
places_release(struct places *p)
{
	for (size_t i = 0; i < p->n; i++)
		place_wipe(&p->v[i]);
	free(p->v);
	*p = (struct places){ 0 };
}

static struct letter_place *
place_find(const struct places *p, struct span name)
{
	for (size_t i = 0; i < p->n; i++)
		if (span_eq(name, span_str(p->v[i].name)))
			return &p->v[i];
	return NULL;
}

void
place_clear(struct places *p, const char *name)
{
	struct letter_place *of = place_find(p, span_str(name));

	if (of)
		place_wipe(of);
}

bool
place_has(const struct places *p, const char *name)
{
	const struct letter_place *to = place_find(p, span_str(name));

	return to && to->n > 0;
}

int
place_put(struct places *p, const char *name, struct span value, struct err *e)
{
	struct letter_place *to = place_find(p, span_str(name));
	char **v;
	struct buf b;

	if (value.len == 0 || !to) {
		return 0;
	}
	v = reallocarray(to->item, to->n + 1, sizeof(*v));
	if (!v)
		return err_memory(e);
	to->item = v;
	buf_init(&b, VALUE_MAX + 16);
	letter_quote(&b, value.len > VALUE_MAX ? span_of(value.p, VALUE_MAX) : value);
	buf_char(&b, '\0');
	if (b.failed) {
		buf_wipe(&b);
		return err_memory(e);
	}
	to->item[to->n++] = b.p;
	return 0;
}

int
place_printf(struct places *p, const char *name, struct err *e, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n, rc;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_memory(e);
	rc = place_put(p, name, span_of(text, (size_t)n), e);
	explicit_bzero(text, (size_t)n);
	free(text);
	return rc;
}

/* --- filling ---------------------------------------------------------------------------------- */

struct filling {
	const char *file;
	unsigned line, opened; /* opened: the line of the [with] that is open; 0: none */
	bool left_out;         /* what is open is not to be told */
	const struct places *places;
	struct letter *letter;
	enum letter_part part; /* of what is gathered */
	struct buf text;       /* gathered: a paragraph, or lines of an address */
};

static int
fail(const struct filling *f, const char *what, const char *todo, struct span word, struct err *e)
{
	const struct conf_place at = { f->file, f->line };

	return conf_fail(e, &at, what, todo, "%.*s", (int)(word.len < 60 ? word.len : 60), word.p);
}

static int
flush(struct filling *f, struct err *e)
{
	int rc = 0;

	if (f->text.failed)
		return err_memory(e);
	if (f->text.len > 0)
		rc = letter_add(f->letter, f->part, span_of(f->text.p, f->text.len), e);
	buf_clear(&f->text);
	return rc;
}

static int
place_of(const struct filling *f, struct span name, const struct letter_place **ret, struct err *e)
{
	const struct letter_place *p = place_find(f->places, name);

	if (!p)
		return fail(f, N_("the letter names a place that there is not"),
			N_("see the shipped one"), name, e);
	*ret = p;
	return 0;
}

/* Appends S, its places filled. */
static int
put_filled(struct filling *f, struct span s, struct err *e)
{
	while (s.len > 0) {
		const char *open = memchr(s.p, '{', s.len), *close;
		const size_t n = open ? (size_t)(open - s.p) : s.len;
		const struct letter_place *p;

		buf_put(&f->text, s.p, n);
		s = span_from(s, n);
		if (s.len == 0)
			return 0;
		close = memchr(s.p, '}', s.len);
		if (!close)
			return fail(f, N_("a brace that is not closed"), NULL, s, e);
		if (place_of(f, span_of(s.p + 1, (size_t)(close - s.p) - 1), &p, e) < 0)
			return -1;
		for (size_t i = 0; i < p->n; i++) {
			buf_str(&f->text, i > 0 ? ", " : "");
			buf_str(&f->text, p->item[i]);
		}
		s = span_from(s, (size_t)(close - s.p) + 1);
	}
	return 0;
}

static int
put_items(struct filling *f, struct span name, struct err *e)
{
	const struct letter_place *p;

	if (place_of(f, name, &p, e) < 0 || flush(f, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++)
		if (letter_add(f->letter, LETTER_ITEM, span_str(p->item[i]), e) < 0)
			return -1;
	return 0;
}

/* [with place], [without place], [end] */
static int
condition(struct filling *f, struct span s, struct err *e)
{
	const bool with = span_starts(s, SPAN("[with ")),
		   without = span_starts(s, SPAN("[without "));
	const size_t word = with ? 6 : 9;
	const struct letter_place *p;

	if (flush(f, e) < 0)
		return -1;
	if (span_eq(s, SPAN("[end]"))) {
		if (f->opened == 0)
			return fail(f, N_("an [end] of nothing"), NULL, s, e);
		f->opened = 0;
		f->left_out = false;
		return 0;
	}
	if ((!with && !without) || s.p[s.len - 1] != ']')
		return fail(f, N_("a bracket is followed by with, without or end"), NULL, s, e);
	if (f->opened)
		return fail(f, N_("one condition within another"), N_("end the first with [end]"),
			s, e);
	if (place_of(f, span_of(s.p + word, s.len - word - 1), &p, e) < 0)
		return -1;
	f->opened = f->line;
	f->left_out = (p->n > 0) != with;
	return 0;
}

/* A line of PART, which is whole on its own. */
static int
put_line(struct filling *f, enum letter_part part, struct span s, struct err *e)
{
	if (flush(f, e) < 0)
		return -1;
	f->part = part;
	return put_filled(f, s, e) < 0 ? -1 : flush(f, e);
}

static bool
is_one_place(struct span s)
{
	return s.len > 2 && s.p[0] == '{' && memchr(s.p, '}', s.len) == s.p + s.len - 1;
}

/* "| {address}": each of its values is a line. */
static int
put_place_lines(struct filling *f, struct span s, struct err *e)
{
	const struct letter_place *p;

	if (place_of(f, span_of(s.p + 1, s.len - 2), &p, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		buf_str(&f->text, i > 0 ? "\n" : "");
		buf_str(&f->text, p->item[i]);
	}
	return 0;
}

/* A line that goes on with what is gathered, if that is of the same PART. */
static int
gather(struct filling *f, enum letter_part part, struct span s, struct err *e)
{
	size_t before;

	if (f->part != part && flush(f, e) < 0)
		return -1;
	f->part = part;
	before = f->text.len;
	if (before > 0)
		buf_char(&f->text, part == LETTER_ADDRESS ? '\n' : ' ');
	if ((part == LETTER_ADDRESS && is_one_place(s) ? put_place_lines(f, s, e)
						       : put_filled(f, s, e)) < 0)
		return -1;
	if (f->text.len == before + (before > 0))
		f->text.len = before; /* its places hold nothing */
	return 0;
}

static int
line_fill(struct filling *f, struct span s, struct err *e)
{
	while (s.len > 0 && strchr(" \t\r", s.p[s.len - 1]) && s.p[s.len - 1])
		s.len--;
	if (s.len == 0)
		return flush(f, e);
	if (s.p[0] == ';')
		return 0;
	if (s.p[0] == '[')
		return condition(f, s, e);
	if (f->left_out)
		return 0;
	if (span_starts(s, SPAN("# ")))
		return put_line(f, LETTER_TITLE, span_from(s, 2), e);
	if (span_starts(s, SPAN("## ")))
		return put_line(f, LETTER_HEADING, span_from(s, 3), e);
	if (span_starts(s, SPAN("- ")))
		return put_line(f, LETTER_ITEM, span_from(s, 2), e);
	if (s.p[0] == '|')
		return gather(
			f, LETTER_ADDRESS, span_from(s, s.len > 1 && s.p[1] == ' ' ? 2 : 1), e);
	if (is_one_place(s))
		return put_items(f, span_of(s.p + 1, s.len - 2), e);
	return gather(f, LETTER_TEXT, s, e);
}

static int
lines_fill(struct filling *f, struct span text, struct err *e)
{
	while (text.len > 0) {
		const char *lf = memchr(text.p, '\n', text.len);
		const size_t n = lf ? (size_t)(lf - text.p) : text.len;

		f->line++;
		if (line_fill(f, span_of(text.p, n), e) < 0)
			return -1;
		text = span_from(text, n + (lf != NULL));
	}
	if (f->opened) {
		f->line = f->opened;
		return fail(f, N_("a condition that is not ended"), N_("add [end]"), SPAN(""), e);
	}
	return flush(f, e);
}

int
template_fill(const char *file, struct span text, const struct places *p, struct letter *ret,
	struct err *e)
{
	struct filling f = { .file = file, .places = p, .letter = ret, .part = LETTER_TEXT };
	int rc;

	buf_init(&f.text, LETTER_MAX);
	rc = lines_fill(&f, text, e);
	buf_wipe(&f.text);
	return rc;
}

/* --- files ------------------------------------------------------------------------------------ */

static int
file_open(const struct conf *c, const char *lang, const char *name, char **ret_path)
{
	const char *const dirs[] = { c->own_dir, c->shipped_dir };
	int fd = -1;

	for (size_t i = 0; i < 2 && fd < 0; i++) {
		free(*ret_path);
		if (asprintf(ret_path, "%s/templates/%s/%s.txt", dirs[i], lang, name) < 0) {
			*ret_path = NULL;
			return -1;
		}
		fd = open(*ret_path, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

static int
file_fill(const struct conf *c, const char *name, const struct places *p, struct letter *ret,
	struct err *e)
{
	cleanup_mem char *path = NULL, *text = NULL;
	cleanup_fd int fd = file_open(c, ret->lang, name, &path);
	ssize_t n;

	if (!path)
		return err_memory(e);
	if (fd < 0)
		return err_fail(
			e, EX_CONFIG, errno, N_("cannot read a letter's text"), NULL, "%s", path);
	text = malloc(TEMPLATE_MAX);
	if (!text)
		return err_memory(e);
	n = read(fd, text, TEMPLATE_MAX);
	if (n < 0 || (size_t)n == TEMPLATE_MAX)
		return err_fail(e, EX_CONFIG, n < 0 ? errno : EFBIG,
			N_("cannot read a letter's text"), NULL, "%s", path);
	return template_fill(path, span_of(text, (size_t)n), p, ret, e);
}

int
template_read(const struct conf *c, const char *name, const struct places *p, struct letter *ret,
	struct err *e)
{
	if (file_fill(c, "head", p, ret, e) < 0 || file_fill(c, name, p, ret, e) < 0 ||
		file_fill(c, "foot", p, ret, e) < 0)
		return -1;
	if (!*letter_title(ret))
		return err_fail(e, EX_CONFIG, 0, N_("a letter without a subject"),
			N_("add a line as \"# Subject\""), "templates/%s/%s.txt", ret->lang, name);
	return 0;
}
