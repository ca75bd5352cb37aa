/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf_value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Set in an option's flags once it was given: libconfuse would let a second one win in silence.
 * Its own flags end at 1 << 13. */
#define GIVEN (1 << 20)

int
conf_value_line(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	(void)value;
	if (opt->flags & GIVEN) {
		cfg_error(sec, "no such option '%s'", opt->name);
		return -1;
	}
	opt->flags |= GIVEN;
	*(long *)result = sec->line;
	return 0;
}

/* The first value of an assignment is the one that libconfuse has just made room for. */
static int
option_begin(cfg_t *sec, cfg_opt_t *opt)
{
	if (opt->nvalues == 1) {
		if (opt->flags & GIVEN) {
			cfg_error(sec, "option '%s' given twice", opt->name);
			return -1;
		}
		opt->flags |= GIVEN;
	}
	return 0;
}

int
conf_value_text(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	*(const char **)result = value;
	return option_begin(sec, opt);
}

int
conf_value_name(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	const size_t len = strlen(value);
	struct conf_name *name;

	if (option_begin(sec, opt) < 0)
		return -1;
	name = malloc(sizeof(*name) + len + 1);
	if (!name)
		return -1;
	name->line = (unsigned)sec->line;
	memcpy(name->text, value, len + 1);
	*(void **)result = name;
	return 0;
}

int
conf_value_flag(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	const int yes = cfg_parse_boolean(value);

	if (yes < 0) {
		cfg_error(sec, "option '%s' is true or false", opt->name);
		return -1;
	}
	*(int *)result = yes;
	return option_begin(sec, opt);
}

/* Up to nine digits: enough for all, and no overflow anywhere. */
static bool
number_parse(const char *text, size_t len, long *ret)
{
	long n = 0;

	if (len == 0 || len > 9 || strspn(text, "0123456789") < len)
		return false;
	for (size_t i = 0; i < len; i++)
		n = 10 * n + (text[i] - '0');
	*ret = n;
	return true;
}

int
conf_value_number(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	long n;

	if (!number_parse(value, strlen(value), &n)) {
		cfg_error(sec, "option '%s' is a whole number", opt->name);
		return -1;
	}
	*(long *)result = n;
	return option_begin(sec, opt);
}

int64_t
conf_period_s(const char *text)
{
	static const struct {
		const char *unit;
		long s;
	} units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 } };
	const size_t digits = strspn(text, "0123456789");
	long n;

	if (!number_parse(text, digits, &n) || n == 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].unit) == 0)
			return (int64_t)n * units[i].s;
	}
	return -1;
}

int
conf_value_period(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	if (conf_period_s(value) < 0) {
		cfg_error(sec, "option '%s' is a number and s, min, h, d or w, as in \"7d\"",
			opt->name);
		return -1;
	}
	return conf_value_text(sec, opt, value, result);
}

int
conf_value_period_or_none(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	return strcmp(value, "none") == 0 ? conf_value_text(sec, opt, value, result)
					  : conf_value_period(sec, opt, value, result);
}

/* Text around one pair of braces, which "sha1(" and ")" may enclose. */
int
conf_value_as(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	const char *braces = strstr(value, "{}"), *hash = strstr(value, "sha1(");

	if (!braces || strpbrk(braces + 2, "{}") ||
		strcspn(value, "{}") < (size_t)(braces - value) ||
		(hash && strncmp(hash, "sha1({})", 8) != 0)) {
		cfg_error(sec, "option '%s' has the value once, as in 'gl-{}' or 'sha1({})-'",
			opt->name);
		return -1;
	}
	return conf_value_text(sec, opt, value, result);
}

/* A day that the calendar has: read and written again it is the same. */
int
conf_value_date(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	struct tm tm = { 0 };
	char again[16] = "";
	const char *end = strptime(value, "%Y-%m-%d", &tm);

	if (end && *end == '\0') {
		(void)timegm(&tm); /* 31 February becomes 3 March */
		(void)strftime(again, sizeof(again), "%Y-%m-%d", &tm);
	}
	if (*again == '\0' || strcmp(again, value) != 0) {
		cfg_error(sec, "option '%s' is a day, as in \"2026-12-31\"", opt->name);
		return -1;
	}
	return conf_value_text(sec, opt, value, result);
}

/* One of WORDS; the tree holds its place among them. */
static int
word_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result, const char *const words[])
{
	char known[256];
	size_t len = 0;

	for (long i = 0; words[i]; i++) {
		if (strcmp(value, words[i]) == 0) {
			*(long *)result = i;
			return option_begin(sec, opt);
		}
		len += (size_t)snprintf(known + len, sizeof(known) - len, " %s", words[i]);
	}
	cfg_error(sec, "option '%s' is one of:%s", opt->name, known);
	return -1;
}

#define DEFINE_WORDS(name, ...)                                                                    \
	int name(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)                      \
	{                                                                                          \
		static const char *const words[] = { __VA_ARGS__, NULL };                          \
		return word_take(sec, opt, value, result, words);                                  \
	}

