/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libyaml gives a file as nodes, of which an alias names one once more: nothing grows by them, but a walk through
 * merge keys could, so each look-up takes from a budget.
 */
#include "logscrub/doctor/compose.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"

#define FLOW_DEPTH  64
#define ANCHORS_MAX 1024
#define BUDGET      200000 /* members looked at in a file */
#define MERGE_DEPTH 8

struct compose {
	const char *dir, *env;
	char project[COMPOSE_VALUE_MAX];
	size_t n;
	bool is_cut;
	struct compose_service *service[COMPOSE_SERVICES];
};

/* A file that is being read. */
struct reading {
	struct compose *compose;
	const char *file;
	yaml_document_t *doc;
	unsigned budget;
	yaml_node_t *services, *volumes; /* of the file; NULL: it has none */
};

struct compose *
compose_new(const char *dir, const char *env)
{
	struct compose *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->dir = dir;
	c->env = env ? env : "";
	return c;
}

static void
volume_release(struct compose_volume *v)
{
	free(v->source);
	free(v->target);
}

struct compose *
compose_free(struct compose *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->service[i]->n_volumes; k++)
			volume_release(&c->service[i]->volume[k]);
		free(c->service[i]);
	}
	free(c);
	return NULL;
}

size_t
compose_count(const struct compose *c)
{
	return c->n;
}

const struct compose_service *
compose_service(const struct compose *c, size_t i)
{
	return c->service[i];
}

bool
compose_is_cut(const struct compose *c)
{
	return c->is_cut;
}

/* --- variables -------------------------------------------------------------------------------- */

/* The value of the LEN bytes of NAME in .env, into *ret. */
static bool
variable(const struct compose *c, const char *name, size_t len, struct span *ret)
{
	for (const char *line = c->env; line; line = strchr(line, '\n')) {
		size_t n;

		line += strspn(line, "\n \t");
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		n = strcspn(line + len + 1, "\r\n");
		*ret = span_of(line + len + 1, n);
		if (n > 1 && strchr("\"'", ret->p[0]) && ret->p[n - 1] == ret->p[0])
			*ret = span_of(ret->p + 1, n - 2);
		return true;
	}
	return false;
}

/* What "${…}" at P stands for, of which the brace is closed at CLOSE. */
static void
put_braced(const struct compose *c, const char *p, const char *close, struct buf *out)
{
	const size_t len = strspn(
		p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	const char *rest = p + len;
	struct span value = SPAN_NONE;
	bool has = variable(c, p, len, &value);

	if (*rest == ':') {
		has = has && value.len > 0;
		rest++;
	}
	if (has)
		buf_span(out, value);
	else if (*rest == '-' && rest < close)
		buf_put(out, rest + 1, (size_t)(close - rest - 1));
}

/* TEXT with its variables filled in; owned by the caller; NULL: it is too long. */
static char *
filled(const struct compose *c, const char *text)
{
	struct buf b;

	buf_init(&b, PATH_MAX);
	while (*text) {
		const char *close;
		size_t len;
		struct span value = SPAN_NONE;

		if (*text != '$' || text[1] == '$') {
			buf_char(&b, *text);
			text += *text == '$' ? 2 : 1;
		} else if (text[1] == '{' && (close = strchr(text, '}')) != NULL) {
			put_braced(c, text + 2, close, &b);
			text = close + 1;
		} else {
			for (len = 0; isalnum((unsigned char)text[1 + len]) || text[1 + len] == '_';
				len++)
				;
			if (variable(c, text + 1, len, &value))
				buf_span(&b, value);
			text += 1 + len;
		}
	}
	buf_char(&b, '\0');
	if (b.failed) {
		buf_release(&b);
		return NULL;
	}
	return b.p;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static unsigned
line_of(const yaml_node_t *n)
{
	return (unsigned)n->start_mark.line + 1;
}

static const char *
text_of(const yaml_node_t *n)
{
	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
}

static bool
is_map(const yaml_node_t *n)
{
	return n && n->type == YAML_MAPPING_NODE;
}

static yaml_node_t *member_at(struct reading *r, yaml_node_t *map, const char *key, unsigned depth);

/* KEY in what "<<" names: a mapping, or several, of which the first one counts. */
static yaml_node_t *
merged(struct reading *r, yaml_node_t *from, const char *key, unsigned depth)
{
	if (is_map(from))
		return member_at(r, from, key, depth + 1);
	if (!from || from->type != YAML_SEQUENCE_NODE)
		return NULL;
	for (yaml_node_item_t *i = from->data.sequence.items.start;
		i < from->data.sequence.items.top; i++) {
		yaml_node_t *found = member_at(
			r, yaml_document_get_node(r->doc, *i), key, depth + 1);

		if (found || r->budget == 0)
			return found;
	}
	return NULL;
}

static yaml_node_t *
member_at(struct reading *r, yaml_node_t *map, const char *key, unsigned depth)
{
	yaml_node_t *found = NULL;

	if (!is_map(map) || depth > MERGE_DEPTH)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
		p++) {
		const char *name = text_of(yaml_document_get_node(r->doc, p->key));

		if (r->budget == 0 || --r->budget == 0) {
			r->compose->is_cut = true;
			return NULL;
		}
		if (strcmp(name, key) == 0)
			return yaml_document_get_node(r->doc, p->value);
	}
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
		!found && p < map->data.mapping.pairs.top; p++)
		if (strcmp(text_of(yaml_document_get_node(r->doc, p->key)), "<<") == 0)
			found = merged(r, yaml_document_get_node(r->doc, p->value), key, depth);
	return found;
}

