/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_token.c - secrets: session tokens, checksums, passwords, credentials in headers, JWTs
 *
 * A secret is told by the key in front of it, in all writings of "key, sign, value" that logs have:
 *
 *   sessionToken=x   token%3Dx   "authToken":"x"   \"token\": \"x\"   \x22token\x22:\x22x\x22
 *   "password"=>"x"   user[password]=x   <authToken>x<   Authorization: Bearer x   X-Api-Key: x
 *   password = "x"   "sessionToken":["x"]   u'token': u'x'
 *
 * Of a value only the secret is taken: no scheme, no quote. What stands for a value that has been
 * removed ("[token]", "-", "***", "[FILTERED]", "null") is none.
 */
#include <string.h>

#include "record/detect/detect-private.h"

enum kind {
	KIND_NONE,
	KIND_PASSWORD, /* any value */
	KIND_TOKEN,    /* not a word of prose */
	KIND_LONG,     /* only what is long and mixed: the key has other uses, too */
	KIND_HEADER,   /* [scheme] credentials */
	KIND_COOKIE,   /* name=value; name=value */
	KIND_NUMBER,   /* a telephone's */
	KIND_URI,      /* tel: sip: */
};

struct key {
	const char *name; /* lower case; what the key ends in */
	uint8_t len;
	enum {
		PART,
		WORD,
		ALONE
	} as; /* a word of its own: "pass", not "bypass"; ALONE: nor "userKey" */
	enum kind kind;
};

/* By their last letters, the most usual first. */
#define KEY(name, kind)                                                                            \
	{                                                                                          \
		name, sizeof(name) - 1, PART, KIND_##kind                                          \
	}
#define WHOLE(name, kind)                                                                          \
	{                                                                                          \
		name, sizeof(name) - 1, WORD, KIND_##kind                                          \
	}
#define ALONE(name, kind)                                                                          \
	{                                                                                          \
		name, sizeof(name) - 1, ALONE, KIND_##kind                                         \
	}
static const struct key keys_d[] = { KEY("password", PASSWORD), KEY("passwd", PASSWORD),
	WHOLE("pwd", PASSWORD), KEY("sessionid", TOKEN), KEY("session_id", TOKEN),
	KEY("session-id", TOKEN), KEY("sessid", TOKEN), WHOLE("sid", LONG),
	KEY("callerid", NUMBER) };
static const struct key keys_e[] = { KEY("accesscode", PASSWORD), KEY("access_code", PASSWORD),
	KEY("access-code", PASSWORD), WHOLE("code", LONG), WHOLE("response", LONG),
	WHOLE("nonce", LONG), KEY("signature", LONG), KEY("cookie", COOKIE), KEY("phone", NUMBER),
	WHOLE("mobile", NUMBER), KEY("passphrase", PASSWORD), KEY("passcode", PASSWORD),
	KEY("secret_key_base", PASSWORD) };
static const struct key keys_f[] = { KEY("csrf", LONG), KEY("xsrf", LONG) };
static const struct key keys_g[] = { WHOLE("sig", LONG) };
static const struct key keys_h[] = { WHOLE("auth", LONG) };
static const struct key keys_l[] = { WHOLE("tel", URI), KEY("credential", PASSWORD) };
static const struct key keys_m[] = { KEY("checksum", TOKEN) };
static const struct key keys_n[] = { KEY("token", TOKEN), WHOLE("session", LONG),
	KEY("authorization", HEADER), KEY("msisdn", NUMBER) };
static const struct key keys_p[] = { WHOLE("sip", URI), WHOLE("otp", PASSWORD) };
static const struct key keys_r[] = { KEY("phonenumber", NUMBER), KEY("phone_number", NUMBER),
	KEY("phone-number", NUMBER), KEY("caller_id_number", NUMBER),
	KEY("caller-id-number", NUMBER) };
static const struct key keys_s[] = { WHOLE("pass", PASSWORD), WHOLE("sips", URI) };
static const struct key keys_t[] = { KEY("secret", PASSWORD), WHOLE("jwt", TOKEN),
	WHOLE("ticket", LONG), WHOLE("salt", LONG), KEY("passwort", PASSWORD),
	KEY("kennwort", PASSWORD) };
static const struct key keys_w[] = { WHOLE("pw", PASSWORD) };
static const struct key keys_y[] = { KEY("apikey", TOKEN), KEY("api_key", TOKEN),
	KEY("api-key", TOKEN), KEY("secretkey", LONG), KEY("accesskey", LONG), ALONE("key", LONG) };

