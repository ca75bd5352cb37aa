/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Log files: those in /var/log and some other places, and those that processes have open. Raw is one
 * in whose tail the detectors find something; unclaimed one that grows and that no store declares.
 */
#include "logscrub/doctor/doctor_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#define _(text) gettext(text)

#define DAY        86400LL
#define PERIOD     (7 * DAY)
#define DEEP       32
#define GROUPED_AT 20 /* findings of one kind in a folder that become one */

/* --- looking ---------------------------------------------------------------------------------- */

/* The file of which a finding tells: a raw one before others, then the newest. */
static void
example_set(struct logfiles *l, struct family *f, const char *path)
{
	char *copy = strdup(path);

	if (!copy) {
		l->failed = true;
		return;
	}
	free(f->example);
	f->example = copy;
}

void
logfile_take(struct logfiles *l, int fd, const struct stat *st, const char *path, bool deleted)
{
	struct family *f = families_get(&l->families, path);
	bool raw = false;

	if (!f) {
		l->failed = true;
		return;
	}
	/* the versions of packages look like addresses */
	if (!f->is_raw && fd >= 0 && !doctor_is_impersonal(path))
		raw = tails_look(l->tails, fd, st->st_size, path, &f->found);
	if (raw || !f->example || (!f->is_raw && st->st_mtime > f->newest_s))
		example_set(l, f, path);
	f->is_raw |= raw;
	f->is_deleted |= deleted;
	if (f->n++ == 0 || st->st_mtime < f->oldest_s)
		f->oldest_s = st->st_mtime;
	if (st->st_mtime > f->newest_s)
		f->newest_s = st->st_mtime;
}

/* Judged elsewhere: binary records of logins, the journal. */
static bool
is_judged_elsewhere(const char *path)
{
	static const char *const files[] = { "/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog",
		"/var/log/faillog", "/var/log/journal" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const size_t n = strlen(files[i]);

		if (strncmp(path, files[i], n) == 0 && strchr("/.-", path[n]))
			return true;
	}
	return false;
}

/* A place being walked. */
struct walk {
	struct logfiles *l;
	char path[PATH_MAX];
	dev_t dev; /* of the tree's root: a folder on another one may be memory */
};

static void folder_walk(struct walk *w, int fd, size_t len, unsigned depth);

static void
denied(struct walk *w)
{
	struct tree *t = &w->l->doctor->tree;

	if (t->n_denied++ == 0)
		(void)snprintf(t->denied, sizeof(t->denied), "%s", w->path);
}

static void
file_visit(struct walk *w, int dir, const char *name)
{
	cleanup_fd int fd = openat(
		dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		denied(w);
		return;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		logfile_take(w->l, fd, &st, w->path, false);
}

static bool
is_memory(const struct walk *w, int fd)
{
	struct stat st;
	struct statfs fs;

	return fstat(fd, &st) == 0 && st.st_dev != w->dev && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == TMPFS_MAGIC;
}

static void
folder_visit(struct walk *w, int dir, const char *name, size_t len, unsigned depth)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		denied(w);
	else if (depth > 0 && !is_memory(w, fd))
		folder_walk(w, fd_take(&fd), len, depth - 1);
}

/* A folder that a link leads to, outside of the places that are walked anyway. */
static void
link_visit(struct walk *w, size_t len, unsigned depth)
{
	char real[PATH_MAX];
	cleanup_fd int fd = -1;

	tree_resolve(&w->l->doctor->tree, w->path, real);
	if (strncmp(real, "/var/log/", 9) == 0 || !doctor_on_disk(w->l->doctor, real))
		return;
	fd = tree_fd(&w->l->doctor->tree, w->path, O_RDONLY | O_DIRECTORY, NULL);
	if (fd >= 0 && depth > 0)
		folder_walk(w, fd_take(&fd), len, depth - 1);
}