/* The member KEY of MAP, its own or a merged one; NULL: there is none. */
static yaml_node_t *
member(struct reading *r, yaml_node_t *map, const char *key)
{
	return member_at(r, map, key, 0);
}

static void
value_of(struct reading *r, yaml_node_t *map, const char *key, char ret[COMPOSE_VALUE_MAX])
{
	const yaml_node_t *n = member(r, map, key);
	cleanup_mem char *text = n ? filled(r->compose, text_of(n)) : NULL;

	if (text)
		(void)snprintf(ret, COMPOSE_VALUE_MAX, "%s", text);
}

/* --- logging ---------------------------------------------------------------------------------- */

static yaml_node_t *
logging_of(struct reading *r, yaml_node_t *service)
{
	yaml_node_t *logging = member(r, service, "logging"), *base;

	if (logging)
		return logging;
	base = member(r, service, "extends");
	if (is_map(base))
		base = member(r, base, "file") ? NULL : member(r, base, "service");
	return base ? member(r, member(r, r->services, text_of(base)), "logging") : NULL;
}

static void
logging_read(struct reading *r, struct compose_service *s, yaml_node_t *service)
{
	static const char *const addresses[] = { "syslog-address", "gelf-address",
		"fluentd-address", "splunk-url", "loki-url", "awslogs-region", "gcp-project" };
	yaml_node_t *logging = logging_of(r, service), *options = member(r, logging, "options");
	char driver[COMPOSE_VALUE_MAX] = "";

	if (!is_map(logging))
		return;
	value_of(r, logging, "driver", driver);
	if (driver[0]) {
		if (strcmp(driver, s->driver) != 0) /* another driver has other options */
			s->max_size[0] = s->max_file[0] = s->address[0] = '\0';
		(void)snprintf(s->driver, sizeof(s->driver), "%s", driver);
		s->file = r->file;
		s->line = line_of(logging);
	}
	value_of(r, options, "max-size", s->max_size);
	value_of(r, options, "max-file", s->max_file);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]) && !s->address[0]; i++)
		value_of(r, options, addresses[i], s->address);
}

/* --- volumes ---------------------------------------------------------------------------------- */

