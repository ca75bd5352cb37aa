/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * conf.h - the configuration as it was declared
 *
 * All of sparsam.conf, formats.d/ and stores.d/ as plain structs, read through libconfuse and
 * checked whole before anything is opened for writing. What can be decided from the text alone is
 * decided here (unknown options, names declared twice, names that nothing declares, periods,
 * categories); what needs a format compiled or a field known is the matter of lib/record.
 *
 * Search order, `*.d` in byte order: the shipped formats.d and stores.d ($PREFIX/share/sparsam, or
 * ./conf beside a build tree), then those of the configuration's own folder; a file of the same
 * name there replaces the shipped one, and so does a declaration of the same name. A name declared
 * twice in one folder is an error. File format: sparsam.conf(5).
 *
 * All pointers live until conf_free(). Strings are never NULL unless it says so. Lists end by
 * count.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/* Where something was declared, for messages: `file:line` of its opening brace, or of the name in a
 * list. */
struct conf_place {
	const char *file;
	unsigned line;
};

struct conf_list {
	const char **v;
	size_t n;
};

enum conf_format_type {
	FORMAT_TEMPLATE,
	FORMAT_PATTERN,
	FORMAT_SYSLOG,
	FORMAT_JSON,
	FORMAT_VARIANTS
};

/* list "NAME" { values = { … } }: what several rules share. In a rule's `mask` and `values`, "@NAME" stands
 * for all of them; conf_read() has put them there. */
struct conf_set {
	struct conf_place where;
	const char *name;
	struct conf_list values;
};

/* How a product writes bytes that its own format could not bear. */
enum conf_escape {
	ESCAPE_NONE,
	ESCAPE_NGINX,   /* \xHH, upper case (nginx escape=default); reading, \" and \\ as well */
	ESCAPE_APACHE,  /* \" \\ \n \t \xhh */
	ESCAPE_JSON,    /* RFC 8259 strings (nginx escape=json, docker json-file) */
	ESCAPE_RSYSLOG, /* #ooo octal for control bytes */
	ESCAPE_SD       /* RFC 5424 structured data: \" \\ \] */
};

/* field "NAME" { format = "…" escape = "…" } inside a format: this field is read by an inner format
 */
struct conf_inner {
	struct conf_place where;
	const char *field;
	const char *format; /* or NULL */
	bool has_escape;    /* escape was given; else the outer format's own */
	enum conf_escape escape;
};

struct conf_format {
	struct conf_place where;
	const char *name;
	enum conf_format_type type;
	const char *template_;    /* pieces joined (template) */
	bool apache;              /* template is an Apache LogFormat: dialect = "apache" */
	struct conf_list pattern; /* alternatives, tried in order (pattern) */
	const char *message;      /* the format of the message (syslog), or NULL: free text */
	struct conf_list variant; /* names of formats, tried in order (variants) */
	enum conf_escape escape;  /* of every field, unless a field says otherwise */
	struct conf_inner *inner;
	size_t n_inner;
	const char *begin; /* PCRE2: what begins an entry; NULL: each line is one */
	struct conf_list
		time; /* the field that has the record's time; JSON: the first that is there */
};

/* One rule of a scrub section: reduce "FIELD" { to = "…" … }, or one name of keep, pseudonym, … */
struct conf_reduce {
	struct conf_place where;
	const char *field;
	const char *to;        /* a transform's name: "keep", "pseudonym", "method+path", … */
	struct conf_list mask; /* path segments: routes ("/rooms/:id") or PCRE2 ("~[0-9a-f]{40}") */
	struct conf_list detect; /* redact: which detectors; empty: all but uuid */
	struct conf_list values; /* one-of: words, or PCRE2 for whole values ("~\d+ ms") */
	long segments;           /* path segments kept at most; -1: all */
	long bits4, bits6;       /* truncate, prefix-pseudonym; -1: the default */
	long digits;             /* last4: how many; -1: the default */
	const char *interval;    /* coarse time: "1min", "1h", …; NULL: the default */
};

struct conf_sink {
	struct conf_place where;
	enum conf_sink_type {
		SINK_FILE,
		SINK_NAMESPACE,
		SINK_JOURNAL,
		SINK_SYSLOG,
		SINK_STDOUT
	} type;
	const char *path;       /* file, journal; syslog: unix:PATH, udp:HOST:PORT, tcp:HOST:PORT */
	const char *namespace_; /* namespace */
};

/* subject "KIND" { field = "F" … }: a record is about whoever has an identifier of KIND that F holds. Several
 * fields are several of these; "KIND:WORD" is one more of the kind. */
