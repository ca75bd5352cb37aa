/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clues are looked for in the order of their declaration: the first that gives a time decides the
 * age; any of keep_if keeps. Of XML an element's text or attribute is found by looking, without a
 * parser: what people can write stands there as CDATA, in comments or escaped, and is skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "store/tree/tree-private.h"

#define TAIL_MAX (1u << 16) /* read of its end for a time, which is the last one in it */

/* --- as declared ------------------------------------------------------------------------------ */

static int
bad_clue(const struct conf_store *s, const char *text, struct err *e)
{
	return conf_fail(e, &s->where, N_("no such clue"), N_("see tree in sparsam.conf(5)"),
		"store \"%s\": %s", s->name, text);
}

/* "metadata.xml//meta@name=value" */
static int
file_read(char *text, bool keep, struct tree_clue *c)
{
	char *element = strstr(text, "//"), *value = strchr(text, '=');

	c->kind = CLUE_FILE;
	c->path = text;
	if (value) {
		*value = '\0';
		c->value = value + 1;
	}
	if (element) {
		char *at = strchr(element, '@');

		*element = '\0';
		c->element = element + 2;
		if (at) {
			*at = '\0';
			c->attribute = at + 1;
		}
	}
	if (!*text || strchr(text, '/') || (element && !*c->element))
		return -1;
	return keep ? (value && !element ? -1 : 0) : (element && !value ? 0 : -1);
}

static int
clue_read(const struct conf_store *s, char *text, bool keep, struct tree_clue *c, struct err *e)
{
	static const struct {
		const char *word;
		enum tree_clue_kind kind;
		bool age, keep;
	} words[] = {
		{ "mtime", CLUE_MTIME, true, false },
		{ "newest", CLUE_NEWEST, true, false },
		{ "name", CLUE_NAME, true, false },
		{ "quiet:", CLUE_QUIET, true, true },
	};

	if (keep && *text == '!') {
		c->not = true;
		text++;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t len = strlen(words[i].word);
		const bool with_period = words[i].kind == CLUE_QUIET;

		if (!(keep ? words[i].keep : words[i].age) ||
			strncmp(text, words[i].word, len) != 0 || (!with_period && text[len]))
			continue;
		c->kind = words[i].kind;
		c->quiet_us = with_period ? conf_period_s(text + len) * 1000000 : 0;
		return c->quiet_us < 0 ? bad_clue(s, text, e) : 0;
	}
	if (*text != '/')
		return file_read(text, keep, c) < 0 ? bad_clue(s, text, e) : 0;
	c->kind = CLUE_MARK;
	c->path = text;
	return 0;
}

int
tree_clues_read(const struct conf_store *s, const char *text, bool keep, struct tree_clues *ret,
	struct err *e)
{
	char *rest = NULL;

	ret->n = 0;
	ret->text = strdup(text);
	if (!ret->text)
		return err_memory(e);
	for (char *word = strtok_r(ret->text, " \t\n", &rest); word;
		word = strtok_r(NULL, " \t\n", &rest)) {
		for (char *term = word, *next; term; term = next) {
			struct tree_clue *c = &ret->v[ret->n];

			next = keep ? strchr(term, '&') : NULL;
			if (ret->n == CLUES_MAX)
				return bad_clue(s, term, e);
			*c = (struct tree_clue){ .also = next };
			if (next)
				*next++ = '\0';
			if (clue_read(s, term, keep, c, e) < 0)
				return -1;
			ret->n++;
		}
	}
	return ret->n == 0 && !keep ? bad_clue(s, text, e) : 0;
}

/* --- what XML says ---------------------------------------------------------------------------- */

