#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The one list of packages: debian/control says the same, and tools/deps installs from it with care.
. "$(dirname "$0")/lib.sh"

promise "debian/control needs what the list names: to build, for the unit tests, and at work"
field() { sed -n "/^$1:/,/^[^ ]/s/^\($1:\| \) *\(.*\)/\2/p" "$root/debian/control" | tr ',' '\n' | grep -o '^ *[a-z][a-z0-9.+-]*'; }
# gcc, libc6-dev and make are part of build-essential
{ field Build-Depends | grep -v debhelper; field Depends; field Recommends; } | tr -d ' ' | sort >"$scratch/control"
awk '$1 == "run" || $2 == "check" || ($1 == "build" && $2 !~ /^(gcc|libc6-dev|make)$/) { print $2 }' \
	"$root/packages" | sort >"$scratch/list"
same "$scratch/list" "$scratch/control"

promise "every package of the list is there"
[ -z "$("$root/tools/deps" missing test)" ] || fail "missing: $("$root/tools/deps" missing test)"

# From here on a copy of tools/deps sees a machine that is played: PATH holds its dpkg-query, apt-get and
# id; policy-rc.d lies in the scratch folder.
mkdir "$scratch/bin" "$scratch/tools"
policy=$scratch/policy-rc.d
sed "s,/usr/sbin/policy-rc.d,$policy," "$root/tools/deps" >"$scratch/tools/deps"
printf 'build one\nrun two\ntest three\nlint four\n' >"$scratch/packages"
cat >"$scratch/bin/dpkg-query" <<-'EOF'
	#!/bin/sh
	cat "$PLAY/installed"
EOF
cat >"$scratch/bin/apt-get" <<-'EOF'
	#!/bin/sh
	echo "$@" >>"$PLAY/apt"
	[ -x "$PLAY/policy-rc.d" ] && "$PLAY/policy-rc.d"
	echo "policy $?" >>"$PLAY/apt"
	[ ! -e "$PLAY/hang" ] || { echo "$PPID" >"$PLAY/hanging" && exec sleep 1000; }
	[ ! -e "$PLAY/fails" ]
EOF
cat >"$scratch/bin/id" <<-'EOF'
	#!/bin/sh
	cat "$PLAY/uid"
EOF
chmod +x "$scratch"/bin/*
deps() {
	rm -f "$scratch/apt"
	env -u DEB_BUILD_ARCH -u DEB_BUILD_OPTIONS -u DH_INTERNAL_OPTIONS -u FAKEROOTKEY \
		PLAY="$scratch" PATH="$scratch/bin:$PATH" "${@:2}" bash "$scratch/tools/deps" "$1" test >"$scratch/out" 2>&1
}
echo 0 >"$scratch/uid"

promise "nothing is installed where nothing is missing"
printf 'installed %s\n' one two three >"$scratch/installed"
expect 0 deps need
expect 0 deps install
[ ! -e "$scratch/apt" ] || fail "apt-get was called: $(cat "$scratch/apt")"

promise "root gets what is missing, and no service starts"
printf 'installed one\nnot-installed two\n' >"$scratch/installed"
expect 0 deps need
has "$scratch/apt" 'two three'
has_not "$scratch/apt" four
has "$scratch/apt" 'policy 101'
[ ! -e "$policy" ] || fail "policy-rc.d is left behind"

promise "the same after a failure, which is said"
touch "$scratch/fails"
expect 69 deps need
has "$scratch/apt" 'update'
[ ! -e "$policy" ] || fail "policy-rc.d is left behind"
rm "$scratch/fails"

promise "a policy-rc.d that is there stays"
printf '#!/bin/sh\nexit 42\n' >"$policy"
chmod +x "$policy"
expect 0 deps install
has "$scratch/apt" 'policy 42'
has "$policy" 42
rm "$policy"

promise "an interruption takes the policy away, too"
touch "$scratch/hang"
spawn deps env PLAY="$scratch" PATH="$scratch/bin:$PATH" bash "$scratch/tools/deps" install test
wait_for test -s "$scratch/hanging"
[ -x "$policy" ] || fail "no policy while apt-get works"
kill -TERM "$!"
pkill -TERM -P "$!" || true
wait_gone "$!"
[ ! -e "$policy" ] || fail "policy-rc.d is left behind"
rm "$scratch/hang"

promise "nobody else installs: the packages are named, exit 69"
for who in DEB_BUILD_ARCH=amd64 DEB_BUILD_OPTIONS=nocheck FAKEROOTKEY=1; do
	expect 69 deps need "$who"
	has "$scratch/out" 'two three'
	[ ! -e "$scratch/apt" ] || fail "apt-get was called"
done
echo 1000 >"$scratch/uid"
expect 69 deps need
expect 77 deps install
[ ! -e "$scratch/apt" ] || fail "apt-get was called"
