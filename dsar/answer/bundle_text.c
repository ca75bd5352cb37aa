/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <libintl.h>
#include <string.h>

#include "dsar/answer/bundle-private.h"
#include "dsar/case/made.h"

#define _(text) gettext(text)

const char bundle_readme[] =
	"DEUTSCH\n\n"
	"Auskunft an die Aufsichtsbehörde über einen einzigen Vorgang.\n\n"
	"  statement.txt      was getan wurde, in Worten, mit dem SHA-256 jeder anderen Datei\n"
	"  statement.txt.asc  die Unterschrift darunter (OpenPGP, abgesetzt)\n"
	"  key.asc            der öffentliche Schlüssel, mit dem unterschrieben ist\n"
	"  case.json          dasselbe, vollständig: Fristen, Verlauf, Suche, Entscheidungen, Gründe\n"
	"  ledger.jsonl       die Einträge des Protokolls zu diesem Vorgang\n"
	"  head.txt, .asc     der neueste Eintrag des ganzen Protokolls, unterschrieben\n"
	"  sent-*             Schreiben und Nachweise, soweit sie beiliegen; ihre Hashes stehen in\n"
	"                     case.json unter \"made\"\n\n"
	"Nicht enthalten: was gefunden wurde, Personen außer den Unterzeichnenden, andere Vorgänge.\n"
	"\"[…]\" steht für die Nummer eines anderen Vorgangs; ein Protokolleintrag, der eine nennt, ist nur\n"
	"mit seinem Hash enthalten (\"withheld\"). Von einem abgeschlossenen Vorgang sind Suche und Funde\n"
	"gelöscht; dass und wann gesucht wurde, steht im Protokoll.\n\n"
	"Prüfen:\n"
	"  1. gpg --import key.asc; gpg --verify statement.txt.asc statement.txt\n"
	"     gpg --verify head.asc head.txt\n"
	"     Den Fingerabdruck auf anderem Weg vergleichen.\n"
	"  2. grep -E '^[0-9a-f]{64}  ' statement.txt | sha256sum -c\n"
	"  3. Jeder Eintrag mit \"data\" ergibt seinen Hash:\n"
	"     jq -r 'select(.data) | [.seq, .prev, .time, .kind, .data, .hash] | @json' ledger.jsonl |\n"
	"     while read -r line; do\n"
	"       got=$(printf '%s' \"$line\" | jq -j '\"sparsam-ledger-1\\n\\(.[0])\\n\\(.[1])\\n\\(.[2])\\n\\(.[3])\\n\\(.[4])\\n\"' |\n"
	"         sha256sum | cut -d' ' -f1)\n"
	"       [ \"$got\" = \"$(printf '%s' \"$line\" | jq -r '.[5]')\" ] || echo \"geändert: $line\"\n"
	"     done\n"
	"     Dass nichts zwischen ihnen fehlt, zeigt nur das ganze Protokoll: dessen neuesten Eintrag\n"
	"     legt head.txt fest; darin müssen diese Einträge mit denselben Hashes stehen.\n\n\n"
	"ENGLISH\n\n"
	"The answer to the supervisory authority about one single case.\n\n"
	"  statement.txt      what was done, in words, with the SHA-256 of each other file\n"
	"  statement.txt.asc  the signature under it (OpenPGP, detached)\n"
	"  key.asc            the public key by which it is signed\n"
	"  case.json          the same, complete: dates, account, search, decisions, grounds\n"
	"  ledger.jsonl       the ledger's entries about this case\n"
	"  head.txt, .asc     the newest entry of the whole ledger, signed\n"
	"  sent-*             letters and certificates, as far as they are enclosed; their hashes stand\n"
	"                     in case.json at \"made\"\n\n"
	"Not in it: what was found, persons but those who signed, other cases.\n"
	"\"[…]\" stands for the number of another case; an entry that names one is given by its hash\n"
	"alone (\"withheld\"). Of a case that is closed, search and finds are erased; that and when it was\n"
	"searched stands in the ledger.\n\n"
	"To check it: the commands above. 1. the signatures (compare the fingerprint by another way);\n"
	"2. the hashes of the files; 3. each entry that has \"data\" gives its hash. That nothing is\n"
	"missing between them only the whole ledger shows: head.txt fixes its newest entry, and these\n"
	"entries have to stand in it with the same hashes.\n";

static const char *
text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && *s ? s : "-";
}

