/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform_url.c - URLs and request lines: host-only, method+path, path
 */
#include "base/bytes.h"
#include "record/transform/path_mask.h"
#include "record/key/pseudonym.h"
#include "record/transform/transform-private.h"

#define HOST_MAX 253

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* Any other word in the place of a scheme or of a method might be somebody's name. The most frequent
 * come first. */
static const struct span schemes[] = { SPAN("https"), SPAN("http"), SPAN("ws"), SPAN("wss"),
	SPAN("ftp"), SPAN("android-app"), SPAN("grpc"), SPAN("rtmp"), SPAN("rtmps"), SPAN("rtsp"),
	SPAN("fastcgi"), SPAN("uwsgi"), SPAN("scgi") };

/* Methods: RFC 9110 9.3, RFC 5789, WebDAV (RFC 4918, 3253, 5323), HTTP/2's preface. */
static const struct span methods[] = { SPAN("GET"), SPAN("POST"), SPAN("HEAD"), SPAN("PUT"),
	SPAN("DELETE"), SPAN("CONNECT"), SPAN("OPTIONS"), SPAN("TRACE"), SPAN("PATCH"),
	SPAN("PROPFIND"), SPAN("PROPPATCH"), SPAN("MKCOL"), SPAN("COPY"), SPAN("MOVE"),
	SPAN("LOCK"), SPAN("UNLOCK"), SPAN("REPORT"), SPAN("SEARCH"), SPAN("PURGE"), SPAN("PRI") };

#define N(a) (sizeof(a) / sizeof((a)[0]))

static inline char
upper(char c)
{
	return is_alpha(c) ? (char)(c & ~0x20) : c;
}

/* Are the first N bytes of S, letters or dashes, one of LIST's words, in either case? */
static bool
is_listed(const struct span *list, size_t n_list, struct span s, size_t n)
{
	for (size_t i = 0; i < n_list && n > 0; i++) {
		size_t k = 0;

		while (list[i].len == n && k < n && upper(list[i].p[k]) == upper(s.p[k]))
			k++;
		if (k == n)
			return true;
	}
	return false;
}

/* The length of "scheme://" at the start of S (RFC 3986 3.1), 0 where there is none. */
static size_t
scheme_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && (is_alpha(s.p[n]) || s.p[n] == '-'))
		n++;
	if (!span_starts(span_from(s, n), SPAN("://")) || !is_listed(schemes, N(schemes), s, n))
		return 0;
	return n + 3;
}

/* The length of the authority at the start of S: up to path, query or fragment. */
static size_t
authority_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#' && s.p[n] != '\\')
		n++;
	return n;
}

/* Cuts ":PORT" off *S; an empty port too. A token of ours is never cut: 16 characters follow. */
static struct span
cut_port(struct span *s)
{
	size_t n = s->len;
	struct span port;

	while (n > 0 && is_digit(s->p[n - 1]))
		n--;
	if (n == 0 || s->p[n - 1] != ':' || s->len - n > 5)
		return SPAN("");
	port = s->len > n ? span_from(*s, n - 1) : SPAN("");
	s->len = n - 1;
	return port;
}

/* Does S end in a label with a letter in it, as names do (RFC 3696, 2), and pieces of addresses do not?
 * Browsers take "0xcb007107" for one, too. */
static bool
ends_like_name(struct span s)
{
	size_t end = s.len - (s.p[s.len - 1] == '.'), n = end;
	bool letter = false;

	for (; n > 0 && s.p[n - 1] != '.'; n--)
		letter = letter || is_alpha(s.p[n - 1]);
	return letter && (end - n < 2 || s.p[n] != '0' || (s.p[n + 1] | 0x20) != 'x');
}

/* Does a label of host S hold a number of a telephone, or an id? */
static bool
has_id(struct span s)
{
	unsigned digits = 0, len = 0;

	for (size_t i = 0; i < s.len; i++) {
		digits = s.p[i] == '.' ? 0 : digits + is_digit(s.p[i]);
		len = s.p[i] == '.' ? 0 : len + 1;
		if (digits > 6 || (len > 15 && digits > 2))
			return true;
	}
	return false;
}

