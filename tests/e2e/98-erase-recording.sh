#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# BigBlueButton's own `bbb-record --delete' leaves a recording in eight places; an erasure leaves it in none of them.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
need redis-server
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
hide_shipped_stores
v=$scratch/var sock=$scratch/redis/redis.sock
mkdir "$scratch/redis"
for f in bbb-files bbb-rap bbb-databases; do
	sed "s|\"/var/|\"$v/|g; s|'/var/|'$v/|g; s| /var/| $v/|g; s|/usr/share/red5|$v/red5|g; s|/run/redis/redis-server.sock|$sock|g" "$root/conf/stores.d/$f.conf" >"$scratch/stores.d/$f.conf"
done
: >"$scratch/pg_service.conf"
export PGSERVICEFILE=$scratch/pg_service.conf
approvers_make
node_make
spawn redis redis-server --port 0 --unixsocket "$sock" --dir "$scratch/redis" --save '' --daemonize no
cli() { redis-cli -s "$sock" "$@"; }
wait_for cli ping

b=$v/bigbluebutton
file() { mkdir -p "${1%/*}" && echo "${2:-x}" >"$1"; }
# The real layout (record-and-playback, bbb-webrtc-sfu, bbb-webrtc-recorder, bbb-web), the id of the meeting in each path.
lay() { # ID ROOM
	local d
	file "$b/$1/$1/pres/pres.pdf"
	file "$v/freeswitch/meetings/$1-1700000000000.opus"
	for d in mediasoup kurento lib/bbb-webrtc-recorder; do file "$v/$d/recordings/$1/w_abcdefghijkl-1.webm" && file "$v/$d/screenshare/$1/s-1.webm"; done
	file "$v/lib/bbb-webrtc-recorder/audio/$1/a-1.webm"
	for d in video screenshare video-broadcast; do file "$v/red5/webapps/$d/streams/$1/s.flv"; done
	for d in deskshare screenshare; do file "$b/$d/$1-1.mkv"; done
	file "$b/inbox/$1-1.json"
	file "$b/learning-dashboard/$1/token/learning_dashboard_data.json" '{"intId":"x"}'
	file "$b/events/$1/events.xml" "<recording meeting_id=\"$1\"></recording>"
	file "$b/recording/raw/$1/events.xml" "<recording meeting_id=\"$1\"></recording>"
	for d in presentation gone-format; do
		file "$b/recording/process/$d/$1/a" && file "$b/recording/publish/$d/$1/a"
		for s in published unpublished deleted; do file "$b/$s/$d/$1/metadata.xml" "<recording><id>$1</id></recording>"; done
	done
	file "$b/captions/$1/captions.json"
	for d in ended recorded archived sanity; do file "$b/recording/status/$d/$1.done"; done
	for d in captions processed published; do file "$b/recording/status/$d/$1-presentation.done"; done
	file "$v/log/bigbluebutton/archive-$1.log" "I, [2026-11-26T12:00:00.000000 #7]  INFO -- : Archiving meeting $1"
	file "$v/log/bigbluebutton/presentation/process-$1.log" "I, [2026-11-26T12:00:00.000000 #7]  INFO -- : Processing $1"
	cli hset "meeting:info:$1" meetingId "$2" meetingName 'Anna' >/dev/null
	cli hset "recording:$1:1" module CHAT eventName PublicChatEvent senderId w_abcdefghijkl message hello >/dev/null
}
# bigbluebutton-config/bin/bbb-record (2.2), --delete: what it removes; formats are those of scripts/process/*.rb, here presentation alone
bbb_record_delete() { # ID
	rm -f "$b"/recording/status/{recorded,ended,archived,sanity}/"$1"* "$b"/recording/status/{processed,published}/"$1"*
	rm -rf "$b"/{published,unpublished,deleted}/presentation/"$1"* "$b"/recording/{process,publish}/presentation/"$1"* "$b/recording/raw/$1"*
	rm -rf "$v"/log/bigbluebutton/presentation/*"$1"* "$b/captions/$1"* "$b/inbox/$1"* "$b/${1:?}"
	rm -rf "$v"/red5/webapps/video/streams/"$1" "$v"/red5/webapps/screenshare/streams/"$1" "$b"/{deskshare,screenshare}/"$1"*
	rm -f "$v/freeswitch/meetings/$1"*
}
left() { { grep -rlF "$1" "$v" || true; find "$v" -path "*$1*"; cli --scan --pattern "*$1*"; } | sed "s|$1.*|ID|; s|$scratch/||" | sort -u; }
mid=$(printf %s room-of-anna | sha1sum | cut -c1-40)-1700000000000
other=$(printf %s room-of-bert | sha1sum | cut -c1-40)-1700000000000
lay "$mid" room-of-anna
lay "$other" room-of-bert
left "$other" >"$scratch/other"

promise "bbb-record --delete leaves it in eight kinds of places, and with a format that is no longer made in more"
bbb_record_delete "$mid"
left "$mid" >"$scratch/left"
for place in var/bigbluebutton/events/ var/bigbluebutton/learning-dashboard/ var/mediasoup/recordings/ var/kurento/recordings/ var/lib/bbb-webrtc-recorder/audio/ \
	var/log/bigbluebutton/archive- var/bigbluebutton/recording/status/captions/ meeting:info: var/bigbluebutton/published/gone-format/; do
	has "$scratch/left" "$place"
done

promise "found by the room's id; the erasure leaves it nowhere, and the other recording everywhere"
case=$(case_new 17)
sqlite3 "$register" "UPDATE case_file SET identity = 2"
echo room-of-anna | dsar subject "$case" add meeting
echo "$mid" | dsar subject "$case" add recording
dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/search.log" "$scratch/found")"
sqlite3 "$register" "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log" || fail "$(cat "$scratch/act.log" "$scratch/done")"
left "$mid" >"$scratch/left"
[ ! -s "$scratch/left" ] || fail "left: $(cat "$scratch/left")"
left "$other" >"$scratch/still"
same "$scratch/other" "$scratch/still"