struct conf_subject {
	struct conf_place where;
	const char *kind; /* "ip", "email", … */
	const char *field;
	const char *element; /* in XML within the text: each element of this name whose child FIELD
			      * is the identifier is a find of its own; NULL: a field of the record */
	bool pseudonym;      /* it holds the day's token instead */
	enum conf_match {
		CONF_MATCH_EQUAL,
		CONF_MATCH_PREFIX,
		CONF_MATCH_CONTAINS,
		CONF_MATCH_PARTS /* the words of all such fields of a kind are, in any order, the identifier's */
	} match;
	bool review; /* such a record is of others, too: never straight into an answer */
	const char *
		as; /* what the field has instead of the identifier: 'gl-{}', 'sha1({})-'; NULL: itself */
};

/* link "KIND" { field = "F" … }: of a record found as hers, F gives an identifier of KIND. */
struct conf_link {
	struct conf_place where;
	const char *kind, *field;
	const char *as; /* the identifier, of what the field has; NULL: itself */
	const char *
		from; /* only where the record was found by an identifier of this kind; NULL: any */
	bool review;  /* leaves her own key: hers only when that was confirmed */
	const char *element,
		*with; /* in XML within the text: FIELD and WITH are children of one ELEMENT,
				     * and WITH holds the identifier; NULL: a field of the record */
};

/* One line of the section that is named like the store's type: what only its driver knows. */
struct conf_option {
	const char *key, *value;
};

struct conf_store {
	struct conf_place where;
	const char *name, *type; /* type: "textlog", "journal", … as declared */
	const char *part_of; /* the store of which these records are a part: searched there; NULL */
	struct conf_list paths;
	const char *format;
	const char *category, *purpose, *basis;
	int64_t period_s;
	bool until_erased;       /* period = "none": nothing ages, period_s is 0 */
	int64_t hold_max_s;      /* the ceiling of a hold's length; 0: nothing may be held */
	const char *start_event; /* DIN 66398: what the period runs from; "" : the record's time */
	const char *deletion_class; /* DIN 66398: its name, or "" */
	struct conf_option *option; /* of the section TYPE { … } */
	size_t n_options;
	const char *timezone; /* NULL: the machine's */
	bool required;
	bool break_seal;              /* a journal: drop entries of sealed files, too */
	struct conf_list journal;     /* claims: "_SYSTEMD_UNIT=ssh.service", "A=x + B=y" */
	struct conf_list erase_after; /* stores that have to be erased before this one */
	const char *
		not_erased; /* why a request leaves its records: who erases them; NULL: it does not */
	struct conf_list rectify; /* fields that may be set to another value (Art. 16) */
	bool has_scrub;
	struct conf_reduce *rule; /* keep, pseudonym, redact lists and reduce sections, in order */
	size_t n_rules;
	struct conf_list keep_networks; /* CIDR: addresses that stay readable */
	bool render_address;            /* tokens as addresses below pseudonym_prefix */
	struct conf_subject *subject;
	size_t n_subjects;
	struct conf_link *link;
	size_t n_links;
	struct conf_sink *sink;
	size_t n_sinks;
};

struct conf_tag {
	struct conf_place where;
	const char *tag; /* the syslog APP-NAME; "postfix/" with a slash at its end: all below */
	const char *store;
};

struct conf_source {
	struct conf_place where;
	const char *name;
	enum conf_source_type { SOURCE_JOURNAL, SOURCE_SYSLOG, SOURCE_TAIL } type;
	const char *listen;     /* syslog: unix:PATH, udp:ADDR:PORT, tcp:ADDR:PORT, systemd:NAME */
	const char *namespace_; /* journal: NULL the default one, "*" all */
	const char *directory;  /* journal: read this folder instead; NULL: the machine's */
	struct conf_list match; /* journal: FIELD=VALUE, all of one field or-ed */
	struct conf_list paths; /* tail */
	const char *store;      /* NULL: by tag, or (journal) by the stores' claims */
	struct conf_tag *tag;
	size_t n_tags;
};

/* The digest that an API's checksum is made with. */
enum conf_checksum { CHECKSUM_SHA1, CHECKSUM_SHA256, CHECKSUM_SHA384, CHECKSUM_SHA512 };

/* api "NODE" { url = "…" }: a BigBlueButton server that is asked for numbers */
struct conf_api {
	struct conf_place where;
	const char *node;
	const char *url; /* without a slash at its end */
	enum conf_checksum checksum;
	const char *secret; /* a credential's name, or an absolute path */
};

