/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/agent.h"

#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/now.h"
#include "base/options.h"
#include "dsar/order/agent_ledger.h"
#include "dsar/command.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/order/result.h"
#include "dsar/order/seal.h"
#include "dsar/session.h"
#include "evidence/ledger.h"

#define _(text) gettext(text)

#define FILE_MAX (2u * ORDER_MAX)

/* An order on its way: what lies in the queue, opened. */
struct taking {
	struct agent *a;
	const char *id; /* by its file's name */
	void *plain;
	size_t len;
	struct order_paper paper;
	struct order *order;
	char sha256[SHA256_HEX];
	char signer[FINGERPRINT_LEN + 1];
	unsigned n_signers;
	bool again; /* it was taken by a run that was ended */
	int *status;
};

static void
order_name(const char *id, char ret[QUEUE_NAME_MAX])
{
	(void)snprintf(ret, QUEUE_NAME_MAX, "%s.order", id);
}

static void
show(struct agent *a, const char *id, const char *what, enum order_fault fault)
{
	struct print *o = &a->s->out;

	print_begin(o);
	print_str(o, "order", span_str(id));
	print_str(o, "what", span_str(what));
	print_str(o, "fault", span_str(order_fault_name(fault)));
	print_end(o);
	if (!o->json && fault != ORDER_FINE)
		printf(_("order %s: denied: %s\n"), id, _(order_fault_text(fault)));
	else if (!o->json)
		printf(_("order %s: carried out\n"), id);
}

/* In the node's ledger: by whose order this machine has done something, or has not. */
static int
note(struct taking *t, const char *what, enum order_fault fault, struct err *e)
{
	const struct order *o = t->order;
	json_t *d = json_pack(
		"{s:s, s:s, s:s}", "what", what, "order", t->id, "fault", order_fault_name(fault));

	if (d && o && fault == ORDER_FINE) {
		(void)json_object_set_new(d, "case", json_string(o->number));
		(void)json_object_set_new(d, "kind", json_string(order_kind_name(o->kind)));
		(void)json_object_set_new(d, "sha256", json_string(t->sha256));
		(void)json_object_set_new(d, "by", json_string(t->signer));
	}
	return ledger_append(t->a->s->ledger, now_us(), "order", d, NULL, e);
}

/* --- denied ----------------------------------------------------------------------------------- */

static int
deny(struct taking *t, enum order_fault fault, struct err *e)
{
	char name[QUEUE_NAME_MAX];

	order_name(t->id, name);
	if (note(t, "denied", fault, e) < 0 ||
		result_deny(t->a->results, t->id, t->a->node, fault, t->a->ring, e) < 0 ||
		queue_remove(t->a->orders, name, e) < 0)
		return -1;
	show(t->a, t->id, "denied", fault);
	*t->status = *t->status ? *t->status : 1;
	return 0;
}

/* --- opened ----------------------------------------------------------------------------------- */

