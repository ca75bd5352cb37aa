/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/tails.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file/input.h"
#include "record/key/pseudonym.h"

#define OWN_MAX  4096
#define LOOK_MAX 16384 /* bytes of each file */
#define LOOK_MIN 4096  /* of those that come after the first MANY */
#define MANY     20000
#define TYPES    (DETECT_ADDRESSES | DETECT_BIT(DETECT_EMAIL))

struct tails {
	struct address own[OWN_MAX];
	size_t n_own;
	struct pseudonym *pseudonym; /* knows its own addresses; makes none */
	size_t n_files;
	char text[LOOK_MAX];
};

static void
own_add(struct tails *s, const struct address *a)
{
	if (s->n_own < OWN_MAX)
		s->own[s->n_own++] = *a;
}

/* Of the running machine. */
static void
interfaces_read(struct tails *s)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct address a = { .family = 0 };

		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET) {
			a.family = 4;
			memcpy(a.b,
				&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr,
				4);
		} else if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET6) {
			a.family = 6;
			memcpy(a.b,
				&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)
					 ->sin6_addr,
				16);
		}
		if (a.family)
			own_add(s, &a);
	}
	freeifaddrs(all);
}

struct collecting {
	struct tails *tails;
	struct tree *tree;
};

/* Where a machine's addresses are configured, every address is one that belongs to it. */
static void
conf_seen(void *ctx, const char *path)
{
	struct collecting *c = ctx;
	size_t len;
	cleanup_mem char *text = tree_text(c->tree, path, &len);
	struct detect d;
	struct finding f;

	if (!text)
		return;
	detect_start(&d, span_of(text, len), DETECT_ADDRESSES);
	while (detect_next(&d, &f))
		own_add(c->tails, &f.address);
}

struct tails *
tails_new(struct tree *t, const struct conf *c)
{
	static const char *const confs[] = { "/etc/hosts", "/etc/network/interfaces",
		"/etc/network/interfaces.d/*", "/etc/netplan/*.yaml",
		"/etc/systemd/network/*.network", "/etc/NetworkManager/system-connections/*",
		"/etc/resolv.conf" };
	struct tails *s = calloc(1, sizeof(*s));
	struct collecting collecting = { s, t };
	struct address prefix;
	unsigned bits;

	if (!s || !address_parse_network(span_str(c->pseudonym_prefix), &prefix, &bits) ||
		pseudonym_new(NULL, &prefix, &s->pseudonym, NULL) < 0)
		return tails_free(s);
	if (t->live)
		interfaces_read(s);
	for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++)
		tree_glob(t, confs[i], conf_seen, &collecting);
	return s;
}

struct tails *
tails_free(struct tails *s)
{
	if (s && s->pseudonym)
		(void)pseudonym_free(s->pseudonym);
	free(s);
	return NULL;
}

/* Loopback, unspecified, broadcast, netmasks, multicast, a cloud's metadata service: of no person. */
static bool
is_nobody(const struct address *a)
{
	static const uint8_t zero[16], metadata[4] = { 169, 254, 169, 254 };

	if (a->family == 4 && memcmp(a->b, metadata, 4) == 0)
		return true;
	if (a->family == 4)
		return a->b[0] == 127 || a->b[0] == 0 || a->b[0] >= 224;
	return memcmp(a->b, zero, 15) == 0 || a->b[0] == 0xff;
}

static bool
is_own(const struct tails *s, const struct address *a)
{
	for (size_t i = 0; i < s->n_own; i++) {
		if (s->own[i].family == a->family && memcmp(s->own[i].b, a->b, sizeof(a->b)) == 0)
			return true;
	}
	return false;
}

static bool
counts(const struct tails *s, const struct finding *f)
{
	if (f->type != DETECT_IPV4 && f->type != DETECT_IPV6)
		return true;
	return !is_nobody(&f->address) && !is_own(s, &f->address) &&
	       !pseudonym_is_own_address(s->pseudonym, &f->address);
}

/* The last bytes of a plain file, from the beginning of a line. */
static struct span
tail_read(struct tails *s, int fd, off_t size)
{
	const size_t look = s->n_files < MANY ? LOOK_MAX : LOOK_MIN;
	const off_t from = size > (off_t)look ? size - (off_t)look : 0;
	ssize_t n;
	const char *line;

	do
		n = pread(fd, s->text, look, from);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return SPAN("");
	line = from > 0 ? memchr(s->text, '\n', (size_t)n) : NULL;
	return line ? span_of(line + 1, (size_t)(s->text + n - line) - 1)
		    : span_of(s->text, (size_t)n);
}

/* The first bytes of what a packed file holds. */
static struct span
head_read(struct tails *s, int fd)
{
	CLEANUP(input_freep) struct input *in = NULL;
	const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	size_t n = 0;
	long r = 1;

	if (own < 0 || input_open(own, "", &in, NULL) < 0)
		return SPAN("");
	while (r > 0 && n < sizeof(s->text)) {
		r = input_read(in, s->text + n, sizeof(s->text) - n, NULL);
		n += r > 0 ? (size_t)r : 0;
	}
	return span_of(s->text, n);
}

static bool
is_packed(const char *name)
{
	static const char *const ends[] = { ".gz", ".xz", ".zst", ".bz2" };
	const size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const size_t k = strlen(ends[i]);

		if (n > k && strcmp(name + n - k, ends[i]) == 0)
			return true;
	}
	return false;
}

bool
tails_look(struct tails *s, int fd, off_t size, const char *name, struct tails_found *ret)
{
	const struct span text = is_packed(name) ? head_read(s, fd) : tail_read(s, fd, size);
	bool any = false;
	struct detect d;
	struct finding f;

	s->n_files++;
	detect_start(&d, text, TYPES);
	while (detect_next(&d, &f)) {
		if (!counts(s, &f))
			continue;
		ret->n[f.type]++;
		any = true;
	}
	return any;
}

void
tails_tell(const struct tails_found *found, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (int t = 0; t < DETECT_TYPES && n < size; t++) {
		if (found->n[t] > 0)
			n += (size_t)snprintf(ret + n, size - n, "%s%s: %u", n ? ", " : "",
				detect_type_name((enum detect_type)t), found->n[t]);
	}
}
