#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What BigBlueButton's services leave in the journal goes to the store of its unit, whatever its identifier says, entries of
# several lines as one record, and nothing of it names anybody.
. "$(dirname "$0")/lib.sh"
need python3
writer=/lib/systemd/systemd-journal-remote
[ -x "$writer" ] || skip "needs systemd-journal-remote"
mkdir -p "$scratch"/{out,state,journal}
mkdir -m 700 "$scratch/credentials"
head -c 32 /dev/urandom >"$scratch/credentials/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/credentials
cat >"$scratch/sparsam.conf" <<CONF
state_dir = "$scratch/state"
runtime_dir = "$scratch"
metrics_dir = "$scratch"
log_dir = "$scratch/out"
source "journal" { type = "journal" directory = "$scratch/journal" }
CONF

# Entries of all units, as journald has them: UNIT, IDENTIFIER, MESSAGE (with what a line of its own begins with left out).
cat >"$scratch/export.py" <<'PY'
import struct, sys, time
entries = [
    ("bbb-web.service", "java", '2024-05-20T14:46:51.233Z INFO  o.bigbluebutton.api.MeetingService -  --analytics-- data='
     '{"logCode":"user_joined_message","username":"Erika Canary","role":"VIEWER"}'),
    ("bbb-web.service", "java", "2024-05-20T14:46:52.233Z ERROR o.b.web.controllers.ApiController - IllegalStateException: canary"),
    ("bbb-web.service", "java", "java.lang.IllegalStateException: canary 203.0.113.80"),
    ("bbb-web.service", "java", "\tat org.bigbluebutton.Canary.run(Canary.java:1)"),
    ("bbb-apps-akka.service", "bbb-apps-akka", '2024-05-20T14:48:12.501Z INFO  o.b.core2.AnalyticsActor - -- analytics -- '
     '{"envelope":{"name":"SendGroupChatMessageMsg"},"core":{"body":{"msg":{"message":"canary"}}}}'),
    ("bbb-fsesl-akka.service", "bbb-fsesl-akka", "2024-05-20T14:46:58.101Z INFO  o.b.f.v.f.ESLEventListener - "
     "User joined voice conference, user=[w_canary_1-bbbID-Erika+Canary], conf=[72013]"),
    ("bbb-html5-frontend@1.service", "systemd_start_frontend.sh",
     'info: {"logCode":"audio_joined","userInfo":{"fullname":"Canary"}}'),
    ("bbb-graphql-middleware.service", "bbb-graphql-middleware",
     '{"level":"info","msg":"connection accepted","sessionToken":"canary","time":"2024-09-13T15:18:27-03:00"}'),
    ("bbb-graphql-actions.service", "node", "Error: connect ECONNREFUSED 203.0.113.80:6379"),
    ("bbb-graphql-actions.service", "node", "    at canary (node:net:1278:16)"),
    ("bbb-graphql-server.service", "graphql-engine",
     '{"type":"http-log","timestamp":"2024-09-13T15:18:27.123+0000","level":"info","detail":{"http_info":{"ip":"203.0.113.80","status":200}}}'),
    ("bbb-webrtc-sfu.service", "bbb-webrtc-sfu",
     '{"level":30,"time":"2025-06-17T20:30:02.619Z","mod":"video","userName":"Canary","msg":"Stopping video session"}'),
    ("bbb-webrtc-recorder.service", "bbb-webrtc-recorder",
     '{"level":"info","msg":"Starting canary","session":"canary","time":"2025-06-17T20:30:02Z"}'),
    ("livekit-server.service", "livekit-server", "2025-10-01T08:33:30.058Z\tINFO\tlivekit.pub\trtc/participant.go:2441\t"
     'pending track queued\t{"participant": "w_canary", "remote": false}'),
    ("bbb-rap-resque-worker.service", "bbb-rap", "Process took 4211ms"),
    ("etherpad.service", "node", "\033[32m[2026-11-24T01:48:21.467] [INFO] access - \033[39m[ENTER] pad:g.canary$notes "
     "socket:canary IP:203.0.113.80 authorID:a.canary"),
    ("other.service", "node", "canary 203.0.113.80"),
]
now = (int(time.time()) + 1) * 1000000  # later than what is there
out = sys.stdout.buffer
for i, (unit, ident, message) in enumerate(entries):
    text = message.encode()
    out.write(f"__REALTIME_TIMESTAMP={now + i * 1000}\n__MONOTONIC_TIMESTAMP={i * 1000 + 1}\n_BOOT_ID={1:032x}\n"
              f"_MACHINE_ID={1:032x}\n_HOSTNAME=vm\n_PID=7\nPRIORITY=6\nSYSLOG_IDENTIFIER={ident}\n"
              f"_SYSTEMD_UNIT={unit}\nMESSAGE\n".encode() + struct.pack("<Q", len(text)) + text + b"\n\n")
