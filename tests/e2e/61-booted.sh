#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# This machine's Debian booted in a container, with sparsam installed as a package would: the shipped
# units run under a real systemd, in their sandboxes. The real journal into a namespace, a syslog
# socket into a file, the timers, a hold and a report of what was done.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
need_root
need systemd-nspawn
need curl
need jq
[ -n "${OWN_MOUNTS:-}" ] || skip "needs a mount namespace"
node=$scratch/node
mount -t tmpfs tmpfs "$scratch"
mkdir -m 755 "$scratch"/{up,work,out} "$node"
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/up,workdir=$scratch/work" "$node" 2>/dev/null ||
	skip "needs overlayfs"
at_end() { umount -l "$node" "$scratch" 2>/dev/null; }
mount -t tmpfs tmpfs /run # nspawn wants its own

promise "make install puts everything in its place"
umask 022
make -s -C "$root" BUILD="$BUILD" VARIANT="$VARIANT" DESTDIR="$node" install >"$scratch/install.log" 2>&1 ||
	fail "$(tail -n 5 "$scratch/install.log")"
rm -rf "$node/var/log/journal" "$node/var/lib/sparsam"
install -d -m 2755 -g systemd-journal "$node/var/log/journal" # as Debian's package makes it
: >"$node/etc/machine-id"
mkdir -p "$node/etc/sparsam/stores.d" "$node/etc/credstore.encrypted" "$node/var/lib/prometheus/node-exporter"
cat >"$node/etc/sparsam/sparsam.conf" <<-'END'
	clock = "local"
	controller = "Example e. V."
	dpo = "dpo@node.example"
	dsar { land = "HE" mail = "privacy@node.example" }
	source "syslog" { type = "syslog" listen = "systemd:syslog" tag "nginx" { store = "nginx-access" } }
	source "journal" { type = "journal" }
	statistics { node = "bbb1" round = 1
	  api "bbb1" { url = "http://127.0.0.1:8090/bigbluebutton/api" checksum = "sha256" secret = "sparsam-bbb" } }
END
sed 's/^store "sshd" {/&\n  sink { type = "namespace" namespace = "sparsam" }/' "$root/conf/stores.d/sshd.conf" \
	>"$node/etc/sparsam/stores.d/sshd.conf"
cat >"$node/etc/sparsam/stores.d/app.conf" <<-'END'
	format "app" { type = "pattern" pattern = '(?<time>\d{4}-\S+) (?<text>.*)' time = "time" }
	store "app" {
	  type = "textlog" paths = { "/var/log/app/app.log*" } format = "app" period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	}
END
mkdir "$node/var/log/app"
old=$(date -u -d '8 days ago' +%FT%TZ) young=$(date -u -d '2 days ago' +%FT%TZ)
printf '%s from 203.0.113.7\n%s other\n%s young\n' "$old" "$old" "$young" >"$node/var/log/app/app.log.1"

units=$node/etc/systemd/system
cat >"$units/story.service" <<-'END'
	[Service]
	Type=oneshot
	ExecStart=/bin/bash -x /out/story.sh
	ExecStopPost=/bin/systemctl --no-block poweroff --force
	StandardOutput=file:/out/story.log
	StandardError=inherit
END
printf '[Unit]\nRequires=basic.target story.service\nAfter=basic.target story.service\n' >"$units/story.target"
mkdir -p "$node/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' >"$node/etc/systemd/journald.conf.d/raw.conf"
mkdir -p "$units/retention.timer.d" "$units/logscrub-stats.timer.d" "$units/logscrub.service.d"
printf '[Timer]\nOnCalendar=\nOnActiveSec=1s\nRandomizedDelaySec=0\n' >"$units/retention.timer.d/soon.conf"
printf '[Timer]\nOnCalendar=\nOnActiveSec=1s\n' >"$units/logscrub-stats.timer.d/soon.conf"
cp "$root/systemd/logscrub.service.d/namespace.conf" "$units/logscrub.service.d/"
cp "$root/tests/e2e/bbb_day.py" "$scratch/out/"

# What runs inside says what it saw in files of /out; a step that fails ends it.
cat >"$scratch/out/story.sh" <<'END'
set -euo pipefail
trap 'journalctl -q --no-pager -n 60 >/out/journal.txt; systemctl --no-pager --failed >/out/failed.txt' EXIT
within() { for _ in {1..150}; do ! "$@" || return 0; sleep 0.1; done; return 1; }
systemd-creds setup
logscrub keys --init
mkdir -p /tmp/api; cd /tmp/api
echo 1795503600000 >now; echo sha256 >algorithm
python3 /out/bbb_day.py serve /tmp/api & within test -s port
printf '8cd8ef52e8e101574e400365b55e11a6' | systemd-creds encrypt --name=sparsam-bbb - /etc/credstore.encrypted/sparsam-bbb
sed -i "s/:8090/:$(cat port)/" /etc/sparsam/sparsam.conf

