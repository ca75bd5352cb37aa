/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nothing here gives memory back: the child ends with its answer.
 */
#include "dsar/mail/mail_gmime.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <gmime/gmime.h>

#include "dsar/mail/mail_account.h"
#include "dsar/mail/mail_delimit.h"
#include "dsar/mail/mail_parse.h"

#define ENCODED_MAX   (1 << 20) /* bytes of a part, as it came, that is decoded whole */
#define SIGNATURE_MAX (64u << 10)
#define HEADER_MAX    (32u << 10)
#define DEPTH_MAX     20

struct reader {
	struct span mail;
	struct buf *out;
	GMimeMessage *message;
	unsigned n_keys;
	bool has_text;
};

static void
put_text(struct buf *out, enum account_field f, const char *text, size_t max)
{
	char *valid;

	if (!text)
		return;
	valid = g_utf8_make_valid(text, (gssize)strnlen(text, max));
	account_bytes(out, f, span_str(valid));
}

/* --- headers ---------------------------------------------------------------------------------- */

static const char *
header(const struct reader *r, const char *name)
{
	return g_mime_object_get_header(GMIME_OBJECT(r->message), name);
}

static bool
header_is(const struct reader *r, const char *name, const char *word)
{
	const char *v = header(r, name);

	return v && strncasecmp(v, word, strlen(word)) == 0;
}

static void
put_from(struct reader *r)
{
	InternetAddressList *list = g_mime_message_get_from(r->message);
	const int n = list ? internet_address_list_length(list) : 0;
	GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(r->message));
	const char *first = NULL;
	uint64_t n_from = 0, n_headers = 0;

	for (int i = 0; i < n; i++) {
		InternetAddress *a = internet_address_list_get_address(list, i);

		n_from++;
		if (!INTERNET_ADDRESS_IS_MAILBOX(a))
			n_from++; /* a group is nobody's address */
		else if (!first)
			first = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a));
	}
	for (int i = 0; i < g_mime_header_list_get_count(headers); i++)
		n_headers += strcasecmp(g_mime_header_get_name(
						g_mime_header_list_get_header_at(headers, i)),
				     "From") == 0;
	if (!first)
		return;
	account_number(r->out, ACCOUNT_N_FROM, n_headers > 1 ? n_from + n_headers : n_from);
	put_text(r->out, ACCOUNT_FROM, first, HEADER_MAX);
}

static int64_t
time_of(const char *text)
{
	GDateTime *t = text ? g_mime_utils_header_decode_date(text) : NULL;

	return t ? g_date_time_to_unix(t) * 1000000 : MAIL_NO_TIME;
}

static void
put_times(struct reader *r)
{
	const char *received = header(r, "Received");

	received = received ? strrchr(received, ';') : NULL;
	account_number(r->out, ACCOUNT_DATE, (uint64_t)time_of(header(r, "Date")));
	account_number(r->out, ACCOUNT_RECEIVED, (uint64_t)time_of(received ? received + 1 : NULL));
}

