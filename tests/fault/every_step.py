# SPDX-License-Identifier: GPL-3.0-or-later
"""every_step.py WAY - kill a run at each step that it takes, run again, compare

A run without a kill tells how many steps there are (killat.c). Then for each: killed there, and
where it is a write to a file, in the middle of it as well. Sinks are rotated in every second run,
the source in every third, while it runs. What came out has to be each record once, in order.

WAY: tail (a tailed file into two files and a journal file), omprog (rsyslog's protocol into a file),
journal (a journal into a file and the namespace "everystep", whose journald has the id $JOURNALD).
The environment has $SPARSAM_BIN, $killat, $scratch, $CREDENTIALS_DIRECTORY, $WRITER (of journal
files; or empty). JOBS runs at once (16).
"""
import concurrent.futures, glob, json, os, re, shutil, signal, subprocess, sys, time

way = sys.argv[1]
scratch, killat, writer = (os.environ[k] for k in ("scratch", "killat", "WRITER"))
logscrub = os.environ["SPARSAM_BIN"] + "/logscrub"
N = 10 if way == "omprog" else 40
WAIT_S = float(os.environ.get("WAIT_S", 60))

CONF = """state_dir = "{d}/state"
runtime_dir = "{d}"
metrics_dir = "{d}"
log_dir = "{d}/out"
key_dir = "{d}/state/keys"
{source}
"""
STORE = r"""format "app-message" {{ type = "pattern" pattern = '(?<n>\d+) from (?<ip>[^ ]+)' }}
format "app" {{ type = "syslog" message = "app-message" }}
store "{name}" {{
  type = "textlog"
  format = "app"
  category = "log-and-system-data"
  purpose = "test"
  basis = "Art. 6(1)(f) GDPR"
  period = "7d"
  scrub {{ keep = {{ "time", "hostname", "appname", "procid", "n" }} pseudonym = {{ "ip" }} }}
  {sinks}
}}
"""


class Wrong(Exception):
    pass


def lines(first, last):
    return "".join(f"2026-11-24T01:40:02+00:00 vm app[7]: {i} from 203.0.113.{i}\n" for i in range(first, last + 1))


def export(path, ident, first, last, now):
    text = "".join(
        f"__REALTIME_TIMESTAMP={now * 1000000 + i * 1000}\n__MONOTONIC_TIMESTAMP={i * 1000}\n_BOOT_ID={1:032x}\n"
        f"SYSLOG_IDENTIFIER={ident}\nPRIORITY=6\nMESSAGE={i} from 203.0.113.{i}\n\n" for i in range(first, last + 1))
    subprocess.run([writer, "-o", path, "-"], input=text.encode(), stderr=subprocess.DEVNULL, check=True)


def until(what, condition):
    end = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > end:
            raise Wrong("waited in vain for " + what)
        time.sleep(0.02)


def journal(*args):
    said = subprocess.run(["journalctl", "-q", "--no-pager", "-o", "json", *args], capture_output=True).stdout
    return sorted(int(e["SPARSAM_F_N"]) for e in map(json.loads, said.splitlines()) if "SPARSAM_F_N" in e)


