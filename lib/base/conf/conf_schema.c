/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf_value.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The section's first line, which libconfuse overwrites while it reads on: an option that no file
 * may set, whose default is parsed, and so given to conf_value_line(), when the section opens. */
#define LINE_OPTION ".line"
#define CFG_LINE                                                                                   \
	{                                                                                          \
		.name = LINE_OPTION, .type = CFGT_INT, .def = { .parsed = (char *)"0" },           \
		.parsecb = conf_value_line                                                         \
	}

/* Without a default: libconfuse would make a value, or all of a section, for each option that nobody has set. Such
 * a text is NULL, and a flag false. */
#define STR(name, form)  CFG_STR_CB(name, NULL, CFGF_NODEFAULT, conf_value_##form)
#define WORD(name, form) CFG_INT_CB(name, -1, CFGF_NONE, conf_value_##form)
#define NUMBER(name)     CFG_INT_CB(name, -1, CFGF_NONE, conf_value_number)
#define FLAG(name)       CFG_BOOL_CB(name, cfg_false, CFGF_NODEFAULT, conf_value_flag)
#define LIST(name, form) CFG_STR_LIST_CB(name, NULL, CFGF_NONE, conf_value_##form)
#define NAMES(name)      CFG_PTR_LIST_CB(name, NULL, CFGF_NONE, conf_value_name, free)
#define SECTION(n, o)    CFG_SEC(n, o, CFGF_MULTI)
#define TITLED(n, o)     CFG_SEC(n, o, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

static cfg_opt_t field_options[] = {
	CFG_LINE,
	STR("format", text),
	WORD("escape", escape),
	CFG_END(),
};

static cfg_opt_t format_options[] = {
	CFG_LINE,
	WORD("type", format_type),
	LIST("template", text),
	WORD("dialect", dialect),
	LIST("pattern", text),
	STR("message", text),
	LIST("formats", text),
	WORD("escape", escape),
	STR("begin", text),
	LIST("time", text),
	TITLED("field", field_options),
	CFG_END(),
};

static cfg_opt_t reduce_options[] = {
	CFG_LINE,
	STR("to", text),
	LIST("mask", text),
	LIST("detect", text),
	LIST("values", text),
	NUMBER("segments"),
	NUMBER("bits4"),
	NUMBER("bits6"),
	NUMBER("digits"),
	STR("interval", text),
	CFG_END(),
};

static cfg_opt_t scrub_options[] = {
	CFG_LINE,
	NAMES("keep"),
	NAMES("pseudonym"),
	NAMES("prefix_pseudonym"),
	NAMES("pseudonym_id"),
	NAMES("redact"),
	NAMES("number"),
	NAMES("flag"),
	TITLED("reduce", reduce_options),
	LIST("keep_networks", network),
	WORD("render", render),
	CFG_END(),
};

static cfg_opt_t subject_options[] = {
	CFG_LINE,
	LIST("field", text),
	FLAG("pseudonym"),
	WORD("match", match),
	FLAG("review"),
	STR("as", as),
	STR("element", text),
	CFG_END(),
};

static cfg_opt_t link_options[] = {
	CFG_LINE,
	LIST("field", text),
	STR("as", as),
	STR("from", text),
	STR("element", text),
	STR("with", text),
	FLAG("review"),
	CFG_END(),
};

static cfg_opt_t sink_options[] = {
	CFG_LINE,
	WORD("type", sink_type),
	STR("path", text),
	STR("namespace", text),
	CFG_END(),
};

/* What only the driver of a type knows; it reads the texts itself. */
#define KEY(name)    STR(name, text)
#define DRIVER(type) CFG_SEC(#type, type##_options, CFGF_NODEFAULT)

static cfg_opt_t textlog_options[] = { KEY("anchor"), KEY("reopen"), KEY("emptied"), CFG_END() };
static cfg_opt_t tree_options[] = { KEY("unit"), KEY("age"), KEY("keep_if"), KEY("about"),
	KEY("service"), KEY("row"), CFG_END() };
static cfg_opt_t maildir_options[] = { KEY("age"), KEY("answered"), KEY("about"), CFG_END() };
static cfg_opt_t utmp_options[] = { KEY("records"), CFG_END() };
static cfg_opt_t sqlite_options[] = { KEY("table"), KEY("time"), KEY("time_format"), KEY("where"),
	KEY("untie"), KEY("clear"), KEY("vacuum"), CFG_END() };
static cfg_opt_t postgres_options[] = { KEY("service"), KEY("socket"), KEY("port"), KEY("database"),
	KEY("user"), KEY("passfile"), KEY("table"), KEY("time"), KEY("time_format"), KEY("where"),
	KEY("with"), KEY("untie"), KEY("clear"), KEY("vacuum"), KEY("timeout"), CFG_END() };
static cfg_opt_t redis_options[] = { KEY("socket"), KEY("address"), KEY("database"), KEY("user"),
	KEY("password"), KEY("keys"), KEY("age"), KEY("field"), KEY("time_format"), KEY("rewrite"),
	CFG_END() };

static cfg_opt_t store_options[] = {
	CFG_LINE,
	WORD("type", store_type),
	LIST("paths", path),
	STR("format", text),
	STR("category", category),
	STR("purpose", text),
	STR("basis", text),
	STR("period", period_or_none),
	STR("hold_max", period),
	STR("start_event", text),
	STR("deletion_class", text),
	STR("timezone", text),
	FLAG("required"),
	STR("part_of", text),
	LIST("journal", text),
	LIST("erase_after", text),
	STR("not_erased", text),
	LIST("rectify", text),
	FLAG("break_seal"),
	SECTION("scrub", scrub_options),
	TITLED("subject", subject_options),
	TITLED("link", link_options),
	SECTION("sink", sink_options),
	DRIVER(textlog),
	DRIVER(tree),
	DRIVER(maildir),
	DRIVER(utmp),
	DRIVER(sqlite),
	DRIVER(postgres),
	DRIVER(redis),
	CFG_END(),
};

