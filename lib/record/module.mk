# SPDX-License-Identifier: GPL-3.0-or-later
# formats, detectors, pseudonyms and their keys, transforms
lib.srcs += lib/record/json.c lib/record/json_lex.c lib/record/json_path.c lib/record/json_glance.c
lib.srcs += lib/record/day.c lib/record/wrapkey.c lib/record/keydir.c lib/record/keydir_destroy.c \
	    lib/record/keyring.c lib/record/pseudonym.c lib/record/token_cache.c
lib.srcs += lib/record/transform.c lib/record/transform_address.c lib/record/transform_agent.c
lib.srcs += lib/record/transform_redact.c lib/record/transform_text.c lib/record/transform_url.c \
	    lib/record/transform_value.c lib/record/value_set.c
lib.srcs += lib/record/path_mask.c lib/record/path_segment.c lib/record/memo.c
lib.srcs += lib/record/escape.c lib/record/format.c lib/record/template.c lib/record/template_split.c \
	    lib/record/first_bytes.c lib/record/pattern.c lib/record/pattern_need.c lib/record/pattern_place.c lib/record/pattern_scan.c lib/record/pattern_syntax.c lib/record/syslog.c
lib.srcs += lib/record/address.c lib/record/detect.c lib/record/detect_scan.c \
	    lib/record/detect_scan_x86.c lib/record/detect_v4.c lib/record/detect_v6.c \
	    lib/record/detect_version.c lib/record/detect_reverse.c lib/record/detect_escape.c \
	    lib/record/detect_email.c lib/record/detect_phone.c lib/record/detect_token.c
lib.srcs += lib/record/timestamp.c lib/record/timestamp_text.c lib/record/timestamp_zone.c
lib.srcs += lib/record/needles.c lib/record/needles_x86.c
lib.srcs += lib/record/reader.c lib/record/digest.c lib/record/sha256.c
lib.srcs += lib/record/claim.c lib/record/claim_set.c
