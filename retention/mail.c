/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/mail.h"

#include <string.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/sendmail.h"

#define MESSAGE_MAX (1u << 20)
#define SUBJECT_MAX 40 /* bytes: an encoded word has 75 at most (RFC 2047 section 2) */

static void
put_subject(struct buf *b, const char *subject)
{
	char word[sodium_base64_ENCODED_LEN(SUBJECT_MAX, sodium_base64_VARIANT_ORIGINAL)];

	buf_str(b, "Subject:");
	while (*subject) {
		size_t n = strnlen(subject, SUBJECT_MAX);

		while (n > 1 && ((unsigned char)subject[n] & 0xc0) == 0x80)
			n--; /* never within a letter */
		(void)sodium_bin2base64(word, sizeof(word), (const unsigned char *)subject, n,
			sodium_base64_VARIANT_ORIGINAL);
		buf_printf(b, " =?utf-8?b?%s?=\n", word);
		subject += n;
	}
}

static void
put_message(struct buf *b, const struct mail *m)
{
	buf_printf(b, "To: %s\n", m->to);
	if (m->from)
		buf_printf(b, "From: %s\n", m->from);
	put_subject(b, m->subject);
	buf_str(b, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
		   "Content-Transfer-Encoding: 8bit\nAuto-Submitted: auto-generated\n\n");
	buf_str(b, m->body);
}

int
mail_send(const struct mail *m, struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = MESSAGE_MAX };
	struct sendmail s;

	put_message(&b, m);
	if (b.failed)
		return err_memory(e);
	if (sendmail_begin(&s, m->sendmail, NULL, NULL, e) < 0 ||
		sendmail_put(&s, span_of(b.p, b.len), e) < 0)
		return -1;
	return sendmail_end(&s, e);
}
