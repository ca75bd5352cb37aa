/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "dsar/order/agent.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

static int
fail_config(const struct agent *a, struct err *e)
{
	return err_fail(e, EX_CONFIG, 0, N_("this machine has no agent for orders"),
		N_("make it with `dsar agent init`, as root"), "%s", a->dir);
}

static int
begin(struct agent *a, struct session *s, struct err *e)
{
	*a = (struct agent){ .s = s, .conf = *s->conf, .lock = -1, .orders = -1, .results = -1 };
	if (asprintf(&a->dir, "%s/agent", s->conf->state_dir) < 0)
		return err_memory(e);
	a->conf.register_dir = a->dir;
	if (s->conf->agent_node)
		(void)snprintf(a->node, sizeof(a->node), "%s", s->conf->agent_node);
	else if (gethostname(a->node, sizeof(a->node) - 1) < 0 || !conf_is_node(a->node))
		return err_fail(e, EX_CONFIG, 0, N_("this machine's name is none for orders"),
			N_("set node in agent { … }, in sparsam.conf"), NULL);
	return 0;
}

void
agent_release(struct agent *a)
{
	a->ring = openpgp_free(a->ring);
	if (a->orders >= 0)
		(void)close(a->orders);
	if (a->results >= 0)
		(void)close(a->results);
	if (a->lock >= 0)
		(void)close(a->lock);
	free(a->dir);
}

/* Root's alone: nobody else is to work with it. */
static int
register_make(struct agent *a, struct err *e)
{
	cleanup_mem char *path = NULL;
	bool there;

	if (asprintf(&path, "%s/register.db", a->dir) < 0)
		return err_memory(e);
	there = access(path, F_OK) == 0;
	if (!there && registry_init(&a->conf, &a->s->registry, e) < 0)
		return -1;
	/* also where a run before was killed in between */
	if (chown(a->dir, geteuid(), getegid()) < 0 || chmod(a->dir, 0700) < 0)
		return err_fail(e, EX_NOPERM, errno, N_("cannot make the agent's register"), NULL,
			"%s", a->dir);
	return there;
}

int
agent_make(struct agent *a, struct session *s, struct err *e)
{
	int rc;

	if (begin(a, s, e) < 0 || queue_make(s->conf, e) < 0)
		return -1;
	rc = register_make(a, e);
	if (rc < 0 || openpgp_open(a->dir, OPENPGP_OWN, &a->ring, e) < 0)
		return -1;
	if (rc > 0 && openpgp_own(a->ring))
		return err_fail(
			e, EX_CANTCREAT, 0, N_("there is an agent already"), NULL, "%s", a->dir);
	return openpgp_own(a->ring) ? 0 : openpgp_own_make(a->ring, a->node, e);
}

int
agent_open(struct agent *a, struct session *s, struct err *e)
{
	struct stat st;

	if (begin(a, s, e) < 0)
		return -1;
	a->lock = open(a->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->lock < 0)
		return errno == ENOENT ? fail_config(a, e)
				       : err_fail(e, EX_NOPERM, errno,
						 N_("cannot open the agent's register"),
						 N_("say it as root"), "%s", a->dir);
	if (fstat(a->lock, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 077))
		return err_fail(e, EX_NOPERM, 0, N_("the agent's register is open to others"),
			N_("see who has been there, and say `dsar agent init` again"), "%s",
			a->dir);
	if (flock(a->lock, LOCK_EX | LOCK_NB) < 0)
		return err_fail(
			e, EX_TEMPFAIL, 0, N_("the agent is at work already"), NULL, "%s", a->dir);
	if (registry_open(&a->conf, &s->registry, e) < 0 ||
		openpgp_open(a->dir, OPENPGP_OWN, &a->ring, e) < 0)
		return -1;
	if (!openpgp_own(a->ring))
		return fail_config(a, e);
	a->orders = queue_open(s->conf, QUEUE_ORDERS, e);
	a->results = a->orders < 0 ? -1 : queue_open(s->conf, QUEUE_RESULTS, e);
	return a->results < 0 ? -1 : 0;
}
