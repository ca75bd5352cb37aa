/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/bbb_answer.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/file/wipe.h"

#define TEXT_MAX   32 /* bytes of a number or a word that are looked at */
#define PIECE_MAX  4096
#define NUMBER_MAX 1000000
#define TOKEN_MAX  (64u << 10) /* libexpat before 2.6 reads an open tag again with every piece */

/* What an element means, by its path below <response>. */
enum element {
	OTHER,
	RETURNCODE,
	MESSAGE_KEY,
	MEETING,
	MEETING_ID,
	IS_BREAKOUT,
	LISTENERS,
	MICROPHONES,
	CAMERAS,
	USER_ID,
};

static const struct {
	const char *path;
	enum element element;
} elements[] = {
	{ "/response/returncode", RETURNCODE },
	{ "/response/messageKey", MESSAGE_KEY },
	{ "/response/meetings/meeting", MEETING },
	{ "/response/meetings/meeting/internalMeetingID", MEETING_ID },
	{ "/response/meetings/meeting/isBreakout", IS_BREAKOUT },
	{ "/response/meetings/meeting/listenerCount", LISTENERS },
	{ "/response/meetings/meeting/voiceParticipantCount", MICROPHONES },
	{ "/response/meetings/meeting/videoCount", CAMERAS },
	{ "/response/meetings/meeting/attendees/attendee/userID", USER_ID },
};
#define PATH_BYTES 128

struct bbb_answer {
	XML_Parser parser;
	struct census *census;
	struct census_media media;
	size_t n_bytes;
	uint8_t before[2]; /* the last two bytes, for characters that XML forbids */

	char path[PATH_BYTES]; /* of the open elements, as far as any path above is long */
	size_t len[ANSWER_DEPTH_MAX + 1]; /* of it, by depth */
	unsigned depth;
	enum element element; /* the innermost that means something, or OTHER */
	struct census_hash hash;
	char text[TEXT_MAX];
	size_t text_len;

	uint64_t meeting; /* 0: not known yet */
	bool breakout;
	uint64_t *person; /* of this meeting */
	size_t n_people, max_people;

	bool ok, checksum_refused;
	const char *refused; /* fixed text: why it is not read further */
};

/* --- values ----------------------------------------------------------------------------------- */

/* Digits alone count: "1,000" is a thousand. */
static int64_t
number(const struct bbb_answer *a)
{
	int64_t n = 0;

	for (size_t i = 0; i < a->text_len; i++)
		if (a->text[i] >= '0' && a->text[i] <= '9' && n < NUMBER_MAX)
			n = 10 * n + (a->text[i] - '0');
	return n < NUMBER_MAX ? n : NUMBER_MAX;
}

static bool
is_word(const struct bbb_answer *a, const char *word)
{
	return span_eq(span_of(a->text, a->text_len), span_str(word));
}

static void
refuse(struct bbb_answer *a, const char *why)
{
	if (!a->refused)
		a->refused = why;
	(void)XML_StopParser(a->parser, XML_FALSE);
}

static void
take_person(struct bbb_answer *a, uint64_t person)
{
	if (a->n_people == a->max_people) {
		size_t n = a->max_people ? 2 * a->max_people : 64;
		uint64_t *grown = wipe_realloc(a->person, n * sizeof(*grown));

		if (!grown) {
			refuse(a, N_("out of memory"));
			return;
		}
		a->person = grown;
		a->max_people = n;
	}
	a->person[a->n_people++] = person;
}

static void
meeting_end(struct bbb_answer *a)
{
	for (size_t i = 0; a->meeting && i < a->n_people; i++)
		census_present(a->census, a->meeting, a->person[i]);
	if (a->meeting)
		census_sampled(a->census, a->meeting, a->breakout);
	a->n_people = 0;
}

static void
value_end(struct bbb_answer *a)
{
	switch (a->element) {
	case RETURNCODE:
		a->ok = is_word(a, "SUCCESS");
		break;
	case MESSAGE_KEY:
		a->checksum_refused = is_word(a, "checksumError");
		break;
	case MEETING_ID:
		a->meeting = census_hash_end(&a->hash);
		break;
	case IS_BREAKOUT:
		a->breakout = is_word(a, "true");
		break;
	case LISTENERS:
		a->media.listeners += number(a);
		break;
	case MICROPHONES:
		a->media.microphones += number(a);
		break;
	case CAMERAS:
		a->media.cameras += number(a);
		break;
	case USER_ID:
		take_person(a, census_hash_end(&a->hash));
		break;
	case MEETING:
	case OTHER:
		break;
	}
}

/* --- elements --------------------------------------------------------------------------------- */

static enum element
element_of(const struct bbb_answer *a)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		if (strcmp(a->path, elements[i].path) == 0)
			return elements[i].element;
	return OTHER;
}

static void XMLCALL
element_begins(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct bbb_answer *a = ctx;
	size_t at = a->len[a->depth], n = strlen(name);

	(void)attributes;
	if (a->depth == ANSWER_DEPTH_MAX) {
		refuse(a, N_("the API's answer is nested too deep"));
		return;
	}
	/* A longer path is cut where no shorter one can be continued to be one of ours. */
	if (at + 1 + n < PATH_BYTES) {
		a->path[at] = '/';
		memcpy(a->path + at + 1, name, n + 1);
		a->len[++a->depth] = at + 1 + n;
	} else {
		memset(a->path + at, '/', PATH_BYTES - 1 - at);
		a->len[++a->depth] = PATH_BYTES - 1;
	}
	a->path[a->len[a->depth]] = '\0';
	a->element = element_of(a);
	a->text_len = 0;
	if (a->element == MEETING) {
		a->meeting = 0;
		a->breakout = false;
		a->n_people = 0;
	}
	if (a->element == MEETING_ID || a->element == USER_ID)
		census_hash_begin(a->census, &a->hash);
}

