# SPDX-License-Identifier: GPL-3.0-or-later
"""soak.py - days of a node at an hourly timer, under a clock that we move

Each simulated minute a record is written to each store: a text log that stays open and is rotated by
logrotate, an SQLite table, a PostgreSQL table ($PGHOST), and a journald namespace ($NAMESPACE,
whose files lie in $JOURNAL); some of them a hold covers. Each hour, as late as the timer may be,
`retention run`. journald's own vacuum and logrotate drop what they like of what is past.

What is there is read by python, sqlite, psql and journalctl, never by us: just before each run, which
is the worst instant, just after it, after logrotate and vacuum, and at random instants. Between these
nothing changes but the age, so that they stand for every minute. No unheld record is older than its
period; held ones are there, in their place or as the hold's copy; so is all that is within its period.
In the end runs are left out, and records taken away: the check has to find each.

The environment has $SPARSAM_BIN, $scratch, $CREDENTIALS_DIRECTORY, $SIMCLOCK, $PRELOAD. DAYS (3), PERIOD_H
(24), SEED; the file system has the real clock, so the simulated days lie before today, and files are dated
back to the simulated time when they were written.
"""
import bz2, datetime, glob, gzip, json, os, random, re, socket, sqlite3, struct, subprocess, sys, time

scratch = os.environ["scratch"]
retention = os.environ["SPARSAM_BIN"] + "/retention"
DAYS, PERIOD_H = int(os.environ.get("DAYS", 3)), int(os.environ.get("PERIOD_H", 24))
SEED = int(os.environ.get("SEED") or random.randrange(1 << 30))
MINUTE, HOUR = 60, 3600
PERIOD, INTERVAL = PERIOD_H * HOUR, HOUR
SLACK = 180  # how much earlier than an hour before its end a record may go: the margin, the longest run
LATE = 60    # the timer's accuracy
HELD, FREE = "203.0.113.7", "198.51.100.%d"
journal, namespace = os.environ.get("JOURNAL"), os.environ.get("NAMESPACE")
STORES = ["text", "sqlite", "postgres"] + (["journal"] if journal else [])
rnd = random.Random(SEED)

CONF = f"""state_dir = "{scratch}/state"
runtime_dir = "{scratch}"
metrics_dir = "{scratch}"
log_dir = "{scratch}/none"
key_dir = "{scratch}/keys"
credential = "{scratch}/none"
clock = "local"
"""
ROW = f'period = "{PERIOD_H}h" category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"'
DECLARED = rf"""format "app" {{ type = "pattern" pattern = '(?<time>\d{{4}}-\S+) (?<text>.*)' time = "time" }}
format "entry" {{ type = "syslog" }}
store "text" {{ type = "textlog" paths = {{ "{scratch}/log/app.log*" }} format = "app" {ROW} }}
store "sqlite" {{ type = "sqlite" paths = {{ "{scratch}/app.sqlite" }} sqlite {{ table = "visit" time = "at" }} {ROW} }}
store "postgres" {{ type = "postgres" postgres {{ service = "soak" table = "visit" time = "at" }} {ROW} }}
store "journal" {{ type = "textlog" format = "entry" journal = {{ "SYSLOG_IDENTIFIER=soak" }} paths = {{ "{scratch}/none/*.log" }} {ROW} }}
"""
LOGROTATE = f"""{scratch}/log/app.log {{
  rotate {PERIOD_H // 6 + 2}
  compress
  missingok
  create 0600
}}
"""


class Clock:
    """The simulated time, for us and by the file $SIMCLOCK for all others."""

    def __init__(self):
        self.file = open(os.environ["SIMCLOCK"], "r+b")
        self.set(time.time() - (DAYS + 1) * 86400)

    def now(self):
        return time.time() + self.offset

    def set(self, at):
        self.offset = at - time.time()
        self.file.seek(0)
        self.file.write(struct.pack("q", int(self.offset * 1000000)))
        self.file.flush()


def preloaded():
    return dict(os.environ, LD_PRELOAD=os.environ["PRELOAD"])


def command(*args, **more):
    statuses = more.pop("statuses", (0,))
    p = subprocess.run(args, capture_output=True, env=preloaded(), timeout=120, **more)
    if p.returncode not in statuses:
        sys.exit(f"{' '.join(args)} ends with {p.returncode}: {p.stderr.decode(errors='replace')}")
    return p.stdout.decode()


def ours(*args, **more):
    return command(retention, *args, "-c", scratch + "/sparsam.conf", **more)


def sql(text):
    return subprocess.run(["psql", "-XqAt", "-U", "postgres", "-v", "ON_ERROR_STOP=1", "soak"], input=text.encode(), check=True,
                          capture_output=True).stdout.decode()


# --- the node

