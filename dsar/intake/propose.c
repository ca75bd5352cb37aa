/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/intake/propose.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define TEXT_MAX (64u << 10) /* bytes that are looked at: a request says early what it is */

/* Beginnings of words, in lower case; umlauts as they stand, and as they are written without. */
static const struct {
	enum article article;
	const char *const words[16];
} rules[PROPOSALS_MAX] = {
	{ ARTICLE_WITHDRAWAL,
		{ "widerrufe meine einwilligung", "einwilligung widerruf",
			"widerruf der einwilligung", "widerruf meiner einwilligung",
			"withdraw my consent", "withdrawal of consent", "revoke my consent",
			"art. 7 ", "artikel 7 ", "article 7 " } },
	{ ARTICLE_ACCESS,
		{ "auskunft", "kopie meiner daten", "kopie der daten", "welche daten",
			"daten sie über mich", "right of access", "access request",
			"subject access", "copy of my", "copy of the personal", "what data",
			"which data", "art. 15", "artikel 15", "article 15" } },
	{ ARTICLE_RECTIFICATION, { "berichtig", "richtigstell", "rectif", "correct my", "art. 16",
					 "artikel 16", "article 16" } },
	{ ARTICLE_ERASURE,
		{ "lösch", "loesch", "recht auf vergessen", "erase", "erasure", "delete my",
			"deletion of my", "delete all", "right to be forgotten", "art. 17",
			"artikel 17", "article 17" } },
	{ ARTICLE_RESTRICTION,
		{ "einschränkung der verarbeitung", "einschraenkung der verarbeitung",
			"restrict the processing", "restriction of processing", "art. 18",
			"artikel 18", "article 18" } },
	{ ARTICLE_PORTABILITY,
		{ "datenübertragbarkeit", "datenuebertragbarkeit", "maschinenlesbar", "portability",
			"machine-readable", "art. 20", "artikel 20", "article 20" } },
	{ ARTICLE_OBJECTION, { "widerspreche", "widerspruch gegen", "i object", "objection to",
				     "right to object", "art. 21", "artikel 21", "article 21" } },
};

/* TEXT in lower case, blanks as one, with one at both ends. ASCII and the capital umlauts. */
static char *
fold(struct span text)
{
	const size_t len = text.len < TEXT_MAX ? text.len : TEXT_MAX;
	char *out = malloc(len + 3), *q = out;

	if (!out)
		return NULL;
	*q++ = ' ';
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text.p[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			if (q[-1] != ' ')
				*q++ = ' ';
		} else if ((c >= 'A' && c <= 'Z') ||
			   (q[-1] == '\xc3' && (c == 0x84 || c == 0x96 || c == 0x9c))) {
			*q++ = (char)(c | 0x20);
		} else if (c != '\0') {
			*q++ = (char)c;
		}
	}
	*q++ = ' ';
	*q = '\0';
	return out;
}

/* Where it begins a word. */
static bool
has_word(const char *text, const char *word)
{
	for (const char *p = strstr(text, word); p; p = strstr(p + 1, word)) {
		const unsigned char before = (unsigned char)p[-1];

		if (!(before >= 'a' && before <= 'z') && before < 0x80)
			return true;
	}
	return false;
}

size_t
propose_articles(struct span text, enum article ret[PROPOSALS_MAX])
{
	cleanup_mem char *folded = fold(text);
	size_t n = 0;

	for (size_t i = 0; folded && i < PROPOSALS_MAX; i++)
		for (size_t k = 0; k < 16 && rules[i].words[k]; k++)
			if (has_word(folded, rules[i].words[k])) {
				ret[n++] = rules[i].article;
				break;
			}
	return n;
}

const char *
propose_language(struct span text)
{
	static const char *const de[] = { " ich ", " und ", " der ", " die ", " nicht ", " mit ",
		" meine ", " sie ", " bitte ", " daten ", " guten " };
	static const char *const en[] = { " i ", " and ", " the ", " of ", " not ", " with ",
		" my ", " you ", " please ", " data ", " hello " };
	cleanup_mem char *folded = fold(text);
	int balance = 0;

	for (size_t i = 0; folded && i < sizeof(de) / sizeof(de[0]); i++)
		balance += (strstr(folded, de[i]) != NULL) - (strstr(folded, en[i]) != NULL);
	return balance < 0 ? "en" : "de";
}
