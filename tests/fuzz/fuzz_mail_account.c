/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_mail_account.c - what the child that parses a mail answers, should a mail have taken it over
 *
 * An account that is taken lies within its own bytes, and its ranges within the mail.
 */
#include <stdint.h>
#include <stdlib.h>

#include "dsar/mail/mail_account.h"
#include "dsar/mail/mail_parse.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define MAIL_SIZE 1000 /* of the mail that it tells of */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_within(const struct mail *m, struct span s)
{
	return !s.p || (s.p >= m->account.p && s.p + s.len <= m->account.p + m->account.len);
}

static bool
is_range(struct mail_range r)
{
	return r.at <= MAIL_SIZE && r.len <= MAIL_SIZE - r.at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mail m = { 0 };
	struct err e;

	buf_init(&m.account, ACCOUNT_MAX);
	buf_put(&m.account, (const char *)data, size);
	if (account_read(&m, MAIL_SIZE, &e) == 0) {
		const struct span spans[] = { m.from, m.message_id, m.in_reply_to, m.references,
			m.subject, m.return_path, m.text, m.signature, m.envelope_id, m.action,
			m.status, m.autocrypt_address, m.autocrypt_key };

		for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
			CHECK(is_within(&m, spans[i]));
		CHECK(m.n_keys <= MAIL_KEYS_MAX && m.form < MAIL_FORMS);
		for (size_t i = 0; i < m.n_keys; i++)
			CHECK(is_within(&m, m.key[i]));
		CHECK(is_range(m.signed_part) && is_range(m.cipher));
		CHECK(m.form != MAIL_SIGNED || (m.signed_part.len > 0 && m.signature.len > 0));
		CHECK((m.n_from == 0) == !m.from.p);
	}
	mail_release(&m);
	return 0;
}
