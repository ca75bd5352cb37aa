/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Values are checked where they stand, in libconfuse's callbacks for parsing, because only then
 * does it know their line; the words and numbers they stand for are what the tree holds.
 */
#include "base/conf-private.h"

#include <arpa/inet.h>
#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Set in an option's flags once it was given: libconfuse would let a second one win in silence.
 * Its own flags end at 1 << 13. */
#define GIVEN (1 << 20)

/* The section's first line, which libconfuse overwrites while it reads on: an option that no file
 * may set, whose default is parsed, and so given to line_take(), when the section opens. */
#define LINE_OPTION ".line"
#define CFG_LINE                                                                                   \
	{                                                                                          \
		.name = LINE_OPTION, .type = CFGT_INT, .def = { .parsed = (char *)"0" },           \
		.parsecb = line_take                                                               \
	}

#define STR(name, take)  CFG_STR_CB(name, NULL, CFGF_NONE, take)
#define WORD(name, take) CFG_INT_CB(name, -1, CFGF_NONE, take)
#define NUMBER(name)     CFG_INT_CB(name, -1, CFGF_NONE, number_take)
#define FLAG(name)       CFG_BOOL_CB(name, cfg_false, CFGF_NONE, flag_take)
#define LIST(name)       CFG_STR_LIST_CB(name, NULL, CFGF_NONE, text_take)
#define NAMES(name)      CFG_PTR_LIST_CB(name, NULL, CFGF_NONE, name_take, free)
#define SECTION(n, o)    CFG_SEC(n, o, CFGF_MULTI)
#define TITLED(n, o)     CFG_SEC(n, o, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

static int
line_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
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

static int
text_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	*(const char **)result = value;
	return option_begin(sec, opt);
}

static int
name_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
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

static int
flag_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
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

static int
number_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
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

static int
period_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	if (conf_period_s(value) < 0) {
		cfg_error(sec, "option '%s' is a number and s, min, h, d or w, as in \"7d\"",
			opt->name);
		return -1;
	}
	return text_take(sec, opt, value, result);
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
	static int name(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)               \
	{                                                                                          \
		static const char *const words[] = { __VA_ARGS__, NULL };                          \
		return word_take(sec, opt, value, result, words);                                  \
	}

/* in the order of the enums of conf.h */
DEFINE_WORDS(format_type_take, "template", "pattern", "syslog", "json")
DEFINE_WORDS(escape_take, "none", "nginx", "apache", "json", "rsyslog", "sd")
DEFINE_WORDS(dialect_take, "nginx", "apache")
DEFINE_WORDS(sink_type_take, "file", "namespace", "journal", "syslog", "stdout")
DEFINE_WORDS(source_type_take, "journal", "syslog", "tail")
DEFINE_WORDS(render_take, "token", "address")
DEFINE_WORDS(clock_take, "ntp", "local")

const char *const conf_store_types[] = { "textlog", "journal", NULL };

static int
store_type_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	return word_take(sec, opt, value, result, conf_store_types);
}

/* The rows of the privacy policy. */
DEFINE_WORDS(category_word_take, "log-and-system-data", "conference-data", "account", "contract",
	"contact", "third-party-transfer", "cookies", "transport", "statistics")

static int
category_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	long place;

	*(const char **)result = value;
	return category_word_take(sec, opt, value, &place);
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

static int
network_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	unsigned char address[16];
	long bits;

	if (!(network_parse(value, AF_INET, address, &bits) && bits <= 32) &&
		!(network_parse(value, AF_INET6, address, &bits) && bits <= 128)) {
		cfg_error(sec, "option '%s' has networks, as in \"192.0.2.0/24\"", opt->name);
		return -1;
	}
	return text_take(sec, opt, value, result);
}

static int
prefix_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
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
	return text_take(sec, opt, value, result);
}

/* an absolute path: the service's working directory is nobody's business */
static int
path_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	if (value[0] != '/') {
		cfg_error(sec, "option '%s' begins with a slash", opt->name);
		return -1;
	}
	return text_take(sec, opt, value, result);
}

static int
socket_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	static const char *const kinds[] = { "unix:/", "udp:", "tcp:", "systemd:" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(value, kinds[i], strlen(kinds[i])) == 0 && value[strlen(kinds[i])])
			return text_take(sec, opt, value, result);
	}
	cfg_error(sec,
		"option '%s' is unix:PATH, udp:ADDRESS:PORT, tcp:ADDRESS:PORT or systemd:NAME",
		opt->name);
	return -1;
}

static cfg_opt_t field_options[] = {
	CFG_LINE,
	STR("format", text_take),
	WORD("escape", escape_take),
	CFG_END(),
};

static cfg_opt_t format_options[] = {
	CFG_LINE,
	WORD("type", format_type_take),
	LIST("template"),
	WORD("dialect", dialect_take),
	LIST("pattern"),
	STR("message", text_take),
	WORD("escape", escape_take),
	STR("begin", text_take),
	STR("time", text_take),
	TITLED("field", field_options),
	CFG_END(),
};