#define OF(k) k, sizeof(k) / sizeof(k[0])
static const struct {
	const struct key *keys;
	size_t n;
} key_groups[32] = {
	['d' & 31] = { OF(keys_d) },
	['e' & 31] = { OF(keys_e) },
	['f' & 31] = { OF(keys_f) },
	['g' & 31] = { OF(keys_g) },
	['h' & 31] = { OF(keys_h) },
	['l' & 31] = { OF(keys_l) },
	['m' & 31] = { OF(keys_m) },
	['n' & 31] = { OF(keys_n) },
	['p' & 31] = { OF(keys_p) },
	['r' & 31] = { OF(keys_r) },
	['s' & 31] = { OF(keys_s) },
	['t' & 31] = { OF(keys_t) },
	['w' & 31] = { OF(keys_w) },
	['y' & 31] = { OF(keys_y) },
};

uint32_t detect_key_ends[32][32];

/* Before main(), so that threads need no care. */
__attribute__((constructor)) static void
note_key_ends(void)
{
	for (unsigned last = 0; last < 32; last++)
		for (size_t i = 0; i < key_groups[last].n; i++) {
			const struct key *k = &key_groups[last].keys[i];
			uint32_t *third = &detect_key_ends[last][k->name[k->len - 2] & 31];

			*third |= k->len > 2 ? UINT32_C(1) << (k->name[k->len - 3] & 31)
					     : UINT32_MAX;
		}
}

/* --- the key ---------------------------------------------------------------------------------- */

/* Is the key at START a word of its own, or does one of camelCase begin there? */
static bool
is_whole(const struct detect *d, size_t start, bool camel)
{
	char c = char_before(d, start), own = char_at(d, start);

	if (!char_is(c, CHAR_ALNUM))
		return true;
	if (camel && own >= 'A' && own <= 'Z' && c >= 'a')
		return true;
	return detect_escape_tail(d, start, start + 2) >= 0;
}

/* Does the text before END end in K, whose last two letters have been seen? */
static inline bool
ends_in_key(const char *p, size_t end, const struct key *k)
{
	if (end < k->len)
		return false;
	for (size_t n = 2; n < k->len; n++) {
		if (bytes_lower(p[end - 1 - n]) != k->name[k->len - 1 - n])
			return false;
	}
	return true;
}

static const struct key *
key_before(const struct detect *d, size_t end)
{
	unsigned last = (unsigned)(char_before(d, end) & 31);
	const struct key *k = key_groups[last].keys, *stop;
	char second = bytes_lower(char_before(d, end - 1));

	if (!k || !char_is(char_before(d, end), CHAR_ALPHA))
		return NULL;
	for (stop = k + key_groups[last].n; k < stop; k++) {
		if (k->name[k->len - 2] == second && ends_in_key(d->text.p, end, k) &&
			(k->as == PART || is_whole(d, end - k->len, k->as == WORD)))
			return k;
	}
	return NULL;
}

/* Goes back from a sign over a blank, a quote, or the bracket of user[password]. */
static size_t
key_end(const struct detect *d, size_t end)
{
	const char *p = d->text.p;
	char c = char_before(d, end);

	if (c == ' ')
		c = char_before(d, --end);
	if (c == '"' || c == '\'' || c == ']') {
		end--;
		while (end > 0 && p[end - 1] == '\\')
			end--;
	}
	return end;
}

/* --- the value -------------------------------------------------------------------------------- */

#define VALUE_LOOK 512 /* bytes by which a value is judged; if it is a secret, all of it goes */

struct value {
	size_t start, end;
	char quote;   /* that closes it, or 0 */
	bool slashed; /* the quotes stand behind backslashes */
	bool blank;   /* stood behind ": " */
	bool escaped; /* ends where an escaped sign does */
	bool query;   /* one of a URL's, where few signs end it */
};

/* Does a sign that ends a value stand escaped at I? */
static bool
is_escaped_stop(const struct detect *d, size_t i)
{
	char c;

	return char_at(d, i) == '%' && detect_escape_read(d, i, &c) && char_is(c, CHAR_STOP);
}

/* Finds the quote that ends V, if it is near. */
static bool
find_quote(const struct detect *d, struct value *v)
{
	size_t hi = d->text.len - v->start > 2 * VALUE_LOOK ? v->start + 2 * VALUE_LOOK
							    : d->text.len;

	for (size_t i = v->start; i < hi; i++) {
		char c = d->text.p[i];

		if (c == v->quote || (c == '\\' && v->slashed)) {
			v->end = i;
			return true;
		}
		if (c == '\\') /* and what it escapes */
			i++;
	}
	return false;
}

