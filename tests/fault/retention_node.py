# SPDX-License-Identifier: GPL-3.0-or-later
"""retention_node.py - small nodes for the suites that end a run of retention in its midst

A node is a folder with a configuration, a ledger, a hold and one kind of store. In each store is what is
past its period, what the hold keeps of that, and what is young; right() says, by others' readers, whether
exactly the rest is there after a run, once, and the ledger whole. Each fifth record is one that the hold
covers. As a program: retention_node.py VERB KIND FOLDER, where VERB is begin, right, or

  claims  (behind a fault, before the next run) what the ledger says is gone is gone

and of the kind `held`, whose holds are still to be added: hold adds it, and says so, if the command said so;
mended says whether all that it covers is in its own folder, with or without a second run, once whoever deletes
without asking has been there. HOLD_ADDED is set where the command had returned.

The environment has $SPARSAM_BIN; for postgres $PGHOST, whose user postgres may make databases.
"""
import bz2, contextlib, datetime, glob, gzip, json, lzma, os, re, shutil, sqlite3, subprocess, sys, time

retention = os.environ["SPARSAM_BIN"] + "/retention"
now = datetime.datetime.fromtimestamp(float(os.environ.get("NOW") or time.time()), datetime.timezone.utc)

CONF = """state_dir = "{d}/state"
runtime_dir = "{d}"
metrics_dir = "{d}"
log_dir = "{d}/none"
key_dir = "{d}/keys"
credential = "{d}/none"
clock = "local"
"""
ROW = 'period = "7d" category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"'
OPEN = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


class Wrong(Exception):
    pass


def who(i):
    return "203.0.113.7" if i % 5 == 0 else "198.51.100.%d" % (i % 200)


def is_held(i):
    return i % 5 == 0


def stays(i, age):
    return age < 7 or is_held(i)


class Node:
    """One kind; of each folder D there is a node of its own."""
    STORES = ["app"]
    FILE = "app"  # of the stores
    late = ""  # a line of who had a closed log open at the last moment

    def env(self, d):
        return os.environ

    def configure(self, d):
        open(d + "/sparsam.conf", "w").write(CONF.format(d=d))
        open(f"{d}/stores.d/{self.FILE}.conf", "w").write(self.STORE.format(d=d, row=ROW))

    def begin(self, d):
        """A node as it is before a run."""
        os.makedirs(d + "/stores.d", mode=0o700)
        self.configure(d)
        self.fill(d)
        self.command(d, "init")
        self.hold(d)

    def hold(self, d, of=b"203.0.113.7"):
        return self.command(d, "hold", "add", "--incident", "T-1", "--reason", "attack", "--owner", "ops", "--expires", "+30d",
                            *(x for s in self.STORES for x in ("--store", s)), "--from", "-", input=of + b"\n").stdout.decode().strip()

    def copy(self, d, to):
        shutil.copytree(d, to, copy_function=shutil.copy2)
        self.configure(to)

    def end(self, d):
        subprocess.run(["gpgconf", "--homedir", d + "/state/node", "--kill", "all"], capture_output=True)

    def command(self, d, *args, prefix=(), statuses=(0,), input=b""):
        p = subprocess.run([*prefix, retention, *args, "-c", d + "/sparsam.conf"], input=input, capture_output=True, timeout=120,
                           env=self.env(d))
        if p.returncode not in statuses:
            raise Wrong(f"{args[0]} ends with {p.returncode}: {p.stderr[-500:].decode(errors='replace')}")
        return p

    def right(self, d):
        self.compare(d)
        self.command(d, "export-ledger", d + "/bundle.tar")
        if b"good" not in self.command(d, "verify", d + "/bundle.tar").stdout:
            raise Wrong("the ledger is not good")

    def left(self, d):
        return {}

    def claims(self, d):
        """More than the ledger says may be gone: what was done last has no entry yet."""
        db = sqlite3.connect(f"{d}/state/ledger.db")
        for store, left in self.left(d).items():
            said = sum(json.loads(data)["records"] for data, in db.execute("select data from entry where kind = 'result'")
                       if json.loads(data)["store"] == store)
            if said > self.n_begun(store) - left:
                raise Wrong(f"{store}: {said} are gone by the ledger, {self.n_begun(store) - left} in truth")


