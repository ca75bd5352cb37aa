# SPDX-License-Identifier: GPL-3.0-or-later
# what is written in the place of a value
lib.srcs += lib/record/transform/memo.c lib/record/transform/path_mask.c \
	    lib/record/transform/path_segment.c lib/record/transform/transform.c \
	    lib/record/transform/transform_address.c lib/record/transform/transform_agent.c \
	    lib/record/transform/transform_redact.c lib/record/transform/transform_text.c \
	    lib/record/transform/transform_url.c lib/record/transform/transform_value.c \
	    lib/record/transform/value_set.c