/* Finds where V ends, or, after MAX bytes, does not. */
static void
find_end(const struct detect *d, struct value *v, size_t max)
{
	unsigned stop = v->query ? CHAR_QUERY_STOP : CHAR_STOP;
	const char *p = d->text.p;
	size_t i = v->start, hi = d->text.len - i > max ? i + max : d->text.len;

	if (v->quote && find_quote(d, v))
		return;
	while (i < hi && !char_is(p[i], stop))
		i++;
	v->end = i;
	if (!v->escaped)
		return;
	for (i = v->start; i < v->end; i++) {
		const char *sign = memchr(p + i, '%', v->end - i);

		i = sign ? (size_t)(sign - p) : v->end;
		if (sign && is_escaped_stop(d, i))
			v->end = i;
	}
}

/* Goes over the quote at I, in one of its writings, if there is one. */
static size_t
open_quote(const struct detect *d, size_t i, char sign, struct value *v)
{
	size_t k = i, n;
	char c = char_at(d, i);

	if ((c == 'u' || c == 'b') && (char_at(d, i + 1) == '\'' || char_at(d, i + 1) == '"'))
		c = char_at(d, ++i); /* Python */
	if (c == '"' || c == '\'' || (c == '<' && sign == '=')) {
		v->quote = c == '<' ? '>' : c;
		return i + 1;
	}
	while (char_at(d, k) == '\\')
		k++;
	if (k > i && char_at(d, k) == '"') {
		v->quote = '"';
		v->slashed = true;
		return k + 1;
	}
	n = detect_escape_read(d, i, &c);
	if (n == 0 || (c != '"' && c != '\''))
		return i;
	v->escaped = true; /* \x22 and %22 end by themselves or by "\\" */
	return i + n;
}

/* Finds the value behind a SIGN that ends before I. */
static void
find_value(const struct detect *d, size_t i, char sign, struct value *v)
{
	size_t first;

	if (sign == '=' && char_at(d, i) == '>')
		i++;
	for (int n = 0; n < 2 && sign != '>' && char_at(d, i) == ' ' && i < d->text.len; n++) {
		v->blank = true;
		i++;
	}
	if (char_at(d, i) == '[' && (char_at(d, i + 1) == '"' || char_at(d, i + 1) == '\\'))
		i++; /* the first of many */
	first = i;
	v->start = open_quote(d, i, sign, v);
	/* "token:abc" and "a key: abc" say little, quotes say more */
	v->blank = (v->blank || sign == ':') && v->start == first;
	find_end(d, v, sign == '>' ? SIZE_MAX : VALUE_LOOK);
}

static bool
is_word(const struct detect *d, const struct value *v, const char *word)
{
	size_t n = strlen(word);

	return v->end - v->start == n && strncasecmp(d->text.p + v->start, word, n) == 0;
}

/* A value that is not there, or that somebody has removed already. */
static bool
is_placeholder(const struct detect *d, const struct value *v)
{
	static const char *const words[] = { "-", "null", "nil", "none", "true", "false",
		"undefined", "yes", "no", "on", "off", "ok", "invalid", "valid", "expired",
		"missing", "required", "empty", "unset", "redacted", "filtered", "removed",
		"hidden", "changed", "mismatch", "failed", "incorrect", "wrong" };
	const char *p = d->text.p + v->start;
	size_t len = v->end - v->start, n = 0;
	struct value inner = *v;

	if (len == 0 || (len >= 3 && (memcmp(p, "***", 3) == 0 || memcmp(p, "…", 3) == 0)) ||
		(p[0] == '[' && p[len - 1] == ']')) /* [token], [FILTERED] */
		return true;
	if (p[0] == ':' || (len == 2 && p[0] == '%')) /* :token, %s */
		return true;
	while (n < len && (p[n] == '*' || p[n] == 'x' || p[n] == 'X' || p[n] == '.'))
		n++;
	if (n == len)
		return true;
	while (len > 2 && len < 16 && strchr("_<({", p[0]) && strchr("_>)}", p[len - 1])) {
		inner.start++; /* __REDACTED__ */
		inner.end--;
		p++;
		len -= 2;
	}
	for (size_t i = 0; len < 10 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i][0] == bytes_lower(p[0]) && is_word(d, &inner, words[i]))
			return true;
	}
	return false;
}

struct mix {
	unsigned digits, lowers, uppers;
};

