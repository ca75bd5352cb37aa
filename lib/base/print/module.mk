# SPDX-License-Identifier: GPL-3.0-or-later
# what people see: tables, JSON, plots, pages, metrics
lib.srcs += lib/base/print/html.c lib/base/print/plot.c lib/base/print/print.c \
	    lib/base/print/print_table.c lib/base/print/prom.c