systemctl start logscrub-syslog.socket logscrub.service
curl --version >/dev/null
logger --socket /run/sparsam/syslog.sock -t nginx '203.0.113.9 - - [27/Nov/2026:10:00:00 +0000] "GET /b/erika-muster?token=abc HTTP/1.1" 200 5 "-" "curl/7"'
within test -s /var/log/sparsam/nginx-access.log
logger -t sshd 'Accepted publickey for erika from 203.0.113.9 port 50122 ssh2: ED25519 SHA256:abc'
scrubbed() { journalctl -q --no-pager --namespace=sparsam SPARSAM_STORE=sshd -o export; }
is_there() { scrubbed | grep -q Accepted; }
within is_there
scrubbed >/out/sshd.export
cp /var/log/sparsam/nginx-access.log /out/
systemctl reload logscrub.service
reloaded() { [ "$(systemctl show logscrub.service -P ActiveState)" = active ]; } # is-active takes "reloading", too
within reloaded
systemctl show logscrub.service -p ActiveState -p NRestarts >/out/logscrub.state

retention init
id=$(echo 203.0.113.7 | retention hold add --incident T-1 --reason attack --owner ops --expires +30d --store app --from -)
systemctl start retention.timer logscrub-stats.timer
has_run() { [ "$(systemctl show "$1" -P ExecMainExitTimestampMonotonic)" -gt 0 ]; }
within has_run retention.service
within has_run logscrub-stats.service
systemctl show retention.service -p Result -p ExecMainStatus >/out/retention.state
systemctl show logscrub-stats.service -p Result -p ExecMainStatus >/out/stats.state
cp /var/log/app/app.log.1 /out/held.log
journalctl -q --no-pager -u retention.service -u logscrub-stats.service >/out/units.txt
retention status --json >/out/status.json || true
logscrub stats --json >/out/stats.json
retention hold release "$id"
systemctl start retention.service
cp /var/log/app/app.log.1 /out/free.log
retention export-ledger /out/bundle.tar
retention verify /out/bundle.tar >/out/verified

dsar init
case=$(dsar case new --article 15 --lang de)
echo 'known by her voice' | dsar identity "$case" --by-hand
echo 203.0.113.9 | dsar subject "$case" add ip
dsar search "$case" --json >/out/search.json
retention hold list --json >/out/holds.json
dsar review "$case" --list --json | sed -n 's/.*"find":\([0-9]*\).*/\1/p' | xargs dsar review "$case" --keep
dsar export "$case" --to /tmp/answer.zip
dsar answer "$case" /tmp/answer.zip
systemctl start dsar-due.service dsar-tidy.service
for unit in due tidy; do systemctl show "dsar-$unit.service" -p Result -p ExecMainStatus >"/out/dsar-$unit.state"; done
retention hold list --json >/out/holds-after.json
box=/var/lib/sparsam-mail/Maildir
setpriv --reuid sparsam-mail --regid sparsam-dpo --init-groups mkdir -p $box/new $box/cur $box/tmp
setpriv --reuid sparsam-mail --regid sparsam-dpo --init-groups dsar key own --make >/dev/null
systemctl start sparsam-intake.path
printf 'From: ben@people.example\nMessage-ID: <b@people.example>\n\nmy data, please\n' >/tmp/mail
install -o sparsam-mail -m 600 /tmp/mail $box/new/1.a
taken() { dsar --json case list | grep -q '"state":"receipted"'; }
within taken || true
dsar case new --lang en --article 15 --received 2026-01-02 >/dev/null
systemctl start dsar-remind.service
for unit in sparsam-intake dsar-remind; do systemctl show "$unit.service" -p Result -p ExecMainStatus >"/out/$unit.state"; done
dsar --json case list >/out/mailed.json
ls $box/cur >/out/cur
find /var/spool/postfix/maildrop -type f >/out/maildrop
journalctl -q --no-pager -u sparsam-intake.service -u dsar-remind.service >/out/mail.txt

