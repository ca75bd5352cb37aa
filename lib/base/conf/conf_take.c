/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf-private.h"

#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_MAX_S (INT64_C(90) * 86400) /* of a hold, where a store names no other ceiling */

static struct conf_place
place_of(const char *file, cfg_t *sec)
{
	return (struct conf_place){ file, conf_schema_line(sec) };
}

static const char *
text_of(struct conf_draft *d, cfg_t *sec, const char *option)
{
	return conf_strdup(d, cfg_getstr(sec, option));
}

static const char *
text_or(struct conf_draft *d, cfg_t *sec, const char *option, const char *otherwise)
{
	const char *s = cfg_getstr(sec, option);

	return s ? conf_strdup(d, s) : otherwise;
}

static struct conf_list
list_of(struct conf_draft *d, cfg_t *sec, const char *option)
{
	struct conf_list list = { .n = cfg_size(sec, option) };

	if (list.n == 0)
		return list;
	list.v = conf_alloc(d, list.n * sizeof(list.v[0]));
	if (!list.v)
		return (struct conf_list){ 0 };
	for (unsigned i = 0; i < list.n; i++)
		list.v[i] = conf_strdup(d, cfg_getnstr(sec, option, i));
	return list;
}

/* A log_format's adjacent pieces are one text. */
static const char *
pieces_of(struct conf_draft *d, cfg_t *sec, const char *option)
{
	const unsigned n = cfg_size(sec, option);
	size_t len = 0;
	char *joined, *end;

	if (n == 0)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		len += strlen(cfg_getnstr(sec, option, i));
	joined = end = conf_alloc(d, len + 1);
	for (unsigned i = 0; joined && i < n; i++) {
		const char *piece = cfg_getnstr(sec, option, i);

		end = mempcpy(end, piece, strlen(piece));
	}
	return joined;
}

static size_t
inner_take(struct conf_draft *d, const char *file, cfg_t *sec, struct conf_inner **ret)
{
	const size_t n = cfg_size(sec, "field");
	struct conf_inner *v = conf_alloc(d, n * sizeof(*v));

	if (!v)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		cfg_t *field = cfg_getnsec(sec, "field", i);
		const long escape = cfg_getint(field, "escape");

		v[i] = (struct conf_inner){
			.where = place_of(file, field),
			.field = conf_strdup(d, cfg_title(field)),
			.format = text_of(d, field, "format"),
			.has_escape = escape >= 0,
			.escape = escape >= 0 ? (enum conf_escape)escape : ESCAPE_NONE,
		};
	}
	*ret = v;
	return n;
}

static enum conf_escape
escape_default(long type, bool apache)
{
	switch (type) {
	case FORMAT_TEMPLATE:
		return apache ? ESCAPE_APACHE : ESCAPE_NGINX;
	case FORMAT_SYSLOG:
		return ESCAPE_RSYSLOG;
	case FORMAT_JSON:
		return ESCAPE_JSON;
	default:
		return ESCAPE_NONE;
	}
}

static int
list_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	struct conf_set *s = ret;

	*s = (struct conf_set){
		.where = place_of(file, sec),
		.name = conf_strdup(d, cfg_title(sec)),
		.values = list_of(d, sec, "values"),
	};
	if (s->values.n == 0)
		return conf_fail(e, &s->where, N_("list without values"), NULL, "list \"%s\"",
			cfg_title(sec));
	return 0;
}

static int
format_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	struct conf_format *f = ret;
	const long type = cfg_getint(sec, "type"), escape = cfg_getint(sec, "escape");

	*f = (struct conf_format){
		.where = place_of(file, sec),
		.name = conf_strdup(d, cfg_title(sec)),
		.type = (enum conf_format_type)type,
		.template_ = pieces_of(d, sec, "template"),
		.apache = cfg_getint(sec, "dialect") > 0,
		.pattern = list_of(d, sec, "pattern"),
		.message = text_of(d, sec, "message"),
		.begin = text_of(d, sec, "begin"),
		.variant = list_of(d, sec, "formats"),
		.time = list_of(d, sec, "time"),
	};
	f->escape = escape >= 0 ? (enum conf_escape)escape : escape_default(type, f->apache);
	f->n_inner = inner_take(d, file, sec, &f->inner);
	if (type < 0)
		return conf_fail(e, &f->where, N_("format without a type"),
			N_("add type = \"template\", \"pattern\", \"syslog\", \"json\" or "
			   "\"variants\""),
			"format \"%s\"", cfg_title(sec));
	return 0;
}

