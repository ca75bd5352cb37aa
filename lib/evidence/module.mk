# SPDX-License-Identifier: GPL-3.0-or-later
lib.srcs += lib/evidence/ledger.c lib/evidence/gnupg.c lib/evidence/gnupg_wait.c lib/evidence/sign.c lib/evidence/hold.c lib/evidence/hold_known.c lib/evidence/hold_match.c \
	    lib/evidence/hold_seal.c lib/evidence/hold_text.c lib/evidence/duty.c lib/evidence/tar.c