class Run:
    def __init__(self, n, prefix):
        self.n, self.prefix = n, prefix
        self.d = f"{scratch}/{way}-{'-'.join(prefix[1:])}"
        for f in ("in", "out", "state/keys", "stores.d"):
            os.makedirs(f"{self.d}/{f}", mode=0o700)
        self.name = "app" if way != "journal" else os.path.basename(self.d)
        self.errors = open(self.d + "/run.err", "ab")

    def configure(self, source, *sinks):
        open(self.d + "/sparsam.conf", "w").write(CONF.format(d=self.d, source=source))
        open(self.d + "/stores.d/app.conf", "w").write(STORE.format(
            name=self.name, sinks="\n  ".join(f"sink {{ {s} }}" for s in sinks)))

    def file(self, name):
        return f'type = "file" path = "{self.d}/out/{name}.log"'

    def read(self, name):  # the numbers in NAME.log and what it was rotated to
        text = b"".join(open(p, "rb").read() for p in sorted(glob.glob(f"{self.d}/out/{name}.log*"), reverse=True))
        if not re.fullmatch(rb"(2026-11-2[0-9]T\S+ \S+ app(\[7\])?: \d+ from ip4:[a-z2-7]{16}\n)*", text) and way != "journal":
            raise Wrong("torn: " + name)
        return [int(m) for m in re.findall(rb": (\d+) from ip4:[a-z2-7]{16}\n", text)]

    def compare(self):
        wanted = list(range(1, N + 1))
        for name, got in self.results():
            if got != wanted:
                raise Wrong(f"{name}: not each record once: {got}")
        for folder, _, names in os.walk(self.d + "/out"):
            for f in names:
                if b"203.0.113" in open(f"{folder}/{f}", "rb").read():
                    raise Wrong(f + " has an address")

    # --- the service

    def start(self, prefix):
        self.p = subprocess.Popen([*prefix, logscrub, "run", "-c", self.d + "/sparsam.conf"], stdin=subprocess.DEVNULL,
                                  stdout=self.errors, stderr=self.errors)

    def takes_signals(self):
        with open(f"/proc/{self.p.pid}/status") as f:
            return re.search(r"^SigBlk:.*4a03$", f.read(), re.M)

    def stop(self, *statuses):
        if self.p.poll() is None:
            self.p.terminate()
        status = self.p.wait(WAIT_S)
        if status not in statuses:
            raise Wrong(f"exit status {status}")

    def has(self, n):
        return sum(open(p, "rb").read().count(b"\n") for p in glob.glob(self.d + "/out/a.log*")) >= n

    def has_all(self):
        return self.has(N)

    def again(self):
        self.start([])
        until("a start", self.takes_signals)
        until("all records", self.has_all)
        self.stop(0)

    def serve(self):
        self.begin()
        self.start(self.prefix)
        until("the first half", lambda: self.has(N // 2) or self.p.poll() is not None)
        if self.n % 2:
            self.rotate()
            if self.p.poll() is None:
                self.p.send_signal(signal.SIGUSR1)
        self.go_on()
        until("the second half", lambda: self.has(N) or self.p.poll() is not None)
        self.stop(0, 137, -signal.SIGUSR1, 128 + signal.SIGUSR1)  # a signal may be too early for it
        self.again()
        self.compare()

    def move(self, old, new):
        if os.path.exists(f"{self.d}/{old}"):
            os.rename(f"{self.d}/{old}", f"{self.d}/{new}")


class Tail(Run):
    def begin(self):
        sinks = [self.file("a"), self.file("b")]
        if writer:
            sinks.append(f'type = "journal" path = "{self.d}/out/app.journal"')
        self.configure(f'source "app" {{ type = "tail" paths = {{ "{self.d}/in/app.log" }} store = "app" }}', *sinks)
        open(self.d + "/in/app.log", "w").write(lines(1, N // 2))

    def rotate(self):
        self.move("out/a.log", "out/a.log.1")
        self.move("out/app.journal", "out/app@1.journal")

    def go_on(self):
        # what is rotated away before it has begun with the file at all is not for it
        if self.n % 3 == 0 and os.path.exists(self.d + "/state/positions"):
            self.move("in/app.log", "in/app.log.1")
            os.utime(self.d + "/in/app.log.1", (1e9, 1e9))  # its writer has let go of it
        with open(self.d + "/in/app.log", "a") as f:
            f.write(lines(N // 2 + 1, N))

    def results(self):
        yield "a.log", self.read("a")
        yield "b.log", self.read("b")
        if writer:
            yield "the journal file", journal(f"--file={self.d}/out/app*.journal*")


class Journal(Run):
    now = int(time.time())

    def begin(self):
        self.configure(f'source "raw" {{ type = "journal" directory = "{self.d}/in" store = "{self.name}" }}',
                       self.file("a"), 'type = "namespace" namespace = "everystep"')
        # it begins at the journal's end, so there has to be one that it has seen
        self.add("other", 0, 0)
        self.start([])
        until("a beginning", lambda: os.path.exists(self.d + "/state/positions"))
        until("a start", self.takes_signals)
        self.stop(0)
        self.add("app", 1, N // 2)

    def add(self, ident, first, last):  # the same files serve all runs
        name = f"{ident}-{first}.journal"
        if not os.path.exists(f"{scratch}/{name}"):
            export(f"{scratch}/{name}", ident, first, last, self.now)
        shutil.copy(f"{scratch}/{name}", f"{self.d}/part")
        os.rename(f"{self.d}/part", f"{self.d}/in/{name}")

    def rotate(self):
        self.move("out/a.log", "out/a.log.1")
        os.kill(int(os.environ["JOURNALD"]), signal.SIGUSR2)

    def go_on(self):
        self.add("app", N // 2 + 1, N)

    def stored(self):
        return journal("--namespace=everystep", "SPARSAM_STORE=" + self.name)

    def has_all(self):  # what journald did not store before a stop comes with the next start
        return self.has(N) and len(self.stored()) >= N

    def results(self):
        yield "a.log", self.read("a")
        for _ in range(10):  # journalctl misses a file that is renamed while it lists the folder
            got = self.stored()
            if len(got) >= N:
                break
        yield "the namespace", got


class Omprog(Run):
    """As rsyslog does: what was not confirmed is sent again, to a new process if need be."""

    def send(self, text):
        try:
            if text:
                self.p.stdin.write(text)
                self.p.stdin.flush()
            return self.p.stdout.readline() == b"OK\n"
        except BrokenPipeError:
            return False

    def begin(self, prefix):
        self.p = subprocess.Popen([*prefix, logscrub, "-c", self.d + "/sparsam.conf", "-s", "app", "-o", self.d + "/out/a.log",
                                   "--confirm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        return self.send(b"")

    def serve(self):
        self.configure("", self.file("unused"))
        ok, i, begun = self.begin(self.prefix), 0, 1
        while i < N:
            ok = ok and self.send(lines(i + 1, i + 1).encode())
            if not ok:
                self.p.communicate()
                if begun == 3:  # it was killed once: what else may be wrong is not mended by more
                    raise Wrong("it ends again and again")
                begun += 1
                ok = self.begin([])
                continue
            i += 1
            if i == N // 2 and self.n % 2:
                self.move("out/a.log", "out/a.log.1")
                self.p.send_signal(signal.SIGUSR1)
        self.p.stdin.close()
        if self.p.wait(WAIT_S) not in (0, 137):
            raise Wrong(f"exit status {self.p.returncode}")
        self.compare()

    def results(self):
        yield "a.log", self.read("a")


def one(n, *prefix):
    run = {"tail": Tail, "journal": Journal, "omprog": Omprog}[way](n, [killat, *prefix])
    try:
        run.serve()
    except (Wrong, OSError, subprocess.SubprocessError) as e:
        return f"{way}, killat {' '.join(prefix)}: {e}\n" + open(run.d + "/run.err", errors="replace").read()[-2000:]
    finally:
        if run.p.poll() is None:
            run.p.kill()
    if n > 0:
        shutil.rmtree(run.d)
    return None


def main():
    problems = [one(0, "0")]
    steps = re.findall(r"^(\d+) [a-z0-9]+( file)?$", open(f"{scratch}/{way}-0/run.err").read(), re.M)
    print(f"{len(steps)} steps, {sum(bool(f) for _, f in steps)} of them writes to a file", flush=True)
    runs = [(int(n), n) for n, _ in steps] + [(int(n), "-t", n) for n, f in steps if f]
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", 16))) as pool:
        problems += pool.map(lambda r: one(*r), runs)
    problems = [p for p in problems if p]
    for p in problems[:3]:
        print(p, file=sys.stderr)
    if problems or not steps:
        sys.exit(f"{way}: {len(problems)} of {len(runs) + 1} runs went wrong")


main()