struct conf_statistics {
	struct conf_place where;
	bool given;        /* the section is there: lines are counted */
	const char *node;  /* whose lines; NULL: the machine's name */
	const char *store; /* whose lines are counted */
	long round;        /* to multiples of this; 1: not at all */
	struct conf_api *api;
	size_t n_apis;
};

/* accept "ID" { reason = "…" until = "…" }: a finding of logscrub doctor that is known and borne */
struct conf_accept {
	struct conf_place where;
	const char *id; /* the finding's; with an asterisk at its end: all that begin so */
	const char *reason;
	const char *until; /* its last day (UTC), "2026-12-31" */
};

/* Whose public holidays count: ISO 3166-2:DE. */
enum conf_land {
	LAND_BW,
	LAND_BY,
	LAND_BE,
	LAND_BB,
	LAND_HB,
	LAND_HH,
	LAND_HE,
	LAND_MV,
	LAND_NI,
	LAND_NW,
	LAND_RP,
	LAND_SL,
	LAND_SN,
	LAND_ST,
	LAND_SH,
	LAND_TH,
	LANDS
};

/* What one row of the privacy policy says in one language: text "de" { … }. "" where not given. */
struct conf_policy_text {
	const char *title, *holds, *purpose, *basis, *period, *subjects, *recipients;
	const char *start_event,
		*deletion_class; /* where their words differ from the category's own */
};

enum conf_language { LANG_EN, LANG_DE, LANGUAGES };

/* category "NAME" { … }: a row of the privacy policy. Stores without a period, start event or deletion
 * class of their own have those of their category (DIN 66398: standard and regular period). */
struct conf_category {
	struct conf_place where;
	const char *name;
	bool stored;      /* on this machine; else no store is missed */
	int64_t period_s; /* the standard period; 0: none that is counted in days */
	const char *start_event, *deletion_class;
	struct conf_policy_text text[LANGUAGES];
};

/* duty "NAME" { … }: a law under which records are restricted instead of erased (GDPR Art. 17(3)(b)).
 * A record is under it until the end of ENDS_S, and YEARS after the end of the (UTC) calendar year
 * that it is of, whichever is given and comes first. */
struct conf_duty {
	struct conf_place where;
	const char *name;
	const char *law;                     /* "Section 147 AO" */
	struct conf_list stores, categories; /* that it covers: all of both */
	int64_t since_s, until_s; /* of records, UTC, until excluded; INT64_MIN and _MAX: any */
	int64_t ends_s;           /* excluded; INT64_MAX: by YEARS alone */
	long years;               /* -1: by ENDS_S alone */
};

/* recipient "NAME" { … }: who is given data of some stores (GDPR Art. 13(1)(e), 15(1)(c), 19). */
struct conf_recipient {
	struct conf_place where;
	const char *name;                    /* as letters name it */
	struct conf_list stores, categories; /* whose data: all of both */
	const char *address;                 /* in letters; "" */
	const char *country;                 /* ISO 3166-1: "DE" */
	const char *safeguards;              /* of a transfer to a third country (Art. 46); "" */
	bool processor;                      /* works on the controller's order (Art. 28) */
	const char *fingerprint;     /* of the key that notices are encrypted to; "": none */
	const char *key;             /* … and the file that has it; "" */
	const char *what[LANGUAGES]; /* of it, in either language; "" */
};

/* node "NAME" { … }: a machine that carries out orders (dsar order), by its agent's key. */
struct conf_node {
	struct conf_place where;
	const char *name;
	const char *fingerprint; /* the whole one of its primary key */
	const char *key;         /* the file that has the public key */
};