static cfg_opt_t reduce_options[] = {
	CFG_LINE,
	STR("to", text_take),
	LIST("mask"),
	LIST("detect"),
	NUMBER("segments"),
	NUMBER("bits4"),
	NUMBER("bits6"),
	NUMBER("digits"),
	STR("interval", text_take),
	CFG_END(),
};

static cfg_opt_t scrub_options[] = {
	CFG_LINE,
	NAMES("keep"),
	NAMES("pseudonym"),
	NAMES("prefix_pseudonym"),
	NAMES("redact"),
	TITLED("reduce", reduce_options),
	CFG_STR_LIST_CB("keep_networks", NULL, CFGF_NONE, network_take),
	WORD("render", render_take),
	CFG_END(),
};

static cfg_opt_t subject_options[] = {
	CFG_LINE,
	STR("field", text_take),
	FLAG("pseudonym"),
	CFG_END(),
};

static cfg_opt_t sink_options[] = {
	CFG_LINE,
	WORD("type", sink_type_take),
	STR("path", text_take),
	STR("namespace", text_take),
	CFG_END(),
};

static cfg_opt_t store_options[] = {
	CFG_LINE,
	WORD("type", store_type_take),
	CFG_STR_LIST_CB("paths", NULL, CFGF_NONE, path_take),
	STR("format", text_take),
	STR("category", category_take),
	STR("purpose", text_take),
	STR("basis", text_take),
	STR("period", period_take),
	STR("hold_max", period_take),
	STR("timezone", text_take),
	FLAG("required"),
	LIST("journal"),
	SECTION("scrub", scrub_options),
	TITLED("subject", subject_options),
	SECTION("sink", sink_options),
	CFG_END(),
};

static cfg_opt_t tag_options[] = {
	CFG_LINE,
	STR("store", text_take),
	CFG_END(),
};

static cfg_opt_t source_options[] = {
	CFG_LINE,
	WORD("type", source_type_take),
	STR("listen", socket_take),
	STR("namespace", text_take),
	STR("directory", path_take),
	LIST("match"),
	CFG_STR_LIST_CB("paths", NULL, CFGF_NONE, path_take),
	STR("store", text_take),
	TITLED("tag", tag_options),
	CFG_END(),
};

#define DECLARATIONS                                                                               \
	TITLED("format", format_options), TITLED("store", store_options),                          \
		TITLED("source", source_options), CFG_END()

static cfg_opt_t part_options[] = { DECLARATIONS }; /* formats.d, stores.d */

static cfg_opt_t main_options[] = { /* sparsam.conf */
	STR("state_dir", path_take), STR("runtime_dir", path_take), STR("metrics_dir", path_take),
	STR("log_dir", path_take), STR("key_dir", path_take), STR("credential", path_take),
	STR("pseudonym_prefix", prefix_take), WORD("clock", clock_take), DECLARATIONS
};

/* libconfuse hands its error function no context; its scanner serves one thread anyway. */
static struct err *reading;

static void
schema_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[300];

	if (!reading || reading->what)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)conf_fail(reading, &(struct conf_place){ cfg->filename, (unsigned)cfg->line },
		N_("bad configuration"), N_("see sparsam.conf(5)"), "%s", text);
}

static int
schema_parse(cfg_t *cfg, const char *file, struct buf *text, struct err *e)
{
	struct err first = { 0 };
	cleanup_stdio FILE *f = fmemopen(text->p, text->len, "r");
	int r;

	cfg->filename = strdup(file);
	if (!f || !cfg->filename)
		return err_memory(e);
	(void)cfg_set_error_function(cfg, schema_error);
	reading = &first;
	r = cfg_parse_fp(cfg, f);
	reading = NULL;
	if (first.what) {
		*e = first;
		return -1;
	}
	if (r != CFG_SUCCESS) /* few failures, such as an empty name, leave without a word */
		return conf_fail(e, &(struct conf_place){ file, (unsigned)cfg->line },
			N_("bad configuration"), N_("see sparsam.conf(5)"), "%s", "");
	return 0;
}

int
conf_schema_read(
	const char *file, const char *text, size_t len, bool main, cfg_t **ret, struct err *e)
{
	struct err ignored;
	struct buf ready;
	cfg_t *cfg;
	int r;

	if (!e)
		e = &ignored;
	buf_init(&ready, 2 * CONF_TEXT_MAX);
	if (conf_text_prepare(file, text, len, &ready, e) < 0) {
		buf_release(&ready);
		return -1;
	}
	cfg = cfg_init(main ? main_options : part_options, CFGF_NONE);
	r = cfg ? schema_parse(cfg, file, &ready, e) : err_memory(e);
	buf_release(&ready);
	if (r < 0) {
		if (cfg)
			cfg_free(cfg);
		return -1;
	}
	*ret = cfg;
	return 0;
}

unsigned
conf_schema_line(cfg_t *section)
{
	return (unsigned)cfg_getint(section, LINE_OPTION);
}