/* The lists of a scrub section, and what each of their names is reduced to. */
static const struct {
	const char *option, *to;
} name_lists[] = {
	{ "keep", "keep" },
	{ "pseudonym", "pseudonym" },
	{ "prefix_pseudonym", "prefix-pseudonym" },
	{ "pseudonym_id", "pseudonym-id" },
	{ "redact", "redact" },
	{ "number", "number" },
	{ "flag", "flag" },
};
#define N_NAME_LISTS (sizeof(name_lists) / sizeof(name_lists[0]))

static struct conf_reduce
reduce_named(struct conf_draft *d, const char *file, const struct conf_name *name, const char *to)
{
	return (struct conf_reduce){
		.where = { file, name->line },
		.field = conf_strdup(d, name->text),
		.to = to,
		.segments = -1,
		.bits4 = -1,
		.bits6 = -1,
		.digits = -1,
	};
}

static struct conf_reduce
reduce_take(struct conf_draft *d, const char *file, cfg_t *sec)
{
	return (struct conf_reduce){
		.where = place_of(file, sec),
		.field = conf_strdup(d, cfg_title(sec)),
		.to = text_or(d, sec, "to", ""),
		.mask = list_of(d, sec, "mask"),
		.detect = list_of(d, sec, "detect"),
		.values = list_of(d, sec, "values"),
		.segments = cfg_getint(sec, "segments"),
		.bits4 = cfg_getint(sec, "bits4"),
		.bits6 = cfg_getint(sec, "bits6"),
		.digits = cfg_getint(sec, "digits"),
		.interval = text_of(d, sec, "interval"),
	};
}

static void
scrub_take(struct conf_draft *d, const char *file, cfg_t *sec, struct conf_store *s)
{
	size_t n = cfg_size(sec, "reduce");

	s->has_scrub = true;
	s->keep_networks = list_of(d, sec, "keep_networks");
	s->render_address = cfg_getint(sec, "render") > 0;
	for (size_t k = 0; k < N_NAME_LISTS; k++)
		n += cfg_size(sec, name_lists[k].option);
	s->rule = conf_alloc(d, n * sizeof(s->rule[0]));
	if (!s->rule)
		return;
	for (size_t k = 0; k < N_NAME_LISTS; k++) {
		for (unsigned i = 0; i < cfg_size(sec, name_lists[k].option); i++)
			s->rule[s->n_rules++] = reduce_named(d, file,
				cfg_opt_getnptr(cfg_getopt(sec, name_lists[k].option), i),
				name_lists[k].to);
	}
	for (unsigned i = 0; i < cfg_size(sec, "reduce"); i++)
		s->rule[s->n_rules++] = reduce_take(d, file, cfg_getnsec(sec, "reduce", i));
}

/* How many there are: one of each field. */
static size_t
count_fields(cfg_t *store, const char *what)
{
	size_t n = 0;

	for (unsigned i = 0; i < cfg_size(store, what); i++) {
		const unsigned fields = cfg_size(cfg_getnsec(store, what, i), "field");

		n += fields > 0 ? fields : 1;
	}
	return n;
}

static const char *
field_of(struct conf_draft *d, cfg_t *sec, unsigned k)
{
	return cfg_size(sec, "field") > k ? conf_strdup(d, cfg_getnstr(sec, "field", k)) : "";
}

/* What stands before a colon: the rest only tells two declarations of one kind apart. */
static const char *
kind_of(struct conf_draft *d, cfg_t *sec)
{
	char kind[128];

	(void)snprintf(
		kind, sizeof(kind), "%.*s", (int)strcspn(cfg_title(sec), ":"), cfg_title(sec));
	return conf_strdup(d, kind);
}