static int64_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool
flag(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static void
put_case(const json_t *f, struct buf *out)
{
	buf_printf(out, _("Answer to the supervisory authority: case %s\n\n"), text(f, "case"));
	buf_printf(out, _("controller: %s\n"), text(f, "controller"));
	buf_printf(out, _("authority: %s\n"), text(f, "authority"));
	buf_printf(out, _("written: %s\n"), text(f, "written"));
	buf_printf(out, _("request: %s (Art. %" PRId64 " GDPR)\n"), _(text(f, "right")),
		number(f, "article"));
	buf_printf(out, _("state: %s\n"), text(f, "state"));
	if (flag(f, "refused"))
		buf_str(out, _("The request was refused wholly; the grounds stand below.\n"));
	buf_printf(out, _("identity: %s\n"), text(f, "identity"));
}

static void
put_dates(const json_t *f, struct buf *out)
{
	buf_str(out, _("\nDates (Regulation 1182/71)\n"));
	buf_printf(out, _("received: %s\n"), text(f, "received"));
	buf_printf(out,
		ngettext("%" PRId64 " month from then: %s\n", "%" PRId64 " months from then: %s\n",
			(unsigned long)number(f, "months")),
		number(f, "months"), text(f, "due_raw"));
	buf_printf(out, _("due: %s%s\n"), text(f, "due"),
		flag(f, "moved_to_working_day") ? _(" (the next working day)") : "");
	buf_printf(out, _("due without the days on which the person was asked: %s\n"),
		text(f, "due_suspended"));
	if (json_is_string(json_object_get(f, "closed")))
		buf_printf(out, _("closed: %s\n"), text(f, "closed"));
}

static void
put_account(const json_t *f, struct buf *out)
{
	const json_t *one, *value;
	const char *key;
	size_t i;

	buf_str(out, _("\nAccount\n"));
	json_array_foreach(json_object_get(f, "account"), i, one)
	{
		buf_printf(out, "%.19sZ %s", text(one, "time"), text(one, "event"));
		json_object_foreach((json_t *)one, key, value)
		{
			if (strcmp(key, "event") == 0 || strcmp(key, "time") == 0)
				continue;
			if (json_is_string(value))
				buf_printf(out, ", %s: %s", key, json_string_value(value));
			else if (json_is_integer(value))
				buf_printf(out, ", %s: %" JSON_INTEGER_FORMAT, key,
					json_integer_value(value));
			else if (json_is_true(value))
				buf_printf(out, ", %s", key);
		}
		buf_char(out, '\n');
	}
}

/* Another machine's name before what is told of it; this one needs none. */
static void
put_node(const json_t *one, struct buf *out)
{
	const char *node = json_string_value(json_object_get(one, "node"));

	if (node && *node)
		buf_printf(out, "%s ", node);
}

static void
put_searched(const json_t *f, struct buf *out)
{
	const json_t *one;
	size_t i;

	buf_str(out, _("\nStores that were searched\n"));
	json_array_foreach(json_object_get(f, "searched"), i, one)
	{
		put_node(one, out);
		buf_printf(out,
			_("%s: %s; %" PRId64 " found, %" PRId64 " bytes read; %s to %s; %s\n"),
			text(one, "store"), text(one, "answer"), number(one, "found"),
			number(one, "bytes_read"), text(one, "begun"), text(one, "ended"),
			text(one, "note"));
	}
	buf_str(out, _("\nDecisions about what was found\n"));
	json_array_foreach(json_object_get(f, "decisions"), i, one)
	{
		put_node(one, out);
		buf_printf(out, _("%s: %s, ground: %s (%" PRId64 ")\n"), text(one, "store"),
			text(one, "decision"), text(one, "ground"), number(one, "n"));
	}
}

static void
put_plan(const json_t *plan, struct buf *out)
{
	const json_t *one;
	size_t i;

	put_node(plan, out);
	buf_printf(out, _("%s: %s, begun %s, ended %s; plan %s\n"), text(plan, "of"),
		text(plan, "state"), text(plan, "begun"), text(plan, "ended"), text(plan, "hash"));
	json_array_foreach(json_object_get(plan, "items"), i, one) buf_printf(out,
		_("  %s: %s, ground: %s, until: %s (%" PRId64 ")\n"), text(one, "store"),
		text(one, "fate"), text(one, "ground"), text(one, "until"), number(one, "n"));
}

static void
put_acts(const json_t *f, struct buf *out)
{
	const json_t *one;
	size_t i;

	buf_str(out, _("\nErased and corrected\n"));
	json_array_foreach(json_object_get(f, "plans"), i, one) put_plan(one, out);
	json_array_foreach(json_object_get(f, "approvals"), i, one)
		buf_printf(out, _("plan %s was approved by key %s on %s\n"), text(one, "hash"),
			text(one, "fingerprint"), text(one, "time"));
	buf_str(out, _("\nOrders to machines\n"));
	json_array_foreach(json_object_get(f, "orders"), i, one) buf_printf(out,
		_("%s: %s, %s, made %s, ended %s\n"), text(one, "node"), text(one, "kind"),
		text(one, "state"), text(one, "made"), text(one, "ended"));
}

static void
put_sent(const json_t *f, struct buf *out)
{
	const json_t *one;
	size_t i;

	buf_str(out, _("\nLetters, archives and certificates\n"));
	json_array_foreach(json_object_get(f, "made"), i, one)
		buf_printf(out, _("%s: made %s, given %s; SHA-256 %s\n"), text(one, "what"),
			text(one, "made"), text(one, "given"), text(one, "sha256"));
	buf_str(out, _("\nNotices to recipients (Art. 19)\n"));
	json_array_foreach(json_object_get(f, "notices"), i, one)
		buf_printf(out, _("%s: %s, %s; ground: %s\n"), text(one, "recipient"),
			text(one, "state"), text(one, "time"), text(one, "ground"));
}

int
bundle_text(const json_t *facts, const struct bundle_member *m, size_t n, struct buf *out,
	struct err *e)
{
	put_case(facts, out);
	put_dates(facts, out);
	put_account(facts, out);
	put_searched(facts, out);
	put_acts(facts, out);
	put_sent(facts, out);
	buf_str(out, _("\nFiles beside this one (SHA-256)\n"));
	for (size_t i = 0; i < n; i++) {
		char hash[SHA256_HEX];

		sha256_hex(span_of(m[i].bytes.p, m[i].bytes.len), hash);
		buf_printf(out, "%s  %s\n", hash, m[i].name);
	}
	return out->failed ? err_memory(e) : 0;
}
