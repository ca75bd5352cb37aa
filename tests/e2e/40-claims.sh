#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each journal claim of each shipped store takes its entries, and they come out as the filter writes the same lines.
. "$(dirname "$0")/lib.sh"
need python3
remote=/lib/systemd/systemd-journal-remote
[ -x $remote ] || skip "needs systemd-journal-remote"
mkdir -m 700 "$scratch/credentials" "$scratch/state"
mkdir "$scratch/journal" "$scratch/log"
head -c 32 /dev/urandom >"$scratch/credentials/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/credentials
cat >"$scratch/sparsam.conf" <<-EOF
	state_dir   = "$scratch/state"
	metrics_dir = "$scratch"
	runtime_dir = "$scratch"
	log_dir     = "$scratch/log"
	source "journal" {
	  type      = "journal"
	  directory = "$scratch/journal"
	}
EOF
spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
wait_for test -s "$scratch/sparsam_logscrub.prom"

# Entries in the journal's export format, and for each store the lines that a syslog daemon would have written of them.
python3 - "$root" "$scratch" <<-'EOF'
	import glob, os, re, sys, time
	root, scratch = sys.argv[1:]
	header = re.compile(r"^(?:<\d+>)?(?:[A-Z][a-z]{2} [ \d]\d \S+|\d{4}-\S+T\S+) (?:\S+ )?([\w./@()-]+)(?:\[(\d+)\])?: (.*)")
	now = int(time.time() * 1e6)
	n = 0
	with open(scratch + "/export", "w", errors="surrogateescape") as export:
	    for conf in sorted(glob.glob(root + "/conf/stores.d/*.conf")):
	        text = re.sub(r"^#.*", "", open(conf).read(), flags=re.M)
	        for store, body in re.findall(r'^store "([\w-]+)" \{(.*?)^\}', text, re.M | re.S):
	            claims = re.search(r"journal\s*=\s*\{([^}]*)\}", body)
	            samples = glob.glob("%s/tests/data/stores/%s*.log" % (root, store))
	            samples = [s for s in samples if re.search(r"/%s(\.rendered)?\.log$" % store, s)]
	            if not claims or not samples:
	                continue
	            lines = open(samples[0], errors="surrogateescape").read().split("\n")[:-1]
	            said = [m.group(3) for m in map(header.match, lines) if m] or [l for l in lines if l]
	            with open("%s/wanted-%s" % (scratch, store), "w", errors="surrogateescape") as wanted:
	                for claim in re.findall(r'"([^"]*)"', claims.group(1)):
	                    fields = dict(term.split("=", 1) for term in claim.split(" + "))
	                    fields = {k: v.replace("*", "x") for k, v in fields.items()}
	                    tag = fields.setdefault("SYSLOG_IDENTIFIER", "daemon")
	                    for message in said[:60]:
	                        n += 1
	                        export.write("__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n" % (now + n, n, 1))
	                        export.write("_HOSTNAME=node\n_PID=7\nMESSAGE=%s\n" % message)
	                        export.write("".join("%s=%s\n" % f for f in fields.items()) + "\n")
	                        wanted.write("2026-11-24T01:00:00.000000+00:00 node %s[7]: %s\n" % (tag, message))
EOF
"$remote" -o "$scratch/journal/all.journal" - <"$scratch/export" >"$scratch/remote.log" 2>&1
promise "each store writes of an entry what the filter writes of the same line"
# The journal's times are those of its entries: neither they nor the tokens of another day are compared.
plain() { sed -E 's/^[0-9-]{10}T[^ ]+ /TIME /; s/(ip4|ip6|net6|id):[a-z2-7]{16}/\1:TOKEN/g'; }
has_come() { [ "$(wc -l <"$scratch/log/$1.log")" -ge "$(wc -l <"$scratch/filter")" ]; }
for store in sshd sudo su cron logind shadow-utils pam kernel fail2ban postfix dovecot rspamd redis postgresql coturn rsyslog; do
	"$SPARSAM_BIN/logscrub" -c "$scratch/sparsam.conf" --store "$store" "$scratch/wanted-$store" 2>/dev/null | plain >"$scratch/filter"
	[ -s "$scratch/filter" ] || fail "nothing of $store"
	wait_for has_come "$store"
	plain <"$scratch/log/$store.log" >"$scratch/journal-$store"
	same "$scratch/filter" "$scratch/journal-$store"
done

promise "no entry that a store claims is left to journal-rest"
[ ! -s "$scratch/log/journal-rest.log" ] || fail "unclaimed: $(head -n 3 "$scratch/log/journal-rest.log")"

promise "no planted value comes out"
grep -v '^#' "$root/tests/data/canaries" >"$scratch/canaries"
! grep -raniEf "$scratch/canaries" "$scratch/log" >&2 || fail "the journal leaks"