static void
subjects_take(struct conf_draft *d, const char *file, cfg_t *store, struct conf_store *s)
{
	s->subject = conf_alloc(d, count_fields(store, "subject") * sizeof(s->subject[0]));
	for (unsigned i = 0; s->subject && i < cfg_size(store, "subject"); i++) {
		cfg_t *sec = cfg_getnsec(store, "subject", i);
		const long match = cfg_getint(sec, "match");
		unsigned k = 0;

		do {
			s->subject[s->n_subjects++] = (struct conf_subject){
				.where = place_of(file, sec),
				.kind = kind_of(d, sec),
				.field = field_of(d, sec, k),
				.element = text_of(d, sec, "element"),
				.pseudonym = cfg_getbool(sec, "pseudonym"),
				.match = match >= 0 ? (enum conf_match)match : CONF_MATCH_EQUAL,
				.review = cfg_getbool(sec, "review"),
				.as = text_of(d, sec, "as"),
			};
		} while (++k < cfg_size(sec, "field"));
	}
}

static void
links_take(struct conf_draft *d, const char *file, cfg_t *store, struct conf_store *s)
{
	s->link = conf_alloc(d, count_fields(store, "link") * sizeof(s->link[0]));
	for (unsigned i = 0; s->link && i < cfg_size(store, "link"); i++) {
		cfg_t *sec = cfg_getnsec(store, "link", i);
		unsigned k = 0;

		do {
			s->link[s->n_links++] = (struct conf_link){
				.where = place_of(file, sec),
				.kind = kind_of(d, sec),
				.field = field_of(d, sec, k),
				.as = text_of(d, sec, "as"),
				.from = text_of(d, sec, "from"),
				.review = cfg_getbool(sec, "review"),
				.element = text_of(d, sec, "element"),
				.with = text_of(d, sec, "with"),
			};
		} while (++k < cfg_size(sec, "field"));
	}
}

static int
sinks_take(
	struct conf_draft *d, const char *file, cfg_t *store, struct conf_store *s, struct err *e)
{
	const size_t n = cfg_size(store, "sink");

	s->sink = conf_alloc(d, n * sizeof(s->sink[0]));
	if (!s->sink)
		return err_memory(e);
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sec = cfg_getnsec(store, "sink", i);
		const long type = cfg_getint(sec, "type");
		struct conf_sink *k = &s->sink[s->n_sinks++];

		*k = (struct conf_sink){
			.where = place_of(file, sec),
			.type = (enum conf_sink_type)type,
			.path = text_or(d, sec, "path", ""),
			.namespace_ = text_or(d, sec, "namespace", ""),
		};
		if (type < 0)
			return conf_fail(e, &k->where, N_("sink without a type"),
				N_("add type = \"file\", \"namespace\", \"journal\", \"syslog\" or "
				   "\"stdout\""),
				"store \"%s\"", s->name);
	}
	return 0;
}

/* The section of the store's own type; one of another type is a mistake. */
static int
options_take(struct conf_draft *d, cfg_t *store, struct conf_store *s, struct err *e)
{
	for (const char *const *type = conf_store_types; *type; type++) {
		cfg_t *sec = cfg_getopt(store, *type) ? cfg_getsec(store, *type) : NULL;
		unsigned n = sec ? cfg_num(sec) : 0;

		s->option = n && !s->option ? conf_alloc(d, 16 * sizeof(s->option[0])) : s->option;
		for (unsigned i = 0; s->option && i < n; i++) {
			const char *value = cfg_opt_getstr(cfg_getnopt(sec, i));

			if (!value)
				continue;
			if (strcmp(*type, s->type) != 0)
				return conf_fail(e, &s->where,
					N_("section of another type of store"),
					N_("remove it, or change the type"), "store \"%s\": %s",
					s->name, *type);
			s->option[s->n_options++] = (struct conf_option){
				conf_strdup(d, cfg_opt_name(cfg_getnopt(sec, i))),
				conf_strdup(d, value)
			};
		}
	}
	return 0;
}

