/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/bbb_api.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file/wipe.h"

#define CALL      "getMeetings"
#define CONNECT_S 3

/* --- the secret ------------------------------------------------------------------------------- */

static int
fail_secret(const struct conf_api *a, int exit, int errnum, const char *what, struct err *e)
{
	return err_fail(e, exit, errnum, what,
		N_("see `secret' in sparsam.conf(5), and `bbb-conf --secret'"), "api \"%s\": %s",
		a->node, a->secret);
}

static int
open_secret(const struct conf_api *a, struct err *e)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];
	struct stat st;
	cleanup_fd int fd = -1;

	if (a->secret[0] != '/' && !folder) {
		(void)fail_secret(a, EX_CONFIG, 0, N_("no credential was given"), e);
		return -1;
	}
	(void)snprintf(path, sizeof(path), "%s%s%s", a->secret[0] == '/' ? "" : folder,
		a->secret[0] == '/' ? "" : "/", a->secret);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		(void)fail_secret(a, errno == EACCES ? EX_NOPERM : EX_CONFIG, errno,
			N_("cannot read the API's secret"), e);
		return -1;
	}
	/* systemd gives credentials to the unit's user by an ACL, which shows as the group's bits */
	if (!S_ISREG(st.st_mode) || (st.st_mode & (a->secret[0] == '/' ? 077 : 007))) {
		(void)fail_secret(a, EX_NOPERM, 0, N_("the API's secret can be read by others"), e);
		return -1;
	}
	return fd_take(&fd);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int
api_secret_open(const struct conf_api *a, struct api_secret *ret, struct err *e)
{
	cleanup_fd int fd = open_secret(a, e);
	char *p;
	ssize_t n;
	size_t from = 0;

	if (fd < 0)
		return -1;
	p = sodium_malloc(API_SECRET_MAX + 1);
	if (!p)
		return err_memory(e);
	n = read(fd, p, API_SECRET_MAX + 1);
	while (n > 0 && is_blank(p[n - 1]))
		n--;
	while (n > 0 && from < (size_t)n && is_blank(p[from]))
		from++;
	if (n <= 0 || n > API_SECRET_MAX) {
		sodium_free(p);
		return fail_secret(a, EX_CONFIG, n < 0 ? errno : 0,
			n > 0 ? N_("the API's secret is too long")
			      : N_("the API's secret is empty"),
			e);
	}
	memmove(p, p + from, (size_t)n - from);
	*ret = (struct api_secret){ p, (size_t)n - from };
	return 0;
}

void
api_secret_release(struct api_secret *s)
{
	sodium_free(s->p); /* wipes it */
	*s = (struct api_secret){ 0 };
}

/* --- the checksum ----------------------------------------------------------------------------- */

union hash {
	struct sha1_ctx sha1;
	struct sha256_ctx sha256;
	struct sha512_ctx sha512; /* SHA-384 as well */
};

static void
hash_init(enum conf_checksum sum, union hash *h)
{
	switch (sum) {
	case CHECKSUM_SHA1:
		sha1_init(&h->sha1);
		break;
	case CHECKSUM_SHA256:
		sha256_init(&h->sha256);
		break;
	case CHECKSUM_SHA384:
		sha384_init(&h->sha512);
		break;
	case CHECKSUM_SHA512:
		sha512_init(&h->sha512);
		break;
	}
}

static void
hash_add(enum conf_checksum sum, union hash *h, const char *p, size_t n)
{
	switch (sum) {
	case CHECKSUM_SHA1:
		sha1_update(&h->sha1, n, (const uint8_t *)p);
		break;
	case CHECKSUM_SHA256:
		sha256_update(&h->sha256, n, (const uint8_t *)p);
		break;
	case CHECKSUM_SHA384:
	case CHECKSUM_SHA512:
		sha512_update(&h->sha512, n, (const uint8_t *)p);
		break;
	}
}

static size_t
hash_end(enum conf_checksum sum, union hash *h, uint8_t ret[SHA512_DIGEST_SIZE])
{
	switch (sum) {
	case CHECKSUM_SHA1:
		sha1_digest(&h->sha1, SHA1_DIGEST_SIZE, ret);
		return SHA1_DIGEST_SIZE;
	case CHECKSUM_SHA256:
		sha256_digest(&h->sha256, SHA256_DIGEST_SIZE, ret);
		return SHA256_DIGEST_SIZE;
	case CHECKSUM_SHA384:
		sha384_digest(&h->sha512, SHA384_DIGEST_SIZE, ret);
		return SHA384_DIGEST_SIZE;
	case CHECKSUM_SHA512:
		break;
	}
	sha512_digest(&h->sha512, SHA512_DIGEST_SIZE, ret);
	return SHA512_DIGEST_SIZE;
}

void
api_checksum(enum conf_checksum sum, const char *call, const char *query,
	const struct api_secret *secret, char ret[129])
{
	uint8_t digest[SHA512_DIGEST_SIZE];
	union hash h;
	size_t n;

	hash_init(sum, &h);
	hash_add(sum, &h, call, strlen(call));
	hash_add(sum, &h, query, strlen(query));
	hash_add(sum, &h, secret->p, secret->len);
	n = hash_end(sum, &h, digest);
	(void)sodium_bin2hex(ret, 2 * n + 1, digest, n);
	sodium_memzero(&h, sizeof(h));
}

/* --- libcurl ---------------------------------------------------------------------------------- */

/* It brings 26 libraries along (TLS, LDAP, Kerberos), whose start takes as long as that of logscrub's own
 * configuration; so it is opened by whoever asks an API, and by no filter. */
