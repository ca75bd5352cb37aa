#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# found.py REGISTER CASE STORE DECISION [PLACE TIME_US] <TEXT : enters TEXT as a find, as a search of that store would.
# found.py REGISTER CASE STORE DECISION --text PLACE TIME_US TEXT : … all of TEXT.
# found.py REGISTER CASE STORE DECISION --rows DSN TABLE TIME WHERE : … each such row of a PostgreSQL table.
import hashlib, sqlite3, struct, subprocess, sys

DECISIONS = {"open": 0, "keep": 1, "blacken": 2, "exclude": 3}
NO_TIME = -(1 << 63)


def part(b):
    return struct.pack("<Q", len(b)) + b


def add(db, case, store, decision, place, time_us, text):
    digest = hashlib.blake2b(part(store.encode()) + part(struct.pack("<q", time_us)) + part(text), digest_size=32)
    row = (case, store, place, None if time_us == NO_TIME else time_us, text, len(text), digest.digest(), DECISIONS[decision])
    db.execute("INSERT OR REPLACE INTO finds (number, store, place, offset, time_us, text, size, digest, identifier, own, decision)"
               " VALUES (?, ?, ?, 0, ?, ?, ?, ?, 1, 1, ?)", row)
    db.execute("INSERT OR REPLACE INTO answers (number, store, answer, n_found, n_read, note, begun_us, ended_us) VALUES (?, ?, 0, 1, 1, '', 0, 1)", (case, store))


def rows(dsn, table, time, where):
    def ask(sql):
        out = subprocess.run(["psql", "-XqAtF", "\x1f", "-R", "\x1e", "-P", "null=\x01", "-d", dsn, "-c", sql], check=True, capture_output=True)
        return [r.split(b"\x1f") for r in out.stdout.rstrip(b"\n").split(b"\x1e") if r]
    columns = [c[0].decode() for c in ask(f"SELECT attname FROM pg_attribute WHERE attrelid = '\"{table}\"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")]
    listed = ", ".join(f'"{c}"::text' for c in columns)
    for row in ask(f"SET timezone = 'UTC'; SELECT (extract(epoch FROM \"{time}\") * 1000000)::bigint, {listed} FROM \"{table}\" WHERE {where}"):
        text = b"\t".join(c.encode() + b"=" + v for c, v in zip(columns, row[1:]) if v != b"\x01") + b"\n"
        yield NO_TIME if row[0] == b"\x01" else int(row[0]), text


register, case, store, decision = sys.argv[1:5]
db = sqlite3.connect(register + "/register.db")
if len(sys.argv) > 5 and sys.argv[5] == "--rows":
    for time_us, text in rows(*sys.argv[6:10]):
        add(db, case, store, decision, "row", time_us, text)
elif len(sys.argv) > 5 and sys.argv[5] == "--text":
    add(db, case, store, decision, sys.argv[6], int(sys.argv[7]), sys.argv[8].encode())
else:
    place, time_us = (sys.argv[5], int(sys.argv[6])) if len(sys.argv) > 6 else ("-", NO_TIME)
    for line in sys.stdin.buffer.readlines():
        add(db, case, store, decision, place, time_us, line)
db.commit()