static int
store_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	struct conf_store *s = ret;
	const long type = cfg_getint(sec, "type");
	const char *period = cfg_getstr(sec, "period"), *hold_max = cfg_getstr(sec, "hold_max");
	const bool none = period && strcmp(period, "none") == 0;

	*s = (struct conf_store){
		.where = place_of(file, sec),
		.name = conf_strdup(d, cfg_title(sec)),
		.type = type >= 0 ? conf_store_types[type] : "",
		.part_of = text_of(d, sec, "part_of"),
		.paths = list_of(d, sec, "paths"),
		.format = text_or(d, sec, "format", ""),
		.category = text_or(d, sec, "category", ""),
		.purpose = text_or(d, sec, "purpose", ""),
		.basis = text_or(d, sec, "basis", ""),
		.period_s = period && !none ? conf_period_s(period) : 0,
		.until_erased = none,
		.hold_max_s = hold_max ? conf_period_s(hold_max) : HOLD_MAX_S,
		.start_event = text_or(d, sec, "start_event", ""),
		.deletion_class = text_or(d, sec, "deletion_class", ""),
		.timezone = text_of(d, sec, "timezone"),
		.required = cfg_getbool(sec, "required"),
		.break_seal = cfg_getbool(sec, "break_seal"),
		.journal = list_of(d, sec, "journal"),
		.erase_after = list_of(d, sec, "erase_after"),
		.not_erased = text_of(d, sec, "not_erased"),
		.rectify = list_of(d, sec, "rectify"),
	};
	subjects_take(d, file, sec, s);
	links_take(d, file, sec, s);
	if (cfg_size(sec, "scrub") > 1)
		return conf_fail(e,
			&(struct conf_place){
				file, conf_schema_line(cfg_getnsec(sec, "scrub", 1)) },
			N_("store with two scrub sections"), N_("put them together"),
			"store \"%s\"", cfg_title(sec));
	if (cfg_size(sec, "scrub") == 1)
		scrub_take(d, file, cfg_getnsec(sec, "scrub", 0), s);
	if (options_take(d, sec, s, e) < 0)
		return -1;
	return sinks_take(d, file, sec, s, e);
}

static size_t
tags_take(struct conf_draft *d, const char *file, cfg_t *source, struct conf_tag **ret)
{
	const size_t n = cfg_size(source, "tag");
	struct conf_tag *v = conf_alloc(d, n * sizeof(*v));

	if (!v)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sec = cfg_getnsec(source, "tag", i);

		v[i] = (struct conf_tag){
			.where = place_of(file, sec),
			.tag = conf_strdup(d, cfg_title(sec)),
			.store = text_or(d, sec, "store", ""),
		};
	}
	*ret = v;
	return n;
}

static int
source_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	struct conf_source *s = ret;
	const long type = cfg_getint(sec, "type");

	*s = (struct conf_source){
		.where = place_of(file, sec),
		.name = conf_strdup(d, cfg_title(sec)),
		.type = (enum conf_source_type)type,
		.listen = text_or(d, sec, "listen", ""),
		.namespace_ = text_of(d, sec, "namespace"),
		.directory = text_of(d, sec, "directory"),
		.match = list_of(d, sec, "match"),
		.paths = list_of(d, sec, "paths"),
		.store = text_of(d, sec, "store"),
	};
	s->n_tags = tags_take(d, file, sec, &s->tag);
	if (type < 0)
		return conf_fail(e, &s->where, N_("source without a type"),
			N_("add type = \"journal\", \"syslog\" or \"tail\""), "source \"%s\"",
			cfg_title(sec));
	return 0;
}

static int
accept_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	(void)e;
	*(struct conf_accept *)ret = (struct conf_accept){
		.where = place_of(file, sec),
		.id = conf_strdup(d, cfg_title(sec)),
		.reason = text_or(d, sec, "reason", ""),
		.until = text_or(d, sec, "until", ""),
	};
	return 0;
}

