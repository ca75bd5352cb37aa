# SPDX-License-Identifier: GPL-3.0-or-later
# pseudonyms, their keys, and how these end
lib.srcs += lib/record/key/day.c lib/record/key/digest.c lib/record/key/keydir.c \
	    lib/record/key/keydir_destroy.c lib/record/key/keyring.c lib/record/key/pseudonym.c \
	    lib/record/key/sha256.c lib/record/key/token_cache.c lib/record/key/wrapkey.c
