#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""canaries.py - plants personal values into each place of a store's sample lines

    canaries.py LOGSCRUB CONFIG STORE SAMPLES

Each token of each entry of SAMPLES is replaced, one at a time, by each canary in each encoding; all
of it goes through `LOGSCRUB --store STORE` at once, and no byte form of a canary may come out, in
any case or encoding, also not on standard error. An address may come out as a token.

A place is what stands between blanks, quotes, brackets, and = , & (every canary in every encoding),
and, finer, between : ; / ? @ | # and \\ as well (every canary plain, and in one other encoding; also
behind a number that stood there). Some places are left out:
  - a syslog header in front of the line (time, host, tag, process id): the machine writes it;
  - the authority within a URL: its host is what `host-only` is there to keep;
  - what a log of its kind is there to tell (ACCOUNTABLE): who used sudo, and which program.

Exit status: 0 nothing came out; 1 a canary did, and the lines that show it are printed; 2 the
samples are of no use (nothing comes out even without a canary).
"""
import base64
import html
import json
import re
import subprocess
import sys
import urllib.parse

# All are made of the syllables that PARTS looks for, so that also half of one is found.
CANARIES = (
    "Änne Quittenbaum",
    "quitten.baum@xaveria.example",
    "+49 151 76234499",
    "198.51.100.234",
    "2001:db8:cafe:1::beef",
    "x7quittenk3xav9w",
    "qui-xav-tta",
    "Quittenraum Süd",
    "quittenbaum",
)
PARTS = re.compile(
    rb"quitten|\xc3\xa4nne|raum s|baum@|xaveria|7623|4499|198[.]51|100[.]234|cafe:1|2001:0?db8:cafe|"
    rb"::beef|x7qu|k3xav9w|qui-x|v-tta"
)


def upper_half(text):
    """cut in two by a new line"""
    return text[: len(text) // 2] + "\n" + text[len(text) // 2 :]


ENCODINGS = {
    "plain": lambda t: t,
    "percent": lambda t: "".join("%%%02X" % b for b in t.encode()),
    "backslash-x": lambda t: "".join("\\x%02X" % b for b in t.encode()),
    "json": lambda t: "".join("\\u%04x" % ord(c) for c in t),
    "html": lambda t: "".join("&#%d;" % ord(c) for c in t),
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "upper": str.upper,
    "newline": upper_half,
    "octal": lambda t: "".join("#%03o" % b for b in t.encode()),
}
PLANTED = [[e(c).encode() for e in ENCODINGS.values()] for c in CANARIES]

TIME = rb"(?:[A-Za-z]{3,5}[.]? [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))"
HEADER = re.compile(
    rb"(?:<\d+>)?1 " + TIME + rb" \S+ \S+ \S+ \S+ |"
    rb"(?:<\d+>)?" + TIME + rb" (?:\S+ ){0,2}[\w./@()-]+(?:\[[\w-]+\])?:(?: |$)|<\d+>"
)
COARSE = re.compile(rb"[^\s\"'`\[\](){}<>=,&:][^\s\"'`\[\](){}<>=,&]*")
JSON_VALUE = re.compile(rb"-?[\d.]+|true|false|null")
# The administrator's user name, the program in a folder of the system, the name of a firewall's rule.
INVOKER = rb"(?<=sudo: ) *[^ ]+(?= : )|(?<=sudo\[4711\]: ) *[^ ]+(?= : )|(?<=\) )[^ ]+(?= on )|(?<= by )[^ ]+$"
PROGRAM = rb"(?:COMMAND=|\((?:\[\d+\] )?)(?:/usr)?(?:/local)?/s?bin/[^ )]+"
ACCOUNTABLE = {
    "sudo": re.compile(INVOKER + rb"|" + PROGRAM),
    "su": re.compile(INVOKER),
    "cron": re.compile(PROGRAM),
    "kernel": re.compile(rb"(?<=\])[^=]*(?= IN=)|(?<=: )\[UFW [A-Z]+\](?= IN=)"),
}
AUTHORITY = re.compile(rb"://[^/\s\"'?,]*")
FINE = re.compile(rb"[^\s\"'`\[\](){}<>=,&:;/?@|#\\]+")
TOKEN = re.compile(rb"(?<![a-z])(ip4|ip6|net6|id):[a-z2-7]{16}\b")


def entries(logscrub, config, store, samples):
    """The entries of the samples, as the store's format finds them: of one line or several."""
    out = subprocess.run(
        [logscrub, "explain", "-c", config, "--store", store, "--json", samples],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    found = [json.loads(o) for o in out.splitlines()]
    lengths = {}
    for o in found:
        if "before" in o:
            first, *more = o["before"].split("\n")
            lengths.setdefault(first, len(more) + 1)
    with open(samples, "rb") as f:
        lines = f.read().split(b"\n")[:-1]
    while lines:
        n = lengths.get(lines[0].decode(errors="replace").rstrip("\r"), 1)
        yield b"\n".join(lines[:n])
        del lines[:n]


def mutations(entry, store):
    """The entry with a canary in each of its places, one at a time."""
    header = HEADER.match(entry)
    start = header.end() if header else 0
    coarse = set()
    spared = []
    if store in ACCOUNTABLE:
        spared = [m.span() for m in ACCOUNTABLE[store].finditer(entry)]
    for m in COARSE.finditer(entry, start):
        coarse.add(m.span())
        if any(a < m.end() and m.start() < b for a, b in spared):
            continue
        head, tail = entry[: m.start()], entry[m.end() :]
        is_value = JSON_VALUE.fullmatch(m.group()) and head.endswith((b'":', b"[", b","))
        for encoded in PLANTED:
            for text in encoded:
                yield head + text + tail
                if is_value:  # as a value of another type: "status":200, "status":"Anna"
                    yield head + b'"' + text + b'"' + tail
    authorities = [m.span() for m in AUTHORITY.finditer(entry)] + [(a - 1, b) for a, b in spared]
    for n, m in enumerate(FINE.finditer(entry, start)):
        if m.span() in coarse or any(a < m.start() < b for a, b in authorities):
            continue
        is_number = m.group().isdigit() and entry[m.start() - 1 : m.start()] != b"/"
        head, tail = entry[: m.start()], entry[m.end() :]
        for k, encoded in enumerate(PLANTED):
            yield head + encoded[0] + tail
            yield head + encoded[1 + (n + k) % (len(encoded) - 1)] + tail
            if is_number:
                yield head + m.group() + encoded[0] + tail


UNDO = (
    (re.compile(rb"%([0-9A-Fa-f]{2})"), lambda m: bytes([int(m[1], 16)])),
    (re.compile(rb"\\x([0-9A-Fa-f]{2})"), lambda m: bytes([int(m[1], 16)])),
    (re.compile(rb"#([0-3][0-7]{2})"), lambda m: bytes([int(m[1], 8)])),
    (re.compile(rb"\\u([0-9A-Fa-f]{4})"), lambda m: chr(int(m[1], 16)).encode(errors="replace")),
    (re.compile(rb"&#?\w+;"), lambda m: html.unescape(m[0].decode("latin-1")).encode()),
)
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{7,}")


def readings(line, depth=3):
    """The line, and what it says when its encodings are undone, up to DEPTH times."""
    yield line
    if depth == 0:
        return
    for pattern, meaning in UNDO:
        undone = pattern.sub(meaning, line)
        if undone != line:
            yield from readings(undone, depth - 1)
    for m in BASE64.finditer(line):
        for at in range(4):  # another text may stand right before it
            text = m.group()[at:].translate(bytes.maketrans(b"-_", b"+/"))
            text = text[: len(text) // 4 * 4]
            yield base64.b64decode(text)


def leaks(line):
    return any(
        PARTS.search(r.decode(errors="replace").lower().encode()) for r in readings(line)
    )


def main(logscrub, config, store, samples):
    found = list(entries(logscrub, config, store, samples))
    planted = [m for entry in found for m in mutations(entry, store)]
    ran = subprocess.run(
        [logscrub, "-c", config, "--store", store],
        input=b"\n".join(found + planted) + b"\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=True,
    )
    written = ran.stdout.split(b"\n")[:-1]
    distinct = {TOKEN.sub(rb"\1:-", line) for line in written}
    bad = sorted(line for line in distinct | set(ran.stderr.split(b"\n")) if leaks(line))
    print(
        "%s: %d entries, %d planted, %d written, %d distinct, %d leaks"
        % (store, len(found), len(planted), len(written), len(distinct), len(bad))
    )
    for line in bad:
        print("  came out: %s" % line.decode(errors="backslashreplace"))
    if not written or len(written) > len(found) + len(planted) * 2:
        return 2
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
