#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A day of a BigBlueButton server, made up, and three ways to look at it.

  bbb_day.py log                      the lines that bbb-web writes
  bbb_day.py expect                   what a counter has to come to, as JSON: by hour and in all
  bbb_day.py serve FOLDER             the API on 127.0.0.1, at the time that FOLDER/now says (ms);
                                      FOLDER/port has its port, FOLDER/algorithm what it accepts
  bbb_day.py poll FOLDER LOGSCRUB CONF [FROM UNTIL]
                                      asks it each minute, under libfaketime; sometimes the poller
                                      is killed, or asks twice
  bbb_day.py secrets                  what nobody may keep: names, ids, passwords, one a line

The expectations are worked out here on their own, by going through all marks and all sessions.
"""
import glob
import hashlib
import http.server
import json
import os
import random
import subprocess
import sys
import time
import urllib.parse
from xml.sax.saxutils import escape

MINUTE = 60_000
BEGIN = 1795471200_000  # 2026-11-23T22:00:00Z
END = BEGIN + 26 * 60 * MINUTE  # a whole day, and an hour before and after
SECRET = "8cd8ef52e8e101574e400365b55e11a6"
WORDS = "Erika Jonas Zoë Łukasz Mustermann O'Neil <Admin> & \v Test".split(" ")


class Day:
    def __init__(self, seed=7):
        self.rnd = random.Random(seed)
        self.meetings = []  # of dicts
        self.sessions = []
        for _ in range(45):
            self.meeting(BEGIN + self.rnd.randrange(2 * MINUTE, 24 * 60 * MINUTE))
        # over midnight, with many people; and one at marks to the millisecond
        self.meeting(BEGIN + 100 * MINUTE + 17, n=70, minutes=90)
        self.meeting(BEGIN + 10 * 60 * MINUTE, n=6, minutes=30, exact=True)
        self.nobody_came = self.meeting(BEGIN + 60 * MINUTE, n=0)
        self.events = sorted(self.event_list(), key=lambda e: (e[0], e[1]))

    def ident(self, n, alphabet="abcdefghijklmnopqrstuvwxyz0123456789"):
        return "".join(self.rnd.choice(alphabet) for _ in range(n))

    def meeting(self, start, n=None, minutes=None, parent=None, sequence=0, exact=False):
        rnd = self.rnd
        ext = self.ident(40) if not parent else hashlib.sha1(self.ident(9).encode()).hexdigest()
        m = {
            "id": hashlib.sha1(ext.encode()).hexdigest() + "-%d" % start,
            "ext": ext,
            "name": "Room of %s" % self.ident(8).capitalize(),
            "pw": self.ident(12),
            "start": start,
            "parent": parent,
            "sequence": sequence,
        }
        n = rnd.choice([1, 2, 2, 3, 5, 8, 13, 25]) if n is None else n
        minutes = rnd.randrange(3, 150) if minutes is None else minutes
        end = min(start + minutes * MINUTE + (0 if exact else rnd.randrange(MINUTE)), END - 10 * MINUTE)
        m["end"] = end
        self.meetings.append(m)
        for i in range(n):
            self.person(m, i, exact)
        if n > 4 and not parent and not exact:
            self.breakouts(m)
        return m

    def person(self, m, i, exact):
        rnd = self.rnd
        ext = "gl-" + self.ident(12) if rnd.random() < 0.7 else None
        name = "%s %s" % (rnd.choice(WORDS), self.ident(7).capitalize())
        at = m["start"] + (i * MINUTE if exact else rnd.randrange(300, max(301, (m["end"] - m["start"]) // 3)))
        times = rnd.choice([1, 1, 1, 2, 3]) if not exact else 1
        for _ in range(times):  # comes, goes, and comes again
            left = m["end"] - at
            if left < 1000:
                break
            stay = left if rnd.random() < 0.5 or exact else rnd.randrange(500, left)
            if exact:
                stay = (10 + i) * MINUTE
            user = "w_" + self.ident(12)
            self.sessions.append({
                "meeting": m, "user": user, "ext": ext or user, "name": name,
                "role": "MODERATOR" if i == 0 else "VIEWER",
                "join": at, "leave": min(at + stay, m["end"]),
                "mic": rnd.random() < 0.4, "cam": rnd.choice([0, 0, 0, 1, 1, 2]),
            })
            at += stay + rnd.randrange(200, 3 * MINUTE)
        if rnd.random() < 0.1 and self.sessions and self.sessions[-1]["meeting"] is m:  # a second browser
            s = dict(self.sessions[-1], user="w_" + self.ident(12))
            if s["ext"].startswith("gl-") and s["leave"] - s["join"] > 2000:
                s["join"] += rnd.randrange(100, 1000)
                self.sessions.append(s)

    def breakouts(self, m):
        rnd = self.rnd
        half = (m["start"] + m["end"]) // 2
        for k in (1, 2):
            b = self.meeting(half, n=0, minutes=min(15, (m["end"] - half) // MINUTE), parent=m, sequence=k)
            for s in [s for s in self.sessions if s["meeting"] is m and s["join"] < half < s["leave"]][k::2]:
                a, z = half + rnd.randrange(1000, 90_000), min(b["end"], s["leave"])
                if z - a > 1000:
                    self.sessions.append({
                        "meeting": b, "user": "w_" + self.ident(12), "ext": "%s-%d" % (s["user"], k),
                        "name": s["name"], "role": s["role"], "join": a, "leave": z,
                        "mic": s["mic"], "cam": s["cam"],
                    })

    def event_list(self):
        for m in self.meetings:
            yield m["start"], 0, "create_meeting", m, None
            yield m["start"] + 150, 1, "meeting_started", m, None
            yield m["end"], 4, "meeting_ended", m, None
            yield m["end"] + 5, 5, "meeting_removed_from_running", m, None
        for s in self.sessions:
            yield s["join"], 3, "user_joined_message", s["meeting"], s
            yield s["leave"], 2, "user_left_message", s["meeting"], s

    # --- the log ------------------------------------------------------------------------------
    def lines(self):
        for t, _, code, m, s in self.events:
            data = {"logCode": code, "meetingId": m["id"], "externalMeetingId": m["ext"], "name": m["name"],
                    "description": code.replace("_", " ")}
            if code in ("create_meeting", "meeting_started"):
                data.update(isBreakout=bool(m["parent"]), record=False, duration=0)
            if s:
                data.update(userId=s["user"], externalUserId=s["ext"], username=s["name"], role=s["role"],
                            guest=False, guestStatus="ALLOW")
                yield t - 1, ("INFO  o.b.api.service.ValidationService - Validating join request with query string "
                              + urllib.parse.urlencode({"fullName": s["name"], "userID": s["ext"]}))
            keys = list(data)
            self.rnd.shuffle(keys)
            text = json.dumps({k: data[k] for k in keys}, ensure_ascii=False, separators=(",", ":"))
            # as Gson writes it
            for c in "<>&='":
                text = text.replace(c, "\\u%04x" % ord(c))
            yield t, "INFO  o.bigbluebutton.api.MeetingService -  --analytics-- data=" + text
        # somebody's name looks like a line of its own
        yield END - 1, ('DEBUG o.bigbluebutton.api.MeetingService - Found user X -  --analytics-- data='
                        '{"logCode":"user_joined_message","meetingId":"x-1","userId":"w_evil","externalUserId":"evil"}')

    @staticmethod
    def stamp(t):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t // 1000)) + ".%03dZ" % (t % 1000)

    # --- the API ------------------------------------------------------------------------------
    def xml(self, now):
        out = ["<response><returncode>SUCCESS</returncode>"]
        running = [m for m in self.meetings if m["start"] <= now < m["end"]]
        if not running:
            return ("<response><returncode>SUCCESS</returncode><meetings/><messageKey>noMeetings</messageKey>"
                    "<message>no meetings were found on this server</message></response>")
        out.append("<meetings>")
        for m in running:
            there = [s for s in self.sessions if s["meeting"] is m and s["join"] <= now < s["leave"]]
            out.append(
                "<meeting><meetingName>%s</meetingName><meetingID>%s</meetingID>"
                "<internalMeetingID>%s</internalMeetingID><createTime>%d</createTime>"
                "<voiceBridge>72013</voiceBridge><dialNumber>+49 30 23125 042</dialNumber>"
                "<attendeePW>%s</attendeePW><moderatorPW>m%s</moderatorPW><running>%s</running>"
                "<participantCount>%d</participantCount><listenerCount>%d</listenerCount>"
                "<voiceParticipantCount>%d</voiceParticipantCount><videoCount>%d</videoCount><attendees>" % (
                    escape(m["name"]), m["ext"], m["id"], m["start"], m["pw"], m["pw"],
                    "true" if there else "false", len(there), sum(not s["mic"] for s in there),
                    sum(s["mic"] for s in there), sum(s["cam"] for s in there)))
            for s in there:
                out.append("<attendee><userID>%s</userID><fullName>%s</fullName><role>%s</role>"
                           "<customdata><bbb_mail>%s@example.org</bbb_mail></customdata></attendee>" % (
                               s["ext"], escape(s["name"]), s["role"], s["user"]))
            out.append("</attendees><metadata><bbb-origin-server-name>front.example.org</bbb-origin-server-name>"
                       "<owner>%s@example.org</owner></metadata><isBreakout>%s</isBreakout>%s</meeting>" % (
                           m["ext"], "true" if m["parent"] else "false",
                           "<parentMeetingID>%s</parentMeetingID>" % m["parent"]["id"] if m["parent"] else ""))
        out.append("</meetings></response>")
        return "".join(out)

    # --- what has to come out -----------------------------------------------------------------
    def expect(self, begin=BEGIN, end=END):
        hours, seen, held, rooms = {}, set(), set(), set()

        def hour(t):
            return hours.setdefault(t // (60 * MINUTE) * 3600, dict.fromkeys((
                "meetings", "participants", "breakouts", "meeting_minutes", "participant_minutes",
                "microphone_minutes", "camera_minutes", "peak_participants", "peak_meetings",
                "exact_peak_participants", "exact_peak_meetings", "peak_microphones", "peak_cameras"), 0))

        def there(t):
            return [s for s in self.sessions if s["join"] <= t < s["leave"]]

        for t in range(begin, end, MINUTE):
            h, now = hour(t), there(t)
            above = [s for s in now if not s["meeting"]["parent"]]
            for s in now:
                if s["meeting"]["parent"]:
                    if s["meeting"]["id"] not in rooms:
                        rooms.add(s["meeting"]["id"])
                        h["breakouts"] += 1
            for mid in {s["meeting"]["id"] for s in above}:
                h["meeting_minutes"] += 1
                if mid not in held:
                    held.add(mid)
                    h["meetings"] += 1
            for who in {(s["meeting"]["id"], s["ext"]) for s in above}:
                if who not in seen:
                    seen.add(who)
                    h["participants"] += 1
            h["participant_minutes"] += len(above)
            h["microphone_minutes"] += sum(s["mic"] for s in now)
            h["camera_minutes"] += sum(s["cam"] for s in now)
            for key, n in (("peak_participants", len(above)),
                           ("peak_meetings", len({s["meeting"]["id"] for s in above})),
                           ("peak_microphones", sum(s["mic"] for s in now)),
                           ("peak_cameras", sum(s["cam"] for s in now))):
                h[key] = max(h[key], n)
        for t in sorted({s["join"] for s in self.sessions} | set(range(begin, end, MINUTE))):
            above = [s for s in there(t) if not s["meeting"]["parent"]]
            h = hour(t)
            h["exact_peak_participants"] = max(h["exact_peak_participants"], len(above))
            h["exact_peak_meetings"] = max(h["exact_peak_meetings"], len({s["meeting"]["id"] for s in above}))
        return {k: v for k, v in sorted(hours.items()) if any(v.values())}

    def secrets(self):
        for m in self.meetings:
            yield from (m["id"], m["ext"], m["name"], m["pw"])
        for s in self.sessions:
            yield from (s["user"], s["ext"], s["name"])


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        folder, day = self.server.folder, self.server.day
        call, _, query = self.path.rpartition("/")[2].partition("?")
        args = dict(urllib.parse.parse_qsl(query))
        algorithm = open(folder + "/algorithm").read().strip()
        wanted = hashlib.new(algorithm, (call + SECRET).encode()).hexdigest()
        if self.path.startswith("/bigbluebutton/api/getMeetings") and args.get("checksum") == wanted:
            body = day.xml(int(open(folder + "/now").read()))
        else:
            body = ("<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey>"
                    "<message>Checksums do not match</message></response>")
        body = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):  # a poller that was killed
        pass


def serve(folder):
    server = Quiet(("127.0.0.1", 0), Server)
    server.folder, server.day = folder, Day()
    with open(folder + "/port.new", "w") as f:
        f.write(str(server.server_address[1]))
    os.rename(folder + "/port.new", folder + "/port")
    server.serve_forever()


def faketime():
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        sys.exit("no libfaketime")
    return found[0]


def poll(folder, logscrub, conf, begin=BEGIN, end=END):
    rnd, lib = random.Random(3), faketime()

    def once(t, **more):
        with open(folder + "/now.new", "w") as f:
            f.write(str(t))
        os.rename(folder + "/now.new", folder + "/now")
        env = dict(os.environ, LD_PRELOAD=lib, TZ="UTC", NO_FAKE_STAT="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
                   FAKETIME="@" + time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(t // 1000)),
                   ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        p = subprocess.Popen([logscrub, "stats", "--poll", "-c", conf], env=env, stdout=subprocess.DEVNULL)
        if more:
            time.sleep(more["kill_after"])
            p.kill()
        return p.wait()

    for t in range(int(begin), int(end), MINUTE):
        for _ in range(rnd.choice([0] * 20 + [1, 2])):  # killed somewhere
            once(t, kill_after=rnd.random() * 0.05)
        if once(t) != 0:
            sys.exit("a poll failed at " + Day.stamp(t))
        if rnd.random() < 0.02:  # by hand, in the same minute
            once(t)


if __name__ == "__main__":
    verb, args = sys.argv[1], sys.argv[2:]
    if verb == "log":
        for when, line in Day().lines():
            print(Day.stamp(when), line)
    elif verb == "expect":
        print(json.dumps(Day().expect()))
    elif verb == "secrets":
        print("\n".join(sorted(set(Day().secrets()))))
    elif verb == "serve":
        serve(*args)
    elif verb == "poll":
        poll(*args)
