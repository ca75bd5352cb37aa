/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/journal/journal_payload.h"

#include <endian.h>
#include <limits.h>
#include <stdint.h>

#include <lz4.h>
#include <lzma.h>
#include <zstd.h>

#include "store/journal/journal_format.h"

#define XZ_MEMORY_MAX (64u << 20) /* journald's own streams take far less */
#define XZ_STEP       4096u

static enum journal_payload
room(struct buf *out, uint64_t n)
{
	buf_clear(out);
	if (n > out->max)
		return PAYLOAD_TOO_LARGE;
	return buf_room(out, n) ? PAYLOAD_GOOD : PAYLOAD_TOO_LARGE;
}

static enum journal_payload
unpack_zstd(struct span in, struct buf *out)
{
	static ZSTD_DCtx *context; /* kept: to make one takes longer than most payloads */
	const unsigned long long len = ZSTD_getFrameContentSize(in.p, in.len);
	enum journal_payload rc;
	size_t n;

	if (len == ZSTD_CONTENTSIZE_UNKNOWN || len == ZSTD_CONTENTSIZE_ERROR)
		return PAYLOAD_DAMAGED;
	rc = room(out, len);
	if (rc != PAYLOAD_GOOD)
		return rc;
	if (!context)
		context = ZSTD_createDCtx();
	if (!context)
		return PAYLOAD_TOO_LARGE;
	n = ZSTD_decompressDCtx(context, out->p, len, in.p, in.len);
	if (ZSTD_isError(n) || n != len)
		return PAYLOAD_DAMAGED;
	out->len = n;
	return PAYLOAD_GOOD;
}

static enum journal_payload
unpack_lz4(struct span in, struct buf *out)
{
	enum journal_payload rc;
	uint64_t len;

	if (in.len <= sizeof(len) || in.len > INT_MAX)
		return PAYLOAD_DAMAGED;
	memcpy(&len, in.p, sizeof(len));
	len = le64toh(len);
	if (len > INT_MAX)
		return PAYLOAD_TOO_LARGE;
	rc = room(out, len);
	if (rc != PAYLOAD_GOOD)
		return rc;
	if (len == 0 || LZ4_decompress_safe(in.p + sizeof(len), out->p, (int)(in.len - sizeof(len)),
				(int)len) != (int)len)
		return PAYLOAD_DAMAGED;
	out->len = len;
	return PAYLOAD_GOOD;
}

/* Its length stands at the end of the stream: the buffer grows with what comes. */
static enum journal_payload
xz_steps(lzma_stream *x, struct buf *out)
{
	for (;;) {
		lzma_ret r;

		if (!buf_room(out, out->max - out->len < XZ_STEP ? 1 : XZ_STEP))
			return PAYLOAD_TOO_LARGE;
		x->next_out = (uint8_t *)out->p + out->len;
		x->avail_out = out->cap - out->len;
		r = lzma_code(x, LZMA_FINISH);
		out->len = out->cap - x->avail_out;
		if (r == LZMA_STREAM_END)
			return PAYLOAD_GOOD;
		if (r != LZMA_OK || x->avail_out > 0)
			return r == LZMA_MEM_ERROR || r == LZMA_MEMLIMIT_ERROR ? PAYLOAD_TOO_LARGE
									       : PAYLOAD_DAMAGED;
	}
}

static enum journal_payload
unpack_xz(struct span in, struct buf *out)
{
	lzma_stream x = LZMA_STREAM_INIT;
	enum journal_payload rc;

	buf_clear(out);
	if (lzma_stream_decoder(&x, XZ_MEMORY_MAX, 0) != LZMA_OK)
		return PAYLOAD_TOO_LARGE;
	x.next_in = (const uint8_t *)in.p;
	x.avail_in = in.len;
	rc = xz_steps(&x, out);
	lzma_end(&x);
	return rc;
}

enum journal_payload
journal_payload_unpack(unsigned compression, struct span in, struct buf *out)
{
	switch (compression) {
	case JF_ZSTD:
		return unpack_zstd(in, out);
	case JF_LZ4:
		return unpack_lz4(in, out);
	case JF_XZ:
		return unpack_xz(in, out);
	default:
		return PAYLOAD_DAMAGED; /* several, or one that is not known */
	}
}