class Node:
    def __init__(self, clock):
        self.clock, self.n = clock, 0
        self.records = []  # (number, time, held by the pattern)
        for d in ("log", "stores.d"):
            os.makedirs(f"{scratch}/{d}")
        open(scratch + "/sparsam.conf", "w").write(CONF)
        open(scratch + "/stores.d/soak.conf", "w").write(DECLARED)
        open(scratch + "/logrotate.conf", "w").write(LOGROTATE)
        self.log = open(scratch + "/log/app.log", "a")
        self.db = sqlite3.connect(scratch + "/app.sqlite", isolation_level=None)
        self.db.execute("create table visit (at real, n integer, who text)")
        sql("create table visit (at timestamptz, n integer, who text)")
        self.rows = []
        if journal:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.connect(f"/run/systemd/journal.{namespace}/socket")
        ours("init")

    def write(self, at):
        """One record to each store, at the simulated time AT, which is not before the last one's."""
        self.clock.set(at)
        self.n += 1
        held = rnd.random() < 0.1
        who = HELD if held else FREE % (self.n % 200)
        stamp = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.log.write(f"{stamp} visit {self.n} from {who}\n" + ("  second line\n" if self.n % 5 == 0 else ""))
        self.log.flush()
        self.rows.append((at, self.n, who))
        self.records.append((self.n, at, held))
        if journal:
            self.socket.send(f"SYSLOG_IDENTIFIER=soak\nPRIORITY=6\nMESSAGE=visit {self.n} from {who}\n".encode())

    def settle(self):
        """All that was written is where a reader finds it."""
        self.db.executemany("insert into visit values (?, ?, ?)", self.rows)
        if self.rows:
            sql("".join(f"insert into visit values (to_timestamp({at:.6f}), {n}, '{who}');" for at, n, who in self.rows))
        self.rows = []
        if journal:
            command("journalctl", "-q", f"--namespace={namespace}", "--sync")
        self.date_back()

    def date_back(self):
        now = self.clock.now()
        for path in glob.glob(scratch + "/log/*") + glob.glob(scratch + "/state/hold/*/*"):
            if os.stat(path).st_mtime > now + 1:
                os.utime(path, (now, now))

    def rotate(self):
        command("/usr/sbin/logrotate", "-f", "-s", scratch + "/logrotate.state", scratch + "/logrotate.conf")
        self.log.close()
        self.log = open(scratch + "/log/app.log", "a")
        self.date_back()

    def vacuum(self):
        if journal:
            command("journalctl", "-q", f"--namespace={namespace}", "--rotate")
            command("journalctl", "-q", f"--namespace={namespace}", f"--vacuum-time={PERIOD_H + 1}h")

    def run(self):
        self.settle()
        ours("run", statuses=(0, 1))
        self.date_back()


# --- what is there, by others' readers

def read_text():
    found = set()
    for path in glob.glob(scratch + "/log/*") + glob.glob(scratch + "/state/hold/text/*"):
        text = {"gz": gzip, "bz2": bz2}.get(path.rsplit(".", 1)[-1], __builtins__).open(path, "rb").read()
        found.update((int(m), "/hold/" in path) for m in re.findall(rb"(?m)^[^ \0]+ visit (\d+) from", text))
    return found


def read_sqlite():
    return {(n, False) for n, in sqlite3.connect(scratch + "/app.sqlite").execute("select n from visit")}


def read_postgres():
    return {(int(n), False) for n in sql("select n from visit").split()}


stamped = {}  # journald's own time of a record, which it may have read a while after it was sent


def read_journal():
    found = set()
    for folder, copy in [(journal, False)] + [(d, True) for d in glob.glob(scratch + "/state/hold/journal*")]:
        p = subprocess.run(["journalctl", "-q", "--no-pager", "-D", folder, "-o", "json", "--output-fields=MESSAGE", "SYSLOG_IDENTIFIER=soak"],
                           capture_output=True)
        for line in p.stdout.splitlines():
            entry = json.loads(line)
            n = int(entry["MESSAGE"].split()[1])
            stamped[n] = int(entry["__REALTIME_TIMESTAMP"]) / 1000000
            found.add((n, copy))
    return found


READ = {"text": read_text, "sqlite": read_sqlite, "postgres": read_postgres, "journal": read_journal}


class Checker:
    def __init__(self, node):
        self.node, self.holds = node, []  # when each begins and ends
        self.n_runs, self.last_run, self.n_checks, self.oldest = 0, 0, 0, dict.fromkeys(STORES, 0)

    def hold_begins(self, at):
        self.holds.append([at, float("inf")])

    def hold_ends(self, k, at):
        self.holds[k][1] = at

    def problems(self):
        """Of each store: what is late, what is lost."""
        now = self.node.clock.now()
        in_force = any(b <= now < e for b, e in self.holds)
        allowed = in_force or any(b <= now and self.last_run <= e for b, e in self.holds)
        self.n_checks += 1
        for store in STORES:
            found = READ[store]()
            numbers, in_place = {n for n, _ in found}, {n for n, copy in found if not copy}
            for n, at, held in self.node.records:
                age = now - (stamped.get(n, at) if store == "journal" else at)
                if age > PERIOD and n in numbers and not (held and allowed):
                    yield store, "late", n, age
                if age < PERIOD - INTERVAL - SLACK and n not in in_place:
                    yield store, "lost", n, age
                if held and in_force and n in self.kept and n not in numbers:
                    yield store, "held and lost", n, age
            live = [now - (stamped.get(n, at) if store == "journal" else at) for n, at, held in self.node.records if n in in_place and not (held and allowed)]
            self.oldest[store] = max([self.oldest[store], *live])

    kept = frozenset()  # what a hold covered when it began, and what it has covered since

    def cover(self):
        """Called while a hold is in force, right after it began and before each act: all that is there and held stays there."""
        now = self.node.clock.now()
        if not any(b <= now < e for b, e in self.holds):
            self.kept = frozenset()
            return
        self.kept |= {n for n, at, held in self.node.records if held and now - at < PERIOD - INTERVAL - SLACK}

    def check(self, when):
        bad = list(self.problems())
        for store, what, n, age in bad[:5]:
            print(f"{when}: {store}: record {n} is {what}, {age / HOUR:.2f} hours old (seed {SEED})", file=sys.stderr)
        if bad:
            sys.exit(f"{len(bad)} problems")


