/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf-private.h"

#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#define NODE_MAX  64
#define ROUND_MAX 1000
#define SECRET    "sparsam-bbb"

/* Without the slashes at its end: "/getMeetings" follows. */
static const char *
url_of(struct conf_draft *d, cfg_t *sec)
{
	char *url = cfg_getstr(sec, "url") ? strdup(cfg_getstr(sec, "url")) : NULL;
	const char *kept;

	for (size_t n = url ? strlen(url) : 0; n > 0 && url[n - 1] == '/'; n--)
		url[n - 1] = '\0';
	kept = conf_strdup(d, url);
	free(url);
	return kept ? kept : "";
}

static size_t
apis_take(struct conf_draft *d, const char *file, cfg_t *statistics, struct conf_api **ret)
{
	const size_t n = cfg_size(statistics, "api");
	struct conf_api *v = conf_alloc(d, n * sizeof(*v));

	if (!v)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sec = cfg_getnsec(statistics, "api", i);
		const long sum = cfg_getint(sec, "checksum");
		const char *secret = cfg_getstr(sec, "secret");

		v[i] = (struct conf_api){
			.where = { file, conf_schema_line(sec) },
			.node = conf_strdup(d, cfg_title(sec)),
			.url = url_of(d, sec),
			.checksum = sum >= 0 ? (enum conf_checksum)sum : CHECKSUM_SHA256,
			.secret = secret ? conf_strdup(d, secret) : SECRET,
		};
	}
	*ret = v;
	return n;
}

int
conf_statistics_take(struct conf_draft *d, const char *file, cfg_t *root, struct err *e)
{
	struct conf_statistics *s = &d->conf.statistics;
	const unsigned n = cfg_size(root, "statistics");
	cfg_t *sec = n > 0 ? cfg_getnsec(root, "statistics", n - 1) : NULL;

	if (!sec)
		return 0;
	s->where = (struct conf_place){ file, conf_schema_line(sec) };
	if (n > 1)
		return conf_fail(e, &s->where, N_("two sections statistics"),
			N_("put them together"), "%s", "");
	s->given = true;
	s->node = conf_strdup(d, cfg_getstr(sec, "node"));
	if (cfg_getstr(sec, "store"))
		s->store = conf_strdup(d, cfg_getstr(sec, "store"));
	if (cfg_getint(sec, "round") >= 0)
		s->round = cfg_getint(sec, "round");
	s->n_apis = apis_take(d, file, sec, &s->api);
	return 0;
}

/* A node's name becomes part of a file's name, and is printed everywhere. */
static bool
is_node(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";
	const size_t n = strlen(name);

	return n > 0 && n <= NODE_MAX && name[0] != '.' && strspn(name, allowed) == n;
}

static int
api_check(const struct conf_api *a, struct err *e)
{
	if (!is_node(a->node))
		return conf_fail(e, &a->where, N_("a node's name has letters, digits, - . and _"),
			NULL, "api \"%s\"", a->node);
	if (*a->url == '\0')
		return conf_fail(e, &a->where, N_("api without a url"),
			N_("as in url = \"http://127.0.0.1:8090/bigbluebutton/api\""), "api \"%s\"",
			a->node);
	if (*a->secret == '\0' || (*a->secret != '/' && strchr(a->secret, '/')))
		return conf_fail(e, &a->where,
			N_("a secret is a credential's name or a path that begins with a slash"),
			NULL, "api \"%s\"", a->node);
	return 0;
}

int
conf_statistics_check(const struct conf *c, struct err *e)
{
	const struct conf_statistics *s = &c->statistics;

	if (!s->given)
		return 0;
	if (s->node && !is_node(s->node))
		return conf_fail(e, &s->where, N_("a node's name has letters, digits, - . and _"),
			NULL, "statistics");
	if (s->round < 1 || s->round > ROUND_MAX)
		return conf_fail(e, &s->where, N_("round is a number from 1 to 1000"),
			N_("1 rounds nothing"), "statistics");
	if (!conf_find_store(c, s->store))
		return conf_fail(e, &s->where, N_("no such store"),
			N_("declare it, or mend its name"), "statistics: \"%s\"", s->store);
	for (size_t i = 0; i < s->n_apis; i++)
		if (api_check(&s->api[i], e) < 0)
			return -1;
	return 0;
}
