#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deterministic log corpora for benchmarking log scrubbers.

  gen_logs.py access --size 512M --seed 1 > access.log
  gen_logs.py mixed  --size 512M --seed 1 > mixed.log
  gen_logs.py mixed  --lines 20000 --labels mixed.labels > mixed.log

access  nginx "combined" log of a BigBlueButton/Greenlight front end: Zipf-distributed IPv4 and IPv6 clients,
        browser user agents, referrers, session tokens, join links with full names, scanners, TLS garbage.
mixed   RFC 3164 syslog of sshd, postfix, freeswitch, bbb-web, coturn, nginx error, redis, cron, sudo, kernel, with
        addresses in many textual forms, e-mail addresses, phone numbers, tokens, names, and near misses.

The same --seed and --size (or --lines) give the same bytes on every Python >= 3.9. With --labels FILE, one line is written for
each log line: space-separated start:end:type, offsets in bytes. Types: ip4 ip6 mail phone token name user uuid.
All addresses lie in private, documentation, benchmark or otherwise unroutable ranges; all people are invented.
"""
import argparse
import random
import re
import sys

B, E = "\x01", "\x02"                       # B + type letter + text + E marks one personal datum while a line is built
TYPES = {"4": "ip4", "6": "ip6", "m": "mail", "p": "phone", "t": "token", "n": "name", "u": "user", "i": "uuid"}
STRIP = re.compile("\x01.|\x02")
MARK = re.compile("\x01(.)|\x02")

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"
FIRST = "Anna Ben Clara David Emma Felix Greta Hannes Ida Jonas Karla Leon Mia Noah Olga Paul Rosa Stefan Tilda Uwe Vera Willi".split()
LAST = "Adler Becker Conrad Dietz Ebert Fuchs Graf Huber Jung Keller Lang Meier Neumann Otto Peters Richter Schulz Thoma Vogt Wolf".split()
USERS = "root admin test ubuntu oracle postgres git deploy user pi nagios ftp hadoop guest www-data bbb jitsi backup".split()
UAS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.39 Mobile Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.2849.80",
]
BOTS = [
    "curl/7.88.1", "python-requests/2.32.3", "Mozilla/5.0 zgrab/0.x", "-", "BigBlueButton/3.0 (Greenlight)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Faraday v2.9.0", "Prometheus/2.53.1",
]


class Gen:
    def __init__(self, seed, clients):
        self.r = random.Random(seed)
        self.host = "bbb%d.example.org" % self.r.randint(1, 9)
        self.own4 = "198.51.100.%d" % self.r.randint(1, 254)
        self.own6 = "2001:db8:ff::%x" % self.r.randint(1, 0xffff)
        self.pool = [self.new_client() for _ in range(clients)]
        self.zipf = self.make_zipf(clients, 1.05)
        self.rooms = ["%s-%s-%s-%s" % tuple(self.word(3) for _ in range(4)) for _ in range(400)]
        self.meet = ["%s-%d" % (self.hexs(40), 1700000000000 + self.r.randrange(10 ** 11)) for _ in range(300)]
        self.t = 1795430000.0                 # seconds; 2026-11-23
        self.tstr = {}

    # --- pieces --------------------------------------------------------------------------------------------------
    def make_zipf(self, n, s):
        acc, tot = [], 0.0
        for i in range(1, n + 1):
            tot += 1.0 / i ** s
            acc.append(tot)
        # a table of 65,536 draws: one random index per client instead of a bisection
        r, out = random.Random(42), []
        import bisect
        for _ in range(65536):
            out.append(bisect.bisect_left(acc, r.random() * tot))
        return out

    def word(self, n):
        return "".join(self.r.choices(ALNUM, k=n))

    def hexs(self, n):
        return "%0*x" % (n, self.r.getrandbits(4 * n))

    def uuid(self):
        h = self.hexs(32)
        return "%s-%s-%s-%s-%s" % (h[:8], h[8:12], h[12:16], h[16:20], h[20:])

    def new_client(self):
        r = self.r
        if r.random() < 0.55:
            k = r.random()
            if k < .4:
                v4 = "10.%d.%d.%d" % (r.randrange(256), r.randrange(256), r.randrange(1, 255))
            elif k < .7:
                v4 = "198.%d.%d.%d" % (r.randrange(18, 20), r.randrange(256), r.randrange(1, 255))
            elif k < .9:
                v4 = "100.%d.%d.%d" % (r.randrange(64, 128), r.randrange(256), r.randrange(1, 255))
            else:
                v4 = "203.0.113.%d" % r.randrange(1, 255)
            return (4, v4)
        net = "2001:db8:%x:%x" % (r.randrange(1, 65536), r.randrange(65536))
        if r.random() < .75:                  # privacy addresses: full length
            return (6, net + ":%x:%x:%x:%x" % tuple(r.randrange(1, 65536) for _ in range(4)))
        return (6, net + "::%x" % r.randrange(1, 65536))

    def client(self):
        return self.pool[self.zipf[self.r.getrandbits(16)]]

    def ip(self, c=None):
        v, a = c or self.client()
        return B + str(v) + a + E

    def ipport(self, c=None, port=None):
        v, a = c or self.client()
        port = port or self.r.randrange(1024, 65536)
        return "%s4%s%s:%d" % (B, a, E, port) if v == 4 else "[%s6%s%s]:%d" % (B, a, E, port)

    def mapped(self):
        v, a = self.client()
        return B + "6::ffff:" + a + E if v == 4 else B + "6" + a.upper() + E

    def pct(self):
        v, a = self.client()
        return B + str(v) + a.replace(":", self.r.choice(("%3A", "%3a"))) + E

    def person(self):
        return self.r.choice(FIRST), self.r.choice(LAST)

    def mail(self):
        f, l = self.person()
        return B + "m%s.%s@%s" % (f.lower(), l.lower(), self.r.choice(("example.org", "example.com", "uni.example", "mail.example.net"))) + E

    def phone(self):
        return B + "p+49%d%d" % (self.r.choice((151, 160, 171, 176, 30, 89, 221)), self.r.randrange(10 ** 6, 10 ** 8)) + E

    def token(self, n=16):
        return B + "t" + self.word(n) + E

    def tick(self, mean):
        self.t += self.r.expovariate(1 / mean)
        return self.t

    def stamp(self, kind):
        s = int(self.t)
        d = self.tstr.get(kind)
        if d and d[0] == s:
            return d[1]
        import datetime
        u = datetime.datetime.utcfromtimestamp(s) if sys.version_info < (3, 12) else datetime.datetime.fromtimestamp(s, datetime.timezone.utc)
        if kind == "clf":
            x = "%02d/%s/%d:%02d:%02d:%02d +0000" % (u.day, MONTHS[u.month - 1], u.year, u.hour, u.minute, u.second)
        elif kind == "bsd":
            x = "%s %2d %02d:%02d:%02d" % (MONTHS[u.month - 1], u.day, u.hour, u.minute, u.second)
        elif kind == "err":
            x = "%d/%02d/%02d %02d:%02d:%02d" % (u.year, u.month, u.day, u.hour, u.minute, u.second)
        else:
            x = "%d-%02d-%02d%s%02d:%02d:%02d" % (u.year, u.month, u.day, kind, u.hour, u.minute, u.second)
        self.tstr[kind] = (s, x)
        return x

    # --- (a) nginx combined --------------------------------------------------------------------------------------
    def access(self):
        r = self.r
        self.tick(.02)
        c, room, base, ua = self.client(), r.choice(self.rooms), "https://" + self.host, r.choice(UAS)
        k, status, size, proto, method, user = r.random(), 200, r.randrange(200, 60000), "HTTP/2.0", "GET", "-"
        ref = base + "/html5client/?sessionToken=" + self.token()
        if k < .22:
            path = "/html5client/%s" % r.choice(("locales/de.json", "locales/en.json", "compatibility/adapter.js?v=3012", "svgs/bbb-icons.svg", "resources/sounds/notify.mp3", "fonts/BbbIcons/bbb-icons.woff2?j1ntjp", "main.%s.bundle.js" % self.hexs(20)))
        elif k < .38:
            m = r.choice(self.meet)
            path = "/bigbluebutton/presentation/%s/%s/%s/svg/%d" % (m, m, self.hexs(40) + "-1700000000000", r.randrange(1, 60))
        elif k < .48:
            path, ref, status, proto = "/bbb-webrtc-sfu?sessionToken=" + self.token(), "-", 101, "HTTP/1.1"
        elif k < .58:
            path, ref, status, proto = "/graphql?sessionToken=%s&clientSessionUUID=%si%s%s" % (self.token(), B, self.uuid(), E), "-", 101, "HTTP/1.1"
        elif k < .66:
            path = "/bigbluebutton/api/enter?sessionToken=" + self.token()
        elif k < .70:
            f, l = self.person()
            path = "/bigbluebutton/api/join?fullName=%sn%s+%s%s&meetingID=%s&password=%s&userID=%su%s%s&redirect=true&checksum=%s" % (
                B, f, l, E, room, self.token(8), B, "gl-" + self.word(12), E, self.token(40))
            status, size, ref = 302, 0, base + "/rooms/" + room + "/join"
        elif k < .78:
            path, ref = "/rooms/%s%s" % (room, r.choice(("", "/join", "/settings"))), base + "/rooms"
        elif k < .84:
            path, method, ref = "/api/v1/%s.json" % r.choice(("sessions", "rooms/%s/public" % room, "meetings/%s/status" % room, "locales/de", "env")), r.choice(("GET", "POST")), base + "/"
        elif k < .87:
            path, status, ref = "/bigbluebutton/api/guestWait?sessionToken=%s" % self.token(), 200, base + "/rooms/" + room + "/join"
        elif k < .90:
            path, ref = "/playback/presentation/2.3/%s?name=%sn%s%%20%s%s" % (r.choice(self.meet), B, *self.person(), E), "https://www.example.com/search?q=" + room
        elif k < .92:
            path, method, size = "/pad/p/g.%s$notes?sessionToken=%s" % (self.word(16), self.token()), "POST", 20
        elif k < .94:
            path, ref, ua, proto = "/bigbluebutton/api/getMeetings?checksum=" + self.token(40), "-", "Faraday v2.9.0", "HTTP/1.1"
        elif k < .955:                        # a visitor's address inside the URL
            path, ref = "/check?ip=%s&ref=%s" % (self.pct(), self.mail().replace("@", "%40")), "-"
        elif k < .965:
            path, ref = "/bigbluebutton/api/isMeetingRunning?meetingID=%s" % room, "http://%s/admin" % self.ipport(port=8443)
        elif k < .975:
            path, status, ua, ref, proto = r.choice(("/.env", "/wp-login.php", "/owa/auth/x.js", "/cgi-bin/luci/;stok=/locale", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php")), 404, r.choice(BOTS), "-", "HTTP/1.1"
        elif k < .98:
            return '%s - - [%s] "%s" 400 157 "-" "-"' % (self.ip(c), self.stamp("clf"), "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xFC\\x03\\x03" + "".join("\\x%02X" % r.randrange(128, 256) for _ in range(12)))
        elif k < .985:
            path, status, ua, ref, user, proto = "/metrics", 401, "Prometheus/2.53.1", "-", B + "uops" + E, "HTTP/1.1"
        else:
            path, ref = r.choice(("/", "/robots.txt", "/favicon.ico")), "-"
        return '%s - %s [%s] "%s %s %s" %d %d "%s" "%s"' % (self.ip(c), user, self.stamp("clf"), method, path, proto, status, size, ref, ua)

    # --- (b) mixed syslog ----------------------------------------------------------------------------------------
    def mixed(self):
        r = self.r
        self.tick(.01)
        k = r.random()
        if k < .26:
            prog, pid, msg = "sshd", True, self.sshd()
        elif k < .50:
            prog, msg = self.postfix()
            pid = True
        elif k < .72:
            prog, pid, msg = "freeswitch", True, self.freeswitch()
        elif k < .88:
            prog, pid, msg = "bbb-web", True, self.bbbweb()
        elif k < .92:
            prog, pid, msg = "turnserver", True, self.coturn()
        elif k < .95:
            prog, pid, msg = "nginx", False, self.nginxerr()
        else:
            prog, pid, msg = self.near_miss()
        return "%s bbb1 %s%s: %s" % (self.stamp("bsd"), prog, "[%d]" % r.randrange(300, 4000000) if pid else "", msg)

    def sshd(self):
        r, k = self.r, self.r.randrange(11)
        ip, port, u = self.ip(), r.randrange(1024, 65536), B + "u" + r.choice(USERS) + E
        if k == 0:
            return "Failed password for invalid user %s from %s port %d ssh2" % (u, ip, port)
        if k == 1:
            return "Failed password for %s from %s port %d ssh2" % (u, ip, port)
        if k == 2:
            return "Invalid user %s from %s port %d" % (u, ip, port)
        if k == 3:
            return "Connection closed by authenticating user %s %s port %d [preauth]" % (u, ip, port)
        if k == 4:
            return "Received disconnect from %s port %d:11: Bye Bye [preauth]" % (ip, port)
        if k == 5:
            return "Disconnected from invalid user %s %s port %d [preauth]" % (u, ip, port)
        if k == 6:
            return "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%s  user=%s" % (ip, u)
        if k == 7:
            return "Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%s" % (u, ip, port, self.word(43))
        if k == 8:
            return "Unable to negotiate with %s port %d: no matching host key type found. Their offer: ssh-rsa,ssh-dss [preauth]" % (ip, port)
        if k == 9:
            v, a = self.client()
            dash = a.replace(".", "-").replace(":", "-")
            return "reverse mapping checking getaddrinfo for host-%s%s%s%s.example.net [%s%s%s%s] failed." % (B, v, dash, E, B, v, a, E)
        return "error: kex_exchange_identification: Connection closed by remote host, banner line 0: Bad remote protocol version identification: '\\026\\003\\001' from %s port %d" % (ip, port)

    def postfix(self):
        r, k = self.r, self.r.randrange(9)
        q, ip = self.word(11).upper(), self.ip()
        host = r.choice(("unknown", "mail.example.org", "mx%d.example.net" % r.randrange(9)))
        if k == 0:
            return "postfix/smtpd", "connect from %s[%s]" % (host, ip)
        if k == 1:
            return "postfix/smtpd", "disconnect from %s[%s] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4" % (host, ip)
        if k == 2:
            return "postfix/smtpd", "NOQUEUE: reject: RCPT from %s[%s]: 450 4.7.25 Client host rejected: cannot find your hostname, [%s]; from=<%s> to=<%s> proto=ESMTP helo=<%s>" % (host, ip, ip, self.mail(), self.mail(), r.choice(("[%s]" % ip, host, "localhost")))
        if k == 3:
            return "postfix/cleanup", "%s: message-id=<%s.%s@%s>" % (q, self.hexs(14), self.hexs(8), self.host)
        if k == 4:
            return "postfix/qmgr", "%s: from=<%s>, size=%d, nrcpt=1 (queue active)" % (q, self.mail(), r.randrange(500, 90000))
        if k == 5:
            return "postfix/smtp", "%s: to=<%s>, relay=%s[%s]:25, delay=%.1f, delays=%.2f/%.2f/%.1f/%.1f, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %s)" % (q, self.mail(), host, ip, r.random() * 9, r.random(), r.random(), r.random(), r.random(), self.word(10).upper())
        if k == 6:
            return "postfix/smtpd", "%s: client=%s[%s], sasl_method=PLAIN, sasl_username=%s" % (q, host, ip, self.mail())
        if k == 7:
            return "postfix/smtpd", "warning: %s[%s]: SASL LOGIN authentication failed: UGFzc3dvcmQ6" % (host, ip)
        return "postfix/anvil", "statistics: max connection rate %d/60s for (smtp:%s) at %s" % (r.randrange(1, 40), ip, self.stamp("bsd"))

    def freeswitch(self):
        r, k = self.r, self.r.randrange(13)
        head = "%s.%06d %.2f%% " % (self.stamp(" "), r.randrange(10 ** 6), 90 + r.random() * 10)
        u, n = B + "i" + self.uuid() + E, self.phone()
        if k == 0:
            return head + "[NOTICE] switch_channel.c:1123 New Channel sofia/external/%s@%s [%s]" % (n, self.ip(), u)
        if k == 1:
            f, l = self.person()
            return head + "[INFO] mod_dialplan_xml.c:639 Processing %sn%s %s%s <%s>->%d in context public" % (B, f, l, E, n, r.randrange(10000, 99999))
        if k == 2:
            return head + "[WARNING] sofia_reg.c:1842 SIP auth challenge (REGISTER) on sofia profile 'external' for [%d@%s] from ip %s" % (r.randrange(100, 9999), B + "4" + self.own4 + E, self.ip())
        if k == 3:
            return head + "[DEBUG] sofia.c:10279 sofia/external/%s@%s receiving invite from %s version: 1.10.10-release git f24064f 2023-08-03 18:46:17Z 64bit" % (n, self.ip(), self.ipport())
        if k == 4:
            return "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;received=%s;rport=%d" % (self.ipport(), self.word(12), self.ip(), r.randrange(1024, 65536))
        if k == 5:
            return "Contact: <sip:%s@%s;transport=udp>" % (n, self.ipport(port=5060))
        if k == 6:
            v, a = self.client()
            return "c=IN IP%d %s%d%s%s" % (v, B, v, a, E)
        if k == 7:
            return "a=candidate:%d 1 UDP %d %s %d typ srflx raddr %s rport %d generation 0" % (r.randrange(10 ** 10), r.randrange(2 ** 31), self.ip(), r.randrange(1024, 65536), self.ip(), r.randrange(1024, 65536))
        if k == 8:
            return head + "[DEBUG] switch_core_media.c:8771 AUDIO RTP [sofia/internal/%s%s%s] %s port %d -> %s port %d codec: 96 ms: 20" % (B + "u", self.word(12), E, B + "4" + self.own4 + E, r.randrange(16384, 32768), self.ip(), r.randrange(1024, 65536))
        if k == 9:
            return head + "[DEBUG] switch_core_state_machine.c:581 (sofia/internal/%d@%s) Running State Change CS_EXECUTE (Cur 3 Tot 1234)" % (r.randrange(10000, 99999), B + "4" + self.own4 + E)
        if k == 10:
            return "From: <sip:%s@%s;user=phone>;tag=%s" % (n, self.ip(), self.hexs(8))
        if k == 11:
            return head + "[INFO] conference_loop.c:1729 Channel leaving conference, cause: NORMAL_CLEARING"
        return head + "[ERR] switch_odbc.c:524 std::exception at mod_conference::run() 0x7f%s" % self.hexs(10)

    def bbbweb(self):
        r, k = self.r, self.r.randrange(6)
        head = "%s.%03dZ " % (self.stamp("T"), r.randrange(1000))
        m, tok = r.choice(self.meet), self.token()
        if k == 0:
            f, l = self.person()
            return head + 'INFO  o.b.api.MeetingService - user_joined_message: data={"logCode":"user_joined_message","meetingId":"%s","externalMeetingId":"%s","name":"Sprechstunde","userid":"w_%s","extUserId":"%su%s%s","username":"%sn%s %s%s","role":"%s","guest":false,"authed":true}' % (
                m, r.choice(self.rooms), self.word(12), B, "gl-" + self.word(12), E, B, f, l, E, r.choice(("MODERATOR", "VIEWER")))
        if k == 1:
            return head + "DEBUG o.b.w.c.ApiController - ApiController#enter: sessionToken=%s, request from %s" % (tok, self.mapped())
        if k == 2:
            return head + "DEBUG o.b.w.c.ConnectionController - checkAuthorization uri=/graphql?sessionToken=%s&ip=%s X-Forwarded-For=%s, %s%s%s" % (tok, self.pct(), self.ip(), B, "4" + self.own4, E)
        if k == 3:
            return head + 'INFO  o.b.api.MeetingService - meeting_started: data={"logCode":"meeting_started","meetingId":"%s","name":"Sprechstunde","duration":0,"record":false,"isBreakout":false}' % m
        if k == 4:
            f, l = self.person()
            return head + "DEBUG o.b.w.c.ApiController - REDIRECT=/bigbluebutton/api/join?fullName=%sn%s%%20%s%s&meetingID=%s&checksum=%s" % (B, f, l, E, m, self.token(40))
        return head + "ERROR o.b.presentation.imp.PdfToSvg - conversion of /var/bigbluebutton/%s/%s/slide-%d.pdf took 00:00:%02d, 3:4 ratio" % (m, m, r.randrange(1, 50), r.randrange(60))

    def coturn(self):
        r, k = self.r, self.r.randrange(3)
        s = "session 00%d00000000000%04d: " % (r.randrange(4), r.randrange(9999))
        if k == 0:
            return "%d: " % r.randrange(10 ** 6) + s + "realm <%s> user <%d:%s>: incoming packet ALLOCATE processed, success" % (self.host, int(self.t), B + "uw_" + self.word(12) + E)
        if k == 1:
            return "%d: handle_udp_packet: New UDP endpoint: local addr %s, remote addr %s" % (r.randrange(10 ** 6), "%s4%s%s:3478" % (B, self.own4, E), self.ipport())
        return "%d: " % r.randrange(10 ** 6) + s + "peer %s lifetime updated: 600" % self.ip()

    def nginxerr(self):
        r = self.r
        return '%s [error] %d#%d: *%d upstream timed out (110: Connection timed out) while reading upstream, client: %s, server: %s, request: "GET /bigbluebutton/api/enter?sessionToken=%s HTTP/1.1", upstream: "http://%s:8090/bigbluebutton/api/enter?sessionToken=%s", host: "%s"' % (
            self.stamp("err"), r.randrange(900, 4000), r.randrange(900, 4000), r.randrange(10 ** 7), self.ip(), self.host, self.token(), self.ip((4, "127.0.0.1")), self.token(), self.host)

    def near_miss(self):
        r, k = self.r, self.r.randrange(8)
        if k == 0:
            return "redis-server", True, "%d changes in %d seconds. Saving..." % (r.randrange(1, 999), r.randrange(60, 900))
        if k == 1:
            return "CRON", True, "(root) CMD (   test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily)"
        if k == 2:
            return "kernel", False, "[%d.%06d] IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready, MAC %s" % (r.randrange(10 ** 6), r.randrange(10 ** 6), ":".join(self.hexs(2) for _ in range(6)))
        if k == 3:
            return "dpkg", False, "upgrade libssl3:amd64 3.0.%d-1~deb12u%d 3.0.%d-1~deb12u%d" % (r.randrange(9, 17), r.randrange(1, 3), r.randrange(9, 17), r.randrange(1, 3))
        if k == 4:
            return "systemd", True, "bbb-html5.service: Consumed %dmin %d.%03ds CPU time, %d.%dM memory peak, 12:34:56 elapsed" % (r.randrange(1, 59), r.randrange(60), r.randrange(1000), r.randrange(500), r.randrange(9))
        if k == 5:
            return "bbb-apps-akka", True, "o.b.core.running.MeetingActor akka://bigbluebutton-apps-system/user/a$%s#-%d rev %s" % (self.word(1), r.randrange(10 ** 9), self.hexs(40))
        if k == 6:
            return "sudo", False, " %sudeploy%s : TTY=pts/%d ; PWD=/root ; USER=root ; COMMAND=/usr/bin/bbb-conf --status" % (B, E, r.randrange(9))
        return "firmware", False, "bios 2.%d.%d.%d build 2026.11.23.%d sha1 %s at ::%s::" % (r.randrange(9), r.randrange(9), r.randrange(99), r.randrange(9), self.hexs(40), "init")


def size(s):
    m = re.fullmatch(r"(\d+)([KMG]?)i?B?", s, re.I)
    if not m:
        raise argparse.ArgumentTypeError("a size like 512M")
    return int(m.group(1)) << {"": 0, "K": 10, "M": 20, "G": 30}[m.group(2).upper()]


def labels_of(line):
    """-> (plain line, 'start:end:type ...'); every line is ASCII, so characters are bytes."""
    out, lab, pos, last, start, typ = [], [], 0, 0, 0, ""
    for m in MARK.finditer(line):
        out.append(line[last:m.start()])
        pos += m.start() - last
        last = m.end()
        if m.group(1):
            start, typ = pos, TYPES[m.group(1)]
        else:
            lab.append("%d:%d:%s" % (start, pos, typ))
    out.append(line[last:])
    return "".join(out), " ".join(lab)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("kind", choices=("access", "mixed"))
    ap.add_argument("--size", type=size, default=size("64M"), help="stop after this many bytes (default 64M)")
    ap.add_argument("--lines", type=int, default=0, help="stop after this many lines instead")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--clients", type=int, default=20000, help="distinct client addresses (Zipf, s=1.05)")
    ap.add_argument("--labels", help="also write the personal data's positions, one line for each log line")
    a = ap.parse_args()
    g = Gen(a.seed, a.clients)
    make = g.access if a.kind == "access" else g.mixed
    out, done, lines = sys.stdout.buffer, 0, 0
    lab = open(a.labels, "w") if a.labels else None
    while (lines < a.lines) if a.lines else (done < a.size):
        n = min(4096, a.lines - lines) if a.lines else 4096
        batch = [make() for _ in range(n)]
        lines += n
        if lab:
            pairs = [labels_of(x) for x in batch]
            text = "\n".join(p[0] for p in pairs)
        else:
            text = STRIP.sub("", "\n".join(batch))
        data = (text + "\n").encode("ascii")
        if not a.lines and done + len(data) > a.size:
            data = data[:data.rfind(b"\n", 0, a.size - done) + 1]
            done = a.size
        out.write(data)
        done += len(data)
        if lab:
            lab.write("".join(p[1] + "\n" for p in pairs[:data.count(b"\n")]))


if __name__ == "__main__":
    main()
