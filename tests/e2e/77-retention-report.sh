#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a run did can be seen: by monitoring, by mail, in a report, and after a backup had to be restored.
. "$(dirname "$0")/lib.sh"
need_root # a run of all stores looks at those of this machine, too
need gpg
need sqlite3
retention=$SPARSAM_BIN/retention
conf=$scratch/sparsam.conf
log=$scratch/log/app.log
export CREDENTIALS_DIRECTORY=$scratch/creds
mkdir "$scratch/creds" "$scratch/log" "$scratch/stores.d" "$scratch/metrics"
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
cat >"$scratch/sendmail" <<-END
	#!/bin/sh
	{ echo "arguments: \$*"; cat; } >>"$scratch/mails"
END
chmod +x "$scratch/sendmail"
cat >"$conf" <<-END
	state_dir   = "$scratch/state"
	metrics_dir = "$scratch/metrics"
	log_dir     = "$scratch/none"
	credential  = "$scratch/sealed"
	clock       = "local"
	retention {
	  mail_to  = "ops@example.org"
	  witness  = "auditor@example.net"
	  sendmail = "$scratch/sendmail"
	}
END
declare_app() { # PERIOD
	cat >"$scratch/stores.d/app.conf" <<-'END'
		format "app" { type = "pattern" pattern = '(?<time>\d{4}-\S+) (?<text>.*)' time = "time" }
	END
	cat >>"$scratch/stores.d/app.conf" <<-END
		store "app" {
		  type = "textlog" paths = { "$scratch/log/app.log*" } format = "app" $1
		  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
		}
		duty "invoices" { law = "Section 147 AO" stores = { "app" } until = "2020-12-31" ends = "2099-12-31" }
		duty "over" { law = "an old law" stores = { "app" } ends = "2020-12-31" }
	END
}
declare_app ""
run() { "$retention" "$@" -c "$conf"; }
old=$(date -u -d '8 days ago' +%FT%TZ) young=$(date -u -d '2 days ago' +%FT%TZ)
lines() { printf '%s from 203.0.113.7\n%s other\n%s young\n2019-03-01T00:00:00Z invoice\n' "$old" "$old" "$young"; }
lines >"$log"

promise "before there is anything to check, check says so: critical, and unknown without a configuration"
expect 2 run check >"$scratch/check"
has "$scratch/check" "RETENTION CRITICAL - no run yet"
expect 3 "$retention" check -c "$scratch/none.conf" >"$scratch/check" 2>&1
has "$scratch/check" "RETENTION UNKNOWN"

promise "a duty keeps what its law covers, one that has ended keeps nothing"
run init >/dev/null
id=$(echo 203.0.113.7 | run hold add --incident T-17 --reason "attack from 203.0.113.9" --owner ops --expires +3d --store app --from -)
run run --json >/dev/null
same "$log" <(lines | sed 2d)
run status >"$scratch/status"
has "$scratch/status" "Section 147 AO"
has_not "$scratch/status" "an old law"

promise "the ledger says what was due, dropped and kept, and by what"
sqlite3 "$scratch/state/ledger.db" "SELECT data FROM entry WHERE kind = 'end'" |
	jq -e --arg hold "hold $id" '.stores.app | .due == 1 and .dropped == 1 and .kept["duty invoices"] == 1 and .kept[$hold] == 1' >/dev/null ||
	fail "not on the ledger"

promise "check is a warning while a hold is about to end, and its numbers are for node_exporter"
expect 1 run check >"$scratch/check"
has "$scratch/check" "a hold is about to end"
has "$scratch/check" "'app'="
has "$scratch/metrics/sparsam_retention.prom" 'sparsam_period_seconds{store="app"} 604800'
has "$scratch/metrics/sparsam_retention.prom" 'sparsam_holds{store="app"} 1'
run status >"$scratch/status"
has "$scratch/status" "hold $id (T-17) ends"

promise "the operator is reminded once, the witness gets each head once, and no address is an argument"
run notify
run notify
[ "$(grep -c '^To: ops@example.org$' "$scratch/mails")" -eq 1 ] || fail "reminded twice, or not at all"
[ "$(grep -c '^To: auditor@example.net$' "$scratch/mails")" -eq 1 ] || fail "not one head"
has "$scratch/mails" "BEGIN PGP SIGNATURE"
has_not <(grep ^arguments "$scratch/mails") "@"
head=$(grep '^sparsam-head-1' "$scratch/mails")
run run >/dev/null
run export-ledger "$scratch/bundle.tar"
"$retention" verify "$scratch/bundle.tar" --head "$head" >/dev/null

promise "a failure is mailed, goes on record, and makes check critical until a run ends well"
MONITOR_SERVICE_RESULT=exit-code MONITOR_EXIT_STATUS=69 run notify
has "$scratch/mails" "exit status 69"
expect 2 run check >"$scratch/check"
has "$scratch/check" "the last run failed"
run run >/dev/null
expect 1 run check >/dev/null

promise "a mail server that refuses is a failure that is said"
printf '#!/bin/sh\nexit 75\n' >"$scratch/sendmail" # EX_TEMPFAIL: it is to be tried again
expect 75 run notify 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "takes no mail now"
printf '#!/bin/sh\nexit 77\n' >"$scratch/sendmail"
expect 69 run notify 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "refused"