/* Takes "." and ".." out of PATH. */
static void
path_clean(char *path)
{
	char *out = path;

	for (const char *p = path; *p;) {
		const size_t n = strcspn(p + 1, "/") + 1; /* "/name" */

		if (n == 3 && memcmp(p, "/..", 3) == 0) {
			while (out > path && *--out != '/')
				;
		} else if (n > 1 && !(n == 2 && p[1] == '.')) {
			memmove(out, p, n);
			out += n;
		}
		p += n;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

/* SOURCE as a path of this machine: relative ones lie below the project, "~" is root's. */
static char *
path_of(const struct compose *c, const char *source)
{
	char *path = NULL;
	int n;

	if (*source == '/')
		n = asprintf(&path, "%s", source);
	else if (*source == '~')
		n = asprintf(&path, "/root%s", source + 1);
	else
		n = asprintf(&path, "%s/%s", c->dir, source);
	if (n < 0)
		return NULL;
	path_clean(path);
	return path;
}

/* The folder's name as docker compose takes it for its project's. */
static void
project_name(struct compose *c)
{
	const char *from = strrchr(c->dir, '/');
	size_t n = 0;

	for (from = from ? from + 1 : c->dir; *from && n + 1 < sizeof(c->project); from++) {
		const char l = (char)tolower((unsigned char)*from);

		if (isalnum((unsigned char)l) || (n > 0 && (l == '-' || l == '_')))
			c->project[n++] = l;
	}
	c->project[n] = '\0';
}

/* Where the volume NAME of the project lies; NULL: in memory, or it is not known. */
static char *
named_volume(struct reading *r, const char *name)
{
	yaml_node_t *volume = member(r, r->volumes, name), *opts = member(r, volume, "driver_opts");
	char type[COMPOSE_VALUE_MAX] = "", device[COMPOSE_VALUE_MAX] = "",
	     own[COMPOSE_VALUE_MAX] = "";
	const bool external = strcmp(text_of(member(r, volume, "external")), "true") == 0;
	char *path;
	int n;

	value_of(r, opts, "type", type);
	value_of(r, opts, "device", device);
	value_of(r, volume, "name", own);
	if (strcmp(type, "tmpfs") == 0)
		return NULL;
	if (device[0] == '/')
		return path_of(r->compose, device);
	if (own[0] || external)
		n = asprintf(&path, "%s/%s/_data", COMPOSE_VOLUMES_DIR, own[0] ? own : name);
	else
		n = asprintf(
			&path, "%s/%s_%s/_data", COMPOSE_VOLUMES_DIR, r->compose->project, name);
	return n < 0 ? NULL : path;
}

/* A later file's volume at the same place comes instead of the first. */
static void
volume_add(struct reading *r, struct compose_service *s, char *source, const char *target,
	unsigned line)
{
	struct compose_volume v = { .source = source, .file = r->file, .line = line };
	size_t i = 0;

	v.target = strdup(target);
	while (v.target && i < s->n_volumes && strcmp(s->volume[i].target, target) != 0)
		i++;
	if (!v.source || !v.target || i == COMPOSE_VOLUMES) {
		r->compose->is_cut |= i == COMPOSE_VOLUMES;
		volume_release(&v);
		return;
	}
	if (i == s->n_volumes)
		s->n_volumes++;
	else
		volume_release(&s->volume[i]);
	s->volume[i] = v;
}

static char *
source_of(struct reading *r, const char *source)
{
	return strchr("/.~", *source) ? path_of(r->compose, source) : named_volume(r, source);
}

/* "SOURCE:TARGET:MODE"; without a source Docker makes a folder of its own. */
static void
short_volume(struct reading *r, struct compose_service *s, const yaml_node_t *n)
{
	cleanup_mem char *text = filled(r->compose, text_of(n));
	char *target, *mode;

	if (!text || !*text)
		return;
	target = strchr(text, ':');
	if (!target) {
		volume_add(r, s, strdup(COMPOSE_VOLUMES_DIR), text, line_of(n));
		return;
	}
	*target++ = '\0';
	mode = strchr(target, ':');
	if (mode)
		*mode++ = '\0';
	if (!mode || strncmp(mode, "ro", 2) != 0)
		volume_add(r, s, source_of(r, text), target, line_of(n));
}

static void
long_volume(struct reading *r, struct compose_service *s, yaml_node_t *n)
{
	cleanup_mem char *source = filled(r->compose, text_of(member(r, n, "source")));
	cleanup_mem char *target = filled(r->compose, text_of(member(r, n, "target")));
	const char *type = text_of(member(r, n, "type"));

	if (!source || !target || !*target ||
		strcmp(text_of(member(r, n, "read_only")), "true") == 0)
		return;
	if (strcmp(type, "bind") == 0)
		volume_add(r, s, path_of(r->compose, source), target, line_of(n));
	else if (strcmp(type, "volume") == 0 || !*type)
		volume_add(r, s, *source ? source_of(r, source) : strdup(COMPOSE_VOLUMES_DIR),
			target, line_of(n));
}

static void
volumes_read(struct reading *r, struct compose_service *s, yaml_node_t *service)
{
	yaml_node_t *list = member(r, service, "volumes");

	if (!list || list->type != YAML_SEQUENCE_NODE)
		return;
	for (yaml_node_item_t *i = list->data.sequence.items.start;
		i < list->data.sequence.items.top; i++) {
		yaml_node_t *n = yaml_document_get_node(r->doc, *i);

		if (r->budget == 0 || --r->budget == 0) {
			r->compose->is_cut = true;
			return;
		}
		if (is_map(n))
			long_volume(r, s, n);
		else if (n)
			short_volume(r, s, n);
	}
}

/* --- a file ----------------------------------------------------------------------------------- */

static struct compose_service *
service_get(struct reading *r, const char *name, unsigned line)
{
	struct compose *c = r->compose;
	struct compose_service *s;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->service[i]->name, name) == 0)
			return c->service[i];
	s = c->n < COMPOSE_SERVICES && strlen(name) < COMPOSE_VALUE_MAX ? calloc(1, sizeof(*s))
									: NULL;
	if (!s) {
		c->is_cut = true;
		return NULL;
	}
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	s->file = r->file;
	s->line = line;
	c->service[c->n++] = s;
	return s;
}