class Text(Node):
    STORE = r"""format "app" {{ type = "pattern" pattern = '(?<time>\d{{4}}-\S+) (?<text>.*)' time = "time" }}
store "app" {{ type = "textlog" paths = {{ "{d}/log/app.log*" }} format = "app" {row} }}
"""
    AGES = {
        "app.log.1": [8] * 40 + [3] * 40,
        "app.log.2.gz": [9] * 30 + [8] * 10 + [2] * 20,
        "app.log.3.xz": [9] * 30 + [2] * 4,
        "app.log.4": [20] * 3,  # after the first entry nothing of it is held
        "app.log.5": [20] * 4,  # nothing at all
        "app.log": [8] * 30 + [1] * 300,
    }


    def entries(self, name):  # of two lines each
        for i, age in enumerate(self.AGES[name], name == "app.log.5"):
            t = (now - datetime.timedelta(days=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield i, age, f"{t} {name} {i} from {who(i)}\n  at line two of {i}\n"

    @staticmethod
    def opened(path, mode):
        return OPEN.get(os.path.splitext(path)[1], open)(path, mode)

    def fill(self, d):
        os.mkdir(d + "/log", mode=0o700)
        for name in self.AGES:
            with self.opened(f"{d}/log/{name}", "wb") as f:
                f.write("".join(text for _, _, text in self.entries(name)).encode())
        at = now.timestamp() - 20 * 86400
        os.utime(d + "/log/app.log.5", (at, at))

    def used(self, d):  # a program has it open: its head is cut where it lies
        return open(d + "/log/app.log", "ab")

    def compare(self, d):
        for name in self.AGES:
            path, text = f"{d}/log/{name}", "".join(text for i, age, text in self.entries(name) if stays(i, age))
            text += self.late if name in ("app.log.1", "app.log.5") else ""
            got = self.opened(path, "rb").read().decode() if os.path.exists(path) else ""
            if name == "app.log" or self.late:  # what goes from the middle of an open one is blanked
                got = re.sub(r"(?m)^ *\n", "", got)
            if got != text:
                raise Wrong(f"{name}: {got.count(chr(10))} lines, not {text.count(chr(10))}")
        odd = set(os.listdir(d + "/log")) - set(self.AGES)
        if odd:
            raise Wrong(f"left behind: {odd}")


class Rows(Node):
    N = 400

    def rows(self):
        for i in range(self.N):
            age = 8 + i % 3 if i % 2 else 1 + i % 5
            yield i, age, (now - datetime.timedelta(days=age)).timestamp()

    def wanted(self):
        return [(i, f"{'stays' if stays(i, age) else 'goes'}-{i:04d} from {who(i)}") for i, age, _ in self.rows() if stays(i, age)]

    def text(self, i, age):
        return f"{'stays' if stays(i, age) else 'goes'}-{i:04d} from {who(i)}"


class Sqlite(Rows):
    """One database with a write-ahead log that a program has open, one with a rollback journal."""
    STORE = 'store "app" {{ type = "sqlite" paths = {{ "{d}/db/*.sqlite" }} sqlite {{ table = "visit" time = "at" }} {row} }}\n'
    MODES = {"wal": "wal", "rollback": "delete"}

    def fill(self, d):
        os.mkdir(d + "/db", mode=0o700)
        for name, mode in self.MODES.items():
            db = sqlite3.connect(f"{d}/db/{name}.sqlite", isolation_level=None)
            db.execute("pragma journal_mode = " + mode)
            db.execute("create table visit (n integer primary key, at real, who text)")
            db.execute("create index by_time on visit (at)")
            db.execute("begin")
            db.executemany("insert into visit values (?, ?, ?)", ((i, at, self.text(i, age)) for i, age, at in self.rows()))
            db.execute("commit")
            db.close()

    @contextlib.contextmanager
    def used(self, d):
        db = sqlite3.connect(d + "/db/wal.sqlite")
        db.execute("select count(*) from visit").fetchone()
        yield
        self.search(d)  # before the last who has it open checkpoints it
        db.close()

    def search(self, d):
        for path in glob.glob(d + "/db/*"):
            left = re.findall(rb"goes-\d+", open(path, "rb").read())
            if left:
                raise Wrong(f"{os.path.basename(path)} has bytes of {len(left)} rows that went")

    def compare(self, d):
        for name in self.MODES:
            db = sqlite3.connect(f"{d}/db/{name}.sqlite")
            got = db.execute("select n, who from visit order by n").fetchall()
            if got != self.wanted():
                raise Wrong(f"{name}: {len(got)} rows, not {len(self.wanted())}")
            if db.execute("pragma integrity_check").fetchone() != ("ok",):
                raise Wrong(f"{name}: damaged")
            db.close()
        odd = {f for f in os.listdir(d + "/db") if not re.fullmatch(r"(wal|rollback)\.sqlite(-wal|-shm)?", f)}
        if odd:
            raise Wrong(f"left behind: {odd}")


class Postgres(Rows):
    """A table with another one hanging on it, and one in partitions; a database for each node."""
    STORES = ["app", "parts"]
    STORE = """store "app" {{ type = "postgres" postgres {{ service = "node" table = "visit" time = "at" with = "detail" }} {row} }}
store "parts" {{ type = "postgres" postgres {{ service = "node" table = "part" time = "at" }} {row} }}
"""
    TABLES = """create table visit (n integer primary key, at timestamptz, who text);
create table detail (n integer references visit (n), what text);
create table part (n integer, at timestamptz, who text) partition by range (at);
"""

    def env(self, d):
        return dict(os.environ, PGSERVICEFILE=d + "/pg_service.conf")

    @staticmethod
    def name(d):
        return os.path.basename(d)

    def configure(self, d):
        super().configure(d)
        open(d + "/pg_service.conf", "w").write(f"[node]\nhost={os.environ['PGHOST']}\ndbname={self.name(d)}\nuser=postgres\n")

    def sql(self, db, text):
        p = subprocess.run(["psql", "-XqAt", "-U", "postgres", "-v", "ON_ERROR_STOP=1", db], input=text.encode(), capture_output=True)
        if p.returncode:
            raise Wrong(f"psql: {p.stderr.decode()}")
        return p.stdout.decode()

    def fill(self, d):
        self.sql("postgres", f'create database "{self.name(d)}"')
        lines = [self.TABLES]
        for day in range(-1, 13):
            a, b = (now.date() - datetime.timedelta(days=k) for k in (day, day - 1))
            lines.append(f"create table part_{day + 1} partition of part for values from ('{a} 00:00Z') to ('{b} 00:00Z');")
        for i, age, at in self.rows():
            text = self.text(i, age)
            lines.append(f"insert into visit values ({i}, to_timestamp({at}), '{text}'); insert into detail values ({i}, '{text}');")
            if self.in_parts(i, age):
                lines.append(f"insert into part values ({i}, to_timestamp({at}), '{text}');")
        self.sql(self.name(d), "begin;" + "\n".join(lines) + "commit;")

    def copy(self, d, to):
        super().copy(d, to)
        self.sql("postgres", f'create database "{self.name(to)}" template "{self.name(d)}"')

    def end(self, d):
        super().end(d)
        self.sql("postgres", f'drop database if exists "{self.name(d)}" with (force)')

    def used(self, d):
        return contextlib.nullcontext()

    @staticmethod
    def in_parts(i, age):  # one partition has nothing that is held
        return i % 5 != 0 or age < 10

    def n_begun(self, store):
        return self.N if store == "app" else sum(self.in_parts(i, age) for i, age, _ in self.rows())

    def left(self, d):
        return {store: int(self.sql(self.name(d), f"select count(*) from {table}")) for store, table in
                (("app", "visit"), ("parts", "part"))}

    def compare(self, d):
        wanted = [f"{i}|{text}" for i, text in self.wanted()]
        for table in ("visit", "detail", "part"):
            of = wanted
            if table == "part":
                gone = {i for i, age, _ in self.rows() if not self.in_parts(i, age)}
                of = [w for w in wanted if int(w.split("|")[0]) not in gone]
            got = self.sql(self.name(d), f"select * from {table} order by n" if table == "detail" else
                           f"select n, who from {table} order by n").split("\n")[:-1]
            if got != of:
                raise Wrong(f"{table}: {len(got)} rows, not {len(of)}")


class Journal(Node):
    """What is held lies in the hold's folder, also of a file that came after the hold; another hold has ended since."""
    STORES = ["journal-rest"]
    FILE = "journal-rest"  # in place of the shipped one
    STORE = 'store "journal-rest" {{ type = "journal" paths = {{ "{d}/journal/*.journal" }} {row} }}\n'
    AGES = {"young": [2] * 30, "mixed": [8] * 40 + [3] * 40, "old": [9] * 30, "late": [9] * 30 + [2] * 20}
    WRITER = "/lib/systemd/systemd-journal-remote"

    def begin(self, d):
        super().begin(d)
        ended = self.hold(d, b"group-1")
        self.add(d, "late")
        self.command(d, "hold", "release", ended)

    def fill(self, d):
        os.mkdir(d + "/journal", mode=0o700)
        for name in self.AGES:
            if name != "late":
                self.add(d, name)

    @staticmethod
    def message(name, i):
        return f"{name} {i} from {who(i)} of group-{i % 5}"

    def add(self, d, name):
        k = list(self.AGES).index(name)
        lines = []
        for i, age in enumerate(self.AGES[name]):
            us = int((now.timestamp() - age * 86400 + i) * 1000000) + k
            lines.append(f"__REALTIME_TIMESTAMP={us}\n__MONOTONIC_TIMESTAMP={1000 + i}\n_BOOT_ID={k + 1:032x}\n"
                         f"SYSLOG_IDENTIFIER=app\nMESSAGE={self.message(name, i)}\n\n")
        # as an archive is called: nobody writes to it
        to = f"{d}/journal/system@{k + 1:032x}-{1:016x}-{us:016x}.journal"
        subprocess.run([self.WRITER, "-o", to, "-"], input="".join(lines).encode(), check=True, capture_output=True)

    @staticmethod
    def messages(folder):
        """Of whole files alone."""
        got = []
        for path in glob.glob(folder + "/*.journal"):
            if subprocess.run(["journalctl", "--verify", "--file", path], capture_output=True).returncode:
                raise Wrong(f"damaged: {os.path.basename(path)}")
            got += subprocess.run(["journalctl", "-q", "--file", path, "-o", "cat"], capture_output=True, check=True).stdout.decode().split("\n")[:-1]
        return sorted(got)

    def held_in(self, d):
        return self.messages(d + "/state/hold/journal-rest")

    def wanted(self, which):
        return sorted(self.message(name, i) for name in self.AGES for i, age in enumerate(self.AGES[name]) if which(i, age))

    def compare(self, d):
        for place, got, which in (("journal", self.messages(d + "/journal"), lambda i, age: age < 7),
                                  ("hold", self.held_in(d), lambda i, age: is_held(i))):
            if got != self.wanted(which):
                raise Wrong(f"{place}: {len(got)} entries, not {len(self.wanted(which))}")
        odd = [f for folder in ("/journal", "/state/hold/journal-rest") for f in os.listdir(d + folder)
               if not f.endswith(".journal") or f.startswith(".") ]
        if odd:
            raise Wrong(f"left behind: {odd}")


class Held(Node):
    """Logs and a journal with a hold that is still to be added."""
    STORES = ["app", "journal-rest"]
    PARTS = (Text(), Journal())

    def configure(self, d):
        for part in self.PARTS:
            part.configure(d)

    def begin(self, d):
        os.makedirs(d + "/stores.d", mode=0o700)
        self.configure(d)
        for part in self.PARTS:
            part.fill(d)
        self.PARTS[1].add(d, "late")
        self.command(d, "init")

    def in_force(self, d):
        said = self.command(d, "hold", "list", "--json").stdout.decode().split("\n")[:-1]
        return [h["hold"] for h in map(json.loads, said) if h["state"] == "in force"]

    def lose(self, d):
        """As logrotate and journald's vacuum do, who ask nobody."""
        for path in glob.glob(d + "/log/*") + glob.glob(d + "/journal/*"):
            if os.path.isdir(path):
                raise Wrong(f"left behind: {path}")
            os.unlink(path)

    def mended(self, d):
        added = "HOLD_ADDED" in os.environ
        if added:
            if not self.in_force(d):
                raise Wrong("a hold that was added is none")
            self.lose(d)
            self.complete(d)  # by what was there when the command returned
        if not self.in_force(d):
            self.hold(d)
        self.command(d, "run")
        if not added:
            self.lose(d)
        self.command(d, "run")
        self.right(d)

    def complete(self, d):
        text, journal = self.PARTS
        got = sorted("".join(open(path).read() for path in glob.glob(d + "/state/hold/app/*.log")).replace("\n  at", "\r  at").split("\n")[:-1])
        wanted = sorted(entry.replace("\n  at", "\r  at").rstrip("\n") for name in text.AGES for i, _, entry in text.entries(name) if is_held(i))
        if got != wanted:
            raise Wrong(f"held of logs: {len(got)} entries, not {len(wanted)}")
        got, wanted = journal.held_in(d), journal.wanted(lambda i, age: is_held(i))
        if got != wanted:
            raise Wrong(f"held of the journal: {len(got)} entries, not {len(wanted)}")

    def compare(self, d):
        self.complete(d)
        odd = [f for store in self.STORES for f in os.listdir(f"{d}/state/hold/{store}") if not f.startswith("hold-")]
        if odd:
            raise Wrong(f"left behind: {odd}")


KINDS = {"text": Text, "sqlite": Sqlite, "postgres": Postgres, "journal": Journal, "held": Held}

if __name__ == "__main__":
    try:
        print(getattr(KINDS[sys.argv[2]](), sys.argv[1])(sys.argv[3]) or "", end="")
    except Wrong as wrong:
        sys.exit(str(wrong))
