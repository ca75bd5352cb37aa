/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/suggest/suggest.h"

#include <ctype.h>
#include <inttypes.h>
#include <libintl.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "record/detect/detect.h"

#define _(text) gettext(text)
#define N_SEEN  (sizeof(((struct field *)0)->seen) / sizeof(uint64_t))

_Static_assert(DETECT_TYPES <= 8, "field.finding");

static const char *const levels[] = { "trace", "debug", "info", "notice", "warn", "warning",
	"error", "err", "crit", "critical", "alert", "emerg", "emergency", "fatal", "severe",
	"panic", "verbose", NULL };
static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS",
	"PATCH", "TRACE", "PROPFIND", NULL };

/* --- what a value is -------------------------------------------------------------------------- */

static bool
is_one_of(struct span s, const char *const *words, bool any_case)
{
	for (; *words; words++)
		if (strlen(*words) == s.len && (any_case ? strncasecmp(*words, s.p, s.len)
							 : strncmp(*words, s.p, s.len)) == 0)
			return true;
	return false;
}

static bool
starts(struct span s, const char *with)
{
	return span_starts(s, span_str(with));
}

/* Digits, perhaps with a sign and a fraction. */
static bool
is_number(struct span s, bool *ret_long)
{
	size_t i = s.len > 1 && s.p[0] == '-', digits = 0;
	bool dot = false;

	for (; i < s.len; i++) {
		if (isdigit((unsigned char)s.p[i]))
			digits++;
		else if (s.p[i] == '.' && !dot && digits > 0)
			dot = true;
		else
			return false;
	}
	*ret_long = digits > 3 && !dot;
	return digits > 0;
}

/* A date or a time of day by itself. */
static bool
is_clock(struct span s)
{
	size_t digits = 0, marks = 0;

	for (size_t i = 0; i < s.len; i++) {
		digits += isdigit((unsigned char)s.p[i]) != 0;
		marks += s.p[i] == ':' || s.p[i] == '-' || s.p[i] == '/';
	}
	return marks == 2 && digits >= 5 && digits <= 8 && digits + marks == s.len;
}

static bool
is_request(struct span s)
{
	const char *blank = memchr(s.p, ' ', s.len);

	return blank && is_one_of(span_of(s.p, (size_t)(blank - s.p)), methods, false) &&
	       memmem(s.p, s.len, " HTTP/", 6);
}

static bool
is_agent(struct span s)
{
	return starts(s, "Mozilla/") || starts(s, "curl/") || starts(s, "Wget/") ||
	       starts(s, "python-requests/") || starts(s, "Opera/");
}

static enum value_kind
kind_of(struct span s, bool is_address, bool *ret_long)
{
	if (is_address)
		return VALUE_ADDRESS;
	if (suggest_is_time(s))
		return VALUE_TIME;
	if (is_number(s, ret_long))
		return VALUE_NUMBER;
	if (is_clock(s))
		return VALUE_CLOCK;
	if (span_eq(s, SPAN("true")) || span_eq(s, SPAN("false")))
		return VALUE_FLAG;
	if (is_one_of(s, levels, true))
		return VALUE_LEVEL;
	if (is_one_of(s, methods, false))
		return VALUE_METHOD;
	if (is_request(s))
		return VALUE_REQUEST;
	if (is_agent(s))
		return VALUE_AGENT;
	if (memmem(s.p, s.len, "://", 3))
		return VALUE_URL;
	return s.p[0] == '/' ? VALUE_PATH : VALUE_OTHER;
}

/* --- what a field has seen -------------------------------------------------------------------- */

static void
remember(struct field *f, uint64_t hash)
{
	size_t i = hash % N_SEEN;

	if (f->variety == FIELD_VARIETY_MAX)
		return;
	while (f->seen[i] && f->seen[i] != hash)
		i = (i + 1) % N_SEEN;
	if (f->seen[i] == hash)
		return;
	f->seen[i] = hash;
	f->variety++;
}

static uint64_t
hash_of(struct span s)
{
	static uint8_t key[crypto_shorthash_KEYBYTES];
	static bool made;
	uint64_t h;

	if (!made)
		crypto_shorthash_keygen(key);
	made = true;
	(void)crypto_shorthash((uint8_t *)&h, (const uint8_t *)s.p, s.len, key);
	return h ? h : 1;
}

/* A run of letters is an "a", a run of digits a "0"; other bytes than ASCII count as letters. */
static void
mask(struct span s, char *ret, size_t size)
{
	size_t n = 0;
	char last = '\0';

	for (size_t i = 0; i < s.len && n + 1 < size; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char m = isdigit(c)                ? '0'
			 : isalpha(c) || c >= 0x80 ? 'a'
			 : isgraph(c)              ? (char)c
						   : ' ';

		if (m == last && (m == '0' || m == 'a' || m == ' '))
			continue;
		ret[n++] = last = m;
	}
	ret[n] = '\0';
}