/* Behind what begins at P and is no element of ours: CDATA, a comment. P itself where it is neither. */
static const char *
skip_words(const char *p, const char *end)
{
	static const struct {
		const char *begin, *end;
	} skipped[] = { { "<![CDATA[", "]]>" }, { "<!--", "-->" } };

	for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++) {
		const size_t len = strlen(skipped[i].begin);
		const char *to;

		if ((size_t)(end - p) < len || memcmp(p, skipped[i].begin, len) != 0)
			continue;
		to = memmem(p + len, (size_t)(end - p) - len, skipped[i].end, 3);
		return to ? to + 3 : end;
	}
	return p;
}

/* The value of ATTRIBUTE in the tag from P, behind its name, to its ">". */
static struct span
attribute_of(const char *p, const char *end, const char *attribute)
{
	const size_t len = strlen(attribute);

	while (p < end) {
		const char *name = p + strspn(p, " \t\r\n"), *quote, *to;

		if (name >= end || *name == '>' || *name == '/')
			break;
		quote = memchr(name, '=', (size_t)(end - name));
		if (!quote || quote + 1 >= end || (quote[1] != '"' && quote[1] != '\''))
			break;
		to = memchr(quote + 2, quote[1], (size_t)(end - quote - 2));
		if (!to)
			break;
		if ((size_t)(quote - name) == len && memcmp(name, attribute, len) == 0)
			return span_of(quote + 2, (size_t)(to - quote - 2));
		p = to + 1;
	}
	return SPAN_NONE;
}

/* What C asks of the element whose name has ended at P. */
static struct span
value_at(const struct tree_clue *c, const char *p, const char *end)
{
	const char *to;

	if (c->attribute)
		return attribute_of(p, end, c->attribute);
	if (*p != '>')
		return SPAN_NONE;
	to = memchr(p + 1, '<', (size_t)(end - p - 1));
	return to ? span_of(p + 1, (size_t)(to - p - 1)) : SPAN_NONE;
}

/* The first value, or the last. TEXT is followed by a NUL. */
static struct span
xml_value(const struct tree_clue *c, struct span text, bool last)
{
	const char *p = text.p, *end = text.p + text.len;
	const size_t len = strlen(c->element);
	struct span found = SPAN_NONE;

	while (p && (p = memchr(p, '<', (size_t)(end - p)))) {
		const char *behind = skip_words(p, end);
		struct span v = SPAN_NONE;

		if (behind != p) {
			p = behind;
			continue;
		}
		p++;
		if ((size_t)(end - p) > len && memcmp(p, c->element, len) == 0 &&
			strchr(" \t\r\n/>", p[len]))
			v = value_at(c, p + len, end);
		if (v.p)
			found = v;
		if (v.p && !last)
			break;
	}
	return found;
}

/* --- files ------------------------------------------------------------------------------------ */

/* Opens FILE in the part P. -1: it has none; -2: it cannot be opened, which is told. */
static int
open_file(const struct tree *t, const struct tree_units *u, const struct tree_part *p,
	const char *file, struct stat *ret)
{
	char path[PATH_MAX], below[PATH_MAX];
	const char *name;
	struct err why;
	cleanup_fd int dirfd = -1;
	int fd;

	if (!p->is_folder || !tree_part_path(u, p, path))
		return -1;
	dirfd = place_open_folder(&t->store.conf->paths, path, &name, &why);
	if (dirfd < 0 || snprintf(below, sizeof(below), "%s/%s", name, file) >= (int)sizeof(below))
		return -1;
	fd = walk_open(dirfd, below, O_RDONLY, 0, ret, &why);
	if (fd < 0 && why.exit != EX_NOINPUT) {
		store_tell(&t->store, NOTE_NOT_POSSIBLE, path, why.what);
		return -2;
	}
	return fd < 0 ? -1 : fd;
}

