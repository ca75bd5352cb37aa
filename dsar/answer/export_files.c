/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files are found below the folder that the store's declaration names, walked by descriptor and never through a
 * link. They are numbered: their own names may tell of people. Of a find that is blackened only texts go in,
 * without what is known of others; pictures and sound, of which nothing can be taken out, are left out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <jansson.h>

#include "base/conf/conf.h"
#include "base/file/walk.h"
#include "dsar/answer/export-private.h"
#include "dsar/session.h"
#include "store/folder.h"

#define _(text) gettext(text)

#define PIECE      65536u
#define DEPTH_MAX  32
#define NUMBER_MAX 100000 /* files of one find */

struct taking {
	struct export *x;
	const struct find *f;
	unsigned n; /* files met */
	unsigned n_elsewhere;
	json_t *files; /* what data/files.json says */
	char *piece;
};

/* --- names ------------------------------------------------------------------------------------ */

/* The file's kind by its name, at most five letters and digits: "webm"; "bin". */
static void
kind_of(const char *name, char ret[8])
{
	const char *dot = strrchr(name, '.');
	size_t n = 0;

	(void)snprintf(ret, 8, "bin");
	if (!dot || !dot[1] || strlen(dot + 1) > 5)
		return;
	for (const char *p = dot + 1; *p; p++) {
		const bool digit = *p >= '0' && *p <= '9';
		const char c = (char)(digit ? *p : *p | 0x20);

		if (!digit && (c < 'a' || c > 'z')) {
			(void)snprintf(ret, 8, "bin");
			return;
		}
		ret[n++] = c;
		ret[n] = '\0';
	}
}

static enum blacken_form
form_of(const char *kind, bool *text)
{
	static const struct {
		const char *kind;
		enum blacken_form form;
	} kinds[] = { { "xml", BLACKEN_XML }, { "html", BLACKEN_XML }, { "htm", BLACKEN_XML },
		{ "xhtml", BLACKEN_XML }, { "json", BLACKEN_JSON }, { "csv", BLACKEN_CSV },
		{ "txt", BLACKEN_TEXT }, { "vtt", BLACKEN_TEXT }, { "srt", BLACKEN_TEXT },
		{ "log", BLACKEN_TEXT }, { "eml", BLACKEN_TEXT } };

	*text = true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			return kinds[i].form;
	*text = false;
	return BLACKEN_TEXT;
}

static int
note_file(struct taking *t, const char *member, bool left_out, struct err *e)
{
	json_t *file = json_pack("{s:s, s:s, s:I, s:b, s:b}", "file", member, "store", t->f->store,
		"entry", (json_int_t)t->f->id, "blackened", t->f->decision == FIND_BLACKEN,
		"left_out", left_out);

	return json_array_append_new(t->files, file) < 0 ? err_memory(e) : 0;
}

/* --- one file --------------------------------------------------------------------------------- */

static int
read_failed(const struct taking *t, struct err *e)
{
	const int errnum = errno;

	return err_fail(e, EX_IOERR, errnum, N_("cannot read a file that was found"),
		N_("search again, if it is gone"), "%s, %" PRId64, t->f->store, t->f->id);
}

