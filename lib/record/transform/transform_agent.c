/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform_agent.c - browser-family: "Firefox/128 Linux" out of a User-Agent
 *
 * What is written is one of our own fixed words, up to four digits, and another fixed word, so that
 * nothing of the client's own text can pass. Bots and tools have no system, bots no version.
 */
#include "record/transform/transform-private.h"

#define AGENT_MAX      512 /* bytes looked at */
#define VERSION_DIGITS 4

enum { IS_BROWSER = 1, IS_TOOL, IS_BOT };

/* How a family shows itself: the first match counts, so the more special comes first. A mark that
 * ends with a slash or blank has the version behind it. */
static const struct family {
	const char *mark, *name;
	int is;
} families[] = {
	/* bots that call themselves browsers as well */
	{ "Googlebot", "Googlebot", IS_BOT },
	{ "bingbot", "bingbot", IS_BOT },
	{ "YandexBot", "YandexBot", IS_BOT },
	{ "Baiduspider", "Baiduspider", IS_BOT },
	{ "DuckDuckBot", "DuckDuckBot", IS_BOT },
	{ "Applebot", "Applebot", IS_BOT },
	{ "AhrefsBot", "AhrefsBot", IS_BOT },
	{ "SemrushBot", "SemrushBot", IS_BOT },
	{ "MJ12bot", "MJ12bot", IS_BOT },
	{ "DotBot", "DotBot", IS_BOT },
	{ "PetalBot", "PetalBot", IS_BOT },
	{ "GPTBot", "GPTBot", IS_BOT },
	{ "ChatGPT-User", "ChatGPT-User", IS_BOT },
	{ "OAI-SearchBot", "OAI-SearchBot", IS_BOT },
	{ "ClaudeBot", "ClaudeBot", IS_BOT },
	{ "PerplexityBot", "PerplexityBot", IS_BOT },
	{ "Amazonbot", "Amazonbot", IS_BOT },
	{ "Bytespider", "Bytespider", IS_BOT },
	{ "CCBot", "CCBot", IS_BOT },
	{ "SeznamBot", "SeznamBot", IS_BOT },
	{ "Twitterbot", "Twitterbot", IS_BOT },
	{ "LinkedInBot", "LinkedInBot", IS_BOT },
	{ "Slackbot", "Slackbot", IS_BOT },
	{ "Discordbot", "Discordbot", IS_BOT },
	{ "TelegramBot", "TelegramBot", IS_BOT },
	{ "WhatsApp", "WhatsApp", IS_BOT },
	{ "facebookexternalhit", "facebookexternalhit", IS_BOT },
	{ "meta-externalagent", "meta-externalagent", IS_BOT },
	{ "UptimeRobot", "UptimeRobot", IS_BOT },
	{ "Uptime-Kuma", "Uptime-Kuma", IS_BOT },
	{ "Pingdom", "Pingdom", IS_BOT },
	{ "CensysInspect", "CensysInspect", IS_BOT },
	{ "zgrab", "zgrab", IS_BOT },
	{ "masscan", "masscan", IS_BOT },
	{ "Nmap Scripting Engine", "Nmap", IS_BOT },
	{ "Nikto", "Nikto", IS_BOT },
	{ "sqlmap", "sqlmap", IS_BOT },
	{ "Nuclei", "Nuclei", IS_BOT },
	{ "Expanse", "Expanse", IS_BOT },
	/* tools and libraries */
	{ "curl/", "curl", IS_TOOL },
	{ "Wget/", "Wget", IS_TOOL },
	{ "python-requests/", "python-requests", IS_TOOL },
	{ "Python-urllib/", "Python-urllib", IS_TOOL },
	{ "python-httpx/", "python-httpx", IS_TOOL },
	{ "aiohttp/", "aiohttp", IS_TOOL },
	{ "Scrapy/", "Scrapy", IS_TOOL },
	{ "Go-http-client/", "Go-http-client", IS_TOOL },
	{ "Apache-HttpClient/", "Apache-HttpClient", IS_TOOL },
	{ "okhttp/", "okhttp", IS_TOOL },
	{ "Java-http-client/", "Java", IS_TOOL },
	{ "Java/", "Java", IS_TOOL },
	{ "axios/", "axios", IS_TOOL },
	{ "node-fetch/", "node-fetch", IS_TOOL },
	{ "node-superagent/", "node-superagent", IS_TOOL },
	{ "undici", "undici", IS_TOOL },
	{ "Faraday v", "Faraday", IS_TOOL },
	{ "Ruby", "Ruby", IS_TOOL },
	{ "libwww-perl/", "libwww-perl", IS_TOOL },
	{ "GuzzleHttp/", "GuzzleHttp", IS_TOOL },
	{ "PHP/", "PHP", IS_TOOL },
	{ "BigBlueButton/", "BigBlueButton", IS_TOOL },
	{ "Greenlight", "Greenlight", IS_TOOL },
	{ "Scalelite", "Scalelite", IS_TOOL },
	{ "Moodle", "Moodle", IS_TOOL },
	{ "Nextcloud", "Nextcloud", IS_TOOL },
	{ "Prometheus/", "Prometheus", IS_TOOL },
	{ "Grafana/", "Grafana", IS_TOOL },
	{ "kube-probe/", "kube-probe", IS_TOOL },
	{ "check_http/v", "check_http", IS_TOOL },
	{ "Zabbix", "Zabbix", IS_TOOL },
	{ "Monit/", "Monit", IS_TOOL },
	{ "ApacheBench/", "ApacheBench", IS_TOOL },
	{ "PostmanRuntime/", "PostmanRuntime", IS_TOOL },
	{ "Let's Encrypt", "Let's Encrypt", IS_TOOL },
	{ "FreeSWITCH", "FreeSWITCH", IS_TOOL },
	{ "Lavf/", "Lavf", IS_TOOL },
	{ "VLC/", "VLC", IS_TOOL },
	/* apps that show pages by themselves; a microphone often fails in them */
	{ "FBAV/", "Facebook", IS_BROWSER },
	{ "Instagram ", "Instagram", IS_BROWSER },
	{ "MicroMessenger/", "WeChat", IS_BROWSER },
	/* browsers; nearly all say Chrome or Safari as well */
	{ "Edg/", "Edge", IS_BROWSER },
	{ "EdgA/", "Edge", IS_BROWSER },
	{ "EdgiOS/", "Edge", IS_BROWSER },
	{ "Edge/", "Edge", IS_BROWSER },
	{ "OPR/", "Opera", IS_BROWSER },
	{ "OPT/", "Opera", IS_BROWSER },
	{ "Opera/", "Opera", IS_BROWSER },
	{ "Vivaldi/", "Vivaldi", IS_BROWSER },
	{ "YaBrowser/", "YaBrowser", IS_BROWSER },
	{ "SamsungBrowser/", "SamsungBrowser", IS_BROWSER },
	{ "MiuiBrowser/", "MiuiBrowser", IS_BROWSER },
	{ "HuaweiBrowser/", "HuaweiBrowser", IS_BROWSER },
	{ "UCBrowser/", "UCBrowser", IS_BROWSER },
	{ "DuckDuckGo/", "DuckDuckGo", IS_BROWSER },
	{ "Brave/", "Brave", IS_BROWSER },
	{ "Whale/", "Whale", IS_BROWSER },
	{ "Silk/", "Silk", IS_BROWSER },
	{ "Focus/", "Firefox", IS_BROWSER },
	{ "FxiOS/", "Firefox", IS_BROWSER },
	{ "SeaMonkey/", "SeaMonkey", IS_BROWSER },
	{ "Thunderbird/", "Thunderbird", IS_BROWSER },
	{ "PaleMoon/", "PaleMoon", IS_BROWSER },
	{ "Firefox/", "Firefox", IS_BROWSER },
	{ "CriOS/", "Chrome", IS_BROWSER },
	{ "HeadlessChrome/", "HeadlessChrome", IS_BROWSER },
	{ "Electron/", "Electron", IS_BROWSER },
	{ "Chromium/", "Chromium", IS_BROWSER },
	{ "Chrome/", "Chrome", IS_BROWSER },
	{ "Konqueror/", "Konqueror", IS_BROWSER },
	{ "Epiphany/", "Epiphany", IS_BROWSER },
	{ "MSIE ", "IE", IS_BROWSER },
	{ "Trident/", "IE", IS_BROWSER },
	{ "Safari/", "Safari", IS_BROWSER },
	{ "AppleWebKit/", "WebKit", IS_BROWSER },
	{ "Lynx/", "Lynx", IS_BROWSER },
	{ "w3m/", "w3m", IS_BROWSER },
};