static const char *const curl_names[] = { "libcurl-gnutls.so.4", "libcurl.so.4" };

static struct {
	void *library; /* kept to the end */
	typeof(curl_global_init_mem) *global_init_mem;
	typeof(curl_easy_init) *easy_init;
	typeof(curl_easy_cleanup) *easy_cleanup;
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	typeof(curl_easy_perform) *easy_perform;
	typeof(curl_easy_strerror) *easy_strerror;
} curl;

static const struct {
	const char *name;
	void *place;
} curl_calls[] = {
	{ "curl_global_init_mem", &curl.global_init_mem },
	{ "curl_easy_init", &curl.easy_init },
	{ "curl_easy_cleanup", &curl.easy_cleanup },
	{ "curl_easy_setopt", &curl.easy_setopt },
	{ "curl_easy_getinfo", &curl.easy_getinfo },
	{ "curl_easy_perform", &curl.easy_perform },
	{ "curl_easy_strerror", &curl.easy_strerror },
};

static int
curl_load(struct err *e)
{
	void *library = NULL;

	for (size_t i = 0; !library && i < sizeof(curl_names) / sizeof(curl_names[0]); i++)
		library = dlopen(curl_names[i], RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; library && i < sizeof(curl_calls) / sizeof(curl_calls[0]); i++) {
		void *call = dlsym(library, curl_calls[i].name);

		if (!call) {
			(void)dlclose(library);
			library = NULL;
		} else {
			memcpy(curl_calls[i].place, &call, sizeof(call));
		}
	}
	if (!library)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("libcurl is not there"),
			N_("install libcurl3-gnutls"), NULL);
	/* it keeps parts of answers in buffers of its own */
	if (curl.global_init_mem(CURL_GLOBAL_ALL, wipe_malloc, wipe_free, wipe_realloc, wipe_strdup,
		    wipe_calloc) != CURLE_OK)
		return err_memory(e);
	curl.library = library;
	return 0;
}

/* --- asking ----------------------------------------------------------------------------------- */

struct asking {
	CURL *curl;
	struct bbb_answer *answer;
	struct err *e;
	bool failed; /* and E says why */
};

static size_t
take(char *p, size_t size, size_t n, void *ctx)
{
	struct asking *a = ctx;
	long status = 0;

	(void)curl.easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return size * n; /* an error's page is nobody's business */
	if (bbb_answer_add(a->answer, p, size * n, a->e) < 0) {
		a->failed = true;
		return 0;
	}
	return size * n;
}

static void
set_up(struct asking *a, const char *url)
{
	CURL *c = a->curl;

	(void)curl.easy_setopt(c, CURLOPT_URL, url);
	(void)curl.easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl.easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl.easy_setopt(c, CURLOPT_NOPROXY, "*");
	(void)curl.easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl.easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	(void)curl.easy_setopt(c, CURLOPT_TIMEOUT, (long)API_TIMEOUT_S);
	(void)curl.easy_setopt(c, CURLOPT_MAXFILESIZE, (long)ANSWER_MAX);
	(void)curl.easy_setopt(c, CURLOPT_USERAGENT, "sparsam");
	(void)curl.easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	(void)curl.easy_setopt(c, CURLOPT_WRITEDATA, a);
}

static int
fail_curl(CURLcode code, struct err *e)
{
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_fail(
			e, EX_TEMPFAIL, 0, N_("the API does not answer in time"), NULL, NULL);
	if (code == CURLE_FILESIZE_EXCEEDED)
		return err_fail(e, EX_DATAERR, 0, N_("the API's answer is too long"), NULL, NULL);
	return err_fail(e, EX_UNAVAILABLE, 0, N_("the API cannot be reached"), NULL, "%s",
		curl.easy_strerror(code));
}

static int
ask(struct asking *a, const char *url, struct census_media *ret, struct err *e)
{
	CURLcode code;
	long status = 0;

	set_up(a, url);
	code = curl.easy_perform(a->curl);
	if (a->failed)
		return -1;
	if (code != CURLE_OK)
		return fail_curl(code, e);
	(void)curl.easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("the API answers with an error"), NULL,
			"HTTP %ld", status);
	return bbb_answer_end(a->answer, ret, e);
}

static int
curl_begin(CURL **ret, struct err *e)
{
	if (!curl.library && curl_load(e) < 0)
		return -1;
	*ret = curl.easy_init();
	return *ret ? 0 : err_memory(e);
}

int
api_meetings(const struct conf_api *c, const struct api_secret *secret, struct census *census,
	struct census_media *ret, struct err *e)
{
	CLEANUP(bbb_answer_freep) struct bbb_answer *answer = NULL;
	struct asking a = { .e = e };
	char sum[129], url[2048];
	int rc;

	api_checksum(c->checksum, CALL, "", secret, sum);
	if (snprintf(url, sizeof(url), "%s/" CALL "?checksum=%s", c->url, sum) >= (int)sizeof(url))
		return err_fail(e, EX_CONFIG, 0, N_("the API's URL is too long"), NULL,
			"api \"%s\"", c->node);
	if (bbb_answer_new(census, &answer, e) < 0 || curl_begin(&a.curl, e) < 0)
		return err_within(e, "api \"%s\"", c->node);
	a.answer = answer;
	rc = ask(&a, url, ret, e);
	curl.easy_cleanup(a.curl);
	sodium_memzero(url, sizeof(url));
	return rc < 0 ? err_within(e, "api \"%s\"", c->node) : 0;
}
