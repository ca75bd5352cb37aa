/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transform_setup.h"

#define GECKO  "Mozilla/5.0 "
#define WEBKIT " AppleWebKit/537.36 (KHTML, like Gecko) "
#define APPLE  " AppleWebKit/605.1.15 (KHTML, like Gecko) "
#define WIN    "(Windows NT 10.0; Win64; x64)"
#define MAC    "(Macintosh; Intel Mac OS X 10_15_7)"
#define PHONE  "(iPhone; CPU iPhone OS 18_1 like Mac OS X)"
#define DROID  "(Linux; Android 14; SM-S918B)"
#define BOT    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; "

static const struct pair agents[] = {
	/* desktops */
	{ GECKO "(X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox/128 Linux" },
	{ GECKO "(Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
		"Firefox/133 Windows" },
	{ GECKO "(X11; FreeBSD amd64; rv:121.0) Gecko/20100101 Firefox/121.0", "Firefox/121 BSD" },
	{ GECKO WIN WEBKIT "Chrome/131.0.0.0 Safari/537.36", "Chrome/131 Windows" },
	{ GECKO "(X11; CrOS x86_64 14541.0.0)" WEBKIT "Chrome/131.0.0.0 Safari/537.36",
		"Chrome/131 ChromeOS" },
	{ GECKO WIN WEBKIT "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.2849.80", "Edge/130 Windows" },
	{ GECKO WIN WEBKIT "Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0", "Opera/115 Windows" },
	{ GECKO WIN WEBKIT "Chrome/130.0.0.0 Safari/537.36 Vivaldi/7.0.3495.15",
		"Vivaldi/7 Windows" },
	{ GECKO MAC APPLE "Version/18.1 Safari/605.1.15", "Safari/18 macOS" },
	{ GECKO "(X11; Linux x86_64)" WEBKIT "HeadlessChrome/131.0.0.0 Safari/537.36",
		"HeadlessChrome/131 Linux" },
	{ GECKO "(X11; Linux x86_64)" WEBKIT "Chrome/130.0.0.0 Electron/33.2.0 Safari/537.36",
		"Electron/33 Linux" },
	{ GECKO "(Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "IE/11 Windows" },
	{ "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)", "IE/8 Windows" },
	/* phones and tablets */
	{ GECKO PHONE APPLE "Version/18.1 Mobile/15E148 Safari/604.1", "Safari/18 iOS" },
	{ GECKO "(iPad; CPU OS 17_6 like Mac OS X)" APPLE
		"CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
		"Chrome/131 iOS" },
	{ GECKO PHONE APPLE "FxiOS/133.0 Mobile/15E148 Safari/605.1.15", "Firefox/133 iOS" },
	{ GECKO PHONE APPLE "EdgiOS/130.0.2849.80 Version/17.0 Mobile/15E148 Safari/604.1",
		"Edge/130 iOS" },
	{ GECKO PHONE APPLE "Mobile/15E148", "WebKit/605 iOS" },
	{ GECKO DROID WEBKIT "Chrome/131.0.6778.39 Mobile Safari/537.36", "Chrome/131 Android" },
	{ GECKO DROID WEBKIT "SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
		"SamsungBrowser/27 Android" },
	{ GECKO "(Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0", "Firefox/133 Android" },
	{ GECKO "(Linux; Android 14; SM-S918B; wv)" WEBKIT
		"Version/4.0 Chrome/131.0.6778.39 Mobile Safari/537.36",
		"Chrome/131 Android" },
	/* tools */
	{ "curl/7.88.1", "curl/7" },
	{ "Wget/1.21.3", "Wget/1" },
	{ "python-requests/2.32.3", "python-requests/2" },
	{ "Go-http-client/1.1", "Go-http-client/1" },
	{ "Apache-HttpClient/4.5.13 (Java/1.8.0_171)", "Apache-HttpClient/4" },
	{ "Sakai Java/1.8.0_171", "Java/1" },
	{ "Faraday v2.9.0", "Faraday/2" },
	{ "Ruby", "Ruby" },
	{ "Prometheus/2.53.1", "Prometheus/2" },
	{ "BigBlueButton/3.0 (Greenlight)", "BigBlueButton/3" },
	/* robots */
	{ GECKO "(compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bingbot" },
	{ BOT "Googlebot/2.1; +http://www.google.com/bot.html) Chrome/131.0.0.0 Safari/537.36",
		"Googlebot" },
	{ BOT "GPTBot/1.2; +https://openai.com/gptbot)", "GPTBot" },
	{ GECKO "zgrab/0.x", "zgrab" },
	{ "SomeNewCrawler/1.0 (+mailto:anna@example.org)", "bot" },
	{ GECKO "(compatible; AnnasSpider/1.0) Chrome/99.0", "bot" },
	/* nothing of the client's own text passes */
	{ "anna@example.org", "other" },
	{ "203.0.113.7", "other" },
	{ "evil \" agent \\x01", "other" },
	{ "\x01\x02\x03", "other" },
	{ "Anna's browser on Windows", "other Windows" },
	{ "Firefox/4915112345678", "Firefox" },
	{ "Firefox/12345 Linux", "Firefox Linux" },
	{ "Firefox/128 Linux anna", "Firefox/128 Linux" },
	{ "curl/7 Linux", "curl/7" },
	{ "Firefox/", "Firefox" },
	{ "-", "-" },
	{ "", "-" },
};

START_TEST(browser_family_is_made_of_fixed_words)
{
	struct conf_reduce d = reduce_to("browser-family");
	struct work w = { 0 };

	work_begin(&w, &d);
	for (int twice = 0; twice < 2; twice++)
		for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++)
			work_check(&w, span_str(agents[i].in), agents[i].out);
	work_end(&w);
}
END_TEST

/* Real clients, with what we expect of each: tests/data/user_agents.tsv. */
START_TEST(browser_family_of_real_clients)
{
	cleanup_stdio FILE *f = fopen("tests/data/user_agents.tsv", "r");
	struct conf_reduce d = reduce_to("browser-family");
	struct work w = { 0 };
	char line[1024];
	int n = 0;

	ck_assert_ptr_nonnull(f);
	work_begin(&w, &d);
	for (; fgets(line, sizeof(line), f); n++) {
		char *agent = strchr(line, '\t'), *end = strchr(line, '\n');

		ck_assert(agent && end);
		*agent++ = *end = '\0';
		work_check(&w, span_of(agent, (size_t)(end - agent)), line);
	}
	ck_assert_int_ge(n, 200);
	work_end(&w);
}
END_TEST

START_TEST(browser_family_looks_at_the_first_bytes_only)
{
	struct conf_reduce d = reduce_to("browser-family");
	struct work w = { 0 };
	static char text[100000];

	memset(text, 'x', sizeof(text));
	memcpy(text + 100, "Firefox/128.0", 13);
	memcpy(text + 50000, "Linux", 5);
	work_begin(&w, &d);
	work_check(&w, span_of(text, sizeof(text)), "Firefox/128");
	work_end(&w);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("agent");

	tcase_add_test(t, browser_family_is_made_of_fixed_words);
	tcase_add_test(t, browser_family_of_real_clients);
	tcase_add_test(t, browser_family_looks_at_the_first_bytes_only);
	return run_suite("transform_agent", t);
}
