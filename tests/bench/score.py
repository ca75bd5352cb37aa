#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Precision and recall of `logscrub detect`, by type.

  score.py --logscrub BIN --cases cases.jsonl           labelled strings, one JSON object a line
  score.py --logscrub BIN --corpus a.log a.labels ...   labelled corpora (gen_logs.py --labels)

exact  a finding has the label's bytes, type and (addresses) canonical form
hit    a label is covered by findings of its type; a finding that touches no label is false

Labels of type name and user are not for detectors: findings inside them count neither way. A UUID
counts only with --uuid. Exit status: 1 if a value lies below --least (addresses) or --least-rest.
"""
import argparse
import json
import subprocess
import sys
from collections import defaultdict

CORPUS = {"ip4": "ipv4", "ip6": "ipv6", "mail": "email"}
OTHERS = ("name", "user")


def detect(binary, text, uuid):
    """-> findings by line number, from 0"""
    cmd = [binary, "detect", "--json"] + (["--uuid"] if uuid else [])
    p = subprocess.run(cmd, input=text, stdout=subprocess.PIPE)
    if p.returncode not in (0, 1):
        sys.exit("score: %s ended with %d" % (binary, p.returncode))
    out = defaultdict(list)
    for x in p.stdout.splitlines():
        f = json.loads(x)
        out[f["line"] - 1].append(f)
    return out


def load_cases(path):
    """-> lines, and labels for each: (start, end, type, canonical)"""
    lines, labels, ids = [], [], []
    for x in open(path, "rb"):
        case = json.loads(x)
        raw = case["input"].encode()
        # a line of its own is what the detectors see: a case with line ends in it is no line
        lines.append(raw.replace(b"\n", b" "))
        ids.append(case["id"])
        labels.append([(s["start"], s["end"], s["type"].split("-")[0], s.get("canonical"))
                       for s in case["spans"]])
    return lines, labels, ids


def load_corpus(log, lab):
    lines = open(log, "rb").read().split(b"\n")[:-1]
    labels = []
    for x in open(lab):
        row = []
        for y in x.split():
            start, end, kind = y.split(":")
            row.append((int(start), int(end), CORPUS.get(kind, kind), None))
        labels.append(row)
    return lines, labels, ["%s:%d" % (log, i + 1) for i in range(len(lines))]


def covered(label, found):
    at = label[0]
    for f in found:
        if f["type"] == label[2] and f["start"] <= at < f["end"]:
            at = f["end"]
    return at >= label[1]


class Score:
    def __init__(self):
        self.labels = self.hit = self.found = self.true = self.exact = 0

    def row(self, name):
        def ratio(a, b):
            return a / b if b else 1.0
        return (name, self.labels, self.found, ratio(self.true, self.found), ratio(self.hit, self.labels),
                ratio(self.exact, self.found), ratio(self.exact, self.labels))


def score(lines, labels, ids, found, uuid, show, scores):
    for i, line in enumerate(lines):
        want = [x for x in labels[i] if x[2] not in OTHERS and (uuid or x[2] != "uuid")]
        other = [x for x in labels[i] if x[2] in OTHERS]
        got = found.get(i, [])
        wrong = []
        for x in want:
            s = scores[x[2]]
            s.labels += 1
            if covered(x, got):
                s.hit += 1
            else:
                wrong.append("missed %s %r" % (x[2], line[x[0]:x[1]].decode(errors="replace")))
        for f in got:
            s = scores[f["type"]]
            touch = [x for x in want if x[0] < f["end"] and f["start"] < x[1]]
            if not touch and any(x[0] < f["end"] and f["start"] < x[1] for x in other):
                continue
            s.found += 1
            same = [x for x in touch if x[2] == f["type"]]
            if same:
                s.true += 1
            if any(x[0] == f["start"] and x[1] == f["end"] and x[3] in (None, f.get("canonical")) for x in same):
                s.exact += 1
            else:
                wrong.append("%s %s %r %s" % ("inexact" if same else "false", f["type"],
                             line[f["start"]:f["end"]].decode(errors="replace"), f.get("canonical", "")))
        if wrong and show > 0:
            show -= 1
            print("%s: %s\n    %s" % (ids[i], "; ".join(wrong), line.decode(errors="replace")[:400]))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--logscrub", default="build/release/bin/logscrub")
    ap.add_argument("--cases", nargs="*", default=[])
    ap.add_argument("--corpus", nargs="*", default=[], help="LOG LABELS pairs")
    ap.add_argument("--uuid", action="store_true")
    ap.add_argument("--show", type=int, default=20, help="lines with mistakes to print")
    ap.add_argument("--least", type=float, default=0.0)
    ap.add_argument("--least-rest", type=float, default=0.0)
    a = ap.parse_args()
    sets = [load_cases(x) for x in a.cases]
    sets += [load_corpus(*a.corpus[i:i + 2]) for i in range(0, len(a.corpus), 2)]
    scores = defaultdict(Score)
    for lines, labels, ids in sets:
        score(lines, labels, ids, detect(a.logscrub, b"\n".join(lines) + b"\n", a.uuid), a.uuid, a.show, scores)
    low = False
    print("%-7s %7s %7s  %9s %7s  %9s %7s" % ("type", "labels", "found", "precision", "recall", "exact p", "exact r"))
    for name in sorted(scores):
        row = scores[name].row(name)
        print("%-7s %7d %7d  %9.4f %7.4f  %9.4f %7.4f" % row)
        low |= min(row[3:]) < (a.least if name in ("ipv4", "ipv6") else a.least_rest)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