static ssize_t
read_none(void *ctx, void *p, size_t n, struct err *e)
{
	(void)ctx;
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

/* Whether an order cannot be decrypted for its own fault, or for gpg's that does not work just now: then it waits. */
static int
ring_works(struct agent *a, struct err *e)
{
	cleanup_fd int made = memfd_create("probe", MFD_CLOEXEC), plain = -1;
	struct openpgp_signature ignored;
	struct err why;
	char text[8192];
	ssize_t n;

	if (made < 0 ||
		openpgp_encrypt(a->ring, openpgp_own(a->ring), false, read_none, NULL, made, e) < 0)
		return -1;
	n = pread(made, text, sizeof(text), 0);
	if (n > 0 && openpgp_decrypt(a->ring, span_of(text, (size_t)n), sizeof(text), &plain,
			     &ignored, &why) == 0)
		return 0;
	return err_fail(e, EX_TEMPFAIL, 0, N_("OpenPGP does not work"),
		N_("see that gnupg is installed, and try `gpg --homedir` on that folder"), "%s",
		a->dir);
}

static int
decrypt(struct taking *t, struct span cipher, enum order_fault *fault, struct err *e)
{
	struct openpgp_signature ignored;
	struct stat st;
	int fd = -1;

	if (openpgp_decrypt(t->a->ring, cipher, FILE_MAX, &fd, &ignored, e) < 0) {
		*fault = ORDER_UNREADABLE;
		return e->exit == EX_DATAERR ? ring_works(t->a, e) : -1;
	}
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		t->plain = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	else
		*fault = ORDER_FORM;
	(void)close(fd);
	t->len = (size_t)st.st_size;
	if (t->plain == MAP_FAILED) {
		t->plain = NULL;
		return err_memory(e);
	}
	return 0;
}

/* Signatures before all else: whoever may not order is told nothing, and costs little. */
static int
parse(struct taking *t, enum order_fault *fault, struct err *e)
{
	int rc = order_unpack(span_of(t->plain, t->len), &t->paper, e);

	if (rc == 0 &&
		order_check(&t->paper, t->a->s->conf, &t->n_signers, fault, t->signer, e) < 0)
		return -1;
	if (*fault != ORDER_FINE)
		return 0;
	if (rc == 0)
		rc = order_parse(t->paper.text, &t->order, e);
	if (rc == 0 && strcmp(t->order->id, t->id) != 0)
		rc = 1;
	if (rc > 0)
		*fault = ORDER_FORM;
	else if (rc == 0)
		sha256_hex(t->paper.text, t->sha256);
	return rc < 0 ? -1 : 0;
}

/* Reads the order's file. 1: it is gone. */
static int
open_order(struct taking *t, enum order_fault *fault, struct err *e)
{
	struct buf cipher;
	char name[QUEUE_NAME_MAX];
	int rc;

	order_name(t->id, name);
	buf_init(&cipher, FILE_MAX + 8192);
	rc = queue_read(t->a->orders, name, FILE_MAX, &cipher, e);
	if (rc < 0 && (e->exit == EX_DATAERR || e->exit == EX_NOPERM)) { /* no file, or a link */
		*fault = ORDER_UNREADABLE;
		rc = 0;
	} else if (rc == 0)
		rc = decrypt(t, span_of(cipher.p, cipher.len), fault, e);
	buf_release(&cipher);
	if (rc == 0 && *fault == ORDER_FINE)
		rc = parse(t, fault, e);
	return rc;
}

/* --- checked ---------------------------------------------------------------------------------- */

static enum order_fault
fault_of_time(const struct order *o, int64_t now)
{
	return now < o->not_before_us   ? ORDER_EARLY
	       : now >= o->not_after_us ? ORDER_LATE
					: ORDER_FINE;
}

static enum order_fault
check(const struct taking *t)
{
	if (t->n_signers < order_signers_needed(t->order->kind, t->a->s->conf))
		return ORDER_SECOND;
	if (strcmp(t->order->node, t->a->node) != 0)
		return ORDER_NODE;
	return t->again ? ORDER_FINE /* what has begun in time goes on */
			: fault_of_time(t->order, now_us());
}

/* --- carried out ------------------------------------------------------------------------------ */

/* The order's last steps: it goes away from the queue, and is known as done. */
static int
put_away(struct taking *t, struct err *e)
{
	struct registry *r = t->a->s->registry;
	char name[QUEUE_NAME_MAX];

	order_name(t->id, name);
	if (queue_remove(t->a->orders, name, e) < 0 || registry_begin(r, e) < 0)
		return -1;
	return registry_end(r, agent_move(r, t->id, AGENT_DONE, e), e);
}

static int
seal_for(struct taking *t, struct seal **ret, struct err *e)
{
	const struct conf *c = t->a->s->conf;
	CLEANUP(seal_freep) struct seal *s = NULL;

	if (seal_new(&s, e) < 0 || seal_to(s, t->paper.signature[0].key, t->signer, e) < 0)
		return -1;
	if (c->agent_escrow_key &&
		seal_to_file(s, c->agent_escrow_key, c->agent_escrow.v[0], e) < 0)
		return -1;
	*ret = TAKE(s);
	return 0;
}

static int
answer(struct taking *t, struct err *e)
{
	const struct result_head head = {
		.id = t->id, .number = t->order->number, .node = t->a->node, .sha256 = t->sha256
	};
	CLEANUP(seal_freep) struct seal *seal = NULL;
	CLEANUP(result_freep) struct result *out = NULL;

	if (seal_for(t, &seal, e) < 0 ||
		result_begin(t->a->results, &head, t->a->ring, seal, &out, e) < 0 ||
		agent_answer(t->a, t->order, out, e) < 0)
		return -1;
	return result_end(out, e);
}

static int
written(struct taking *t, struct err *e)
{
	struct registry *r = t->a->s->registry;

	if (registry_begin(r, e) < 0)
		return -1;
	return registry_end(r,
		agent_wipe(t->a, t->order, e) < 0 ? -1 : agent_move(r, t->id, AGENT_WRITTEN, e), e);
}

static int
take(struct taking *t, struct err *e)
{
	struct registry *r = t->a->s->registry;

	if (t->again)
		return 0;
	if (note(t, "taken", ORDER_FINE, e) < 0 || registry_begin(r, e) < 0)
		return -1;
	return registry_end(r, agent_take(r, t->id, t->sha256, now_us(), e), e);
}

/* What may be another the next time: no reason to say that it cannot be done. */
static bool
passes(const struct err *e)
{
	return e->exit == EX_TEMPFAIL || e->exit == EX_IOERR || e->exit == EX_CANTCREAT ||
	       e->exit == EX_OSERR || e->exit == EX_UNAVAILABLE || e->exit == EX_CONFIG;
}

static int
carry_out(struct taking *t, struct err *e)
{
	enum order_fault fault = ORDER_FINE;
	int rc;

	if (take(t, e) < 0)
		return -1;
	rc = agent_act(t->a, t->order, t->again, e);
	if (rc < 0 && passes(e))
		return -1;
	if (rc < 0)
		(void)err_print(e, "dsar", stderr);
	if (rc != 0)
		fault = rc < 0 ? ORDER_FAILED : (enum order_fault)rc;
	if (fault == ORDER_FINE && answer(t, e) < 0)
		return -1;
	if (fault != ORDER_FINE &&
		result_deny(t->a->results, t->id, t->a->node, fault, t->a->ring, e) < 0)
		return -1;
	if (note(t, fault == ORDER_FINE ? "answered" : "denied", fault, e) < 0 ||
		written(t, e) < 0 || put_away(t, e) < 0)
		return -1;
	show(t->a, t->id, fault == ORDER_FINE ? "answered" : "denied", fault);
	*t->status = *t->status || fault == ORDER_FINE ? *t->status : 1;
	return 0;
}

/* Is it known already? 1: nothing is left to do. */
static int
look_up(struct taking *t, enum order_fault *fault, struct err *e)
{
	enum agent_state state;
	char sha256[SHA256_HEX];
	const int rc = agent_known(t->a->s->registry, t->id, &state, sha256, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (strcmp(sha256, t->sha256) != 0 || state == AGENT_DONE) {
		*fault = ORDER_REPLAYED;
		return 0;
	}
	t->again = true;
	if (state == AGENT_TAKEN)
		return 0;
	return put_away(t, e) < 0 ? -1 : 1;
}

static int
work(struct taking *t, struct err *e)
{
	enum order_fault fault = ORDER_FINE;
	int rc = open_order(t, &fault, e);

	if (rc == 0 && fault == ORDER_FINE)
		rc = look_up(t, &fault, e);
	if (rc == 0 && fault == ORDER_FINE)
		fault = check(t);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return fault == ORDER_FINE ? carry_out(t, e) : deny(t, fault, e);
}

struct run {
	struct agent *a;
	int status;
};

/* One that fails does not keep the others. */
static int
see_order(void *ctx, const char *id, struct err *e)
{
	struct run *run = ctx;
	struct taking t = { .a = run->a, .id = id, .status = &run->status };

	if (work(&t, e) < 0) {
		(void)err_within(e, "order %s", id);
		run->status = err_print(e, "dsar", stderr);
	}
	order_free(t.order);
	order_paper_release(&t.paper);
	if (t.plain)
		(void)munmap(t.plain, t.len);
	return 0;
}

static int
settle(struct agent *a, struct err *e)
{
	struct registry *r = a->s->registry;

	return registry_begin(r, e) < 0 ? -1 : registry_end(r, agent_settle(r, e), e);
}

static int
run_queue(struct agent *a, struct err *e)
{
	struct run run = { .a = a };
	int due;

	if (queue_each(a->orders, ".order", see_order, &run, e) < 0)
		return -1;
	if (run.status <= 1 && settle(a, e) < 0) /* nothing is left that could not be put away */
		return -1;
	due = agent_due(a, e);
	if (due < 0 || ledger_sign(a->s->ledger, a->s->sign, e) < 0)
		return -1;
	return run.status ? run.status : due;
}

/* --- the command line ------------------------------------------------------------------------- */

static void
help(void)
{
	fputs(_("Usage: dsar agent\n"
		"       dsar agent init | key | reapply\n"
		"Carries out the orders that lie in this machine's queue, if those whom its configuration\n"
		"names have signed them, and puts what came of it there (root).\n\n"
		"  init   make the agent's register, its key and the queue\n"
		"  key    print the agent's fingerprint and public key, for node { … } of who orders\n"
		"  reapply  erase again what a backup has brought back of what orders had erased\n\n"
		"Example:  sudo dsar agent\n"),
		stdout);
}

static int
show_key(struct agent *a, struct err *e)
{
	struct print *o = &a->s->out;
	struct buf key;
	int rc;

	buf_init(&key, 1u << 20);
	rc = openpgp_export(a->ring, openpgp_own(a->ring), &key, e);
	if (rc == 0) {
		print_begin(o);
		print_str(o, "node", span_str(a->node));
		print_str(o, "fingerprint", span_str(openpgp_own(a->ring)));
		print_str(o, "key", span_of(key.p, key.len));
		print_end(o);
	}
	if (rc == 0 && !o->json)
		printf("%s\n%.*s", openpgp_own(a->ring), (int)key.len, key.p);
	buf_release(&key);
	return rc;
}

int
agent_main(struct session *s, int argc, char **argv, struct err *e)
{
	const int opt = options_take(argc, argv, NULL, 0, help);
	const char *verb = opt == 0 && optind < argc ? argv[optind] : "";
	const bool key = strcmp(verb, "init") == 0 || strcmp(verb, "key") == 0;
	const bool reapply = strcmp(verb, "reapply") == 0;
	struct agent a;
	int rc;

	if (opt > 0)
		return 0;
	if (opt < 0 || argc - optind > 1 || (*verb && !key && !reapply))
		return usage_fail(_("agent takes nothing, init, key or reapply"));
	if (strcmp(verb, "init") == 0)
		rc = agent_make(&a, s, e);
	else
		rc = agent_open(&a, s, e);
	optind = 1;
	if (rc == 0)
		rc = key       ? show_key(&a, e)
		     : reapply ? reapply_main(s, 1, argv, e)
			       : run_queue(&a, e);
	agent_release(&a);
	return rc;
}