static bool
is_from_list(const struct reader *r)
{
	static const char *const names[] = { "List-Id", "List-Post", "List-Help",
		"List-Unsubscribe", "List-Subscribe", "List-Archive", "Mailing-List" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (header(r, names[i]))
			return true;
	return false;
}

static void
put_traits(struct reader *r)
{
	const char *path = header(r, "Return-Path");
	unsigned traits = 0;

	if ((header(r, "Auto-Submitted") && !header_is(r, "Auto-Submitted", "no")) ||
		header(r, "X-Autoreply") || header(r, "X-Autorespond"))
		traits |= MAIL_AUTOMATIC;
	if (is_from_list(r))
		traits |= MAIL_FROM_LIST;
	if (header_is(r, "Precedence", "bulk") || header_is(r, "Precedence", "list") ||
		header_is(r, "Precedence", "junk"))
		traits |= MAIL_BULK;
	if (path && strncmp(path + strspn(path, " \t"), "<>", 2) == 0)
		traits |= MAIL_NO_SENDER;
	account_number(r->out, ACCOUNT_TRAITS, traits);
	put_text(r->out, ACCOUNT_RETURN_PATH, path, HEADER_MAX);
}

/* Autocrypt: addr=…; keydata=…, once (level 1, section 2.1): a claim. */
static void
put_autocrypt(struct reader *r)
{
	const char *v = header(r, "Autocrypt");
	char **attributes = v ? g_strsplit(v, ";", 8) : NULL;

	for (char **a = attributes; a && *a; a++) {
		char *text = g_strstrip(*a);
		gsize n = 0;

		if (g_str_has_prefix(text, "addr="))
			put_text(r->out, ACCOUNT_AUTOCRYPT_ADDRESS, text + 5, HEADER_MAX);
		else if (g_str_has_prefix(text, "keydata=")) {
			guchar *key = g_base64_decode(text + 8, &n);

			account_bytes(r->out, ACCOUNT_AUTOCRYPT_KEY, span_of(key, n));
			return; /* it is the last, by that standard */
		}
	}
}

static void
put_headers(struct reader *r)
{
	put_from(r);
	put_times(r);
	put_traits(r);
	put_text(r->out, ACCOUNT_MESSAGE_ID, g_mime_message_get_message_id(r->message), HEADER_MAX);
	put_text(r->out, ACCOUNT_IN_REPLY_TO, header(r, "In-Reply-To"), HEADER_MAX);
	put_text(r->out, ACCOUNT_REFERENCES, header(r, "References"), HEADER_MAX);
	put_text(r->out, ACCOUNT_SUBJECT, g_mime_message_get_subject(r->message), HEADER_MAX);
	put_autocrypt(r);
}

/* --- parts ------------------------------------------------------------------------------------ */

static bool
is_type(GMimeObject *o, const char *type, const char *subtype)
{
	return g_mime_content_type_is_type(g_mime_object_get_content_type(o), type, subtype);
}

/* The content of a small leaf, decoded. */
static struct span
content_of(GMimeObject *o, size_t max)
{
	GMimeDataWrapper *w = GMIME_IS_PART(o) ? g_mime_part_get_content(GMIME_PART(o)) : NULL;
	GMimeStream *whole = w ? g_mime_data_wrapper_get_stream(w) : NULL;
	GMimeStream *decoded;
	GByteArray *bytes;

	if (!whole || g_mime_stream_length(whole) > ENCODED_MAX)
		return SPAN_NONE;
	decoded = g_mime_stream_mem_new();
	if (g_mime_data_wrapper_write_to_stream(w, decoded) < 0)
		return SPAN_NONE;
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(decoded));
	return bytes->len > 0 && bytes->len <= max ? span_of(bytes->data, bytes->len) : SPAN_NONE;
}

static void
put_body(struct reader *r, GMimeObject *o)
{
	GMimeStream *whole = g_mime_data_wrapper_get_stream(g_mime_part_get_content(GMIME_PART(o)));
	const bool large = g_mime_stream_length(whole) > 8 * ENCODED_MAX;
	const char *text = large ? NULL : g_mime_text_part_get_text(GMIME_TEXT_PART(o));

	account_number(r->out, ACCOUNT_TEXT_CUT,
		large || (text && strnlen(text, MAIL_TEXT_MAX + 1) > MAIL_TEXT_MAX));
	put_text(r->out, ACCOUNT_TEXT, text, MAIL_TEXT_MAX);
	r->has_text = true;
}

static bool
is_key(GMimeObject *o, struct span content)
{
	return is_type(o, "application", "pgp-keys") ||
	       (content.p &&
		       memmem(content.p, content.len, "-----BEGIN PGP PUBLIC KEY BLOCK-----", 36));
}

static void
see_leaf(struct reader *r, GMimeObject *o)
{
	const bool attached = g_mime_part_is_attachment(GMIME_PART(o));
	struct span content;

	if (!r->has_text && !attached && GMIME_IS_TEXT_PART(o) && is_type(o, "text", "plain") &&
		g_mime_part_get_content(GMIME_PART(o)))
		put_body(r, o);
	if (r->n_keys >= MAIL_KEYS_MAX)
		return;
	content = content_of(o, MAIL_KEY_MAX);
	if (content.p && is_key(o, content)) {
		account_bytes(r->out, ACCOUNT_KEY, content);
		r->n_keys++;
	}
}

/* A mail within the mail is not read: what it says is somebody else's. */
static void
see_part(struct reader *r, GMimeObject *o, unsigned depth)
{
	if (GMIME_IS_MULTIPART(o) && depth < DEPTH_MAX)
		for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(o)); i++)
			see_part(r, g_mime_multipart_get_part(GMIME_MULTIPART(o), i), depth + 1);
	else if (GMIME_IS_PART(o))
		see_leaf(r, o);
}

/* --- forms ------------------------------------------------------------------------------------ */

static bool
parameter_is(GMimeObject *o, const char *name, const char *value)
{
	const char *v = g_mime_object_get_content_type_parameter(o, name);

	return v && strcasecmp(v, value) == 0;
}

/* The ranges of the two parts of the multipart at the top. */
static bool
ranges_of(const struct reader *r, GMimeObject *top, struct mail_range ret[2])
{
	const char *boundary = g_mime_object_get_content_type_parameter(top, "boundary");
	struct span part[2];

	if (!boundary || g_mime_multipart_get_count(GMIME_MULTIPART(top)) != 2 ||
		!mail_delimit(r->mail, span_str(boundary), part))
		return false;
	for (unsigned i = 0; i < 2; i++)
		ret[i] = (struct mail_range){ (uint64_t)(part[i].p - r->mail.p), part[i].len };
	return true;
}

