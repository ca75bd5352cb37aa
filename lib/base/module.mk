# errors, spans and buffers, configuration, safe file access
lib.srcs += lib/base/err.c lib/base/lang.c lib/base/buf.c
