# SPDX-License-Identifier: GPL-3.0-or-later
# a record, its time, its addresses, and which store claims it
lib.srcs += lib/record/address.c lib/record/claim.c lib/record/claim_set.c lib/record/timestamp.c \
	    lib/record/timestamp_text.c lib/record/timestamp_zone.c