static bool
put_signed(struct reader *r, GMimeObject *top)
{
	struct mail_range range[2];
	GMimeObject *second;
	struct span signature;

	if (!parameter_is(top, "protocol", "application/pgp-signature") ||
		!ranges_of(r, top, range))
		return false;
	second = g_mime_multipart_get_part(GMIME_MULTIPART(top), 1);
	signature = content_of(second, SIGNATURE_MAX);
	if (!is_type(second, "application", "pgp-signature") || !signature.p || range[0].len == 0)
		return false;
	account_number(r->out, ACCOUNT_SIGNED_AT, range[0].at);
	account_number(r->out, ACCOUNT_SIGNED_LEN, range[0].len);
	account_bytes(r->out, ACCOUNT_SIGNATURE, signature);
	return true;
}

static bool
put_encrypted(struct reader *r, GMimeObject *top)
{
	struct mail_range range[2];
	GMimeObject *first, *second;
	GMimeContentEncoding how;

	if (!parameter_is(top, "protocol", "application/pgp-encrypted") ||
		!ranges_of(r, top, range))
		return false;
	first = g_mime_multipart_get_part(GMIME_MULTIPART(top), 0);
	second = g_mime_multipart_get_part(GMIME_MULTIPART(top), 1);
	if (!is_type(first, "application", "pgp-encrypted") || !GMIME_IS_PART(second) ||
		range[1].len == 0)
		return false;
	how = g_mime_part_get_content_encoding(GMIME_PART(second));
	if (how == GMIME_CONTENT_ENCODING_BASE64 || how == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
		how == GMIME_CONTENT_ENCODING_UUENCODE)
		return false; /* against RFC 3156 section 3, and not seen */
	account_number(r->out, ACCOUNT_CIPHER_AT, range[1].at);
	account_number(r->out, ACCOUNT_CIPHER_LEN, range[1].len);
	return true;
}

/* The field NAME of a report on delivery; the first that has it. */
static void
put_report_field(struct reader *r, enum account_field f, const char *report, const char *name)
{
	char **lines = g_strsplit(report, "\n", 400);

	for (char **l = lines; *l; l++)
		if (strncasecmp(*l, name, strlen(name)) == 0) {
			put_text(r->out, f, g_strstrip(*l + strlen(name)), HEADER_MAX);
			return;
		}
}

static bool
put_report(struct reader *r, GMimeObject *top)
{
	for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(top)); i++) {
		GMimeObject *o = g_mime_multipart_get_part(GMIME_MULTIPART(top), i);
		struct span content;
		char *text;

		if (!is_type(o, "message", "delivery-status") &&
			!is_type(o, "message", "global-delivery-status"))
			continue;
		content = content_of(o, HEADER_MAX);
		if (!content.p)
			return false;
		text = g_strndup(content.p, content.len);
		put_report_field(r, ACCOUNT_ENVELOPE_ID, text, "Original-Envelope-Id:");
		put_report_field(r, ACCOUNT_ACTION, text, "Action:");
		put_report_field(r, ACCOUNT_STATUS, text, "Status:");
		return true;
	}
	return false;
}

static enum mail_form
put_form(struct reader *r, GMimeObject *top)
{
	if (!GMIME_IS_MULTIPART(top))
		return MAIL_PLAIN;
	if (is_type(top, "multipart", "signed") && put_signed(r, top))
		return MAIL_SIGNED;
	if (is_type(top, "multipart", "encrypted") && put_encrypted(r, top))
		return MAIL_ENCRYPTED;
	if (is_type(top, "multipart", "report") &&
		parameter_is(top, "report-type", "delivery-status") && put_report(r, top))
		return MAIL_REPORT;
	return MAIL_PLAIN;
}

bool
mail_gmime(int fd, struct span mail, struct buf *out)
{
	struct reader r = { .mail = mail, .out = out };
	GMimeParser *parser;
	GMimeObject *top;

	g_mime_init();
	parser = g_mime_parser_new_with_stream(g_mime_stream_fs_new(dup(fd)));
	g_mime_parser_set_persist_stream(parser, TRUE);
	r.message = g_mime_parser_construct_message(parser, NULL);
	if (!r.message)
		return false;
	put_headers(&r);
	top = g_mime_message_get_mime_part(r.message);
	account_number(out, ACCOUNT_FORM, top ? put_form(&r, top) : MAIL_PLAIN);
	if (top)
		see_part(&r, top, 0);
	account_bytes(out, ACCOUNT_END, SPAN(""));
	return !out->failed;
}
