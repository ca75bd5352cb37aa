/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/whole.h"
#include "dsar/openpgp/armour.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <nettle/base64.h>

#define HEAD   "-----BEGIN PGP MESSAGE-----\n\n"
#define TAIL   "-----END PGP MESSAGE-----\n"
#define WIDE   BASE64_ENCODE_RAW_LENGTH(ARMOUR_LINE)
#define LINES  1366        /* written at once: 64 KiB of the message */
#define POLY   0x864cfb00U /* RFC 4880 section 6.1, in the upper 24 bits */
#define INIT   0xb704ce00U
#define SLICES 8

/* slice[k][b]: what byte B leaves behind K bytes more, so that eight are taken at once. */
static uint32_t slice[SLICES][256];

static void
slices_make(void)
{
	if (slice[0][1])
		return;
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t c = b << 24;

		for (unsigned i = 0; i < 8; i++)
			c = c & 0x80000000U ? c << 1 ^ POLY : c << 1;
		slice[0][b] = c;
	}
	for (unsigned k = 1; k < SLICES; k++)
		for (unsigned b = 0; b < 256; b++)
			slice[k][b] = slice[k - 1][b] << 8 ^ slice[0][slice[k - 1][b] >> 24];
}

static uint32_t
crc_of(uint32_t c, const unsigned char *p, size_t n)
{
	for (; n >= SLICES; p += SLICES, n -= SLICES)
		c = slice[7][p[0] ^ c >> 24] ^ slice[6][p[1] ^ (c >> 16 & 255)] ^
		    slice[5][p[2] ^ (c >> 8 & 255)] ^ slice[4][p[3]] ^ slice[3][p[4]] ^
		    slice[2][p[5]] ^ slice[1][p[6]] ^ slice[0][p[7]];
	for (; n > 0; p++, n--)
		c = c << 8 ^ slice[0][c >> 24 ^ *p];
	return c;
}

static char *
line_put(char *at, const unsigned char *p)
{
	base64_encode_raw(at, ARMOUR_LINE, p);
	at[WIDE] = '\n';
	return at + WIDE + 1;
}

/* The line that was begun, if it is whole, and N more. */
static int
put_lines(struct armour *a, const unsigned char *p, size_t n)
{
	char text[(LINES + 1) * (WIDE + 1)], *at = text;

	if (a->n_rest == ARMOUR_LINE)
		at = line_put(at, a->rest);
	do {
		const size_t now = n < LINES ? n : LINES;

		for (size_t i = 0; i < now; i++, p += ARMOUR_LINE)
			at = line_put(at, p);
		if (whole_write(a->fd, span_of(text, (size_t)(at - text))) < 0)
			return -1;
		at = text;
		n -= now;
	} while (n > 0);
	return 0;
}

int
armour_begin(struct armour *a, int fd)
{
	slices_make();
	*a = (struct armour){ .fd = fd, .crc = INIT };
	return whole_write(fd, SPAN(HEAD));
}

int
armour_put(struct armour *a, struct span s)
{
	size_t n = ARMOUR_LINE - a->n_rest;

	a->crc = crc_of(a->crc, (const unsigned char *)s.p, s.len);
	if (n > s.len)
		n = s.len;
	if (a->n_rest > 0) {
		memcpy(a->rest + a->n_rest, s.p, n);
		a->n_rest += n;
		s = span_from(s, n);
		if (a->n_rest < ARMOUR_LINE)
			return 0;
	}
	n = s.len / ARMOUR_LINE;
	if (put_lines(a, (const unsigned char *)s.p, n) < 0)
		return -1;
	s = span_from(s, n * ARMOUR_LINE);
	if (s.len > 0)
		memcpy(a->rest, s.p, s.len);
	a->n_rest = s.len;
	return 0;
}

int
armour_end(struct armour *a)
{
	const uint8_t crc[3] = { (uint8_t)(a->crc >> 24), (uint8_t)(a->crc >> 16),
		(uint8_t)(a->crc >> 8) };
	char line[WIDE + 1], end[64];
	size_t len = BASE64_ENCODE_RAW_LENGTH(a->n_rest);
	int n;

	if (a->n_rest > 0) {
		base64_encode_raw(line, a->n_rest, a->rest);
		line[len++] = '\n';
	}
	if (whole_write(a->fd, span_of(line, len)) < 0)
		return -1;
	base64_encode_raw(line, sizeof(crc), crc);
	n = snprintf(end, sizeof(end), "=%.4s\n" TAIL, line);
	return whole_write(a->fd, span_of(end, (size_t)n));
}