PY

printf '__REALTIME_TIMESTAMP=%s000000\n__MONOTONIC_TIMESTAMP=1\n_BOOT_ID=%032d\n_MACHINE_ID=%032d\nMESSAGE=begin\n\n' \
	"$(date +%s)" 1 1 | "$writer" -o "$scratch/journal/begin.journal" - 2>"$scratch/writer.log"
spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
service=$!
began() { grep -qs journal "$scratch/state/positions"; }
wait_for began
python3 "$scratch/export.py" | "$writer" -o "$scratch/entries.journal" - 2>>"$scratch/writer.log"
mv "$scratch/entries.journal" "$scratch/journal/entries.journal"
all_came() { # an entry that may have more lines is written when nothing has followed it for a second
	[ "$(cat "$scratch"/out/*.log | wc -l)" -ge 14 ]
}
wait_for all_came
kill -TERM "$service"
wait "$service" || fail "exit status $?"

# The one record of STORE is TEXT behind its header; COUNT: more than one.
came() { # STORE TEXT [COUNT]
	has "$scratch/out/$1.log" ": $2"
	[ "$(wc -l <"$scratch/out/$1.log")" -eq "${3:-1}" ] || fail "$1.log does not have ${3:-1} records"
}

promise "each unit's entries are in its store, and in no other"
came bbb-web '2024-05-20T14:46:51.233Z INFO  o.bigbluebutton.api.MeetingService -  --analytics-- data={"logCode":"user_joined_message","role":"VIEWER"}' 2
came bbb-apps-akka '2024-05-20T14:48:12.501Z INFO  o.b.core2.AnalyticsActor - -- analytics -- {"envelope":{"name":"SendGroupChatMessageMsg"}}'
came bbb-fsesl-akka '2024-05-20T14:46:58.101Z INFO  o.b.f.v.f.ESLEventListener - User joined voice conference'
came bbb-html5 'info: {"logCode":"audio_joined"}'
came bbb-graphql-middleware '{"level":"info","msg":"connection accepted","time":"2024-09-13T15:18:27-03:00"}'
came bbb-graphql-actions 'Error: connect ECONNREFUSED'
came bbb-graphql-server '{"type":"http-log","timestamp":"2024-09-13T15:18:27.123+0000","level":"info","detail":{"http_info":{"status":200}}}'
came bbb-webrtc-sfu '{"level":30,"time":"2025-06-17T20:30:02.619Z","mod":"video","msg":"Stopping video session"}'
came bbb-webrtc-recorder '{"level":"info","msg":"Starting -","time":"2025-06-17T20:30:02Z"}'
came livekit '2025-10-01T08:33:30.058Z#011INFO#011livekit.pub#011rtc/participant.go:2441#011pending track queued#011{"remote":false}'
came bbb-rap 'Process took 4211ms'
came etherpad '[2026-11-24T01:48:21.467] [INFO] access - [ENTER] pad:id:'

promise "a stack trace is one record with what it belongs to"
has "$scratch/out/bbb-web.log" ': 2024-05-20T14:46:52.233Z ERROR o.b.web.controllers.ApiController - IllegalStateException'

promise "nothing planted comes out, neither there nor in what the service says"
! grep -raniE 'canary|203[.-]0[.-]113|72013' "$scratch/out" "$scratch/service.log" >&2 || fail "it came out"
