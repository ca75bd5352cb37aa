# SPDX-License-Identifier: GPL-3.0-or-later
# safe access to files and folders: walked by descriptor, replaced whole, packed and unpacked
lib.srcs += lib/base/file/input.c lib/base/file/map.c lib/base/file/mount.c lib/base/file/output.c \
	    lib/base/file/replace.c lib/base/file/replace_aside.c lib/base/file/scratch.c \
	    lib/base/file/tree.c lib/base/file/unpack.c lib/base/file/walk.c lib/base/file/walk_folder.c \
	    lib/base/file/walk_inside.c lib/base/file/watch.c lib/base/file/whole.c lib/base/file/wipe.c
