# SPDX-License-Identifier: GPL-3.0-or-later
# personal data in free text, and known words, in one pass
lib.srcs += lib/record/detect/detect.c lib/record/detect/detect_email.c \
	    lib/record/detect/detect_escape.c lib/record/detect/detect_phone.c \
	    lib/record/detect/detect_reverse.c lib/record/detect/detect_scan.c \
	    lib/record/detect/detect_scan_x86.c lib/record/detect/detect_token.c \
	    lib/record/detect/detect_v4.c lib/record/detect/detect_v6.c \
	    lib/record/detect/detect_version.c lib/record/detect/needles.c \
	    lib/record/detect/needles_x86.c