promise "a changed configuration is on record, with what changed"
declare_app 'period = "6d"'
run run >/dev/null
expect 1 run report --json >"$scratch/report.json"
jq -se 'any(.[]; .changed == "store app" and .what == "period_s: 604800 -> 518400")' "$scratch/report.json" >/dev/null ||
	fail "$(cat "$scratch/report.json")"

promise "the report tells due, dropped, kept and why, and a failure"
jq -se --arg hold "hold $id" 'any(.[]; .kept_by == $hold and .why == "T-17: attack from [ipv4]") and
	any(.[]; .kept_by == "duty invoices" and .why == "Section 147 AO") and
	any(.[]; .finding == "the service failed")' "$scratch/report.json" >/dev/null || fail "$(cat "$scratch/report.json")"

promise "the page is one file that asks for nothing and runs nothing, in both languages"
expect 1 run report --html >"$scratch/report.html"
expect 1 run report --html --lang de >"$scratch/bericht.html"
has "$scratch/bericht.html" '<html lang="de">'
for file in report bericht; do
	! grep -niE '<script|<link|<img|<iframe|<object|https?:|url\(|@import| on[a-z]+=' "$scratch/$file.html" ||
		fail "$file.html asks for something"
done

promise "a browser shows it, with a plot"
if command -v chromium >/dev/null; then
	HOME=$scratch timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/browser" \
		--window-size=1000,1400 --screenshot="$scratch/report.png" "file://$scratch/report.html" >"$scratch/browser.out" 2>&1
	[ "$(stat -c %s "$scratch/report.png")" -gt 10000 ] || fail "the screenshot is empty"
	HOME=$scratch timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/browser" \
		--dump-dom "file://$scratch/report.html" >"$scratch/dom" 2>>"$scratch/browser.out"
	has "$scratch/dom" "<polyline"
	has "$scratch/dom" "Section 147 AO"
fi

promise "the PDF has the same"
expect 1 run report --pdf >"$scratch/report.pdf"
has "$scratch/report.pdf" "%PDF-"
if command -v pdftotext >/dev/null; then
	pdftotext -layout "$scratch/report.pdf" "$scratch/report.txt"
	has "$scratch/report.txt" "Section 147 AO"
	has "$scratch/report.txt" "the service failed"
fi

promise "nothing personal lies in ledger, report or metrics"
sqlite3 "$scratch/state/ledger.db" .dump | grep "INTO entry" |
	sed -E "s/'[0-9A-Fa-f]{64}'//g; s/\"(plan|key|boot|hash|rest)\":\"[0-9A-Fa-f]*\"//g" >"$scratch/dump"
sed -E 's/[0-9a-f]{64}//g' "$scratch/report.json" >"$scratch/said"
sed -E 's/[0-9a-f]{64}//g; s/<code>[0-9a-f]{16}//g' "$scratch/report.html" | grep -v '<polyline' >>"$scratch/said"
expect 0 "$SPARSAM_BIN/logscrub" detect -c "$conf" "$scratch/dump" "$scratch/said" "$scratch/metrics/sparsam_retention.prom"
for file in dump said metrics/sparsam_retention.prom; do has_not "$scratch/$file" 203.0.113.; done

promise "a backup has no key; what was erased does not come back with it, and the gap is on record"
run backup "$scratch/backup.tar"
tar -tf "$scratch/backup.tar" >"$scratch/members"
same "$scratch/members" <(printf 'ledger.db\nholds.db\n')
tar -xOf "$scratch/backup.tar" | grep -qaF 203.0.113.7 && fail "the identifier lies in the backup"
lost=$(run hold add --incident T-18 --reason later --owner ops --expires +3d --store app)
run hold release "$id"
head -c 4096 /dev/urandom >"$scratch/state/hold/holds.db"
expect 65 run run 2>/dev/null
expect 1 run restore "$scratch/backup.tar" >"$scratch/restored"
has "$scratch/restored" "ledger kept, holds restored"
has "$scratch/restored" "hold $lost was added since the backup and is lost"
run hold list --json | jq -se --argjson id "$id" 'any(.[]; .hold == $id and .state == "released")' >/dev/null ||
	fail "a released hold is in force again"
lines >"$log" # as another backup brings them back
run run >/dev/null
same "$log" <(lines | sed -n '3,4p')
another=$(run hold add --incident T-19 --reason x --owner o --expires +1d --store app)
[ "$another" -gt "$lost" ] || fail "an id was given twice"
run hold release "$another"
rm "$scratch/state/ledger.db"
run restore "$scratch/backup.tar" >"$scratch/restored"
has "$scratch/restored" "ledger restored, holds kept"
run run >/dev/null
expect 1 run report >"$scratch/report"
has "$scratch/report" "restored from a backup"
run export-ledger "$scratch/after.tar"
"$retention" verify "$scratch/after.tar" >/dev/null
expect 65 run restore "$log" 2>/dev/null

promise "days without a run, and what they did, are findings"
if [ -n "$faketime_lib" ]; then
	later() { faked +10d "$retention" "$@" -c "$conf"; }
	expect 2 later check >"$scratch/check"
	has "$scratch/check" "app: late"
	has "$scratch/check" "the last run is too long ago"
	expect 1 later report >"$scratch/report"
	has "$scratch/report" "a day without a run"
	has "$scratch/report" "a record was kept past its period: app"
fi
