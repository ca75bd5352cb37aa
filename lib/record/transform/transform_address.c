/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform_address.c - fields that hold an address: pseudonym, prefix-pseudonym, truncate
 * … or another identifier: pseudonym-id
 *
 * A value is an address as programs write it (with port, brackets, zone, "IPv6:" in front, encoded,
 * or as a host name that spells it), or a list of them ("a, b" in X-Forwarded-For). The address is
 * replaced; the port goes, since together they name one connection of one person.
 */
#include <string.h>

#include "record/key/pseudonym.h"
#include "record/transform/transform-private.h"

#define NET_TOKEN_LEN 21

static bool
is_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len > 0;
}

/* "[ADDRESS]" or "[ADDRESS]:PORT": the part between the brackets. */
static bool
unbracket(struct span *s)
{
	const char *close = memchr(s->p, ']', s->len);
	struct span rest;

	if (s->len == 0 || s->p[0] != '[' || !close)
		return false;
	rest = span_from(*s, (size_t)(close - s->p) + 1);
	if (rest.len > 0 && (rest.p[0] != ':' || !is_digits(span_from(rest, 1))))
		return false;
	*s = span_of(s->p + 1, (size_t)(close - s->p) - 1);
	return true;
}

/* Cuts ":PORT" off, or BSD's ".PORT". */
static bool
cut_port(struct span *s)
{
	size_t n = s->len;

	while (n > 0 && s->p[n - 1] >= '0' && s->p[n - 1] <= '9')
		n--;
	if (n < 2 || n == s->len || s->len - n > 5 || (s->p[n - 1] != ':' && s->p[n - 1] != '.'))
		return false;
	s->len = n - 1;
	return true;
}

/* One address that fills all of S in one of the forms that the detectors know. */
static bool
detect_whole(struct span s, struct address *ret)
{
	struct detect d;
	struct finding f;

	detect_start(&d, s, DETECT_ADDRESSES);
	if (!detect_next(&d, &f))
		return false;
	if (f.form != FORM_REVERSE && f.form != FORM_HOSTNAME && (f.start > 0 || f.end < s.len))
		return false;
	*ret = f.address;
	return true;
}

/* Reads one item of a list in whatever way it is written. */
static bool
item_parse(struct span s, struct address *ret)
{
	const char *zone;
	bool bracketed;

	if (address_parse(s, ret))
		return true;
	if (s.len > 256)
		return false;
	if (s.len > 5 && strncasecmp(s.p, "IPv6:", 5) == 0)
		s = span_from(s, 5);
	bracketed = unbracket(&s);
	if (s.len > 5 && bracketed && strncasecmp(s.p, "IPv6:", 5) == 0)
		s = span_from(s, 5);
	zone = memchr(s.p, '%', s.len);
	if (zone && address_parse(span_of(s.p, (size_t)(zone - s.p)), ret))
		return true;
	if (address_parse(s, ret) || detect_whole(s, ret))
		return true;
	return !bracketed && cut_port(&s) && (address_parse(s, ret) || detect_whole(s, ret));
}

bool
transform_keeps_address(
	const struct transform *t, const struct transform_env *env, const struct address *a)
{
	for (size_t i = 0; i < t->n_keep; i++)
		if (address_within(a, &t->keep[i].net, t->keep[i].bits))
			return true;
	return t->render_address && pseudonym_is_own_address(env->pseudonym, a);
}

static void
put_plain(const struct address *a, struct buf *out)
{
	if (buf_room(out, ADDRESS_TEXT_MAX))
		out->len += address_format(a, out->p + out->len);
}

int
transform_put_address(const struct transform *t, struct transform_env *env, const struct address *a,
	struct buf *out, struct err *e)
{
	size_t n;

	if (transform_may_keep(t) && transform_keeps_address(t, env, a)) {
		put_plain(a, out);
		return 0;
	}
	env->hits[a->family == 4 ? DETECT_IPV4 : DETECT_IPV6]++;
	if (!buf_room(out, TOKEN_TEXT_MAX))
		return 0; /* the caller sees that OUT failed */
	n = (t->render_address ? pseudonym_address : pseudonym_token)(
		env->pseudonym, env->day, a, out->p + out->len, e);
	out->len += n;
	return n > 0 ? 0 : -1;
}

