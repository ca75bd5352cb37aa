/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf-private.h"

#include <confuse.h>
#include <string.h>

#define NAME_MAX_LEN 64

bool
conf_is_node(const char *name)
{
	const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return n > 0 && n <= NAME_MAX_LEN && name[n] == '\0' && name[0] != '.' && name[0] != '-';
}

int
conf_node_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	struct conf_node *n = ret;

	*n = (struct conf_node){
		.where = { file, conf_schema_line(sec) },
		.name = conf_strdup(d, cfg_title(sec)),
		.fingerprint = conf_text_of(d, sec, "fingerprint"),
		.key = conf_text_of(d, sec, "key"),
	};
	if (d->failed)
		return err_memory(e);
	if (!conf_is_node(n->name))
		return conf_fail(e, &n->where, N_("bad name of a node"),
			N_("use lower case, digits, dots and hyphens"), "node \"%s\"", n->name);
	if (!*n->fingerprint || !*n->key)
		return conf_fail(e, &n->where, N_("node without a key"),
			N_("add fingerprint and key, as `dsar agent key` gives them"),
			"node \"%s\"", n->name);
	return 0;
}

int
conf_agent_take(struct conf_draft *d, const char *file, cfg_t *sec, struct err *e)
{
	struct conf *c = &d->conf;
	const char *key = cfg_getstr(sec, "escrow_key");
	const struct conf_place where = { file, conf_schema_line(sec) };

	c->agent_node = conf_strdup(d, cfg_getstr(sec, "node"));
	c->agent_escrow = conf_list_of(d, sec, "escrow");
	c->agent_escrow_key = conf_strdup(d, key);
	if (d->failed)
		return err_memory(e);
	if (c->agent_escrow.n > 1 || (c->agent_escrow.n == 1) != (key != NULL))
		return conf_fail(e, &where, N_("one escrow key takes its fingerprint and its file"),
			N_("give both of escrow and escrow_key"), "%s", "agent");
	return 0;
}

const struct conf_node *
conf_find_node(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_nodes; i++)
		if (strcmp(c->node[i].name, name) == 0)
			return &c->node[i];
	return NULL;
}