static unsigned char
type_of(int dir, const struct dirent *de)
{
	struct stat st;

	if (de->d_type != DT_UNKNOWN)
		return de->d_type;
	if (fstatat(dir, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return S_ISREG(st.st_mode)   ? DT_REG
	       : S_ISDIR(st.st_mode) ? DT_DIR
	       : S_ISLNK(st.st_mode) ? DT_LNK
				     : DT_UNKNOWN;
}

static void
entry_visit(struct walk *w, int dir, const struct dirent *de, size_t len, unsigned depth)
{
	const size_t n = strlen(de->d_name);

	if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0 ||
		len + n + 2 > sizeof(w->path))
		return;
	w->path[len] = '/';
	memcpy(w->path + len + 1, de->d_name, n + 1);
	if (!is_judged_elsewhere(w->path)) {
		switch (type_of(dir, de)) {
		case DT_REG:
			file_visit(w, dir, de->d_name);
			break;
		case DT_DIR:
			folder_visit(w, dir, de->d_name, len + 1 + n, depth);
			break;
		case DT_LNK:
			link_visit(w, len + 1 + n, depth);
			break;
		default:
			break;
		}
	}
	w->path[len] = '\0';
}

/* FD is given away. */
static void
folder_walk(struct walk *w, int fd, size_t len, unsigned depth)
{
	DIR *d = fdopendir(fd);
	const struct dirent *de;

	if (!d) {
		(void)close(fd); /* only read from */
		return;
	}
	while (!w->l->failed && (de = readdir(d)) != NULL)
		entry_visit(w, fd, de, len, depth);
	(void)closedir(d); /* the same */
}

static void
place_walk(struct logfiles *l, const char *place)
{
	struct walk w = { .l = l };
	struct stat st;
	int fd;

	if (!doctor_on_disk(l->doctor, place) || fstat(l->doctor->tree.fd, &st) < 0)
		return;
	fd = tree_fd(&l->doctor->tree, place, O_RDONLY | O_DIRECTORY, NULL);
	if (fd < 0)
		return;
	w.dev = st.st_dev;
	memcpy(w.path, place, strlen(place) + 1);
	folder_walk(&w, fd, strlen(place), DEEP);
}

/* --- judging ---------------------------------------------------------------------------------- */

static const struct {
	const char *check, *what;
	enum doctor_severity severity;
} verdicts[] = {
	[VERDICT_RAW] = { "log-raw", N_("a log holds raw addresses"), DOCTOR_HIGH },
	[VERDICT_OUTLIVED] = { "log-outlived", N_("files of a log are past its period"),
		DOCTOR_MEDIUM },
	[VERDICT_UNCLAIMED] = { "log-unclaimed", N_("a log grows that no store declares"),
		DOCTOR_LOW },
};

static enum verdict
verdict_of(const struct logfiles *l, const struct family *f)
{
	const struct conf_store *s = doctor_store_of(l->doctor, f->example);
	const int64_t now_s = l->now_s;

	if (f->is_raw)
		return VERDICT_RAW;
	if (s && !s->until_erased && now_s - f->oldest_s > s->period_s + DAY)
		return VERDICT_OUTLIVED;
	if (!s && !doctor_is_impersonal(f->example) && now_s - f->newest_s < PERIOD)
		return VERDICT_UNCLAIMED;
	return VERDICT_FINE;
}

static void
proof_tell(const struct logfiles *l, const struct family *f, enum verdict v, char *ret, size_t size)
{
	const long long days = (l->now_s - f->oldest_s) / DAY;
	char found[128];
	size_t n = 0;

	tails_tell(&f->found, found, sizeof(found));
	if (v == VERDICT_RAW)
		n = (size_t)snprintf(ret, size, "%s %s; ", found, _("in the tail"));
	if (n < size)
		n += (size_t)snprintf(ret + n, size - n,
			ngettext("%u file, written %lld days ago",
				"%u files, the oldest written %lld days ago", f->n),
			f->n, days > 0 ? days : 0);
	if (f->is_deleted && n < size)
		(void)snprintf(ret + n, size - n, "; %s", _("deleted, but still open"));
}

/* How to mend it: of a declared store its own rule cleans what is there. */
static const char *
mending_of(
	const struct logfiles *l, const struct family *f, enum verdict v, char *lines, size_t size)
{
	const struct conf_store *s = doctor_store_of(l->doctor, f->example);

	if (v == VERDICT_OUTLIVED) {
		(void)snprintf(lines, size, "rm %s", f->example);
		return N_("Delete what is past the period, unless an incident needs it:");
	}
	if (s && s->has_scrub) {
		(void)snprintf(
			lines, size, "logscrub --in-place --store %s %s", s->name, f->example);
		return N_("Let its program log to logscrub instead of the file, and clean what is "
			  "closed:");
	}
	(void)snprintf(lines, size,
		"store \"NAME\" {\n"
		"  type     = \"textlog\"\n"
		"  paths    = { \"%s%s\" }\n"
		"  format   = \"FORMAT\"\n"
		"  category = \"log-and-system-data\"\n"
		"  period   = \"7d\"\n"
		"  scrub { keep = { \"time\" } }\n"
		"}",
		f->name, f->name[strlen(f->name) - 1] == '*' ? "" : "*");
	return N_("Switch it off, or declare in /etc/sparsam/stores.d what may be kept of it:");
}

static void
family_report(const struct logfiles *l, const struct family *f, enum verdict v)
{
	char proof[300], lines[PATH_MAX + 300];
	const char *mend = mending_of(l, f, v, lines, sizeof(lines));

	proof_tell(l, f, v, proof, sizeof(proof));
	doctor_report(l->doctor,
		&(struct doctor_finding){
			.check = verdicts[v].check,
			.subject = f->name,
			.severity = f->is_deleted && v == VERDICT_UNCLAIMED ? DOCTOR_MEDIUM
									    : verdicts[v].severity,
			.what = verdicts[v].what,
			.file = f->example,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = mend,
			.lines = lines,
		});
}

static size_t
folder_length(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

/* Many of one kind in a folder, told as one. */
static void
group_report(const struct logfiles *l, const struct family *first, enum verdict v, unsigned n)
{
	struct family all = *first;
	char name[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%.*s/*", (int)folder_length(first->name), first->name);
	all.name = name;
	all.n = n;
	family_report(l, &all, v);
}

static int
by_name(const void *a, const void *b)
{
	const struct family *x = a, *y = b;
	const size_t n = folder_length(x->name), k = folder_length(y->name);
	const int r = strncmp(x->name, y->name, n < k ? n : k);

	if (r != 0 || n != k)
		return r != 0 ? r : n < k ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The N families at V are those of one folder. */
static void
folder_judge(const struct logfiles *l, struct family *v, size_t n)
{
	unsigned kinds[N_VERDICTS] = { 0 }, files[N_VERDICTS] = { 0 };
	bool told[N_VERDICTS] = { false };

	for (size_t i = 0; i < n; i++) {
		v[i].verdict = verdict_of(l, &v[i]);
		kinds[v[i].verdict]++;
		files[v[i].verdict] += v[i].n;
	}
	for (size_t i = 0; i < n; i++) {
		const enum verdict verdict = v[i].verdict;

		if (verdict == VERDICT_FINE || told[verdict])
			continue;
		if (kinds[verdict] < GROUPED_AT) {
			family_report(l, &v[i], verdict);
			continue;
		}
		group_report(l, &v[i], verdict, files[verdict]);
		told[verdict] = true;
	}
}

/* An image that was taken months ago was no worse kept than its logs were then. */
static int64_t
now_of(const struct logfiles *l)
{
	int64_t newest_s = 0;

	for (size_t i = 0; i < l->families.n; i++) {
		if (l->families.v[i].newest_s > newest_s)
			newest_s = l->families.v[i].newest_s;
	}
	return l->doctor->tree.live || newest_s > l->doctor->now_s ? l->doctor->now_s : newest_s;
}

static void
all_judge(struct logfiles *l)
{
	struct families *f = &l->families;

	l->now_s = now_of(l);
	if (f->n > 1)
		qsort(f->v, f->n, sizeof(*f->v), by_name);
	for (size_t i = 0, k; i < f->n; i = k) {
		const size_t folder = folder_length(f->v[i].name);

		for (k = i + 1; k < f->n; k++) {
			if (folder_length(f->v[k].name) != folder ||
				strncmp(f->v[k].name, f->v[i].name, folder) != 0)
				break;
		}
		folder_judge(l, f->v + i, k - i);
	}
}

void
doctor_files(struct doctor *d)
{
	static const char *const places[] = { "/var/log", "/opt/freeswitch/var/log",
		"/usr/local/freeswitch/log", "/usr/local/nginx/logs" };
	struct logfiles l = { .doctor = d };

	l.tails = tails_new(&d->tree, d->conf);
	if (!l.tails) {
		d->failed = true;
		return;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		place_walk(&l, places[i]);
	if (d->tree.live)
		logfiles_take_open(&l);
	all_judge(&l);
	d->failed |= l.failed;
	families_release(&l.families);
	(void)tails_free(l.tails);
}