static cfg_opt_t tag_options[] = {
	CFG_LINE,
	STR("store", text),
	CFG_END(),
};

static cfg_opt_t source_options[] = {
	CFG_LINE,
	WORD("type", source_type),
	STR("listen", socket),
	STR("namespace", text),
	STR("directory", path),
	LIST("match", text),
	LIST("paths", path),
	STR("store", text),
	TITLED("tag", tag_options),
	CFG_END(),
};

static cfg_opt_t api_options[] = {
	CFG_LINE,
	STR("url", url),
	WORD("checksum", checksum),
	STR("secret", text),
	CFG_END(),
};

static cfg_opt_t statistics_options[] = {
	CFG_LINE,
	STR("node", text),
	STR("store", text),
	NUMBER("round"),
	TITLED("api", api_options),
	CFG_END(),
};

static cfg_opt_t list_options[] = {
	CFG_LINE,
	LIST("values", text),
	CFG_END(),
};

static cfg_opt_t accept_options[] = {
	CFG_LINE,
	STR("reason", text),
	STR("until", date),
	CFG_END(),
};

static cfg_opt_t policy_text_options[] = {
	CFG_LINE,
	STR("title", text),
	STR("holds", text),
	STR("purpose", text),
	STR("basis", text),
	STR("period", text),
	STR("subjects", text),
	STR("recipients", text),
	STR("start_event", text),
	STR("deletion_class", text),
	CFG_END(),
};

static cfg_opt_t category_options[] = {
	CFG_LINE,
	CFG_BOOL_CB("stored", cfg_true, CFGF_NONE, conf_value_flag),
	STR("period", period),
	STR("start_event", text),
	STR("deletion_class", text),
	TITLED("text", policy_text_options),
	CFG_END(),
};

static cfg_opt_t duty_options[] = {
	CFG_LINE,
	STR("law", text),
	LIST("stores", text),
	LIST("categories", category),
	STR("since", date),
	STR("until", date),
	STR("ends", date),
	NUMBER("years"),
	CFG_END(),
};

static cfg_opt_t recipient_text_options[] = {
	CFG_LINE,
	STR("what", text),
	CFG_END(),
};

static cfg_opt_t recipient_options[] = {
	CFG_LINE,
	LIST("stores", text),
	LIST("categories", category),
	STR("address", text),
	STR("country", text),
	STR("safeguards", text),
	FLAG("processor"),
	STR("fingerprint", fingerprint),
	STR("key", path),
	TITLED("text", recipient_text_options),
	CFG_END(),
};

#define DECLARATIONS                                                                               \
	TITLED("list", list_options), TITLED("format", format_options),                            \
		TITLED("store", store_options), TITLED("source", source_options),                  \
		TITLED("accept", accept_options), TITLED("category", category_options),            \
		TITLED("duty", duty_options), TITLED("recipient", recipient_options)

/* formats.d, stores.d */
static cfg_opt_t part_options[] = { DECLARATIONS, CFG_END() };

static cfg_opt_t retention_options[] = {
	CFG_LINE,
	STR("interval", period),
	NUMBER("max_share"),
	STR("remind", period),
	STR("mail_to", mail),
	STR("mail_from", mail),
	STR("witness", mail),
	STR("sendmail", path),
	CFG_END(),
};

static cfg_opt_t dsar_options[] = {
	CFG_LINE,
	WORD("land", land),
	LIST("address", text),
	STR("mail", mail),
	NUMBER("mail_max"),
	STR("wkd_ca", path),
	STR("backup_period", period),
	FLAG("second_person"),
	LIST("approvers", fingerprint),
	STR("key_copy", fingerprint),
	STR("authority_fingerprint", fingerprint),
	STR("authority_key", path),
	CFG_END(),
};

static cfg_opt_t agent_options[] = {
	CFG_LINE,
	STR("node", node),
	LIST("escrow", fingerprint),
	STR("escrow_key", path),
	CFG_END(),
};

static cfg_opt_t node_options[] = {
	CFG_LINE,
	STR("fingerprint", fingerprint),
	STR("key", path),
	CFG_END(),
};

/* sparsam.conf */
static cfg_opt_t main_options[] = {
	STR("state_dir", path),
	STR("runtime_dir", path),
	STR("metrics_dir", path),
	STR("log_dir", path),
	STR("key_dir", path),
	STR("register_dir", path),
	STR("queue_dir", path),
	STR("credential", path),
	STR("pseudonym_prefix", prefix),
	WORD("clock", clock),
	STR("controller", text),
	STR("dpo", text),
	STR("authority", text),
	SECTION("statistics", statistics_options),
	CFG_SEC("retention", retention_options, CFGF_NONE),
	CFG_SEC("dsar", dsar_options, CFGF_NONE),
	CFG_SEC("agent", agent_options, CFGF_NONE),
	TITLED("node", node_options),
	DECLARATIONS,
	CFG_END(),
};

/* libconfuse hands its error function no context, and a section that stands once has no file's name; its scanner serves one
 * thread anyway. */
static struct {
	const char *file;
	struct err *e;
} reading;

static void __attribute__((format(printf, 2, 0)))
schema_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[300];

	if (!reading.e || reading.e->what)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)conf_fail(reading.e, &(struct conf_place){ reading.file, (unsigned)cfg->line },
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
	reading.file = file;
	reading.e = &first;
	r = cfg_parse_fp(cfg, f);
	reading.e = NULL;
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
