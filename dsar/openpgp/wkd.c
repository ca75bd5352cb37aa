/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/openpgp/wkd.h"

#include <string.h>
#include <sysexits.h>

#include <curl/curl.h>
#include <idn2.h>
#include <nettle/sha1.h>
#include <sodium.h>

#include "base/bytes.h"
#include "base/file/wipe.h"

#define CONNECT_S  10
#define HASH_LEN   32  /* 160 bits, five a character */
#define LOCAL_MAX  64  /* RFC 5321 section 4.5.3.1 */
#define DOMAIN_MAX 253 /* a name of the DNS */

/* --- where ------------------------------------------------------------------------------------ */

/* Zooko's base-32, of 20 bytes. */
static void
hash_of(struct span local, char ret[HASH_LEN + 1])
{
	static const char alphabet[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
	uint8_t digest[SHA1_DIGEST_SIZE];
	char folded[LOCAL_MAX];
	struct sha1_ctx h;

	for (size_t i = 0; i < local.len; i++)
		folded[i] = bytes_lower(local.p[i]);
	sha1_init(&h);
	sha1_update(&h, local.len, (const uint8_t *)folded);
	sha1_digest(&h, sizeof(digest), digest);
	for (unsigned i = 0; i < HASH_LEN; i++) {
		const unsigned bit = 5 * i, at = bit / 8, shift = bit % 8;
		const unsigned two = (unsigned)digest[at] << 8 |
				     (at + 1 < sizeof(digest) ? digest[at + 1] : 0);

		ret[i] = alphabet[two >> (11 - shift) & 31];
	}
	ret[HASH_LEN] = '\0';
}

/* What may stand in a query as it is (RFC 3986 section 2.3); everything else is a % and two digits. */
static void
escape(struct span s, char *ret)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		const unsigned char c = (unsigned char)s.p[i];

		if ((c >= '0' && c <= '9') ||
			(bytes_lower((char)c) >= 'a' && bytes_lower((char)c) <= 'z') ||
			strchr("-._~", c)) {
			*ret++ = (char)c;
			continue;
		}
		*ret++ = '%';
		*ret++ = digits[c >> 4];
		*ret++ = digits[c & 15];
	}
	*ret = '\0';
}

/* A name of at least two labels, the last of which begins with a letter: no address of a machine, and no name that a
 * network has for itself. */