/* What all declarations begin with. */
struct head {
	struct conf_place where;
	const char *name;
};
_Static_assert(offsetof(struct conf_set, name) == offsetof(struct head, name), "");
_Static_assert(offsetof(struct conf_format, name) == offsetof(struct head, name), "");
_Static_assert(offsetof(struct conf_store, name) == offsetof(struct head, name), "");
_Static_assert(offsetof(struct conf_source, name) == offsetof(struct head, name), "");
_Static_assert(offsetof(struct conf_category, name) == offsetof(struct head, name), "");
_Static_assert(offsetof(struct conf_duty, name) == offsetof(struct head, name), "");
_Static_assert(offsetof(struct conf_recipient, name) == offsetof(struct head, name), "");
_Static_assert(offsetof(struct conf_node, name) == offsetof(struct head, name), "");
_Static_assert(offsetof(struct conf_accept, id) == offsetof(struct head, name), "");

struct kind {
	const char *name;
	size_t size;
	int (*take)(struct conf_draft *, const char *file, cfg_t *, void *, struct err *);
};

static const struct kind list_kind = { "list", sizeof(struct conf_set), list_take };
static const struct kind format_kind = { "format", sizeof(struct conf_format), format_take };
static const struct kind store_kind = { "store", sizeof(struct conf_store), store_take };
static const struct kind source_kind = { "source", sizeof(struct conf_source), source_take };
static const struct kind category_kind = { "category", sizeof(struct conf_category),
	conf_category_take };
static const struct kind duty_kind = { "duty", sizeof(struct conf_duty), conf_duty_take };
static const struct kind recipient_kind = { "recipient", sizeof(struct conf_recipient),
	conf_recipient_take };
static const struct kind accept_kind = { "accept", sizeof(struct conf_accept), accept_take };

static const struct kind node_kind = { "node", sizeof(struct conf_node), conf_node_take };

/* Adds SEC to the N declarations at V, the first OWN of which are the operator's and win over
 * shipped ones of the same name. Two in one folder are a failure. */
static int
declaration_add(struct conf_draft *d, const char *file, const struct kind *k, cfg_t *sec, void *v,
	size_t *n, size_t own, struct err *e)
{
	for (size_t i = 0; i < *n; i++) {
		const struct head *old = (struct head *)((char *)v + i * k->size);

		if (strcmp(old->name, cfg_title(sec)) != 0)
			continue;
		if (d->shipped && i < own)
			return 0;
		return conf_fail(e, &(struct conf_place){ file, conf_schema_line(sec) },
			N_("name declared twice"), N_("rename or remove one of the two"),
			"%s \"%s\", also at %s:%u", k->name, old->name, old->where.file,
			old->where.line);
	}
	if (k->take(d, file, sec, (char *)v + *n * k->size, e) < 0)
		return -1;
	if (d->failed)
		return err_memory(e);
	++*n;
	return 0;
}

/* Adds all sections of a kind. ARRAY is the address of the pointer to them. */
static int
declarations_take(struct conf_draft *d, const char *file, cfg_t *root, const struct kind *k,
	void *array, size_t *n_array, size_t own, struct err *e)
{
	const unsigned n = cfg_size(root, k->name);
	void *old, *v;

	if (n == 0)
		return 0;
	memcpy(&old, array, sizeof(old)); /* its type is the kind's own */
	v = reallocarray(old, *n_array + n, k->size);
	if (!v)
		return err_memory(e);
	memcpy(array, &v, sizeof(v));
	for (unsigned i = 0; i < n; i++) {
		if (declaration_add(d, file, k, cfg_getnsec(root, k->name, i), v, n_array, own, e) <
			0)
			return -1;
	}
	return 0;
}

static void
retention_take(struct conf *c, cfg_t *sec)
{
	const char *interval = cfg_getstr(sec, "interval");
	const long share = cfg_getint(sec, "max_share");

	c->run_interval_s = interval ? conf_period_s(interval) : 3600;
	c->max_share = share >= 0 ? share : 90;
}