/* Up to MAX bytes from FROM into T->file, and a NUL. */
static int
read_some(struct tree *t, int fd, off_t from, size_t max, struct err *e)
{
	ssize_t n = 1;

	buf_clear(&t->file);
	while (n > 0 && t->file.len < max) {
		if (!buf_room(&t->file, 4096))
			return err_memory(e);
		n = pread(fd, t->file.p + t->file.len, 4096, from + (off_t)t->file.len);
		if (n > 0)
			t->file.len += (size_t)n;
	}
	buf_char(&t->file, '\0');
	return t->file.failed ? err_memory(e) : 0;
}

static int64_t
time_of(struct tree *t, struct span s)
{
	int64_t us;

	return s.p && timestamp_parse(&t->ts, s, &us) ? us : RECORD_NO_TIME;
}

static void
take_latest(int64_t *us, int64_t other)
{
	if (other != RECORD_NO_TIME && (*us == RECORD_NO_TIME || other > *us))
		*us = other;
}

/* The latest that the files of that name say. */
static int
file_time(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	const struct tree_clue *c, int64_t *ret, struct err *e)
{
	*ret = RECORD_NO_TIME;
	for (const struct tree_part *p = NULL; (p = tree_next_part(u, one, p));) {
		struct stat st;
		cleanup_fd int fd = open_file(t, u, p, c->path, &st);
		const off_t from = fd < 0 || st.st_size <= TAIL_MAX ? 0 : st.st_size - TAIL_MAX;
		struct span v;

		if (fd < 0)
			continue;
		if (read_some(t, fd, from, TAIL_MAX, e) < 0)
			return -1;
		v = xml_value(c, span_of(t->file.p, t->file.len - 1), true);
		if (!v.p && from > 0) {
			if (read_some(t, fd, 0, TAIL_MAX, e) < 0)
				return -1;
			v = xml_value(c, span_of(t->file.p, t->file.len - 1), true);
		}
		take_latest(ret, time_of(t, v));
	}
	return 0;
}

/* Does a file of that name say so? What cannot be read is not denied. */
static int
file_says(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	const struct tree_clue *c, bool *ret, struct err *e)
{
	*ret = false;
	for (const struct tree_part *p = NULL; !*ret && (p = tree_next_part(u, one, p));) {
		struct stat st;
		cleanup_fd int fd = open_file(t, u, p, c->path, &st);
		struct span v;

		*ret = fd == -2 || (fd >= 0 && !c->element);
		if (fd < 0 || !c->element)
			continue;
		if (read_some(t, fd, 0, TREE_FILE_MAX - 8192, e) < 0)
			return -1;
		v = xml_value(c, span_of(t->file.p, t->file.len - 1), false);
		*ret = v.p && (!c->value || span_eq(v, span_str(c->value)));
	}
	return 0;
}

/* --- marks ------------------------------------------------------------------------------------ */

static int
see_mark(void *ctx, const struct place *p, struct err *e)
{
	(void)e;
	take_latest(ctx, (int64_t)p->st.st_mtim.tv_sec * 1000000 + p->st.st_mtim.tv_nsec / 1000);
	return 0;
}

/* The latest change of what PATH names with the id in it; an id is no pattern. */
static int
mark_time(const struct tree_units *u, const struct tree_unit *one, const struct tree_clue *c,
	int64_t *ret, struct err *e)
{
	struct buf path;
	const char *v[1];
	int rc;

	*ret = RECORD_NO_TIME;
	buf_init(&path, PATH_MAX);
	for (const char *p = c->path; *p; p++) {
		if (strncmp(p, "{unit}", 6) != 0) {
			buf_char(&path, *p);
			continue;
		}
		for (const char *id = tree_text(u, one->id); *id; id++) {
			if (strchr("*?[]\\", *id))
				buf_char(&path, '\\');
			buf_char(&path, *id);
		}
		p += 5;
	}
	buf_char(&path, '\0');
	v[0] = path.p;
	rc = path.failed
		     ? 0
		     : places_each(&(struct conf_list){ v, 1 }, PLACE_ANY, see_mark, NULL, ret, e);
	buf_release(&path);
	return rc < 0 ? -1 : 0;
}

