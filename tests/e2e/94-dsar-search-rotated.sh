#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Logs are rotated and packed all the time while a person is searched for: all of hers is found, or the store says to search again.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
dsar() { "$SPARSAM_BIN/dsar" -c "$conf" "$@"; }
hide_shipped_stores
mkdir "$scratch/logs"
cat >>"$conf" <<END
store "web" {
  type = "textlog" paths = { "$scratch/logs/web.log*" } format = "nginx-combined"
  category = "log-and-system-data" period = "30d"
}
END
FILES=8
lines() { # N : some thousand lines, one of them hers
	awk -v n="$1" -v t="$(date -u +%d/%b/%Y:%H:%M:%S)" 'BEGIN { for (i = 0; i < 20000; i++)
		printf "203.0.113.9 - - [%s +0000] \"GET /%d?%s HTTP/2.0\" 200 5 \"-\" \"M\"\n", t, i, i == 9999 ? "mail=anna@example.org&n=" n : "" }'
}
for n in $(seq "$FILES"); do lines "$n" >"$scratch/logs/web.log.$n"; done
"$retention" init -c "$conf" >/dev/null
dsar init >/dev/null
case=$(dsar case new --article 15 --lang en | tail -n 1)
echo anna@example.org | dsar subject "$case" add email

# Round and round; every file is there under some name at all times.
rotate() {
	cd "$scratch/logs" || return
	while :; do
		for n in $(seq "$FILES" -1 1); do mv "web.log.$n" "web.log.$((n + 1))"; done
		gzip -c "web.log.$((FILES + 1))" >.packed && mv .packed web.log.9.gz
		mv "web.log.$((FILES + 1))" web.log.1
	done
}

promise "whatever its name is when it is read, each file's line is found, or the store is named as not searched"
rotate 2>/dev/null &
rotating=$!
spawned+=("$rotating")
complete=0
for _ in $(seq 10); do
	sqlite3 "$scratch/state/register/register.db" 'DELETE FROM finds'
	if dsar --json search "$case" >"$scratch/found" 2>"$scratch/stderr"; then
		found=$(sqlite3 "$scratch/state/register/register.db" "SELECT count(DISTINCT substr(text, instr(text, '&n='), 5)) FROM (SELECT CAST(text AS TEXT) AS text FROM finds)")
		[ "$found" = "$FILES" ] || fail "only $found of $FILES lines were found"
		records=$(jq -r 'select(.found and .case) | .found' "$scratch/found")
		# the packed copy of one lies beside it for good
		if [ "$records" -lt "$FILES" ] || [ "$records" -gt $((FILES + 1)) ]; then fail "counted twice: $(cat "$scratch/found")"; fi
		complete=$((complete + 1))
	else
		[ "$(jq -r 'select(.store == "web") | .answer' "$scratch/found")" = failed ] || fail "$(cat "$scratch/found" "$scratch/stderr")"
		jq -r 'select(.store == "web") | .note' "$scratch/found"
	fi
done
kill "$rotating"
[ "$complete" -gt 0 ] || fail "no search came to an end"
echo "  $complete of 10 searches were complete"