static void
dsar_take(struct conf_draft *d, cfg_t *sec)
{
	struct conf *c = &d->conf;
	const char *backup = cfg_getstr(sec, "backup_period");
	const long land = cfg_getint(sec, "land");

	c->address = list_of(d, sec, "address");
	c->request_mail = conf_strdup(d, cfg_getstr(sec, "mail"));
	if (cfg_getint(sec, "mail_max") > 0)
		c->request_mail_max = cfg_getint(sec, "mail_max");
	c->wkd_ca = conf_strdup(d, cfg_getstr(sec, "wkd_ca"));
	c->backup_s = backup ? conf_period_s(backup) : 0;
	c->second_person = cfg_getbool(sec, "second_person");
	c->approvers = list_of(d, sec, "approvers");
	c->own_key_copy = conf_strdup(d, cfg_getstr(sec, "key_copy"));
	c->land = land >= 0 ? (enum conf_land)land : c->land;
}

/* What OPTION names, or else the folder NAME in state_dir. */
static const char *
state_folder(struct conf_draft *d, cfg_t *root, const char *option, const char *name)
{
	const char *given = text_of(d, root, option);
	cleanup_mem char *path = NULL;

	if (given || !d->conf.state_dir || asprintf(&path, "%s/%s", d->conf.state_dir, name) < 0)
		return given;
	return conf_strdup(d, path);
}

static void
globals_take(struct conf_draft *d, cfg_t *root)
{
	struct conf *c = &d->conf;

	c->state_dir = text_or(d, root, "state_dir", c->state_dir);
	c->runtime_dir = text_or(d, root, "runtime_dir", c->runtime_dir);
	c->metrics_dir = text_or(d, root, "metrics_dir", c->metrics_dir);
	c->log_dir = text_or(d, root, "log_dir", c->log_dir);
	c->credential = text_or(d, root, "credential", c->credential);
	c->pseudonym_prefix = text_or(d, root, "pseudonym_prefix", c->pseudonym_prefix);
	c->clock_ntp = cfg_getint(root, "clock") <= 0;
	retention_take(c, cfg_getsec(root, "retention"));
	dsar_take(d, cfg_getsec(root, "dsar"));
	conf_contact_take(d, root);
	c->key_dir = state_folder(d, root, "key_dir", "keys");
	c->register_dir = state_folder(d, root, "register_dir", "register");
	c->queue_dir = state_folder(d, root, "queue_dir", "queue");
}

int
conf_take(struct conf_draft *d, const char *file, cfg_t *root, bool main, struct err *e)
{
	const char *name = conf_strdup(d, file);
	struct conf *c = &d->conf;

	if (main)
		globals_take(d, root);
	if (main && (conf_statistics_take(d, name, root, e) < 0 ||
			    conf_agent_take(d, name, cfg_getsec(root, "agent"), e) < 0 ||
			    conf_authority_take(d, name, cfg_getsec(root, "dsar"), e) < 0 ||
			    declarations_take(
				    d, name, root, &node_kind, &c->node, &c->n_nodes, 0, e) < 0))
		return -1;
	if (d->failed)
		return err_memory(e);
	if (declarations_take(d, name, root, &list_kind, &c->set, &c->n_sets, d->own_sets, e) < 0)
		return -1;
	if (declarations_take(
		    d, name, root, &format_kind, &c->format, &c->n_formats, d->own_formats, e) < 0)
		return -1;
	if (declarations_take(
		    d, name, root, &store_kind, &c->store, &c->n_stores, d->own_stores, e) < 0)
		return -1;
	if (declarations_take(
		    d, name, root, &source_kind, &c->source, &c->n_sources, d->own_sources, e) < 0)
		return -1;
	if (declarations_take(d, name, root, &category_kind, &c->category, &c->n_categories,
		    d->own_categories, e) < 0 ||
		declarations_take(
			d, name, root, &duty_kind, &c->duty, &c->n_duties, d->own_duties, e) < 0 ||
		declarations_take(d, name, root, &recipient_kind, &c->recipient, &c->n_recipients,
			d->own_recipients, e) < 0)
		return -1;
	return declarations_take(
		d, name, root, &accept_kind, &c->accept, &c->n_accepts, d->own_accepts, e);
}