/* A host name: what is left of it is lower-case, or "-" where it spells an address or holds other
 * personal data. Returns false where it is none. */
static bool
put_name(struct span host, struct buf *out)
{
	struct detect d;
	struct finding f;
	size_t at = out->len;

	if (span_eq(host, SPAN("-"))) {
		buf_char(out, '-');
		return true;
	}
	if (host.len == 0 || host.len > HOST_MAX || !ends_like_name(host))
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!is_alpha(host.p[i]) && !is_digit(host.p[i]) && host.p[i] != '.' &&
			host.p[i] != '-' && host.p[i] != '_')
			return false;
	detect_start(&d, host, DETECT_DEFAULT | DETECT_BIT(DETECT_UUID));
	if (has_id(host) || detect_next(&d, &f)) {
		buf_char(out, '-');
		return true;
	}
	buf_span(out, host);
	for (; at < out->len; at++)
		if (out->p[at] >= 'A' && out->p[at] <= 'Z')
			out->p[at] |= 0x20;
	return true;
}

/* HOST, a name, an address (in brackets if it is IPv6), or our token for one. Returns 0; 1 where it
 * is none of these; -1. */
static int
put_host(const struct transform *t, struct transform_env *env, struct span host, struct buf *out,
	struct err *e)
{
	bool bracketed = host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']';
	struct address a;
	bool v6;

	if (host.len == TOKEN_LEN && span_starts(host, SPAN("ip")) && pseudonym_is_token(host)) {
		buf_span(out, host);
		return 0;
	}
	if (bracketed) {
		const char *zone;

		host = span_of(host.p + 1, host.len - 2);
		zone = memchr(host.p, '%', host.len);
		if (zone)
			host.len = (size_t)(zone - host.p);
	}
	if (!address_parse(host, &a))
		return !bracketed && put_name(host, out) ? 0 : 1;
	v6 = transform_keeps_address(t, env, &a) ? a.family == 6 : t->render_address;
	if (v6)
		buf_char(out, '[');
	if (transform_put_address(t, env, &a, out, e) < 0)
		return -1;
	if (v6)
		buf_char(out, ']');
	return 0;
}

/* What may stand without a scheme: an address, a token, or a name with a dot. */
static bool
is_bare_host(struct span s)
{
	struct address a;

	if (authority_len(s) < s.len || memchr(s.p, '@', s.len))
		return false;
	if (address_parse(s, &a))
		return true;
	(void)cut_port(&s);
	return s.len > 0 &&
	       (s.p[0] == '[' || memchr(s.p, '.', s.len) || span_eq(s, SPAN("localhost")) ||
		       span_eq(s, SPAN("-")) || pseudonym_is_token(s));
}

static int
put_origin(const struct transform *t, struct transform_env *env, struct span scheme,
	struct span host, struct buf *out, struct err *e)
{
	const char *user = memrchr(host.p, '@', host.len);
	struct span port = SPAN("");
	size_t at = out->len;
	struct address a;
	int r;

	if (user)
		host = span_from(host, (size_t)(user - host.p) + 1);
	if (!address_parse(host, &a)) /* IPv6 without brackets has colons, but no port */
		port = cut_port(&host);
	for (size_t i = 0; i < scheme.len; i++)
		buf_char(out, is_alpha(scheme.p[i]) ? (char)(scheme.p[i] | 0x20) : scheme.p[i]);
	r = put_host(t, env, host, out, e);
	if (r < 0)
		return -1;
	if (r > 0) {
		buf_cut(out, at);
		buf_char(out, '-');
		return 0;
	}
	buf_span(out, port);
	return 0;
}

int
transform_host_only(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	size_t scheme = scheme_len(v);
	struct span host = span_from(v, scheme);

	if (scheme == 0 && !is_bare_host(v)) {
		buf_char(out, '-');
		return 0;
	}
	host.len = authority_len(host);
	return put_origin(t, env, span_of(v.p, scheme), host, out, e);
}

/* Up to the path. Where something else parts them this is more than the origin, and is never found,
 * since nothing like it holds. */