void
field_see(struct field *f, struct span s, unsigned types)
{
	bool is_address = false, is_long = false;
	struct detect d;
	struct finding x;

	if (s.len == 0 || span_eq(s, SPAN("-")))
		return;
	f->n++;
	detect_start(&d, s, DETECT_DEFAULT | DETECT_BIT(DETECT_UUID));
	while (detect_next(&d, &x)) {
		types |= DETECT_BIT(x.type);
		/* as a whole, with a port behind it at most */
		is_address |= (DETECT_BIT(x.type) & DETECT_ADDRESSES) && x.start <= 1 &&
			      s.len - x.end <= 7 && !memchr(s.p, ' ', s.len);
	}
	for (unsigned i = 0; i < DETECT_TYPES; i++)
		f->finding[i] += types >> i & 1;
	f->kind[kind_of(s, is_address, &is_long)]++;
	f->n_long += is_long;
	f->n_blank += memchr(s.p, ' ', s.len) != NULL;
	remember(f, hash_of(s));
	if (types == 0 && f->example[0] == '\0')
		mask(s, f->example, sizeof(f->example));
}

void
field_merge(struct field *a, const struct field *b)
{
	a->n += b->n;
	for (unsigned i = 0; i < VALUE_KINDS; i++)
		a->kind[i] += b->kind[i];
	for (unsigned i = 0; i < DETECT_TYPES; i++)
		a->finding[i] += b->finding[i];
	a->n_long += b->n_long;
	a->n_blank += b->n_blank;
	for (size_t i = 0; i < N_SEEN; i++)
		if (b->seen[i])
			remember(a, b->seen[i]);
	if (a->example[0] == '\0')
		memcpy(a->example, b->example, sizeof(a->example));
}

enum value_kind
field_kind(const struct field *f)
{
	for (unsigned i = VALUE_OTHER + 1; i < VALUE_KINDS; i++)
		if (f->n > 0 && 20 * f->kind[i] >= 19 * f->n)
			return (enum value_kind)i;
	return VALUE_OTHER;
}

const char *
field_word(const struct field *f)
{
	static const char *const words[VALUE_KINDS] = {
		[VALUE_TIME] = "time",
		[VALUE_ADDRESS] = "address",
		[VALUE_REQUEST] = "request",
		[VALUE_AGENT] = "agent",
		[VALUE_LEVEL] = "level",
		[VALUE_METHOD] = "method",
		[VALUE_FLAG] = "flag",
		[VALUE_NUMBER] = "number",
		[VALUE_CLOCK] = "clock",
		[VALUE_URL] = "url",
		[VALUE_PATH] = "path",
	};
	enum value_kind k = field_kind(f);

	return words[k] ? words[k] : 2 * f->n_blank > f->n ? "text" : "word";
}

/* --- what is to be done with it --------------------------------------------------------------- */

static bool
has_findings(const struct field *f)
{
	for (unsigned i = 0; i < DETECT_TYPES; i++)
		if (f->finding[i] > 0)
			return true;
	return false;
}

const char *
field_rule(const struct field *f, bool *ret_list)
{
	*ret_list = true;
	switch (field_kind(f)) {
	case VALUE_ADDRESS:
		return "pseudonym";
	case VALUE_FLAG:
		return "flag";
	case VALUE_NUMBER: /* a status, a duration; longer ones may be anybody's */
		return f->n_long == 0 && !has_findings(f) ? "number" : NULL;
	default:
		break;
	}
	*ret_list = false;
	switch (field_kind(f)) {
	case VALUE_TIME: /* to the second: what is no time does not pass */
		return "coarse-time";
	case VALUE_REQUEST:
		return "method+path";
	case VALUE_AGENT:
		return "browser-family";
	case VALUE_LEVEL:
	case VALUE_METHOD:
		return "one-of";
	default:
		return NULL;
	}
}

static const char *
kind_text(const struct field *f)
{
	switch (field_kind(f)) {
	case VALUE_TIME:
		return _("times");
	case VALUE_ADDRESS:
		return _("addresses");
	case VALUE_REQUEST:
		return _("HTTP requests");
	case VALUE_AGENT:
		return _("browsers");
	case VALUE_LEVEL:
		return _("levels");
	case VALUE_METHOD:
		return _("HTTP methods");
	case VALUE_FLAG:
		return _("true or false");
	case VALUE_NUMBER:
		return f->n_long > 0 ? _("numbers; sizes, or ids of somebody?") : _("numbers");
	case VALUE_CLOCK:
		return _("dates, or times of day");
	case VALUE_URL:
		return _("URLs: what somebody looked at");
	case VALUE_PATH:
		return _("paths");
	default:
		break;
	}
	if (2 * f->n_blank > f->n)
		return _("free text: may hold anything");
	/* so many in so few lines are names or ids rather than words of the program */
	if (f->variety > 20 || 3 * f->variety > f->n)
		return _("many different: names or ids");
	return _("few different: words of the program, or names of a few");
}

void
field_put_reason(const struct field *f, struct buf *out)
{
	static const char *const names[DETECT_TYPES] = {
		[DETECT_IPV4] = N_("IPv4 addresses"),
		[DETECT_IPV6] = N_("IPv6 addresses"),
		[DETECT_EMAIL] = N_("mail addresses"),
		[DETECT_PHONE] = N_("phone numbers"),
		[DETECT_TOKEN] = N_("secrets"),
		[DETECT_UUID] = N_("UUIDs"),
	};

	buf_str(out, f->n > 0 ? kind_text(f) : _("always empty"));
	if (field_kind(f) == VALUE_ADDRESS)
		return;
	for (unsigned i = 0; i < DETECT_TYPES; i++)
		if (f->finding[i] > 0)
			buf_printf(out, "; %s: %" PRIu64, _(names[i]), f->finding[i]);
}