static void XMLCALL
element_ends(void *ctx, const XML_Char *name)
{
	struct bbb_answer *a = ctx;

	(void)name;
	value_end(a);
	if (element_of(a) == MEETING)
		meeting_end(a);
	a->depth--;
	a->path[a->len[a->depth]] = '\0';
	/* text behind an inner element is nobody's */
	a->element = OTHER;
}

static void XMLCALL
text_comes(void *ctx, const XML_Char *p, int n)
{
	struct bbb_answer *a = ctx;

	if (a->element == MEETING_ID || a->element == USER_ID)
		census_hash_add(&a->hash, p, (size_t)n);
	else if (a->element != OTHER)
		for (int i = 0; i < n && a->text_len < TEXT_MAX; i++)
			a->text[a->text_len++] = p[i];
}

static void XMLCALL
doctype_begins(void *ctx, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid,
	int has_internal_subset)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_internal_subset;
	refuse(ctx, N_("the API's answer has a DOCTYPE"));
}

/* --- the whole -------------------------------------------------------------------------------- */

int
bbb_answer_new(struct census *c, struct bbb_answer **ret, struct err *e)
{
	static const XML_Memory_Handling_Suite memory = { wipe_malloc, wipe_realloc, wipe_free };
	/* libsodium's hashes want more than malloc's alignment */
	struct bbb_answer *a = aligned_alloc(_Alignof(struct bbb_answer), sizeof(*a));

	if (!a)
		return err_memory(e);
	memset(a, 0, sizeof(*a));
	a->census = c;
	a->parser = XML_ParserCreate_MM("UTF-8", &memory, NULL);
	if (!a->parser) {
		free(a);
		return err_memory(e);
	}
	(void)XML_SetHashSalt(a->parser, randombytes_random());
	XML_SetUserData(a->parser, a);
	XML_SetElementHandler(a->parser, element_begins, element_ends);
	XML_SetCharacterDataHandler(a->parser, text_comes);
	XML_SetStartDoctypeDeclHandler(a->parser, doctype_begins);
	*ret = a;
	return 0;
}

struct bbb_answer *
bbb_answer_free(struct bbb_answer *a)
{
	if (!a)
		return NULL;
	XML_ParserFree(a->parser);
	wipe_free(a->person);
	sodium_memzero(a, sizeof(*a));
	free(a);
	return NULL;
}

static int
fail(const struct bbb_answer *a, struct err *e)
{
	if (a->refused)
		return err_fail(e, EX_DATAERR, 0, a->refused, NULL, NULL);
	return err_fail(e, EX_DATAERR, 0, N_("the API's answer is no XML"), NULL, "line %lu: %s",
		(unsigned long)XML_GetCurrentLineNumber(a->parser),
		XML_ErrorString(XML_GetErrorCode(a->parser)));
}

/* XML 1.0 section 2.2: no controls but TAB, LF and CR, and neither U+FFFE nor U+FFFF. */
static void
make_valid(struct bbb_answer *a, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r')
			p[i] = ' ';
		if (a->before[0] == 0xef && a->before[1] == 0xbf && p[i] >= 0xbe)
			p[i] = 0xbd;
		a->before[0] = a->before[1];
		a->before[1] = p[i];
	}
}

/* … of the FED bytes, those that the parser could not make anything of yet. */
static bool
is_token_too_long(const struct bbb_answer *a, size_t fed)
{
	XML_Index at = XML_GetCurrentByteIndex(a->parser);

	return at < 0 ? fed > TOKEN_MAX : fed - (size_t)at > TOKEN_MAX;
}

int
bbb_answer_add(struct bbb_answer *a, const void *p, size_t n, struct err *e)
{
	uint8_t piece[PIECE_MAX];
	int rc = 0;

	a->n_bytes += n;
	if (a->n_bytes > ANSWER_MAX)
		return err_fail(e, EX_DATAERR, 0, N_("the API's answer is too long"), NULL, NULL);
	for (size_t at = 0; at < n && rc == 0;) {
		size_t k = n - at < sizeof(piece) ? n - at : sizeof(piece);

		memcpy(piece, (const uint8_t *)p + at, k);
		make_valid(a, piece, k);
		at += k;
		if (XML_Parse(a->parser, (const char *)piece, (int)k, 0) != XML_STATUS_OK)
			rc = fail(a, e);
		else if (is_token_too_long(a, a->n_bytes - (n - at)))
			rc = err_fail(e, EX_DATAERR, 0, N_("the API's answer is no XML"), NULL,
				"too long a tag");
	}
	sodium_memzero(piece, sizeof(piece));
	return rc;
}

int
bbb_answer_end(struct bbb_answer *a, struct census_media *ret, struct err *e)
{
	if (XML_Parse(a->parser, "", 0, 1) != XML_STATUS_OK)
		return fail(a, e);
	if (a->checksum_refused)
		return err_fail(e, EX_NOPERM, 0, N_("the API does not accept the checksum"),
			N_("check the secret and the algorithm, see `bbb-conf --secret'"), NULL);
	if (!a->ok)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("the API does not answer the question"),
			NULL, NULL);
	*ret = a->media;
	return 0;
}