struct span
transform_origin_key(struct span v, char made[TRANSFORM_KEY_MAX], struct span *ret_tail)
{
	const char *slash = v.len > 8 ? bytes_find(v.p + 8, v.p + v.len, '/') : NULL;

	(void)made, (void)ret_tail;
	return span_of(v.p, slash ? (size_t)(slash - v.p) : v.len);
}

/* Pseudonyms have a day, and a cache of their own. */
bool
transform_origin_holds(struct span v, struct span key, struct span made, uint64_t n_hits)
{
	size_t scheme = scheme_len(v);

	(void)made;
	return n_hits == 0 && scheme > 0 && scheme < key.len &&
	       authority_len(span_from(key, scheme)) == key.len - scheme;
}

/* The path of a request's target (RFC 9112 3.2); the other forms name a host, and give "-". */
static void
put_target(const struct transform *t, struct span target, struct buf *out)
{
	size_t scheme;

	if (target.len > 0 && target.p[0] == '/') {
		path_mask_write(t->mask, target, out);
		return;
	}
	if (span_eq(target, SPAN("*"))) {
		buf_char(out, '*');
		return;
	}
	scheme = scheme_len(target);
	if (scheme == 0) {
		buf_char(out, '-');
		return;
	}
	target = span_from(target, scheme);
	target = span_from(target, authority_len(target));
	if (target.len > 0 && target.p[0] == '/')
		path_mask_write(t->mask, target, out);
	else
		buf_char(out, '/');
}

/* The length of " HTTP/x" or " HTTP/x.y" at the end of S. */
static size_t
proto_len(struct span s)
{
	static const size_t lens[] = { sizeof(" HTTP/1.1") - 1, sizeof(" HTTP/2") - 1 };

	for (size_t i = 0; i < 2; i++) {
		struct span end;

		if (s.len < lens[i])
			continue;
		end = span_from(s, s.len - lens[i]);
		if (span_starts(end, SPAN(" HTTP/")) && is_digit(end.p[6]) &&
			(i == 1 || (end.p[7] == '.' && is_digit(end.p[8]))))
			return lens[i];
	}
	return 0;
}

/* The length of the method and its blank at the start of V, 0 where there is none or nothing else. */
static size_t
method_len(struct span v)
{
	size_t n = 0;

	while (n < v.len && v.p[n] >= 'A' && v.p[n] <= 'Z')
		n++;
	return n + 1 < v.len && v.p[n] == ' ' && is_listed(methods, N(methods), v, n) ? n + 1 : 0;
}

int
transform_method_path(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	size_t method = method_len(v), proto;

	(void)env, (void)e;
	if (method == 0) {
		buf_char(out, '-');
		return 0;
	}
	buf_put(out, v.p, method);
	v = span_from(v, method);
	proto = proto_len(v);
	put_target(t, span_of(v.p, v.len - proto), out);
	buf_put(out, v.p + v.len - proto, proto);
	return 0;
}

/* "METHOD /path", and the protocol as tail. All of it where an escape in the query may hide a
 * protocol; one cannot reach into it, since none has a blank. Long ids in the path are left out, if it is
 * certain that no "?" is in it. */
struct span
transform_request_key(struct span v, char made[TRANSFORM_KEY_MAX], struct span *ret_tail)
{
	size_t proto = proto_len(v);
	const char *query;

	*ret_tail = span_from(v, v.len - proto);
	v.len -= proto;
	if (proto == 0)
		return v;
	query = bytes_find(v.p, v.p + v.len, '?');
	if (query)
		v.len = (size_t)(query - v.p);
	return path_mask_key(v, made, TRANSFORM_KEY_MAX);
}

bool
transform_request_holds(struct span v, struct span key, struct span made, uint64_t n_hits)
{
	size_t method = method_len(v);

	(void)made, (void)n_hits;
	return method > 0 && method < key.len && key.p[method] == '/';
}

int
transform_path(const struct transform *t, struct transform_env *env, struct span v, struct buf *out,
	struct err *e)
{
	(void)env, (void)e;
	put_target(t, v, out);
	return 0;
}