static struct mix
mix_of(const struct detect *d, const struct value *v)
{
	struct mix m = { 0 };

	for (size_t i = v->start; i < v->end; i++) {
		char c = d->text.p[i];

		m.digits += char_is(c, CHAR_DIGIT);
		m.lowers += c >= 'a' && c <= 'z';
		m.uppers += c >= 'A' && c <= 'Z';
	}
	return m;
}

/* Does V look like a secret where its key alone does not say so? */
static bool
is_mixed(const struct detect *d, const struct value *v, size_t min)
{
	struct mix m;

	if (v->end - v->start < min)
		return false;
	m = mix_of(d, v);
	return m.digits >= 2 ? m.lowers + m.uppers > 0
			     : m.digits > 0 && m.lowers > 0 && m.uppers > 0;
}

static bool
has_blank(const struct detect *d, const struct value *v)
{
	return memchr(d->text.p + v->start, ' ', v->end - v->start) != NULL;
}

/* org.example.Thing@1f32e575, com.example.thing/12: what programs call their things. */
static bool
is_name(const struct detect *d, const struct value *v)
{
	unsigned n_dots = 0;

	for (size_t i = v->start; i < v->end; i++) {
		if (d->text.p[i] == '@')
			return true;
		n_dots += d->text.p[i] == '.';
	}
	return n_dots > 1;
}

static bool
is_secret(const struct detect *d, const struct value *v, enum kind kind)
{
	size_t len = v->end - v->start;
	char first = char_at(d, v->start);

	if (is_placeholder(d, v))
		return false;
	if (v->blank && kind != KIND_LONG) /* prose, or a header */
		return len >= 6 && mix_of(d, v).digits > 0 &&
		       (kind == KIND_PASSWORD || !is_name(d, v));
	switch (kind) {
	case KIND_PASSWORD:
		return first != '/' && first != '$'; /* PWD=/root, $password */
	case KIND_TOKEN:
		return len >= 3 && first != '/' && first != '$' && !has_blank(d, v);
	default: /* and session=<wKSP0/tgnpZ/AAAB>, which holds an address */
		return is_mixed(d, v, v->quote == '>' ? 12 : 16) && !has_blank(d, v);
	}
}

static bool
found_value(struct detect *d, struct value *v, struct finding *ret)
{
	if (v->start < d->at || !is_wanted(d, DETECT_TOKEN))
		return false;
	if (v->end - v->start == VALUE_LOOK)
		find_end(d, v, SIZE_MAX);
	return detect_found(ret, v->start, v->end, DETECT_TOKEN, FORM_PLAIN);
}

/* Cuts off what no token has, but the sentence or URL around it: "token=abc." ";jsessionid=abc?x" */
static void
trim(const struct detect *d, struct value *v)
{
	const char *p = d->text.p, *query = NULL;

	if (v->quote)
		return;
	if (!v->query)
		query = memchr(p + v->start, '?', v->end - v->start);
	if (query)
		v->end = (size_t)(query - p);
	while (v->end > v->start + 3 && !char_is(p[v->end - 1], CHAR_ALNUM) &&
		((uint8_t)p[v->end - 1] >= 0x80 || strchr(".!:", p[v->end - 1])))
		v->end--;
}

/* --- headers ---------------------------------------------------------------------------------- */

/* Authorization: [scheme] credentials. Of Digest's and AWS4's parameters each is a key of its own. */
static bool
find_credentials(struct detect *d, struct value *v, struct finding *ret)
{
	static const char *const schemes[] = { "basic", "bearer", "negotiate", "ntlm", "token",
		"apikey", "api-key", "jwt", "digest", "hoba", "mutual", "aws4-hmac-sha256" };

	v->quote = 0; /* the scheme ends by a blank */
	find_end(d, v, VALUE_LOOK);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len, end, n;
		char c;

		if (bytes_lower(char_at(d, v->start)) != schemes[i][0])
			continue;
		len = strlen(schemes[i]);
		end = v->start + len;
		c = char_at(d, end);
		if (char_is(c, CHAR_BASE64) || !ends_in(d, end, schemes[i], len))
			continue;
		n = detect_escape_read(d, end, &c);
		if ((c != ' ' && c != '+') || schemes[i][0] == 'd' || schemes[i][1] == 'w')
			return false;
		v->start = end + (n ? n : 1);
		if (v->start > d->text.len) /* what lies behind a text's end reads as a blank */
			return false;
		find_end(d, v, VALUE_LOOK);
		break;
	}
	trim(d, v);
	if (is_placeholder(d, v) || v->end - v->start < 6)
		return false;
	return found_value(d, v, ret);
}

