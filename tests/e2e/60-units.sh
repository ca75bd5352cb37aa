#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# systemd understands every shipped unit, and finds none of them more exposed than 1.5.
. "$(dirname "$0")/lib.sh"
need systemd-analyze
units=$scratch/units
mkdir "$units"
cp "$root"/systemd/*.{service,socket,timer,path} "$units"
# They name the place where a package puts the program; here it need not be.
sed -i 's,/usr/bin/\(logscrub\|retention\|dsar\),/bin/true,g' "$units"/*

promise "every unit is read without a complaint"
systemd-analyze --man=no verify "$units"/* >"$scratch/verify.log" 2>&1 || fail "$(cat "$scratch/verify.log")"
has_not "$scratch/verify.log" "$units"

promise "no service is exposed more than 1.5"
for unit in "$units"/*.service; do
	systemd-analyze security --offline=true --threshold=15 --no-pager "$unit" >"$scratch/exposure" 2>&1 ||
		fail "$(tail -n 1 "$scratch/exposure")"
	tail -n 1 "$scratch/exposure"
done

promise "nor one with a drop-in that an operator enables more than 2.6"
for drop in "$root"/systemd/retention.service.d/*.conf; do
	mkdir "$scratch/drop"
	cp "$units/retention.service" "$scratch/drop"
	cat "$drop" >>"$scratch/drop/retention.service"
	systemd-analyze security --offline=true --threshold=26 --no-pager "$scratch/drop/retention.service" >"$scratch/exposure" 2>&1 ||
		fail "$drop: $(tail -n 1 "$scratch/exposure")"
	rm -r "$scratch/drop"
done

promise "none gives the service's folders to another user"
grep -LE '^User=sparsam$' "$units"/*.service >"$scratch/others"
while read -r unit; do
	has_not "$unit" StateDirectory=
	has_not "$unit" RuntimeDirectory=
done <"$scratch/others"

promise "no capability, no network, neither swap nor core dump"
for line in CapabilityBoundingSet= PrivateNetwork=yes MemorySwapMax=0 LimitCORE=0 MemoryMax=64M; do
	has "$units/logscrub.service" "$line"
done

promise "the poller reaches this machine alone, each minute"
for line in 'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6' IPAddressDeny=any IPAddressAllow=localhost CapabilityBoundingSet=; do
	has "$units/logscrub-stats.service" "$line"
done
systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$units/logscrub-stats.timer")" >"$scratch/calendar"
has "$scratch/calendar" '*-*-* *:*:00'

promise "each socket hands its descriptors to the service under a name"
for unit in "$units"/*.socket; do
	has "$unit" Service=logscrub.service
	has "$unit" FileDescriptorName=
done

need_root
promise "the user and the folders are made, the one with the keys for the service alone"
mkdir -p "$scratch/root/etc" "$scratch/root/var/lib/prometheus/node-exporter"
systemd-sysusers --root="$scratch/root" "$root/systemd/sysusers.d/sparsam.conf" 2>"$scratch/sysusers.log"
has "$scratch/root/etc/passwd" sparsam
uid=$(awk -F: '$1 == "sparsam" { print $3 }' "$scratch/root/etc/passwd")
# Names in an ACL are looked up on this machine and not below --root.
sed "s/user:sparsam/user:$uid/" "$root/systemd/tmpfiles.d/sparsam.conf" >"$scratch/tmpfiles.conf"
systemd-tmpfiles --root="$scratch/root" --create "$scratch/tmpfiles.conf" 2>"$scratch/tmpfiles.log"
[ "$(stat -c '%a %u' "$scratch/root/var/lib/sparsam/keys")" = "700 $uid" ] || fail "the key folder is open"
[ "$(stat -c '%a %u' "$scratch/root/run/sparsam")" = "755 $uid" ] || fail "the runtime folder is not the service's"
getfacl -np "$scratch/root/var/lib/prometheus/node-exporter" >"$scratch/acl"
has "$scratch/acl" "user:$uid:rwx"
