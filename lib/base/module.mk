# SPDX-License-Identifier: GPL-3.0-or-later
# errors, spans and buffers, options
lib.srcs += lib/base/buf.c lib/base/bytes.c lib/base/err.c lib/base/lang.c lib/base/no_core.c \
	    lib/base/options.c lib/base/sendmail.c
