#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What BigBlueButton leaves of meetings, and its own clean-up does not remove, goes in time, by the shipped stores over its real layout.
. "$(dirname "$0")/lib.sh"
need gpg
. "$root/tests/e2e/retention.sh"
bbb=$scratch/root/var/bigbluebutton
killat=$BUILD/$VARIANT/fault/killat
mkdir "$scratch/root"
for f in bbb-files contact-mail login-records; do # the shipped ones, with another root
	sed "s#\([\"' ]\|&\|!\)/\(var\|usr\|home\)/#\1$scratch/root/\2/#g" "$root/conf/stores.d/$f.conf" >"$scratch/stores.d/$f.conf"
done
stores="bbb-meetings bbb-recordings bbb-recordings-deleted"
run_all() { for s in $stores; do run run --store "$s" >/dev/null || return; done; }

# id NAME HOURS : the internal id of a meeting that began HOURS ago
id() { printf '%s-%s\n' "$(printf '%s' "$1" | sha1sum | cut -c1-40)" "$((($(date +%s) - $2 * 3600) * 1000))"; }
# put PATH [TEXT] : a file, with its folders
put() { mkdir -p "$scratch/root/$(dirname "$1")" && printf '%s\n' "${2-x}" >"$scratch/root/$1"; }
# aged ID HOURS : all that there is of a meeting was last written HOURS ago
aged() { find "$scratch/root" -depth -path "*$1*" -exec touch -h -d "-$2 hours" {} +; }
left() { (cd "$scratch/root" && find . -path "*$1*" | sort); }
gone() { [ -z "$(left "$1")" ] || fail "left of $2: $(left "$1")"; }
there() { [ -e "$scratch/root/$1" ] || fail "$1 is gone"; }

