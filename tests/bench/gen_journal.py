#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""gen_journal.py ENTRIES - a journal's entries in the export format: 20 fields, 10 days up to now, 4 boots, 500 users
that do a job each, 100 units of which one writes a tenth, 2 % long messages."""
import random
import struct
import sys
import time

n = int(sys.argv[1])
rnd = random.Random(7)
out = sys.stdout.buffer
span = 10 * 86400 * 1000000
begin = int(time.time() * 1000000) - span
units = ["nginx.service"] * 11 + ["unit%d.service" % i for i in range(99)]
for i in range(n):
    us, boot = begin + i * span // n, i * 4 // n
    uid, unit, pid = 1000 + rnd.randrange(500), rnd.choice(units), rnd.randrange(2000)
    text = "GET /path/%d from 203.0.113.%d by user%d took %d ms" % (
        rnd.randrange(10 ** 9), rnd.randrange(256), uid, rnd.randrange(10 ** 6))
    head = "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n" % (
        us, (i - boot * n // 4) * 1000 + 1, boot + 1)
    if i % 50 == 0:
        text += "\n" + "line %d " % rnd.randrange(10 ** 6) * 80
        message = b"MESSAGE\n" + struct.pack("<Q", len(text)) + text.encode() + b"\n"
    else:
        message = b"MESSAGE=" + text.encode() + b"\n"
    out.write(head.encode() + message + (
        "PRIORITY=%d\n_UID=%d\n_GID=%d\n_PID=%d\n_COMM=comm%d\n_EXE=/usr/bin/comm%d\n_CMDLINE=/usr/bin/comm%d\n"
        "_SYSTEMD_UNIT=%s\n_SYSTEMD_CGROUP=/system.slice/%s\n_SYSTEMD_SLICE=system.slice\nSYSLOG_IDENTIFIER=%s\n"
        "SYSLOG_FACILITY=3\n_TRANSPORT=syslog\n_HOSTNAME=vm\n_MACHINE_ID=%032x\n_CAP_EFFECTIVE=0\n"
        "_SELINUX_CONTEXT=unconfined\n_SYSTEMD_INVOCATION_ID=%032x\n_SOURCE_REALTIME_TIMESTAMP=%d\n\n" % (
            rnd.randrange(8), uid, uid, pid, pid % 200, pid % 200, pid % 200, unit, unit, unit[:-8], 7,
            units.index(unit), us - us % 1000000)).encode())
