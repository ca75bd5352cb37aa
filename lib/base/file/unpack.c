/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/unpack.h"

#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define XZ_MEMORY_MAX   (80u << 20) /* xz -9 takes 65 MiB */
#define ZSTD_WINDOW_LOG 26          /* 64 MiB */

struct unpack {
	const struct codec *codec;
	union {
		z_stream gzip;
		lzma_stream xz;
		ZSTD_DCtx *zstd;
		bz_stream bzip2;
	};
};

struct codec {
	const char *name;
	struct span magic[2];
	bool (*begin)(struct unpack *u);
	enum unpack_step (*step)(
		struct unpack *u, struct span *in, bool last, void *out, size_t n, size_t *ret);
	void (*end)(struct unpack *u);
};

static unsigned
clip(size_t n)
{
	return n > 1u << 30 ? 1u << 30 : (unsigned)n;
}

static bool
gzip_begin(struct unpack *u)
{
	return inflateInit2(&u->gzip, 15 + 16) == Z_OK; /* the widest window, a gzip header */
}

static enum unpack_step
gzip_step(struct unpack *u, struct span *in, bool last, void *out, size_t n, size_t *ret)
{
	z_stream *z = &u->gzip;
	int r;

	(void)last;
	z->next_in = (Bytef *)in->p;
	z->avail_in = clip(in->len);
	z->next_out = out;
	z->avail_out = clip(n);
	r = inflate(z, Z_NO_FLUSH);
	*in = span_from(*in, (size_t)((const char *)z->next_in - in->p));
	*ret = (size_t)((char *)z->next_out - (char *)out);
	if (r == Z_STREAM_END)
		return inflateReset(z) == Z_OK ? UNPACK_MEMBER : UNPACK_MEMORY;
	if (r == Z_OK || r == Z_BUF_ERROR)
		return UNPACK_MORE;
	return r == Z_MEM_ERROR ? UNPACK_MEMORY : UNPACK_DAMAGED;
}

static void
gzip_end(struct unpack *u)
{
	(void)inflateEnd(&u->gzip);
}

static bool
xz_begin(struct unpack *u)
{
	u->xz = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&u->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK;
}

/* liblzma joins the members itself, because there may be padding between them. */
static enum unpack_step
xz_step(struct unpack *u, struct span *in, bool last, void *out, size_t n, size_t *ret)
{
	lzma_stream *x = &u->xz;
	lzma_ret r;

	x->next_in = (const uint8_t *)in->p;
	x->avail_in = in->len;
	x->next_out = out;
	x->avail_out = n;
	r = lzma_code(x, last ? LZMA_FINISH : LZMA_RUN);
	*in = span_of(x->next_in, x->avail_in);
	*ret = n - x->avail_out;
	if (r == LZMA_STREAM_END)
		return UNPACK_MEMBER;
	if (r == LZMA_OK || r == LZMA_BUF_ERROR)
		return UNPACK_MORE;
	return r == LZMA_MEM_ERROR || r == LZMA_MEMLIMIT_ERROR ? UNPACK_MEMORY : UNPACK_DAMAGED;
}

static void
xz_end(struct unpack *u)
{
	lzma_end(&u->xz);
}

static bool
zstd_begin(struct unpack *u)
{
	u->zstd = ZSTD_createDCtx();
	return u->zstd &&
	       !ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
}

static enum unpack_step
zstd_step(struct unpack *u, struct span *in, bool last, void *out, size_t n, size_t *ret)
{
	ZSTD_inBuffer zin = { in->p, in->len, 0 };
	ZSTD_outBuffer zout = { out, n, 0 };
	const size_t r = ZSTD_decompressStream(u->zstd, &zout, &zin);

	(void)last;
	*in = span_from(*in, zin.pos);
	*ret = zout.pos;
	if (r == 0)
		return UNPACK_MEMBER;
	if (!ZSTD_isError(r))
		return UNPACK_MORE;
	switch (ZSTD_getErrorCode(r)) {
	case ZSTD_error_memory_allocation:
	case ZSTD_error_frameParameter_windowTooLarge:
		return UNPACK_MEMORY;
	default:
		return UNPACK_DAMAGED;
	}
}