/* Inside a Cookie header each long mixed value is taken, whatever its name. */
static void
note_cookies(struct detect *d, size_t start)
{
	size_t hi = d->text.len - start > 4096 ? start + 4096 : d->text.len, i = start;

	if (start < d->cookie_end)
		return;
	while (i < hi && d->text.p[i] != '"' && d->text.p[i] != '\n' && d->text.p[i] != '\r' &&
		d->text.p[i] != '\\')
		i++;
	d->cookie_end = i;
}

/* Does a URL's parameter begin at START? */
static bool
is_parameter(const struct detect *d, size_t start)
{
	while (char_is(char_before(d, start), CHAR_BASE64 | CHAR_MAIL))
		start--;
	return char_before(d, start) == '?' || char_before(d, start) == '&';
}

bool
detect_key(struct detect *d, size_t end, size_t at, bool escaped, struct finding *ret)
{
	char sign = escaped ? '=' : d->text.p[at - 1];
	size_t name_end = key_end(d, end);
	const struct key *k = key_before(d, name_end);
	struct value v = { .escaped = escaped };

	if (!k) {
		if (at > d->cookie_end || sign != '=')
			return false;
		find_value(d, at, sign, &v);
		return is_mixed(d, &v, 16) && found_value(d, &v, ret);
	}
	if (char_at(d, at) == '=')
		return false; /* a comparison */
	v.query = sign == '=' && !escaped && is_parameter(d, name_end - k->len);
	switch (k->kind) {
	case KIND_URI:
		return sign == ':' && detect_phone_digits(d, at, ret);
	case KIND_COOKIE:
		note_cookies(d, at);
		return false;
	default:
		v.escaped |= k->kind == KIND_TOKEN || k->kind == KIND_HEADER; /* no such signs */
		find_value(d, at, sign, &v);
		break;
	}
	if (k->kind == KIND_NUMBER)
		return detect_phone_digits(d, v.start, ret);
	if (sign == '>' && (char_at(d, v.end) != '<' || char_before(d, end) == '>'))
		return false;
	if (k->kind == KIND_HEADER)
		return find_credentials(d, &v, ret);
	/* signs of the sentence around it */
	while ((v.blank || v.query) && v.end > v.start &&
		!char_is(d->text.p[v.end - 1], CHAR_ALNUM) &&
		strchr(".,;)]}'", d->text.p[v.end - 1]) && d->text.p[v.start] != '[')
		v.end--;
	if (k->kind != KIND_PASSWORD) {
		if (!v.quote && (char_at(d, v.end) == '{' || char_at(d, v.end) == '('))
			return false; /* token=Token{id=1} */
		trim(d, &v);
	}
	if (bytes_lower(char_before(d, name_end - k->len)) == 'y' &&
		ENDS_IN(d, name_end, "publickeytoken"))
		return false; /* .NET's name for an assembly */
	return is_secret(d, &v, k->kind) && found_value(d, &v, ret);
}

/* --- JSON Web Tokens -------------------------------------------------------------------------- */

static size_t
segment_end(const struct detect *d, size_t i)
{
	while (i < d->text.len && char_is(d->text.p[i], CHAR_BASE64))
		i++;
	return i;
}

/* RFC 7519 3: three segments of base64url, of which the first begins with '{"' ("eyJ"). */
bool
detect_jwt(struct detect *d, size_t at, struct finding *ret)
{
	size_t start = at - 2, first, second, third;

	if (at < d->at + 2 || d->text.p[start] != 'e' || d->text.p[start + 1] != 'y' ||
		char_is(char_before(d, start), CHAR_BASE64))
		return false;
	first = segment_end(d, start);
	d->skip = first;
	if (first - start < 10 || char_at(d, first) != '.')
		return false;
	second = segment_end(d, first + 1);
	if (second - first < 3 || char_at(d, second) != '.')
		return false;
	third = segment_end(d, second + 1);
	return is_wanted(d, DETECT_TOKEN) &&
	       detect_found(ret, start, third, DETECT_TOKEN, FORM_PLAIN);
}

/* --- URLs ------------------------------------------------------------------------------------- */

bool
detect_userinfo(struct detect *d, size_t at, struct finding *ret)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, at, 128), i = at, colon = at;
	struct value v;

	for (; i > lo && p[i - 1] != '/' && !char_is(p[i - 1], CHAR_STOP); i--) {
		if (p[i - 1] == ':')
			colon = i - 1;
	}
	if (colon == at || i < 4 || p[i - 1] != '/' || p[i - 2] != '/' || p[i - 3] != ':')
		return false;
	v = (struct value){ .start = colon + 1, .end = at };
	return !is_placeholder(d, &v) && found_value(d, &v, ret);
}
