#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of a recording that is of many people, what one of them did is found event by event, and answered without the others' words; it goes
# with the recording, and stays with it.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
hide_shipped_stores
v=$scratch/var
sed "s|\"/var/|\"$v/|g; s|'/var/|'$v/|g; s| /var/| $v/|g; s|/usr/share/red5|$v/red5|g" "$root/conf/stores.d/bbb-files.conf" >"$scratch/stores.d/bbb-files.conf"
approvers_make
node_make
mid=$(printf %s room-of-carla | sha1sum | cut -c1-40)-1700000000000
event() { # NAME CHILD...
	local name=$1 child
	shift
	printf '<event timestamp="1" module="X" eventname="%s">' "$name"
	for child in "$@"; do printf '<%s>%s</%s>' "${child%%=*}" "${child#*=}" "${child%%=*}"; done
	printf '<date>2021-08-31T17:13:33.103Z</date></event>\n'
}
mkdir -p "$v/bigbluebutton/recording/raw/$mid" "$v/bigbluebutton/events/$mid"
{ # events_archiver.rb: children, and not attributes; ids under several names
	printf '<recording meeting_id="%s"><metadata meetingId="room-of-carla"/>\n' "$mid"
	event ParticipantJoinEvent name='Anna Muster' externalUserId=gl-00000000-0000-4000-8000-000000000011 userId=w_annaaaaaaaa1 role=VIEWER
	event ParticipantJoinEvent name=Bert externalUserId=gl-00000000-0000-4000-8000-000000000012 userId=w_bertaaaaaaa1 role=MODERATOR
	event ParticipantJoinEvent name='Anna Muster' externalUserId=gl-00000000-0000-4000-8000-000000000011 userId=w_annaaaaaaaa2 role=VIEWER
	event PublicChatEvent senderId=w_annaaaaaaaa1 sender='Anna Muster' message=planted-words
	event PublicChatEvent senderId=w_bertaaaaaaa1 sender=Bert message='Anna Muster is right'
	event AssignPresenterEvent userid=w_annaaaaaaaa2 name='Anna Muster' assignedBy=w_bertaaaaaaa1
	event AssignPresenterEvent userid=w_bertaaaaaaa1 name=Bert assignedBy=w_annaaaaaaaa2
	printf '</recording>\n'
} >"$v/bigbluebutton/recording/raw/$mid/events.xml"
cp "$v/bigbluebutton/recording/raw/$mid/events.xml" "$v/bigbluebutton/events/$mid/events.xml"
ask() { # ARTICLE : $case
	case=$(case_new "$1")
	sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$case'"
	echo gl-00000000-0000-4000-8000-000000000011 | dsar subject "$case" add external-id
	dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/found" "$scratch/search.log")"
}

promise "each event of hers is a find, once; what others did goes to review; the recording is one more"
ask 15
finds=$(sqlite3 "$register" "SELECT group_concat(own || ':' || substr(CAST(text AS TEXT), instr(CAST(text AS TEXT), 'eventname=') + 11, 16), ' ') FROM (SELECT * FROM finds WHERE CAST(text AS TEXT) GLOB '<event *' ORDER BY own DESC, text)")
[ "$finds" = '1:AssignPresenterE 1:ParticipantJoinE 1:ParticipantJoinE 1:PublicChatEvent" 0:AssignPresenterE' ] || fail "$finds"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE own = 0 AND CAST(text AS TEXT) NOT GLOB '<event *'")" = 1 ] || fail "$(sqlite3 "$register" 'SELECT own, place FROM finds')"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE own AND CAST(text AS TEXT) GLOB '*</event>'")" = 4 ]

promise "her answer has her events, and nothing that Bert has written"
dsar review "$case" --rule own >"$scratch/out" 2>&1 || true
for id in $(sqlite3 "$register" "SELECT id FROM finds WHERE decision = 0"); do echo 'of Bert, too' | dsar review "$case" --exclude "$id" --ground - >"$scratch/out" 2>"$scratch/stderr" || [ $? -eq 1 ]; done
dsar export "$case" --to "$scratch/answer.zip" >"$scratch/out" 2>"$scratch/export.log" || fail "export $? $(cat "$scratch/export.log" "$scratch/out")"
python3 -m zipfile -e "$scratch/answer.zip" "$scratch/answer"
grep -raqF planted-words "$scratch/answer" || fail "her words are not in the answer"
! grep -raF 'is right' "$scratch/answer" || fail "Bert's words are in the answer"

promise "where the recording stays, her events stay with it, and it is said"
ask 17
sqlite3 "$register" "UPDATE finds SET decision = CASE WHEN own THEN 1 ELSE 3 END, ground = 'of Bert, too' WHERE number = '$case'; UPDATE case_file SET state = 4 WHERE number = '$case'"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
[ "$(jq -r 'select(.find) | "\(.fate) \(.ground // "")"' "$scratch/plan" | sort | uniq -c | tr -s ' ' | tr '\n' ,)" = " 2 exclude , 4 keep part of a record of others, too, which stays," ] || fail "$(cat "$scratch/plan")"

promise "where it goes they go, and nothing is missing"
keep=$(date +%Y)-0001
sqlite3 "$register" "UPDATE finds SET decision = 1 WHERE number = '$case'; UPDATE case_file SET state = 6 WHERE number = '$keep'"
dsar search --settle
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
[ "$(jq -r 'select(.plan) | "\(.erase) \(.missing) \(.keep)"' "$scratch/plan")" = "6 0 0" ] || fail "$(cat "$scratch/plan")"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log" || fail "$(cat "$scratch/act.log" "$scratch/done")"
[ "$(jq -r 'select(.plan) | .gone' "$scratch/done")" = 6 ] || fail "$(cat "$scratch/done")"
[ -z "$(find "$v" -name "$mid")" ]