# What each meeting leaves, recorded or not (BigBlueButton 2.7 and 3.0)
uploads() { # ID NAME
	local pres=d2d9a672040fbde2a47a10bf6c37b6a4b5ae187f-1795484429000
	put "var/bigbluebutton/$1/$1/$pres/$pres.pdf"
	put "var/bigbluebutton/$1/$1/$pres/svgs/slide1.svg"
	put "var/bigbluebutton/learning-dashboard/$1/token/learning_dashboard_data.json" "{\"name\":\"$2\"}"
}
raw() { # ID NAME METADATA
	put "var/bigbluebutton/recording/raw/$1/events.xml" "<recording meeting_id=\"$1\"><metadata meetingName=\"Room\" $3/>
<event><name>$2</name><timestampUTC>${1#*-}</timestampUTC></event></recording>"
	put "var/bigbluebutton/recording/raw/$1/audio/$1.opus"
	put "var/bigbluebutton/recording/raw/$1/notes/notes.html"
	put "var/bigbluebutton/recording/status/archived/$1.done"
	put "var/bigbluebutton/recording/status/sanity/$1.done"
	put "var/mediasoup/recordings/$1/w_abcdefghijkl-1.webm"
	put "var/lib/bbb-webrtc-recorder/screenshare/$1/screen.mp4"
	put "var/bigbluebutton/events/$1/events.xml" "<name>$2</name>"
}
published() { # ID FORMAT AGREED
	put "var/bigbluebutton/published/$2/$1/metadata.xml" "<recording><id>$1</id><start_time>${1#*-}</start_time>
<end_time>$((${1#*-} + 3600000))</end_time><meta><recording-agreed>$3</recording-agreed></meta></recording>"
	put "var/bigbluebutton/published/$2/$1/video/webcams.webm"
	put "var/bigbluebutton/captions/$1/caption_en.vtt"
	put "var/bigbluebutton/recording/status/processed/$1-$2.done"
	put "var/bigbluebutton/recording/status/published/$1-$2.done"
}
failed() { # ID FORMAT : a job that did not end
	put "var/bigbluebutton/recording/process/$2/$1/temp/$1/events.xml"
	put "var/bigbluebutton/recording/publish/$2/$1/package.tmp"
	put "var/bigbluebutton/recording/status/processed/$1-$2.fail"
}
ended() { put "var/bigbluebutton/recording/status/ended/$1.done"; } # ID

layout() {
	rm -rf "$scratch/root"
	unasked=$(id unasked 500) running=$(id running 80) agreed=$(id agreed 300) pending=$(id pending 75) lost=$(id lost 500)
	upload=$(id upload 50) held=$(id held 9) fresh=$(id fresh 1) deleted=$(id deleted 400) marked=$(id marked 300) archiving=$(id archiving 8)
	uploads "$unasked" Anna && raw "$unasked" Anna 'recording-agreed="false"' && published "$unasked" video "" && failed "$unasked" presentation
	ended "$unasked" && aged "$unasked" 490
	uploads "$running" Berta && aged "$running" 79 && touch "$bbb/learning-dashboard/$running/token/learning_dashboard_data.json"
	raw "$agreed" Carla 'recording-agreed="true"' && published "$agreed" presentation true && ended "$agreed" && aged "$agreed" 290
	raw "$marked" Dora '' && published "$marked" presentation "" && ended "$marked"
	put "var/bigbluebutton/recording/status/agreed/$marked.done" && aged "$marked" 290
	raw "$pending" Emma 'recording-agreed="true"' && ended "$pending" && aged "$pending" 74
	raw "$lost" Frieda 'recording-agreed="true"' && failed "$lost" presentation && ended "$lost" && aged "$lost" 490
	uploads "$upload" Gerda && aged "$upload" 49
	raw "$held" "Hanna Example" '' && uploads "$held" "Hanna Example" && ended "$held" && aged "$held" 8
	uploads "$fresh" Ida && ended "$fresh" && touch -d '-20 minutes' "$bbb/recording/status/ended/$fresh.done"
	put "var/bigbluebutton/deleted/presentation/$deleted/metadata.xml" && aged "$deleted" 100
	put "var/freeswitch/meetings/$archiving-1795484429000.wav" && uploads "$archiving" Jana && ended "$archiving" && aged "$archiving" 7
	put "var/bigbluebutton/playback/presentation/2.3/index.html" && put var/bigbluebutton/blank/blank-presentation.pdf
}

# the commands of /etc/cron.daily/bigbluebutton (3.0), with this root
cron() {
	find "$bbb/" -maxdepth 1 -type d -name "*-[0-9]*" -mtime +5 -exec rm -rf {} +
	find "$scratch/root/var/mediasoup" "$scratch/root/var/lib/bbb-webrtc-recorder" -name "*.webm" -mtime +5 -delete
	find "$scratch/root/var/freeswitch/meetings" -name "*.wav" -mtime +5 -delete
}

promise "what BigBlueButton's own clean-up leaves of a meeting is found, and goes as one"
layout
run init >/dev/null
cron
left "$unasked" >"$scratch/left"
for f in published/video learning-dashboard events captions recording/raw recording/process/presentation recording/publish/presentation; do
	has "$scratch/left" "/$f/$unasked"
done
has "$scratch/left" "screen.mp4"
run run --dry-run --store bbb-meetings --json >"$scratch/plan"
[ "$(jq -r --arg id "$unasked" 'select(.place == $id) | .records' "$scratch/plan")" = 1 ] || fail "$(cat "$scratch/plan")"
number=$(printf 'Hanna Example\n' | run hold add --incident T-1 --reason abuse --owner ops --expires +30d --store bbb-meetings --from -)
run_all
gone "$unasked" "a recording that nobody agreed to"
gone "$deleted" "a recording that its owner deleted"
gone "$lost" "an agreed recording whose processing failed two weeks ago"

promise "a conference that has ended without a mark goes when nothing was written for a day"
gone "$upload" "uploads"

promise "what runs, what has just ended, what waits for the archive, what is agreed and being processed stays"
there "var/bigbluebutton/$running/$running"
there "var/bigbluebutton/learning-dashboard/$running/token/learning_dashboard_data.json"
there "var/bigbluebutton/$fresh/$fresh"
there "var/freeswitch/meetings/$archiving-1795484429000.wav"
there "var/bigbluebutton/recording/raw/$pending/events.xml"
there var/bigbluebutton/playback/presentation/2.3/index.html
there var/bigbluebutton/blank/blank-presentation.pdf

promise "a published recording stays by its metadata or by a mark, its raw copy goes"
for m in "$agreed" "$marked"; do
	there "var/bigbluebutton/published/presentation/$m/video/webcams.webm"
	there "var/bigbluebutton/captions/$m/caption_en.vtt"
	[ ! -e "$bbb/recording/raw/$m" ] || fail "raw copy of $m"
done
there "var/bigbluebutton/recording/status/agreed/$marked.done"
run_all # and the next run, without raw and marks, comes to the same
there "var/bigbluebutton/published/presentation/$agreed/metadata.xml"
there "var/bigbluebutton/published/presentation/$marked/metadata.xml"

promise "a hold by a name in its events keeps a meeting whole; when it ends, the next run takes it"
there "var/bigbluebutton/recording/raw/$held/audio/$held.opus"
there "var/bigbluebutton/$held/$held"
there "var/bigbluebutton/recording/status/ended/$held.done"
run hold release "$number"
run_all
gone "$held" "what was held"

promise "the account's recording goes when BigBlueButton has moved it to deleted/"
mkdir -p "$bbb/deleted/presentation"
mv "$bbb/published/presentation/$agreed" "$bbb/deleted/presentation/"
touch -d '-3 hours' "$bbb/deleted/presentation/$agreed"
aged "$agreed" 500 && run_all
gone "$agreed" "a deleted recording"

promise "a run that is killed at any step can be run again, and leaves no part behind"
[ -x "$killat" ] || skip "needs $killat: make check"
layout
cp -a "$scratch/root" "$scratch/root.full"
again() { rm -rf "$scratch/root" && cp -a "$scratch/root.full" "$scratch/root"; }
"$killat" 0 "$retention" run -c "$conf" --store bbb-meetings >/dev/null 2>"$scratch/steps"
total=$(grep -c '^[0-9]* unlink' "$scratch/steps")
first=$(awk '/ unlink/ { print $1; exit }' "$scratch/steps")
[ "$total" -gt 30 ] || fail "only $total removals were seen"
find "$scratch/root" | sort >"$scratch/wanted"
for ((n = first; n < first + total; n += 3)); do
	again
	status=0
	"$killat" "$n" "$retention" run -c "$conf" --store bbb-meetings >/dev/null 2>&1 || status=$?
	[ "$status" -eq 137 ] || continue # fewer steps this time
	run run --store bbb-meetings >/dev/null
	find "$scratch/root" | sort >"$scratch/found"
	same "$scratch/wanted" "$scratch/found"
done

promise "contact mail goes when it is answered; rotated logins after seven days"
mail() { put "home/contact/Maildir/cur/$1" "From: alice@example.org"; }
mkdir -p "$scratch/root/home/contact/Maildir/"{cur,new,tmp}
mail 1700000000.M1.mx:2,S && mail 1700000001.M1.mx:2,RS
put var/log/wtmp.1 && put var/log/wtmp && touch -d '-8 days' "$scratch/root/var/log/wtmp.1" "$scratch/root/var/log/wtmp"
run run --store contact-mail >/dev/null # answered just now: its month has begun
there home/contact/Maildir/cur/1700000001.M1.mx:2,RS
run run --store login-records >/dev/null
gone wtmp.1 logins
there var/log/wtmp
if [ -n "$faketime_lib" ]; then
	faked +31d "$retention" run -c "$conf" --store contact-mail --accept-clock >/dev/null
	gone 1700000001.M1 "an answered mail"
	there home/contact/Maildir/cur/1700000000.M1.mx:2,S
fi