/* --- what lies in it -------------------------------------------------------------------------- */

/* What the plan has read, if nothing of it was touched since; files are looked at anew with each act. */
static bool
newest_known(
	const struct tree *t, const struct tree_units *u, const struct tree_unit *one, int64_t *ret)
{
	if (!watch_untouched(t->watch, one->group))
		return false;
	*ret = one->newest_us;
	for (const struct tree_part *p = NULL; (p = tree_next_part(u, one, p));)
		if (!p->is_folder)
			take_latest(ret, p->mtime_us);
	return true;
}

/* The last write of any file in it, or a later one than ENOUGH_US. A removal that was cut short has
 * changed its folders, but none of its files: those count only where there is no file. */
static int
newest_of(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	int64_t enough_us, int64_t *ret, struct err *e)
{
	struct folder_measure m = { .budget = UINT64_MAX,
		.enough_us = enough_us,
		.newest_us = INT64_MIN,
		.watch_us = t->watch_us };
	int64_t folders_us = RECORD_NO_TIME;

	if (newest_known(t, u, one, ret))
		return 0;
	for (const struct tree_part *p = NULL; (p = tree_next_part(u, one, p));) {
		char path[PATH_MAX];
		const char *name;
		struct err why;
		cleanup_fd int dirfd = -1;

		take_latest(&folders_us, p->mtime_us);
		if (!tree_part_path(u, p, path))
			continue;
		dirfd = place_open_folder(&t->store.conf->paths, path, &name, &why);
		m.watch = p->is_folder ? t->watch : NULL;
		m.group = t->group;
		if (dirfd >= 0 && folder_measure(dirfd, name, &m, e) < 0)
			return -1;
	}
	t->has_read = m.newest_us <= enough_us;
	t->read = m;
	if (m.newest_us != INT64_MIN)
		*ret = m.newest_us;
	else
		*ret = one->name_us != RECORD_NO_TIME ? one->name_us : folders_us;
	return 0;
}

/* RECORD_NO_TIME: something of it was written within that time. */
static int
quiet_since(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	int64_t quiet_us, int64_t *ret, struct err *e)
{
	const int64_t enough_us = t->store.env->now_us - quiet_us;

	if (newest_of(t, u, one, enough_us, ret, e) < 0)
		return -1;
	if (*ret > enough_us)
		*ret = RECORD_NO_TIME;
	return 0;
}

/* --- the answers ------------------------------------------------------------------------------ */

static int
clue_time(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	const struct tree_clue *c, int64_t *ret, struct err *e)
{
	switch (c->kind) {
	case CLUE_MTIME:
		*ret = RECORD_NO_TIME;
		for (const struct tree_part *p = NULL; (p = tree_next_part(u, one, p));)
			take_latest(ret, p->mtime_us);
		return 0;
	case CLUE_NEWEST:
		return newest_of(t, u, one, INT64_MAX, ret, e);
	case CLUE_NAME:
		*ret = one->name_us;
		return 0;
	case CLUE_QUIET:
		return quiet_since(t, u, one, c->quiet_us, ret, e);
	case CLUE_MARK:
		return mark_time(u, one, c, ret, e);
	case CLUE_FILE:
		return file_time(t, u, one, c, ret, e);
	}
	return 0;
}

static int
clue_holds(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	const struct tree_clue *c, bool *ret, struct err *e)
{
	int64_t us = RECORD_NO_TIME;
	int rc;

	if (c->kind == CLUE_FILE)
		rc = file_says(t, u, one, c, ret, e);
	else {
		rc = clue_time(t, u, one, c, &us, e);
		*ret = us != RECORD_NO_TIME;
	}
	*ret ^= c->not ;
	return rc;
}

static int
is_kept(struct tree *t, const struct tree_units *u, const struct tree_unit *one, bool *ret,
	struct err *e)
{
	bool all = true;