static void
document_read(struct reading *r)
{
	yaml_node_t *root = yaml_document_get_root_node(r->doc);

	if (!r->compose->project[0])
		project_name(r->compose);
	value_of(r, root, "name", r->compose->project);
	r->services = member(r, root, "services");
	r->volumes = member(r, root, "volumes");
	if (!is_map(r->services))
		return;
	for (yaml_node_pair_t *p = r->services->data.mapping.pairs.start;
		p < r->services->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(r->doc, p->key),
			    *value = yaml_document_get_node(r->doc, p->value);
		struct compose_service *s = is_map(value) && *text_of(key)
						    ? service_get(r, text_of(key), line_of(key))
						    : NULL;

		if (!s)
			continue;
		logging_read(r, s, value);
		volumes_read(r, s, value);
	}
}

/* libyaml goes through all open brackets for each word, and through all anchors for each alias: a megabyte of either
 * takes minutes. Brackets in texts and comments count as well here, which no file of people has that many of. */
static bool
is_heavy(const char *text, size_t len)
{
	unsigned depth = 0, anchors = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '[' || text[i] == '{')
			depth++;
		else if ((text[i] == ']' || text[i] == '}') && depth > 0)
			depth--;
		anchors += text[i] == '&';
		if (depth > FLOW_DEPTH || anchors > ANCHORS_MAX)
			return true;
	}
	return false;
}

unsigned
compose_read(struct compose *c, const char *file, const char *text, size_t len)
{
	struct reading r = { .compose = c, .file = file, .budget = BUDGET };
	yaml_parser_t parser;
	yaml_document_t doc;
	unsigned wrong = 0;

	if (len > COMPOSE_TEXT_MAX || is_heavy(text, len) || !yaml_parser_initialize(&parser))
		return 1;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &doc)) {
		r.doc = &doc;
		document_read(&r);
		yaml_document_delete(&doc);
	} else {
		wrong = (unsigned)parser.problem_mark.line + 1;
	}
	yaml_parser_delete(&parser);
	return wrong;
}
