/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/mail/mail_account.h"

#include <string.h>
#include <sysexits.h>

#include "base/utf8.h"
#include "dsar/mail/mail_parse.h"

static void
put_number(struct buf *out, uint64_t n, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_char(out, (char)(n >> (8 * i)));
}

static uint64_t
take_number(const char *p, unsigned bytes)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < bytes; i++)
		n |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return n;
}

void
account_bytes(struct buf *out, enum account_field f, struct span s)
{
	buf_char(out, (char)f);
	put_number(out, s.len, 4);
	buf_span(out, s);
}

void
account_number(struct buf *out, enum account_field f, uint64_t n)
{
	buf_char(out, (char)f);
	put_number(out, 8, 4);
	put_number(out, n, 8);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool
is_text(struct span s)
{
	while (s.len > 0) {
		const size_t n = utf8_length(s);

		if (n == 0 || *s.p == '\0')
			return false;
		s = span_from(s, n);
	}
	return true;
}

static struct span *
span_place(struct mail *m, enum account_field f)
{
	switch (f) {
	case ACCOUNT_FROM:
		return &m->from;
	case ACCOUNT_MESSAGE_ID:
		return &m->message_id;
	case ACCOUNT_IN_REPLY_TO:
		return &m->in_reply_to;
	case ACCOUNT_REFERENCES:
		return &m->references;
	case ACCOUNT_SUBJECT:
		return &m->subject;
	case ACCOUNT_RETURN_PATH:
		return &m->return_path;
	case ACCOUNT_TEXT:
		return &m->text;
	case ACCOUNT_ENVELOPE_ID:
		return &m->envelope_id;
	case ACCOUNT_ACTION:
		return &m->action;
	case ACCOUNT_STATUS:
		return &m->status;
	case ACCOUNT_AUTOCRYPT_ADDRESS:
		return &m->autocrypt_address;
	case ACCOUNT_SIGNATURE:
		return &m->signature;
	case ACCOUNT_AUTOCRYPT_KEY:
		return &m->autocrypt_key;
	default: /* ACCOUNT_KEY: the only one that comes again */
		return m->n_keys < MAIL_KEYS_MAX ? &m->key[m->n_keys++] : NULL;
	}
}

static bool
take_one(struct mail *m, uint64_t number[ACCOUNT_NUMBERS], enum account_field f, struct span value)
{
	struct span *place;

	if (f < ACCOUNT_NUMBERS) {
		if (value.len != 8)
			return false;
		number[f] = take_number(value.p, 8);
		return true;
	}
	place = span_place(m, f);
	if (!place || place->p || (f < ACCOUNT_TEXTS && !is_text(value)))
		return false;
	*place = value;
	return true;
}

static bool
is_within(struct mail_range r, uint64_t size)
{
	return r.at <= size && r.len <= size - r.at;
}

static bool
holds_together(const struct mail *m, uint64_t size)
{
	if (!is_within(m->signed_part, size) || !is_within(m->cipher, size))
		return false;
	if (m->form == MAIL_SIGNED && (m->signed_part.len == 0 || m->signature.len == 0))
		return false;
	return (m->form != MAIL_ENCRYPTED || m->cipher.len > 0) && (m->n_from == 0) == !m->from.p;
}

static bool
take_numbers(struct mail *m, const uint64_t number[ACCOUNT_NUMBERS])
{
	if (number[ACCOUNT_FORM] >= MAIL_FORMS || number[ACCOUNT_N_FROM] > UINT32_MAX ||
		number[ACCOUNT_TRAITS] > 15 || number[ACCOUNT_TEXT_CUT] > 1)
		return false;
	m->form = (enum mail_form)number[ACCOUNT_FORM];
	m->traits = (unsigned)number[ACCOUNT_TRAITS];
	m->n_from = (uint32_t)number[ACCOUNT_N_FROM];
	m->text_cut = number[ACCOUNT_TEXT_CUT] != 0;
	m->date_us = (int64_t)number[ACCOUNT_DATE];
	m->received_us = (int64_t)number[ACCOUNT_RECEIVED];
	m->signed_part = (struct mail_range){ number[ACCOUNT_SIGNED_AT],
		number[ACCOUNT_SIGNED_LEN] };
	m->cipher = (struct mail_range){ number[ACCOUNT_CIPHER_AT], number[ACCOUNT_CIPHER_LEN] };
	return true;
}

static bool
read_fields(struct mail *m, uint64_t number[ACCOUNT_NUMBERS])
{
	struct span rest = span_of(m->account.p, m->account.len);
	bool seen[ACCOUNT_FIELDS] = { false };

	while (rest.len >= 5) {
		const unsigned f = (unsigned char)*rest.p;
		const uint64_t len = take_number(rest.p + 1, 4);

		rest = span_from(rest, 5);
		if (f == ACCOUNT_END)
			return len == 0 && rest.len == 0;
		if (f >= ACCOUNT_FIELDS || len > rest.len || (seen[f] && f != ACCOUNT_KEY) ||
			!take_one(m, number, (enum account_field)f, span_of(rest.p, len)))
			return false;
		seen[f] = true;
		rest = span_from(rest, len);
	}
	return false;
}

int
account_read(struct mail *m, uint64_t size, struct err *e)
{
	uint64_t number[ACCOUNT_NUMBERS] = { 0 };

	number[ACCOUNT_DATE] = number[ACCOUNT_RECEIVED] = (uint64_t)MAIL_NO_TIME;
	if (!read_fields(m, number) || !take_numbers(m, number) || !holds_together(m, size))
		return err_fail(e, EX_DATAERR, 0, N_("a mail that cannot be read"),
			N_("keep it, and look at it as text"), NULL);
	return 0;
}