struct conf {
	const char *file;                  /* the one read, or NULL: the shipped files alone */
	const char *own_dir, *shipped_dir; /* where formats.d, stores.d and templates lie */
	const char *state_dir;             /* /var/lib/sparsam */
	const char *runtime_dir;           /* /run/sparsam */
	const char *metrics_dir;           /* /var/lib/prometheus/node-exporter */
	const char *log_dir;      /* /var/log/sparsam: STORE.log for a store without a sink */
	const char *key_dir;      /* state_dir/keys */
	const char *register_dir; /* state_dir/register: requests of people (dsar) */
	const char *credential; /* the sealed wrapping key: /etc/credstore.encrypted/sparsam-keys */
	const char *pseudonym_prefix; /* the /48 for tokens rendered as addresses */
	bool clock_ntp;               /* clock = "ntp" */
	struct conf_statistics statistics;
	struct conf_set *set;
	size_t n_sets;
	int64_t run_interval_s; /* retention: how far apart its runs are; 1 h */
	long max_share;         /* … percent of a store that a run may erase unconfirmed; 90 */
	struct conf_format *format;
	size_t n_formats;
	struct conf_store *store;
	size_t n_stores;
	/* the same stores, each behind those it is to be erased after, and otherwise as they were declared */
	const struct conf_store **erase_order;
	struct conf_source *source;
	size_t n_sources;
	struct conf_accept *accept;
	size_t n_accepts;
	struct conf_category *category;
	size_t n_categories;
	struct conf_duty *duty;
	size_t n_duties;
	struct conf_recipient *recipient;
	size_t n_recipients;
	const char *controller, *dpo, *authority;  /* for the register of Art. 30; "" */
	int64_t remind_s;                          /* before a hold's end; 7 d */
	const char *mail_to, *witness, *mail_from; /* retention notify; NULL: no such mail */
	const char *sendmail;                      /* /usr/sbin/sendmail */
	enum conf_land land;                       /* dsar: of the controller's seat */
	struct conf_list address; /* … the controller's, its lines, for letters */
	const char *request_mail; /* … where requests arrive, and From of answers; NULL: no mail */
	long request_mail_max;    /* … bytes of a mail that its server takes; 10,240,000 */
	const char *wkd_ca; /* … a file of certificates, for servers of keys; NULL: the system's */
	int64_t backup_s;   /* … how long the newest backup lives; 0: there are none */
	bool second_person;                /* dsar: an erasure needs two approvals */
	struct conf_list approvers;        /* … by these keys: whole fingerprints */
	const char *authority_fingerprint; /* … of the supervisory authority's key; NULL: none */
	const char *authority_key;         /* … the file that has it; NULL */
	const char *own_key_copy; /* dsar: the own key of which a copy is kept elsewhere, or NULL */
	const char *queue_dir;    /* state_dir/queue: orders to nodes, and their results */
	struct conf_node *node;   /* … to these */
	size_t n_nodes;
	const char *agent_node;        /* dsar agent: this machine's name; NULL: the host's */
	struct conf_list agent_escrow; /* … results are encrypted to this key, too; at most one */
	const char *agent_escrow_key;  /* … the file that has it; NULL */
	int64_t longest_period_s;      /* of all logs; keys older than this are past */
	uint64_t
		digest; /* of all that was read, to the byte: another one where something changed */
};

/* Reads the configuration: FILE, or NULL for the default (/etc/sparsam/sparsam.conf, then
 * $SPARSAM_CONF, then the shipped files alone). The caller owns *ret and ends it with conf_free().
 * Fails with EX_CONFIG and "FILE:LINE: …" for bad configuration, EX_NOINPUT for a FILE that is not
 * there. */
int conf_read(const char *file, struct conf **ret, struct err *e);

/* The same for a system whose root is ROOTFD: its own /etc/sparsam, never this machine's, and nothing
 * that its links would have to leave ROOTFD for; then the shipped files. What is there of its files
 * is not looked at. */
int conf_read_inside(int rootfd, struct conf **ret, struct err *e);

struct conf *conf_free(struct conf *c);
DEFINE_CLEANUP(struct conf, conf_free)

/* NULL where nothing has that name. */
const struct conf_format *conf_find_format(const struct conf *c, const char *name);
const struct conf_store *conf_find_store(const struct conf *c, const char *name);

const struct conf_node *conf_find_node(const struct conf *c, const char *name);
bool conf_is_node(const char *name); /* may a node be called that? */

const struct conf_category *conf_find_category(const struct conf *c, const char *name);

bool conf_recipient_has(const struct conf_recipient *r, const struct conf_store *s);
bool conf_recipient_is_third_country(const struct conf_recipient *r); /* outside of EU and EEA */

/* Is S under duty D, for some of its records? */
bool conf_duty_names(const struct conf_duty *d, const struct conf_store *s);

/* "7d" and the like: s, min, h, d, w. -1: no period. */
int64_t conf_period_s(const char *text);

/* EX_CONFIG at a declaration's place; returns -1. WHERE may be "". */
int conf_fail(struct err *e, const struct conf_place *at, const char *what, const char *todo,
	const char *where, ...) __attribute__((format(printf, 5, 6)));
#define conf_fail(...) ((void)(conf_fail)(__VA_ARGS__), -1) /* as in err.h */
