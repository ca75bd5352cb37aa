#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The filter in each place where an operator puts it: a pipe, compressed files, in place, behind a FIFO.
. "$(dirname "$0")/lib.sh"
conf=$scratch/sparsam.conf
printf 'state_dir = "%s/state"\nmetrics_dir = "%s"\n' "$scratch" "$scratch" >"$conf"
logscrub() { "$SPARSAM_BIN/logscrub" -c "$conf" "$@"; }
mkdir -m 700 "$scratch/credentials"
head -c 32 /dev/urandom >"$scratch/credentials/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/credentials
raw=$root/tests/data/stores/nginx-access.log
logscrub --store nginx-access "$raw" >"$scratch/plain" 2>"$scratch/plain.log"

promise "standard input, a file and the format's name give the same"
logscrub --store nginx-access <"$raw" >"$scratch/stdin" 2>/dev/null
same "$scratch/plain" "$scratch/stdin"
logscrub --format nginx-combined "$raw" >"$scratch/format" 2>/dev/null
same "$scratch/plain" "$scratch/format"

promise "what was dropped is counted on stderr, and is no failure"
has "$scratch/plain.log" 'no-match 3 invalid-json 1'

promise "gzip, xz, zstd and bzip2 are read"
for tool in gzip xz zstd bzip2; do
	$tool -c "$raw" >"$scratch/packed" 2>/dev/null
	logscrub --store nginx-access "$scratch/packed" 2>/dev/null >"$scratch/out"
	same "$scratch/plain" "$scratch/out"
	logscrub --store nginx-access <"$scratch/packed" 2>/dev/null >"$scratch/out"
	same "$scratch/plain" "$scratch/out"
done

promise "a damaged file: all that can be read, then exit 65"
for _ in $(seq 400); do cat "$raw"; done | gzip -c >"$scratch/whole.gz"
head -c "$(($(stat -c %s "$scratch/whole.gz") / 2))" "$scratch/whole.gz" >"$scratch/torn.gz"
expect 65 logscrub --store nginx-access "$scratch/torn.gz" "$raw" >"$scratch/out" 2>"$scratch/torn.log"
[ "$(wc -l <"$scratch/out")" -gt 100 ] || fail "little came out of the torn file"
tail -n "$(wc -l <"$scratch/plain")" "$scratch/out" >"$scratch/tail"
same "$scratch/plain" "$scratch/tail"
has_not "$scratch/torn.log" 203.0.113

promise "--in-place keeps mode, owner and times, and is done once"
cp "$raw" "$scratch/access.log"
chmod 640 "$scratch/access.log"
touch -d '2026-11-20 10:00:00.123456789' "$scratch/access.log"
before=$(stat -c '%a %u %g %Y %y' "$scratch/access.log")
logscrub --store nginx-access --in-place "$scratch/access.log" 2>/dev/null
same "$scratch/plain" "$scratch/access.log"
[ "$(stat -c '%a %u %g %Y %y' "$scratch/access.log")" = "$before" ] || fail "metadata changed"
logscrub --store nginx-access --in-place "$scratch/access.log"
same "$scratch/plain" "$scratch/access.log"
[ "$(find "$scratch" -name '*sparsam-new*' | wc -l)" -eq 0 ] || fail "a temporary file is left"

promise "--in-place packs a packed file again"
gzip -c "$raw" >"$scratch/access.log.2.gz"
logscrub --store nginx-access --in-place "$scratch/access.log.2.gz" 2>/dev/null
gzip -dc "$scratch/access.log.2.gz" >"$scratch/out"
same "$scratch/plain" "$scratch/out"

promise "--in-place refuses a link"
ln -s access.log "$scratch/link.log"
! logscrub --store nginx-access --in-place "$scratch/link.log" 2>"$scratch/link.err" || fail "a link was rewritten"
same "$scratch/plain" "$scratch/access.log"

promise "behind a FIFO a line is passed on as it comes, and -o follows a rotation on SIGUSR1"
mkfifo "$scratch/fifo"
spawn fifo "$SPARSAM_BIN/logscrub" -c "$conf" --store nginx-access -o "$scratch/clean.log" "$scratch/fifo"
pid=${spawned[-1]}
exec 7>"$scratch/fifo"
head -n 1 "$raw" >&7
wait_for test -s "$scratch/clean.log"
mv "$scratch/clean.log" "$scratch/clean.log.1"
kill -USR1 "$pid"
sed -n 2p "$raw" >&7
wait_for test -s "$scratch/clean.log"
exec 7>&-
wait_gone "$pid"
cat "$scratch/clean.log.1" "$scratch/clean.log" >"$scratch/out"
head -n 2 "$scratch/plain" >"$scratch/two"
same "$scratch/two" "$scratch/out"

promise "--confirm answers each message after it was written, and a message sent again is not written twice"
mapfile -t line < <(head -n 3 "$raw")
printf '%s\n' "${line[0]}" "${line[1]}" |
	logscrub --store nginx-access -o "$scratch/confirmed.log" --confirm >"$scratch/answers"
[ "$(paste -sd ' ' "$scratch/answers")" = "OK OK OK" ] || fail "not one OK at the start and one a message"
printf '%s\n' "${line[1]}" "${line[2]}" |
	logscrub --store nginx-access -o "$scratch/confirmed.log" --confirm >"$scratch/answers"
[ "$(paste -sd ' ' "$scratch/answers")" = "OK OK OK" ] || fail "the repeated message was not answered"
head -n 3 "$scratch/plain" >"$scratch/three"
same "$scratch/three" "$scratch/confirmed.log"

promise "wrong use is refused with 64, wrong configuration with 78 and its line"
expect 64 logscrub --nonsense 2>/dev/null
expect 64 logscrub --store nothing </dev/null 2>/dev/null
expect 64 logscrub --store nginx-access --confirm </dev/null 2>/dev/null
expect 64 logscrub </dev/null 2>/dev/null
printf 'state_dir = "%s"\n\nnonsense = 1\n' "$scratch" >"$scratch/bad.conf"
expect 78 "$SPARSAM_BIN/logscrub" -c "$scratch/bad.conf" --store sshd </dev/null 2>"$scratch/bad.err"
has "$scratch/bad.err" "bad.conf:3"

promise "without the key folder tokens are throw-away ones, and it is said"
unset CREDENTIALS_DIRECTORY
"$SPARSAM_BIN/logscrub" -c "$conf" --store nginx-access "$raw" 2>"$scratch/nokey.err" >"$scratch/out"
[ -s "$scratch/nokey.err" ] || fail "nothing was said about throw-away keys"
has_not "$scratch/out" 203.0.113.77