static void
zstd_end(struct unpack *u)
{
	(void)ZSTD_freeDCtx(u->zstd);
}

static bool
bzip2_begin(struct unpack *u)
{
	u->bzip2 = (bz_stream){ 0 };
	return BZ2_bzDecompressInit(&u->bzip2, 0, 0) == BZ_OK;
}

static void
bzip2_end(struct unpack *u)
{
	(void)BZ2_bzDecompressEnd(&u->bzip2);
}

static enum unpack_step
bzip2_step(struct unpack *u, struct span *in, bool last, void *out, size_t n, size_t *ret)
{
	bz_stream *b = &u->bzip2;
	int r;

	(void)last;
	b->next_in = (char *)in->p;
	b->avail_in = clip(in->len);
	b->next_out = out;
	b->avail_out = clip(n);
	r = BZ2_bzDecompress(b);
	*in = span_from(*in, (size_t)(b->next_in - in->p));
	*ret = (size_t)(b->next_out - (char *)out);
	if (r == BZ_STREAM_END) {
		bzip2_end(u);
		return bzip2_begin(u) ? UNPACK_MEMBER : UNPACK_MEMORY;
	}
	if (r == BZ_OK)
		return UNPACK_MORE;
	return r == BZ_MEM_ERROR ? UNPACK_MEMORY : UNPACK_DAMAGED;
}

/* bzip2's own three bytes could begin a line of text: what follows them is part of its magic. */
static const struct codec codecs[] = {
	{ "gzip", { SPAN("\x1f\x8b\x08") }, gzip_begin, gzip_step, gzip_end },
	{ "xz",
		{ SPAN("\xfd"
		       "7zXZ\0") },
		xz_begin, xz_step, xz_end },
	{ "zstd", { SPAN("\x28\xb5\x2f\xfd") }, zstd_begin, zstd_step, zstd_end },
	{ "bzip2", { SPAN("BZh?1AY&SY"), SPAN("BZh?\x17\x72\x45\x38\x50\x90") }, bzip2_begin,
		bzip2_step, bzip2_end },
};
#define N_CODECS (sizeof(codecs) / sizeof(codecs[0]))

/* Does HEAD agree with MAGIC as far as both go? '?' is any byte. */
static bool
magic_agrees(struct span magic, struct span head)
{
	const size_t n = head.len < magic.len ? head.len : magic.len;

	if (magic.len == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (magic.p[i] != '?' && magic.p[i] != head.p[i])
			return false;
	}
	return true;
}

const char *
unpack_sniff(struct span head)
{
	bool open = false;

	for (size_t i = 0; i < N_CODECS; i++) {
		for (size_t k = 0; k < 2; k++) {
			if (!magic_agrees(codecs[i].magic[k], head))
				continue;
			if (head.len >= codecs[i].magic[k].len)
				return codecs[i].name;
			open = true;
		}
	}
	return open ? NULL : "";
}

struct unpack *
unpack_new(const char *filter)
{
	struct unpack *u = calloc(1, sizeof(*u));

	for (size_t i = 0; u && i < N_CODECS; i++) {
		if (strcmp(codecs[i].name, filter) == 0)
			u->codec = &codecs[i];
	}
	if (u && u->codec && u->codec->begin(u))
		return u;
	return unpack_free(u);
}

enum unpack_step
unpack_step(struct unpack *u, struct span *in, bool last, void *out, size_t n, size_t *ret)
{
	return u->codec->step(u, in, last, out, n, ret);
}

struct unpack *
unpack_free(struct unpack *u)
{
	if (u && u->codec)
		u->codec->end(u);
	free(u);
	return NULL;
}