/* Android says Linux as well, iOS says Mac OS X, ChromeOS says X11. */
static const struct {
	const char *mark, *name;
} systems[] = {
	{ "Windows", "Windows" },
	{ "iPhone", "iOS" },
	{ "iPad", "iOS" },
	{ "iPod", "iOS" },
	{ "Android", "Android" },
	{ "CrOS", "ChromeOS" },
	{ "Macintosh", "macOS" },
	{ "Mac OS X", "macOS" },
	{ "Linux", "Linux" },
	{ "BSD", "BSD" },
	{ "X11", "Linux" },
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* An agent, and which pairs of bytes stand in it: nearly all marks are seen from them not to. */
struct agent {
	struct span s;
	uint64_t pairs[64]; /* bits; several pairs may share one */
};

static unsigned
pair_of(const char *p)
{
	return ((unsigned char)p[0] << 5 ^ (unsigned char)p[1]) & 0xfff;
}

static void
agent_init(struct agent *a, struct span s)
{
	*a = (struct agent){ .s = s };
	for (size_t i = 0; i + 1 < s.len; i++)
		a->pairs[pair_of(s.p + i) / 64] |= UINT64_C(1) << pair_of(s.p + i) % 64;
}

static bool
has_pair(const struct agent *a, const char *p)
{
	return a->pairs[pair_of(p) / 64] >> pair_of(p) % 64 & 1;
}

/* Where MARK, of three bytes or more, stands in A; NULL: nowhere. */
static const char *
find(const struct agent *a, const char *mark)
{
	if (!has_pair(a, mark) || !has_pair(a, mark + 1))
		return NULL;
	return memmem(a->s.p, a->s.len, mark, strlen(mark));
}

/* How many digits of a major version S begins with; 0 where they are none, or too many. */
static size_t
version_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n <= VERSION_DIGITS ? n : 0;
}