useradd -m -G sparsam-dpo dpo
dpo() { runuser -u dpo -- env HOME=/home/dpo "$@"; }
dpo gpg --batch -q --passphrase '' --quick-generate-key dpo future-default default never
sed -i "s/dsar {/& approvers = \"$(dpo gpg --batch --with-colons -K | awk -F: '$1 == "fpr" { print $10; exit }')\"/" /etc/sparsam/sparsam.conf
echo 'agent { node = "node1" }' >>/etc/sparsam/sparsam.conf
dsar agent init >/tmp/agent
sed 1d /tmp/agent >/etc/sparsam/node1.asc
printf 'node "node1" { fingerprint = "%s" key = "/etc/sparsam/node1.asc" }\n' "$(head -n 1 /tmp/agent)" >>/etc/sparsam/sparsam.conf
systemctl start sparsam-agent.path
ordered=$(dpo dsar case new --article 15 --lang de | tail -n 1)
echo 203.0.113.9 | dpo dsar subject "$ordered" add ip
dpo dsar order "$ordered" search --node node1
answered() { find /var/lib/sparsam/queue/results -name '*.result' | grep -q .; }
within answered || within answered || true
dpo dsar --json collect >/out/collected.json || true
dpo dsar --json review "$ordered" --list >/out/ordered.json
find /var/lib/sparsam/queue -type f >/out/queue
systemctl show sparsam-agent.service -p Result -p ExecMainStatus >/out/sparsam-agent.state
journalctl -q --no-pager -u sparsam-agent.service >/out/agent.txt

rm -rf /var/lib/sparsam/register # what follows looks for persons in what logs have left

systemctl stop logscrub.service
grep -rlaE 'erika|203\.0\.113\.9' /var/log/sparsam /var/log/journal /var/lib/sparsam >/out/leaks || true
touch /out/done
END

promise "it boots, and the story inside runs to its end"
timeout 120 systemd-nspawn -q -D "$node" --boot --register=no --keep-unit --link-journal=no \
	--bind="$scratch/out:/out" systemd.unit=story.target </dev/null >"$scratch/boot.txt" 2>&1 || true
out=$scratch/out
[ -e "$out/done" ] || {
	tail -n 30 "$out/story.log" "$out/journal.txt" "$out/failed.txt" >&2
	fail "the story inside ended early: $(tail -n 3 "$scratch/boot.txt")"
}

promise "the socket's and the journal's lines come out scrubbed, under the shipped sandbox"
has "$out/nginx-access.log" 'GET /b/:id'
has "$out/sshd.export" 'Accepted publickey'
has "$out/sshd.export" 'ip4:'
has_not "$out/sshd.export" 203.0.113.9
has "$out/logscrub.state" ActiveState=active
has "$out/logscrub.state" NRestarts=0

promise "no raw value is on a disk: not in a log, not in a journal, not in the state folder"
[ ! -s "$out/leaks" ] || fail "$(cat "$out/leaks")"

promise "the timers ran retention and the poller, which were let do what they have to"
for unit in stats retention; do # retention may find something odd among this machine's own logs: 1
	grep -q Result=success "$out/$unit.state" || fail "$(cat "$out/$unit.state" "$out/units.txt")"
done
has "$out/stats.state" ExecMainStatus=0
[ "$(jq -s 'length' "$out/stats.json")" -gt 0 ] || fail "nothing was counted"
[ "$(jq -s 'length' "$out/status.json")" -gt 0 ] || fail "no status"

promise "what was past its period went, but for what a hold kept; released, that went as well"
same "$out/held.log" <(printf '%s from 203.0.113.7\n%s young\n' "$old" "$young")
same "$out/free.log" <(printf '%s young\n' "$young")
has "$out/verified" good

promise "a person is found by her address in what was written as tokens; once she is answered, nothing is kept for her"
[ "$(jq -s 'map(select(.store == "nginx-access" and .answer == "found")) | length' "$out/search.json")" -eq 1 ] || fail "$(cat "$out/search.json")"
in_force() { jq -s 'map(select(.state == "in force")) | length' "$1"; }
[ "$(in_force "$out/holds.json")" -gt "$(in_force "$out/holds-after.json")" ] || fail "$(cat "$out/holds.json" "$out/holds-after.json")"
for unit in due tidy; do
	grep -q Result=success "$out/dsar-$unit.state" || fail "$(cat "$out/dsar-$unit.state")"
done

promise "a mail in the maildir is taken at once, its receipt and the reminder are in Postfix's queue"
[ "$(jq -r .state "$out/mailed.json" | grep -c receipted)" -eq 1 ] || fail "$(cat "$out/mail.txt" "$out/mailed.json")"
has "$out/cur" 1.a:2,S
[ "$(wc -l <"$out/maildrop")" -eq 2 ] || fail "$(cat "$out/mail.txt" "$out/maildrop")"
for unit in sparsam-intake dsar-remind; do
	has "$out/$unit.state" Result=success
done

promise "an order of who is not root is carried out at once by the agent's unit, and she takes the answer"
has "$out/sparsam-agent.state" Result=success
[ "$(jq -r 'select(.node == "node1") | .store' "$out/ordered.json" | grep -c nginx-access)" -ge 1 ] || fail "$(cat "$out/agent.txt" "$out/collected.json")"
[ ! -s "$out/queue" ] || fail "$(cat "$out/queue")"