/* The next piece of FD. 1: there is none. */
static int
read_piece(struct taking *t, int fd, struct span *ret, struct err *e)
{
	ssize_t n;

	do
		n = read(fd, t->piece, PIECE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return read_failed(t, e);
	*ret = span_of(t->piece, (size_t)n);
	return n == 0 ? 1 : 0;
}

static int
copy(struct taking *t, int fd, struct err *e)
{
	struct span piece;
	int rc;

	while ((rc = read_piece(t, fd, &piece, e)) == 0)
		if (pack_write(t->x->pack, piece, e) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

static int
read_whole(struct taking *t, int fd, struct buf *text, struct err *e)
{
	struct span piece;
	int rc;

	while ((rc = read_piece(t, fd, &piece, e)) == 0)
		buf_span(text, piece);
	if (rc < 0)
		return -1;
	return text->failed ? err_memory(e) : 0;
}

static int
copy_blackened(struct taking *t, int fd, enum blacken_form form, struct err *e)
{
	struct covers c = { 0 };
	struct buf text, out;
	int rc;

	buf_init(&text, BLACKEN_TEXT_MAX);
	buf_init(&out, 2 * (size_t)BLACKEN_TEXT_MAX);
	rc = read_whole(t, fd, &text, e);
	if (rc == 0)
		rc = blacken_propose(span_of(text.p, text.len), form, &t->x->known.blacken, &c, e);
	if (rc == 0)
		rc = blacken_apply(span_of(text.p, text.len), form, &c, &out, e);
	if (rc == 0)
		rc = pack_write(t->x->pack, span_of(out.p, out.len), e);
	covers_release(&c);
	buf_wipe(&text);
	buf_wipe(&out);
	return rc;
}

static int
take_file(struct taking *t, int dirfd, const char *name, struct err *e)
{
	char kind[8], member[300];
	struct stat st;
	bool text;
	enum blacken_form form;
	cleanup_fd int fd = walk_open(dirfd, name, O_RDONLY, 0, &st, e);

	if (fd < 0)
		return -1;
	if (t->n >= NUMBER_MAX)
		return err_fail(
			e, EX_DATAERR, 0, N_("a find of too many files"), NULL, "%s", t->f->store);
	kind_of(name, kind);
	form = form_of(kind, &text);
	(void)snprintf(member, sizeof(member), "files/%s/%" PRId64 "/%05u.%s", t->f->store,
		t->f->id, ++t->n, kind);
	if (t->f->decision == FIND_BLACKEN && (!text || st.st_size > BLACKEN_TEXT_MAX)) {
		t->x->n_left_out++;
		return note_file(t, member, true, e);
	}
	if (pack_begin(t->x->pack, member, e) < 0)
		return -1;
	if ((t->f->decision == FIND_BLACKEN ? copy_blackened(t, fd, form, e) : copy(t, fd, e)) < 0)
		return -1;
	t->x->n_files++;
	return pack_end(t->x->pack, e) < 0 ? -1 : note_file(t, member, false, e);
}

/* --- folders ---------------------------------------------------------------------------------- */

struct names {
	char **v;
	size_t n, max;
};

static int
see_name(void *ctx, const char *name, unsigned char type, struct err *e)
{
	struct names *l = ctx;

	(void)type;
	if (l->n == l->max) {
		const size_t max = l->max ? 2 * l->max : 64;
		char **v = reallocarray(l->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		l->v = v;
		l->max = max;
	}
	l->v[l->n] = strdup(name);
	if (!l->v[l->n])
		return err_memory(e);
	l->n++;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int take(struct taking *t, int dirfd, const char *name, unsigned depth, struct err *e);

/* In the order of names: the same folder is the same archive. */
static int
take_folder(struct taking *t, int dirfd, const char *name, unsigned depth, struct err *e)
{
	cleanup_fd int fd = walk_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0, NULL, e);
	struct names l = { 0 };
	int rc;

	if (fd < 0)
		return -1;
	rc = folder_each(fd, see_name, &l, e);
	if (rc == 0 && l.n > 0)
		qsort(l.v, l.n, sizeof(l.v[0]), by_name);
	for (size_t i = 0; i < l.n; i++) {
		if (rc == 0)
			rc = take(t, fd, l.v[i], depth + 1, e);
		free(l.v[i]);
	}
	free(l.v);
	return rc;
}

static int
take(struct taking *t, int dirfd, const char *name, unsigned depth, struct err *e)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return read_failed(t, e);
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? take_folder(t, dirfd, name, depth, e) : 0;
	return S_ISREG(st.st_mode) ? take_file(t, dirfd, name, e) : 0; /* a link leads elsewhere */
}

/* --- finds ------------------------------------------------------------------------------------ */

/* The folder up to which a declared path has no pattern: the administrator's. */
static size_t
root_of(const char *path)
{
	const char *pattern = strpbrk(path, "*?[{"), *slash = path;

	for (const char *p = path; *p && (!pattern || p < pattern); p++)
		if (*p == '/')
			slash = p;
	return (size_t)(slash - path);
}

static int
find_root(const struct conf_store *s, const char *place)
{
	for (size_t i = 0; i < s->paths.n; i++) {
		const size_t n = root_of(s->paths.v[i]);

		if (n > 0 && strncmp(place, s->paths.v[i], n) == 0 && place[n] == '/')
			return (int)n;
	}
	return -1;
}

/* What lies on another machine is named: whoever answers has to bring it. */
static int
name_elsewhere(struct taking *t, const struct find *f, struct err *e)
{
	json_t *j = json_pack(
		"{s:s, s:I, s:s}", "store", f->store, "find", (json_int_t)f->id, "node", f->node);

	t->n_elsewhere++;
	return json_array_append_new(t->files, j) == 0 ? 0 : err_memory(e);
}

static int
take_find(void *ctx, const struct find *f, struct err *e)
{
	struct taking *t = ctx;
	const struct conf_store *s = conf_find_store(t->x->s->conf, f->store);
	const int n = s && !f->text.p && find_is_here(f) && export_takes(t->x, f)
			      ? find_root(s, f->place)
			      : -1;
	cleanup_mem char *root = n > 0 ? strndup(f->place, (size_t)n) : NULL;
	cleanup_fd int fd = -1;

	if (!find_is_here(f) && !f->text.p && export_takes(t->x, f))
		return name_elsewhere(t, f, e);
	if (n < 0)
		return 0;
	if (!root)
		return err_memory(e);
	t->f = f;
	t->n = 0;
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return read_failed(t, e);
	return take(t, fd, f->place + n + 1, 0, e);
}

int
export_files(struct export *x, struct err *e)
{
	struct taking t = { .x = x, .files = json_array(), .piece = malloc(PIECE) };
	char *text = NULL;
	int rc = t.files && t.piece
			 ? finds_each(x->s->registry, x->c.number, NULL, take_find, &t, e)
			 : err_memory(e);

	if (rc == 0 && json_array_size(t.files) > 0) {
		text = json_dumps(t.files, JSON_INDENT(2));
		rc = text ? pack_member(x->pack, "data/files.json", span_str(text), e)
			  : err_memory(e);
	}
	if (rc == 0 && t.n_elsewhere > 0)
		fprintf(stderr,
			_("dsar: finds whose files lie on other machines, and are not in it: %u; "
			  "data/files.json names them\n"),
			t.n_elsewhere);
	free(text);
	free(t.piece);
	json_decref(t.files);
	return rc;
}
