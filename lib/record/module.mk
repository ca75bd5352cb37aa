# SPDX-License-Identifier: GPL-3.0-or-later
# formats, detectors, pseudonyms and their keys, transforms
lib.srcs += lib/record/json.c lib/record/json_lex.c lib/record/json_path.c
lib.srcs += lib/record/day.c lib/record/wrapkey.c lib/record/keydir.c lib/record/keydir_destroy.c \
	    lib/record/keyring.c lib/record/pseudonym.c