static bool
is_domain(const char *name)
{
	const char *last = strrchr(name, '.');

	if (!last || last == name || strlen(name) > DOMAIN_MAX || bytes_lower(last[1]) < 'a' ||
		bytes_lower(last[1]) > 'z' || strstr(name, "..") || strstr(name, ".-") ||
		*name == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(name);
}

/* NAME as the DNS has it; the caller frees it. NULL: it is none. */
static char *
domain_of(struct span name)
{
	char text[DOMAIN_MAX + 1], *ret = NULL;

	if (name.len == 0 || name.len >= sizeof(text) || memchr(name.p, '\0', name.len))
		return NULL;
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	if (idn2_to_ascii_8z(text, &ret, IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	for (char *c = ret; *c; c++)
		*c = bytes_lower(*c);
	if (is_domain(ret))
		return ret;
	idn2_free(ret);
	return NULL;
}

bool
wkd_url(struct span address, bool advanced, char ret[WKD_URL_MAX])
{
	const char *at = address.len > 0 ? memrchr(address.p, '@', address.len) : NULL;
	const size_t n = at ? (size_t)(at - address.p) : 0;
	char hash[HASH_LEN + 1], local[3 * LOCAL_MAX + 1], *domain;
	int len;

	if (n == 0 || n > LOCAL_MAX || memchr(address.p, '\0', address.len))
		return false;
	domain = domain_of(span_from(address, n + 1));
	if (!domain)
		return false;
	hash_of(span_of(address.p, n), hash);
	escape(span_of(address.p, n), local);
	len = advanced ? snprintf(ret, WKD_URL_MAX,
				 "https://openpgpkey.%s/.well-known/openpgpkey/%s/hu/%s?l=%s",
				 domain, domain, hash, local)
		       : snprintf(ret, WKD_URL_MAX, "https://%s/.well-known/openpgpkey/hu/%s?l=%s",
				 domain, hash, local);
	idn2_free(domain);
	sodium_memzero(local, sizeof(local));
	return len > 0 && len < WKD_URL_MAX;
}

/* --- asking ----------------------------------------------------------------------------------- */

struct asking {
	CURL *curl;
	struct buf *out;
	size_t before; /* of OUT */
};

static size_t
take(char *p, size_t size, size_t n, void *ctx)
{
	struct asking *a = ctx;
	long status = 0;

	(void)curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return size * n; /* an error's page is nobody's business */
	if (size * n > WKD_MAX - (a->out->len - a->before))
		return 0;
	buf_put(a->out, p, size * n);
	return a->out->failed ? 0 : size * n;
}

static int
begin(struct asking *a, const char *ca, struct err *e)
{
	static bool done;
	CURL *c;

	if (!done && curl_global_init_mem(CURL_GLOBAL_ALL, wipe_malloc, wipe_free, wipe_realloc,
			     wipe_strdup, wipe_calloc) != CURLE_OK)
		return err_memory(e);
	done = true;
	c = a->curl = curl_easy_init();
	if (!c)
		return err_memory(e);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WKD_S);
	(void)curl_easy_setopt(c, CURLOPT_MAXFILESIZE, (long)WKD_MAX);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	return ca && curl_easy_setopt(c, CURLOPT_CAINFO, ca) != CURLE_OK ? err_memory(e) : 0;
}

/* Is there no such name? A proxy looks names up itself, and says 502 (Bad Gateway) or 503 in place of a tunnel. */
static bool
is_no_name(CURL *c, CURLcode code)
{
	long status = 0;

	(void)curl_easy_getinfo(c, CURLINFO_HTTP_CONNECTCODE, &status);
	return code == CURLE_COULDNT_RESOLVE_HOST || status >= 500;
}

/* > 0: 1, there is none, by this method; 2: nor may there be, as its name does not exist. */
static int
ask(struct asking *a, const char *url, struct err *e)
{
	long status = 0;
	CURLcode code;

	a->before = a->out->len;
	(void)curl_easy_setopt(a->curl, CURLOPT_URL, url);
	code = curl_easy_perform(a->curl);
	if (code != CURLE_OK && is_no_name(a->curl, code))
		return 2;
	if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("the server of the key sends too much"),
			NULL, NULL);
	if (code != CURLE_OK)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("the server of the key does not answer"),
			N_("try again later, or ask her for the key"), "%s",
			curl_easy_strerror(code));
	(void)curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return a->out->len > a->before ? 0 : 1;
	return status == 404 || status == 410
		       ? 1
		       : err_fail(e, EX_UNAVAILABLE, 0, N_("the server of the key does not answer"),
				 N_("try again later, or ask her for the key"), "HTTP %ld", status);
}

int
wkd_fetch(struct span address, const char *ca, struct buf *out, struct err *e)
{
	char advanced[WKD_URL_MAX], direct[WKD_URL_MAX];
	struct asking a = { .out = out };
	int rc;

	if (!wkd_url(address, true, advanced) || !wkd_url(address, false, direct))
		return err_fail(e, EX_DATAERR, 0, N_("no key can be looked up for that address"),
			NULL, NULL);
	rc = begin(&a, ca, e);
	if (rc == 0)
		rc = ask(&a, advanced, e);
	if (rc == 2) /* the draft: only where the name of the other one does not exist */
		rc = ask(&a, direct, e);
	curl_easy_cleanup(a.curl);
	sodium_memzero(advanced, sizeof(advanced));
	sodium_memzero(direct, sizeof(direct));
	return rc > 0 ? 1 : rc;
}
