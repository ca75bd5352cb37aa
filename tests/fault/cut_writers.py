# SPDX-License-Identifier: GPL-3.0-or-later
"""cut_writers.py FOLDER WAY [HELD] - a log is cut while a program writes to it, and each line is counted

The writer numbers and dates its lines; a line is due a second after it was written. Runs of retention
follow one another until LINES lines (20000) were written, RATE a second at most (20000), and RUNS
of them (3) have dropped some. In the end what is left are the lines from the first that is not due to
the last that was written, each once; with HELD, also each tenth thousandth before them, which a hold
covers. Nothing of this depends on how fast the machine is: a slow one takes longer.

WAY: append (O_APPEND, the usual), seek (without), rotate (as logrotate has it: renamed, made anew),
open (for each line: opened, appended to, closed, as PHP and scripts do).
The environment has $SPARSAM_BIN and $CREDENTIALS_DIRECTORY; UNDER is a command for the runs, with its
options (strace, which can make the moment before a system call a long one).
"""
import array, datetime, glob, os, re, subprocess, sys, time

folder, way = sys.argv[1:3]
held = sys.argv[3:] == ["HELD"]
retention = os.environ["SPARSAM_BIN"] + "/retention"
LINES, RATE = int(os.environ.get("LINES", 20000)), int(os.environ.get("RATE", 20000))
RUNS = int(os.environ.get("RUNS", 3))
PERIOD_S, INTERVAL_S, LEAD_S = 7 * 86400, 3600, 1.0
HOLD_EACH = 10000

CONF = """state_dir = "{d}/state"
metrics_dir = "{d}"
log_dir = "{d}/none"
key_dir = "{d}/keys"
credential = "{d}/none"
clock = "local"
retention {{ interval = "1h" }}
"""
STORE = r"""format "app" {{ type = "pattern" pattern = '(?<time>\d{{4}}-\S+) (?<text>.*)' time = "time" }}
store "app" {{
  type = "textlog" paths = {{ "{d}/log/app.log*" }} format = "app" period = "7d"
  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
}}
"""


# --- the writer, a process of its own

