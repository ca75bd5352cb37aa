# SPDX-License-Identifier: GPL-3.0-or-later
# from bytes to spans: templates, patterns, syslog, JSON
lib.srcs += lib/record/format/escape.c lib/record/format/first_bytes.c lib/record/format/format.c \
	    lib/record/format/json.c lib/record/format/json_glance.c lib/record/format/json_lex.c \
	    lib/record/format/json_path.c lib/record/format/pattern.c lib/record/format/pattern_need.c \
	    lib/record/format/pattern_place.c lib/record/format/pattern_scan.c \
	    lib/record/format/pattern_syntax.c lib/record/format/reader.c lib/record/format/syslog.c \
	    lib/record/format/template.c lib/record/format/template_split.c