# --- days

def hold(node, checker, incident, expires_h):
    node.settle()
    id = ours("hold", "add", "--incident", incident, "--reason", "attack", "--owner", "ops", "--expires", f"+{expires_h}h",
              *[x for s in STORES for x in ("--store", s)], "--from", "-", input=HELD.encode() + b"\n").strip()
    node.date_back()
    checker.hold_begins(node.clock.now())
    checker.cover()
    return id


def events(hours):
    """Holds that overlap: the first is released, the second ends by itself."""
    third = hours // 3
    return {third // 2: "first", third: "second", third + PERIOD_H: "release"}


def hour(node, checker, begin, h, ids, todo):
    minutes = sorted(begin + h * HOUR + (m + 2) * MINUTE + rnd.random() * 50 for m in range(0, 57, 60 // PER_HOUR))
    glance = rnd.choice(minutes)
    for at in minutes:
        node.write(at)
        if at == glance and h % 3 == 0:
            node.settle()
            checker.cover()
            checker.check(f"hour {h}, at a random instant")
    what = todo.get(h)
    if what == "first":
        ids["first"] = hold(node, checker, "T-1", 3 * PERIOD_H)
    elif what == "second":
        ids["second"] = hold(node, checker, "T-2", PERIOD_H + PERIOD_H // 2)
        checker.hold_ends(1, node.clock.now() + (PERIOD_H + PERIOD_H // 2) * HOUR)
    elif what == "release":
        node.settle()
        ours("hold", "release", ids["first"])
        checker.hold_ends(0, node.clock.now())
    if h % 6 == 3:
        node.settle()
        checker.cover()
        node.rotate()
        node.vacuum()
        checker.check(f"hour {h}, after logrotate and vacuum")
    # the timer: at the hour and this node's own delay, and at most a minute late
    node.clock.set(begin + (h + 1) * HOUR + 20 + rnd.random() * LATE)
    node.settle()
    checker.cover()
    checker.check(f"hour {h}, before its run")
    checker.last_run = node.clock.now()
    node.run()
    checker.n_runs += 1
    checker.check(f"hour {h}, after its run")


PER_HOUR = 10 if DAYS <= 3 else 4


def must_find(checker, store, what):
    if not any(s == store and w == what for s, w, _, _ in checker.problems()):
        sys.exit(f"the check does not see that a record of {store} is {what}")


def prove_the_check(node, checker):
    """Runs that are left out, and a record that is taken away, have to show."""
    # two runs: journald stamps what it reads at once with one time, so that an hour's entries may lie an hour
    # apart from the next, and the cut-off is a bit early
    node.clock.set(node.clock.now() + 2 * HOUR + 30 * MINUTE)
    for store in STORES:
        must_find(checker, store, "late")
    node.run()
    checker.check("after the runs that were left out")
    young = node.records[-1][0]
    path = scratch + "/log/app.log"
    lines = open(path, "rb").read()
    open(path, "wb").write(re.sub(rb"(?m)^.* visit %d from.*\n" % young, b"", lines))
    node.db.execute("delete from visit where n = ?", (young,))
    sql(f"delete from visit where n = {young}")
    for store in STORES[:3]:
        must_find(checker, store, "lost")


def main():
    clock = Clock()
    begin = clock.now() + MINUTE
    node = Node(clock)
    checker = Checker(node)
    hours, ids = DAYS * 24, {}
    todo = events(hours)
    print(f"{DAYS} days, a period of {PERIOD_H} hours, seed {SEED}, {', '.join(STORES)}", flush=True)
    for h in range(hours):
        hour(node, checker, begin, h, ids, todo)
        if (h + 1) % 24 == 0 and DAYS > 3:
            print(f"day {(h + 1) // 24}: {checker.n_checks} checks", flush=True)
    oldest = dict(checker.oldest)  # the proof lets records grow older
    prove_the_check(node, checker)
    ours("export-ledger", scratch + "/bundle.tar")
    if "good" not in ours("verify", scratch + "/bundle.tar"):
        sys.exit("the ledger is not good")
    print(f"{checker.n_runs} runs, {node.n} records in each store, {checker.n_checks} checks; the oldest seen, of {PERIOD_H} h: " +
          ", ".join(f"{s} {oldest[s] / HOUR:.3f} h" for s in STORES))


main()
