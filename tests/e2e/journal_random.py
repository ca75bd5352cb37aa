#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random journal entries in the export format, and the oracle of what is left of them.

  journal_random.py make SEED ENTRIES [HUGE [MUCH]]   to standard output; HUGE: that many fields of 1 MiB; MUCH:
                                               bytes an entry, in texts of up to 64 KiB that cannot be packed well
  journal_random.py keep export FILE           standard input without what matches (FILE: terms, one a line;
  journal_random.py keep json FILE             all of one field or-ed, several and-ed), as journalctl wrote it

Fields are binary, empty, repeated, long and packed, shared by thousands or by none; some entries have one field
alone. Entries of gone.service have a text "gone-…" of their own.
"""
import base64
import json
import random
import struct
import sys


def field(name, value):
    if all(c >= 32 or c == 9 for c in value):
        return name + b"=" + value + b"\n"
    return name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"


def make(seed, n, huge, much):
    rnd = random.Random(seed)
    out = sys.stdout.buffer
    us, mono, boot = 1795000000000000 + seed * 1000000, 1000, 1
    units = [b"unit%d.service" % i for i in range(20)]
    for i in range(n):
        us += rnd.randrange(1, 2000000)
        mono += rnd.randrange(1, 100000)
        if rnd.random() < 0.001:
            boot, mono = boot + 1, 500
        out.write(b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n" % (us, mono, boot))
        if rnd.random() < 0.02:  # one datum alone
            out.write(field(b"MESSAGE", b"alone %d" % rnd.randrange(3)) + b"\n")
            continue
        unit = b"gone.service" if rnd.random() < 0.1 else rnd.choice(units)
        text = b"gone-%016x" % rnd.getrandbits(64) if unit == b"gone.service" else b"text %d" % rnd.getrandbits(40)
        if rnd.random() < 0.05:
            text += b" " + b"long and alike " * rnd.randrange(40, 4000)
        if rnd.random() < 0.05:
            text += b"\nsecond line\n"
        fields = [field(b"MESSAGE", text), field(b"_SYSTEMD_UNIT", unit), field(b"PRIORITY", b"%d" % rnd.randrange(8)),
                  field(b"_UID", b"%d" % rnd.randrange(1000, 1050)), field(b"_PID", b"%d" % rnd.randrange(400)),
                  field(b"_HOSTNAME", b"vm"), field(b"_TRANSPORT", b"journal")]
        if rnd.random() < 0.1:
            fields.append(field(b"BINARY", bytes(rnd.getrandbits(8) for _ in range(rnd.randrange(1, 600)))))
        if rnd.random() < 0.1:
            fields.append(field(b"EMPTY", b""))
        for k in rnd.sample(range(9), rnd.randrange(4)):
            fields.append(field(b"TAG", b"tag%d" % k))
        if much and rnd.random() < 0.1:
            fields.append(field(b"PAYLOAD", base64.b64encode(rnd.randbytes(min(rnd.randrange(1, 15 * much), 48 << 10)))))
        if huge and i % (n // huge) == n // huge // 2:
            fields.append(field(b"COREDUMP", rnd.randbytes(1 << 20) if i % 2 else b"packed " * (1 << 17)))
        rnd.shuffle(fields)
        out.write(b"".join(fields) + b"\n")


def terms(path):
    by_field = {}
    with open(path, "rb") as f:
        for line in f.read().splitlines():
            name, _, value = line.partition(b"=")
            by_field.setdefault(name, set()).add(value)
    return by_field


def matches(wanted, values):
    return all(values(name) & wanted[name] for name in wanted)


def keep_json(wanted):
    for line in sys.stdin:
        entry = json.loads(line)

        def values(name, entry=entry):
            if name.decode() not in entry:
                return set()
            v = entry[name.decode()]
            many = isinstance(v, list) and not all(isinstance(x, int) for x in v)
            return {bytes(x) if isinstance(x, list) else str(x).encode() for x in (v if many else [v])}
        if not matches(wanted, values):
            print(json.dumps(entry, sort_keys=True))


def read_export(f):
    """Each entry as its bytes and its (name, value) pairs."""
    raw, pairs = b"", []
    for line in f:
        raw += line
        if line == b"\n":
            yield raw, pairs
            raw, pairs = b"", []
        elif b"=" in line:
            name, _, value = line[:-1].partition(b"=")
            pairs.append((name, value))
        else:
            head = f.read(8)
            body = f.read(struct.unpack("<Q", head)[0] + 1)
            raw += head + body
            pairs.append((line[:-1], body[:-1]))


def keep_export(wanted):
    for raw, pairs in read_export(sys.stdin.buffer):
        if not matches(wanted, lambda name: {v for n, v in pairs if n == name}):
            sys.stdout.buffer.write(raw)


if sys.argv[1] == "make":
    make(*[int(arg) for arg in (sys.argv[2:] + ["0", "0"])[:4]])
elif sys.argv[2] == "json":
    keep_json(terms(sys.argv[3]))
else:
    keep_export(terms(sys.argv[3]))
