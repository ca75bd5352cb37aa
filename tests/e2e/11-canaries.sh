#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whatever stands in whatever place of a product's lines: no name, address, token or room comes out of a shipped store.
. "$(dirname "$0")/lib.sh"
need python3
data=$root/tests/data/stores
mkdir -m 700 "$scratch/credentials"
head -c 32 /dev/urandom >"$scratch/credentials/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/credentials
printf 'state_dir = "%s/state"\nmetrics_dir = "%s"\n' "$scratch" "$scratch" >"$scratch/sparsam.conf"
plant() { "$root/tests/canaries.py" "$SPARSAM_BIN/logscrub" "$@"; }

promise "a store that keeps a free text is found out, in each encoding, and one with a loose grammar"
{
	cat "$scratch/sparsam.conf"
	cat <<-'EOS'
		format "careless" {
		  type    = "pattern"
		  pattern = '(?<time>[\d-]+T[\d:]+Z) (?<count>\d+) "(?<text>[^"]*)"'
		}
		store "careless" {
		  type     = "textlog"
		  format   = "careless"
		  category = "log-and-system-data"
		  period   = "7d"
		  scrub { keep = { "time", "count", "text" } }
		}
		store "careful" {
		  type     = "textlog"
		  format   = "careless"
		  category = "log-and-system-data"
		  period   = "7d"
		  scrub { keep = { "time", "count" } }
		}
	EOS
} >"$scratch/careless.conf"
echo '2026-11-24T01:40:29Z 4711 "text"' >"$scratch/careless.txt"
expect 1 plant "$scratch/careless.conf" careless "$scratch/careless.txt" >"$scratch/found"
has "$scratch/found" ' "Änne Quittenbaum"'
has "$scratch/found" ' "ÄNNE QUITTENBAUM"'
has "$scratch/found" ' "%C3%84%6E%6E%65'
has "$scratch/found" ' "\xC3\x84\x6E\x6E\x65'
has "$scratch/found" ' "\u00c4\u006e\u006e\u0065'
has "$scratch/found" ' "&#196;&#110;&#110;&#101;'
has "$scratch/found" ' "w4RubmUgUXVpdHRlbmJhdW0="'
has "$scratch/found" ' "#303#204#156#156#145'
has "$scratch/found" ' "198.51.100.234"'
has "$scratch/found" ' "2001:db8:cafe:1::beef"'
has "$scratch/found" ' "+49 151 76234499"'
has "$scratch/found" ' "quitten.baum@xaveria.example"'
expect 0 plant "$scratch/careless.conf" careful "$scratch/careless.txt"
sed -i 's/(?<time>[^)]*)/(?<time>\\S+)/' "$scratch/careless.conf"
expect 1 plant "$scratch/careless.conf" careful "$scratch/careless.txt" >"$scratch/found"
has "$scratch/found" 'x7quittenk3xav9w 4711 "-"'

promise "an entry of several lines is planted as a whole, and each of its lines"
{
	cat "$scratch/sparsam.conf"
	cat <<-'EOS'
		format "stack" {
		  type    = "pattern"
		  begin   = '\d{4}-'
		  pattern = '(?<time>[\d-]+T[\d:]+Z) ERROR(?:\n(?<text>.*))?'
		}
		store "stack" {
		  type     = "textlog"
		  format   = "stack"
		  category = "log-and-system-data"
		  period   = "7d"
		  scrub { keep = { "time", "text" } }
		}
	EOS
} >"$scratch/stack.conf"
printf '2026-11-24T01:40:29Z ERROR\n\tat org.example.Class\n' >"$scratch/stack.txt"
expect 1 plant "$scratch/stack.conf" stack "$scratch/stack.txt" >"$scratch/found"
has "$scratch/found" 'at Änne Quittenbaum'

promise "no shipped store lets one through, wherever it stands"
leaky=
for file in "$data"/*.log; do
	store=$(basename "$file" .log)
	store=${store%.rendered}
	plant "$scratch/sparsam.conf" "$store" "$file" || leaky+=" $store"
done
[ -z "$leaky" ] || fail "out came something of$leaky"