class Writer:
    def __init__(self):
        self.path, self.n, self.n_files = folder + "/log/app.log", 0, 0
        self.dates = array.array("d", [0.0])  # of each line by its number
        self.fd = -1 if way == "open" else self.open()

    def open(self):
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | (0 if way == "seek" else os.O_APPEND), 0o640)

    def line(self, now):
        self.n += 1
        date = now - PERIOD_S + INTERVAL_S + LEAD_S
        self.dates.append(date)
        text = datetime.datetime.fromtimestamp(date, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        who = "203.0.113.7" if self.n % HOLD_EACH == 0 else f"198.51.100.{self.n % 200}"
        return f"{text} {self.n} from {who} {'x' * (self.n % 90 + 1)}\n".encode()

    def put(self, fd, text):
        if os.write(fd, text) != len(text):
            sys.exit("a short write")

    def step(self, now):
        if way == "open":
            fd = self.open()
            self.put(fd, self.line(now))
            os.close(fd)
            return
        self.put(self.fd, self.line(now))
        if way == "rotate" and self.n % 3000 == 0:
            self.n_files += 1
            os.rename(self.path, f"{self.path}.{self.n_files}")
            os.close(self.fd)
            self.fd = self.open()

    def run(self):
        begin = time.time()
        while not os.path.exists(folder + "/stop"):
            now = time.time()
            while self.n < RATE * (now - begin):
                self.step(time.time())
                if time.time() - now > 0.1:
                    break
            time.sleep(0.001)
        with open(folder + "/dates", "wb") as f:
            self.dates.tofile(f)


# --- the runs, and what is left

def command(*args, **more):
    under = os.environ.get("UNDER", "").split() if args[0] == "run" else []
    return subprocess.run([*under, retention, *args, "-c", folder + "/sparsam.conf"], capture_output=True, timeout=120, **more)


def must(p):
    if p.returncode not in (0, 1):  # 1: the file is not shrunk, which is told
        sys.exit(f"{' '.join(p.args)} ends with {p.returncode}: {p.stderr.decode(errors='replace')}")
    return p


def make():
    for d in ("log", "stores.d"):
        os.makedirs(f"{folder}/{d}", exist_ok=True)
    open(folder + "/sparsam.conf", "w").write(CONF.format(d=folder))
    open(folder + "/stores.d/app.conf", "w").write(STORE.format(d=folder))
    must(command("init"))
    if held:
        must(command("hold", "add", "--incident", "T-1", "--reason", "attack", "--owner", "ops", "--expires", "+30d", "--store",
                     "app", "--from", "-", input=b"203.0.113.7\n"))


def left():
    """The numbers in all files. Blanks, holes and what is blanked of a line are nothing."""
    for path in glob.glob(folder + "/log/*"):
        for line in open(path, "rb").read().split(b"\n"):
            line = line.strip(b" \0")
            m = re.fullmatch(rb"\d{4}-\d\d-\d\dT\S+Z (\d+) from \S+ x+", line)
            if line and not m:
                sys.exit(f"{path}: torn: {line[:100]!r}")
            if m:
                yield int(m[1]), len(line) + 1


def written():
    dates = array.array("d")
    with open(folder + "/dates", "rb") as f:
        dates.frombytes(f.read())
    return dates


def size():
    return sum(os.stat(p).st_size for p in glob.glob(folder + "/log/*"))


def rounds(writer):
    """Runs until enough lines were written and dropped. The last one's time, how long they took at most."""
    dropped, busy, longest = 0, 0, 0
    begin = time.time()
    while dropped < RUNS or time.time() - begin < LINES / RATE:
        t = time.time()
        p = command("run", "--store", "app", "--json")
        longest = max(longest, time.time() - t)
        if p.returncode == 75 and way in ("rotate", "open"):
            busy += 1  # a writer came: that file is as it was
        else:
            must(p)
        dropped += b'"action"' in p.stdout
        if writer.poll() is not None:
            sys.exit("the writer ended")
        if time.time() - begin > 300:
            sys.exit(f"{dropped} of {RUNS} runs have dropped something")
    return t, longest, dropped, busy


def main():
    make()
    writer = subprocess.Popen([sys.executable, __file__, folder, way, "WRITE"])
    while not list(left()):
        time.sleep(0.01)
    last, longest, dropped, busy = rounds(writer)
    open(folder + "/stop", "w").close()
    if writer.wait(60) != 0:
        sys.exit("the writer failed")
    if busy:  # now nobody writes
        last = time.time()
        must(command("run", "--store", "app"))
        longest = max(longest, time.time() - last)
    lines = sorted(left())
    dates, got, n_bytes = written(), [i for i, _ in lines], sum(b for _, b in lines)
    n = len(dates) - 1
    at = last - PERIOD_S + INTERVAL_S  # what is older than this had to go, what is younger by the margin had to stay
    must_stay = [i for i in range(1, n + 1) if dates[i] > at + 3 * longest + 1 or (held and i % HOLD_EACH == 0)]
    may_stay = [i for i in range(1, n + 1) if dates[i] >= at or (held and i % HOLD_EACH == 0)]
    lost, late = set(must_stay) - set(got), set(got) - set(may_stay)
    gaps = [i for i, k in zip(got, got[1:]) if k != i + 1 and not (held and i % HOLD_EACH == 0)]
    if len(set(got)) != len(got) or lost or late or gaps or n < LINES or not got or got[-1] != n:
        sys.exit(f"{n} lines, {len(got)} are left; {len(lost)} lost, {len(late)} late, {len(got) - len(set(got))} double, "
                 f"gaps after {gaps[:5]}")
    if os.environ.get("COLLAPSES") and size() > n_bytes + 3 * 4096:  # a piece of a block, and one for good measure
        sys.exit(f"{size()} bytes for {n_bytes} of lines")
    print(f"{way}: {n} lines, cut {dropped} times while they were written, {len(got)} are left, none lost; {size()} bytes")


if sys.argv[3:] == ["WRITE"]:
    Writer().run()
else:
    main()