static const char *
system_of(const struct agent *a)
{
	for (size_t i = 0; i < N(systems); i++)
		if (find(a, systems[i].mark))
			return systems[i].name;
	return NULL;
}

/* Takes NAME off the start of *S, if what follows is its end, a slash or a blank. */
static bool
take_name(struct span *s, const char *name)
{
	size_t n = strlen(name);

	if (!span_starts(*s, span_of(name, n)) || (s->len > n && s->p[n] != '/' && s->p[n] != ' '))
		return false;
	*s = span_from(*s, n);
	return true;
}

/* What is behind the name in something that we wrote: "/128 Linux", "/128", " Linux" or nothing. */
static bool
is_own_rest(struct span s, int is)
{
	if (s.len > 1 && s.p[0] == '/' && is != IS_BOT) {
		size_t n = version_len(span_from(s, 1));

		if (n == 0)
			return false;
		s = span_from(s, n + 1);
	}
	if (s.len > 1 && s.p[0] == ' ' && is == IS_BROWSER)
		for (size_t i = 0; i < N(systems); i++)
			if (span_eq(span_from(s, 1), span_str(systems[i].name)))
				return true;
	return s.len == 0;
}

static bool
is_own(struct span s)
{
	for (size_t i = 0; i < N(families); i++) {
		struct span rest = s;

		if (s.p[0] == families[i].name[0] && take_name(&rest, families[i].name) &&
			is_own_rest(rest, families[i].is))
			return true;
	}
	if (take_name(&s, "other"))
		return is_own_rest(s, IS_BROWSER) && (s.len == 0 || s.p[0] == ' ');
	return span_eq(s, SPAN("bot"));
}

/* The word for robots that we have no name for. */
static bool
is_bot(const struct agent *a)
{
	static const char *const marks[] = { "bot", "Bot", "crawl", "Crawl", "spider", "Spider",
		"slurp", "Slurp", "scan", "Scan" };

	for (size_t i = 0; i < N(marks); i++)
		if (find(a, marks[i]))
			return true;
	return false;
}

static void
put_version(const struct family *f, const struct agent *a, const char *mark, struct buf *out)
{
	const char *at = mark + strlen(f->mark), *end = a->s.p + a->s.len, *version;
	size_t n;

	if (strcmp(f->mark, "Safari/") == 0) { /* its own number is WebKit's */
		version = find(a, "Version/");
		at = version ? version + strlen("Version/") : end;
	} else if (strcmp(f->mark, "Opera/") == 0) { /* 9.80 for ever */
		version = find(a, "Version/");
		at = version ? version + strlen("Version/") : at;
	} else if (strcmp(f->mark, "Trident/") == 0) {
		version = find(a, "rv:");
		at = version ? version + strlen("rv:") : end;
	}
	n = version_len(span_of(at, (size_t)(end - at)));
	if (n > 0) {
		buf_char(out, '/');
		buf_put(out, at, n);
	}
}

static void
put_family(const struct agent *a, struct buf *out)
{
	const struct family *f = NULL;
	const char *mark = NULL, *system;

	for (size_t i = 0; i < N(families) && !mark; i++) {
		f = &families[i];
		mark = find(a, f->mark);
	}
	if ((!mark || f->is == IS_BROWSER) && is_bot(a)) {
		buf_str(out, "bot");
		return;
	}
	buf_str(out, mark ? f->name : "other");
	if (mark && f->is != IS_BOT)
		put_version(f, a, mark, out);
	if (mark && f->is != IS_BROWSER)
		return;
	system = system_of(a);
	if (system) {
		buf_char(out, ' ');
		buf_str(out, system);
	}
}

int
transform_browser_family(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	struct agent a;

	(void)t, (void)env, (void)e;
	if (is_own(v)) {
		buf_span(out, v);
		return 0;
	}
	agent_init(&a, span_of(v.p, v.len < AGENT_MAX ? v.len : AGENT_MAX));
	put_family(&a, out);
	return 0;
}

bool
transform_agent_holds(struct span v, struct span key, struct span made, uint64_t n_hits)
{
	(void)v, (void)key, (void)made, (void)n_hits;
	return true;
}