	*ret = false;
	for (size_t i = 0; !*ret && i < t->keep_if.n; i++) {
		bool holds = false;

		if (all && clue_holds(t, u, one, &t->keep_if.v[i], &holds, e) < 0)
			return -1;
		all = all && holds;
		if (t->keep_if.v[i].also)
			continue;
		*ret = all;
		all = true;
	}
	return *ret || !t->named ? 0 : named_by_row(t->named, tree_text(u, one->id), ret, e);
}

int
tree_unit_time(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	int64_t *ret_us, bool *ret_kept, struct err *e)
{
	*ret_us = RECORD_NO_TIME;
	if (is_kept(t, u, one, ret_kept, e) < 0)
		return -1;
	for (size_t i = 0; !*ret_kept && i < t->age.n; i++) {
		int64_t us;

		if (clue_time(t, u, one, &t->age.v[i], &us, e) < 0)
			return -1;
		/* a clue from the time to come tells nothing */
		if (us != RECORD_NO_TIME && us <= t->store.env->now_us + DAY_US) {
			*ret_us = us;
			return 0;
		}
	}
	return 0;
}

/* --- as a record ------------------------------------------------------------------------------ */

/* A unit is known by its name alone. */
static struct span
unit_field(const struct record *r, const char *name)
{
	return strcmp(name, "unit") == 0 ? span_str(r->place) : SPAN_NONE;
}

static int
add_about(struct tree *t, const struct tree_units *u, const struct tree_part *p, struct err *e)
{
	for (size_t i = 0; i < t->about.n; i++) {
		struct stat st;
		cleanup_fd int fd = open_file(t, u, p, t->about.v[i], &st);

		if (fd == -2)
			t->text.failed = true; /* nobody can decide what it says */
		if (fd < 0)
			continue;
		if ((uint64_t)st.st_size > t->store.env->memory_max / 4) {
			t->text.failed = true;
			continue;
		}
		if (read_some(t, fd, 0, (size_t)st.st_size, e) < 0)
			return -1;
		buf_put(&t->text, t->file.p, t->file.len - 1);
		buf_char(&t->text, '\n');
	}
	return 0;
}

int
tree_unit_record(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	int64_t time_us, bool text, struct record *ret, struct err *e)
{
	*ret = (struct record){ .store = t->store.conf,
		.time_us = time_us,
		.place = tree_text(u, one->id),
		.field = unit_field,
		.driver = t };
	if (!text)
		return 0;
	buf_clear(&t->text);
	buf_printf(&t->text, "unit=%s\n", tree_text(u, one->id));
	for (const struct tree_part *p = NULL; (p = tree_next_part(u, one, p));) {
		buf_printf(&t->text, "%s/%s\n", tree_text(u, p->folder), tree_text(u, p->name));
		if (add_about(t, u, p, e) < 0)
			return -1;
	}
	if (!t->text.failed)
		ret->text = span_of(t->text.p, t->text.len);
	return 0;
}

int
tree_unit_selected(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	const struct selector *which, bool *ret, int64_t *ret_us, struct err *e)
{
	int64_t from_us, to_us;
	struct record r;
	bool timeless, kept;

	*ret = t->has_read = false;
	if (tree_unit_time(t, u, one, ret_us, &kept, e) < 0)
		return -1;
	selector_reach(which, &from_us, &to_us, &timeless);
	if (*ret_us == RECORD_NO_TIME && !timeless)
		return 0;
	if (*ret_us != RECORD_NO_TIME) {
		const struct select_block b = {
			.store = t->store.conf, .from_us = *ret_us, .to_us = *ret_us
		};
		const enum select_answer answer = selector_block(which, &b);

		*ret = answer == SELECT_YES;
		if (answer != SELECT_MAYBE)
			return 0;
	}
	if (tree_unit_record(t, u, one, *ret_us, true, &r, e) < 0)
		return -1;
	*ret = selector_record(which, &r);
	return 0;
}