/* Is S what pseudonym or prefix-pseudonym wrote for an address, as a token? */
static bool
is_own(struct span s)
{
	if (s.len == TOKEN_LEN)
		return span_starts(s, SPAN("ip")) && pseudonym_is_token(s);
	return s.len > NET_TOKEN_LEN + 1 && span_starts(s, SPAN("net6:")) &&
	       s.p[NET_TOKEN_LEN] == '/' && pseudonym_is_token(span_of(s.p, NET_TOKEN_LEN));
}

/* "net6:…/REST" of an earlier pass: REST is ours too, or is made so. */
static int
put_own(const struct transform *t, struct transform_env *env, struct span s, struct buf *out,
	struct err *e)
{
	struct span rest;
	struct address a;

	if (s.len == TOKEN_LEN) {
		buf_span(out, s);
		return 0;
	}
	rest = span_from(s, NET_TOKEN_LEN + 1);
	if (is_own(rest) && rest.len == TOKEN_LEN) {
		buf_span(out, s);
		return 0;
	}
	if (!address_parse(rest, &a)) {
		buf_char(out, '-');
		return 0;
	}
	buf_put(out, s.p, NET_TOKEN_LEN + 1);
	return transform_put_address(t, env, &a, out, e);
}

/* The three ways to write one address. */
typedef int put_fn(const struct transform *t, struct transform_env *env, const struct address *a,
	struct buf *out, struct err *e);

static int
put_prefix(const struct transform *t, struct transform_env *env, const struct address *a,
	struct buf *out, struct err *e)
{
	size_t n;

	if (a->family == 6 && !transform_keeps_address(t, env, a) &&
		buf_room(out, TOKEN_TEXT_MAX)) {
		n = pseudonym_net_token(env->pseudonym, env->day, a, out->p + out->len, e);
		if (n == 0)
			return -1;
		out->len += n;
		buf_char(out, '/');
	}
	return transform_put_address(t, env, a, out, e);
}

static int
put_truncated(const struct transform *t, struct transform_env *env, const struct address *a,
	struct buf *out, struct err *e)
{
	struct address cut = *a;

	(void)e;
	if (!transform_keeps_address(t, env, a))
		address_mask(&cut, a->family == 4 ? t->bits4 : t->bits6);
	put_plain(&cut, out);
	return 0;
}

static int
put_item(const struct transform *t, struct transform_env *env, struct span s, put_fn *put,
	struct buf *out, struct err *e)
{
	struct address a;

	if (item_parse(s, &a))
		return put(t, env, &a, out, e);
	if (is_own(s))
		return put_own(t, env, s, out, e);
	buf_str(out, span_starts(s, SPAN("unix:")) ? "unix:" : "-");
	return 0;
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_from(s, 1);
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static int
put_list(const struct transform *t, struct transform_env *env, struct span v, put_fn *put,
	struct buf *out, struct err *e)
{
	for (;;) {
		const char *comma = memchr(v.p, ',', v.len);
		struct span item = trim(span_of(v.p, comma ? (size_t)(comma - v.p) : v.len));

		if (item.len == 0)
			buf_char(out, '-');
		else if (put_item(t, env, item, put, out, e) < 0)
			return -1;
		if (!comma)
			return 0;
		buf_str(out, ", ");
		v = span_from(v, (size_t)(comma - v.p) + 1);
	}
}

int
transform_pseudonym(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	return put_list(t, env, v, transform_put_address, out, e);
}

/* For one address, and not for a list of them or an earlier token. */
bool
transform_token_holds(struct span v, struct span key, struct span made, uint64_t n_hits)
{
	(void)v, (void)key;
	return n_hits == 1 && made.len == TOKEN_LEN;
}

int
transform_prefix_pseudonym(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	return put_list(t, env, v, put_prefix, out, e);
}

int
transform_pseudonym_id(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	size_t n;

	(void)t;
	if (span_starts(v, SPAN("id:")) && pseudonym_is_token(v)) {
		buf_span(out, v);
		return 0;
	}
	if (!buf_room(out, TOKEN_TEXT_MAX))
		return 0; /* the caller sees that OUT failed */
	n = pseudonym_id(env->pseudonym, env->day, v, out->p + out->len, e);
	out->len += n;
	return n > 0 ? 0 : -1;
}

int
transform_truncate(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	return put_list(t, env, v, put_truncated, out, e);
}