/* in the order of the enums of conf.h */
DEFINE_WORDS(conf_value_format_type, "template", "pattern", "syslog", "json", "variants")
DEFINE_WORDS(conf_value_escape, "none", "nginx", "apache", "json", "rsyslog", "sd")
DEFINE_WORDS(conf_value_dialect, "nginx", "apache")
DEFINE_WORDS(conf_value_sink_type, "file", "namespace", "journal", "syslog", "stdout")
DEFINE_WORDS(conf_value_source_type, "journal", "syslog", "tail")
DEFINE_WORDS(conf_value_render, "token", "address")
DEFINE_WORDS(conf_value_clock, "ntp", "local")
DEFINE_WORDS(conf_value_match, "equal", "prefix", "contains", "parts")
DEFINE_WORDS(conf_value_checksum, "sha1", "sha256", "sha384", "sha512")
DEFINE_WORDS(conf_value_land, "BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP",
	"SL", "SN", "ST", "SH", "TH")

const char *const conf_store_types[] = { "textlog", "journal", "tree", "maildir", "sqlite",
	"postgres", "redis", "utmp", NULL };

int
conf_value_store_type(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	return word_take(sec, opt, value, result, conf_store_types);
}

/* The rows of the privacy policy. */
int
conf_value_category(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	static const char *const rows[] = { "log-and-system-data", "conference-data", "account",
		"contract", "contact", "third-party-transfer", "cookies", "transport", "statistics",
		NULL };
	long place;

	*(const char **)result = value;
	return word_take(sec, opt, value, &place, rows);
}

/* ADDRESS or ADDRESS/BITS; ret_bits is -1 for the former. */
static bool
network_parse(const char *text, int family, unsigned char *ret, long *ret_bits)
{
	const char *slash = strchrnul(text, '/');
	char address[INET6_ADDRSTRLEN];

	*ret_bits = -1;
	if ((size_t)(slash - text) >= sizeof(address) ||
		(*slash && !number_parse(slash + 1, strlen(slash + 1), ret_bits)))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	return inet_pton(family, address, ret) == 1;
}

int
conf_value_network(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	unsigned char address[16];
	long bits;

	if (!(network_parse(value, AF_INET, address, &bits) && bits <= 32) &&
		!(network_parse(value, AF_INET6, address, &bits) && bits <= 128)) {
		cfg_error(sec, "option '%s' has networks, as in \"192.0.2.0/24\"", opt->name);
		return -1;
	}
	return conf_value_text(sec, opt, value, result);
}

int
conf_value_prefix(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	static const unsigned char zero[10];
	unsigned char address[16];
	long bits;

	if (!network_parse(value, AF_INET6, address, &bits) || bits != 48 || address[0] != 0xfd ||
		memcmp(address + 6, zero, sizeof(zero)) != 0) {
		cfg_error(sec, "option '%s' is a /48 below fd00::/8, as in \"fd12:3456:789a::/48\"",
			opt->name);
		return -1;
	}
	return conf_value_text(sec, opt, value, result);
}

/* It becomes a header, which it must not end, and an argument, which it must not be an option of. */
int
conf_value_mail(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.!#$%&*+/=?^_{}~@-";

	if (!*value || value[0] == '-' || strspn(value, allowed) != strlen(value)) {
		cfg_error(sec, "option '%s' is a mail address, as in \"root@example.org\"",
			opt->name);
		return -1;
	}
	return conf_value_text(sec, opt, value, result);
}

/* an absolute path: the service's working directory is nobody's business */
int
conf_value_path(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	if (value[0] != '/') {
		cfg_error(sec, "option '%s' begins with a slash", opt->name);
		return -1;
	}
	return conf_value_text(sec, opt, value, result);
}

int
conf_value_socket(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	static const char *const kinds[] = { "unix:/", "udp:", "tcp:", "systemd:" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(value, kinds[i], strlen(kinds[i])) == 0 && value[strlen(kinds[i])])
			return conf_value_text(sec, opt, value, result);
	}
	cfg_error(sec,
		"option '%s' is unix:PATH, udp:ADDRESS:PORT, tcp:ADDRESS:PORT or systemd:NAME",
		opt->name);
	return -1;
}

/* What is put behind it has to stand where it is meant to; a password in it would be shown. */
int
conf_value_url(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	static const char *const kinds[] = { "http://", "https://" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const size_t n = strlen(kinds[i]);

		if (strncmp(value, kinds[i], n) == 0 && value[n] && !strpbrk(value + n, "@?# \t\n"))
			return conf_value_text(sec, opt, value, result);
	}
	cfg_error(sec, "option '%s' is http://HOST/PATH or https://HOST/PATH, without a query",
		opt->name);
	return -1;
}

/* Of an OpenPGP key of version 4: never a short id, which anybody can make. */
int
conf_value_node(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	if (conf_is_node(value))
		return conf_value_text(sec, opt, value, result);
	cfg_error(sec, "option '%s' is a word of lower case, digits, dots and hyphens", opt->name);
	return -1;
}

int
conf_value_fingerprint(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	if (strlen(value) == 40 && strspn(value, "0123456789ABCDEFabcdef") == 40)
		return conf_value_text(sec, opt, value, result);
	cfg_error(
		sec, "option '%s' is a key's whole fingerprint, 40 hexadecimal digits", opt->name);
	return -1;
}
