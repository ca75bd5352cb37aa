#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Mails as programs write them, answered and past their period: a hold that names an address or a person keeps those that
# say so anywhere, in whatever encoding, and no others.
. "$(dirname "$0")/lib.sh"
need gpg
need python3
. "$root/tests/e2e/retention.sh"
hide_shipped_stores
cat >"$scratch/stores.d/mail.conf" <<END
store "mail" {
  type = "maildir" paths = { "$scratch/mail" } period = "7d"
  category = "contact" purpose = "test" basis = "Art. 6(1)(b) GDPR"
}
END
cat >"$scratch/mails.py" <<'PY'
"""Mails into the maildir argv[1], each named by what is peculiar to it; those of others are called other-N."""
import base64, os, sys, time
from email import policy
from email.message import EmailMessage
folder, at = sys.argv[1], int(time.time()) - 8 * 86400
for sub in ("cur", "new", "tmp"):
    os.makedirs(f"{folder}/{sub}", exist_ok=True)
def put(name, data):
    path = f"{folder}/cur/{at}.{name}.vm:2,RS"
    with open(path, "wb") as f:
        f.write(data)
    os.utime(path, (at, at))
def mail(subject="Frage"):
    m = EmailMessage(policy=policy.SMTP)
    m["From"], m["To"], m["Subject"] = "Kim <kim@example.org>", "contact@example.net", subject
    return m
hers = "Guten Tag, von 203.0.113.7 aus hat Frau Müller <anna.mueller@example.org> geschrieben. " + "Wort für Wort. " * 12
others = hers.replace("203.0.113.7", "198.51.100.9").replace("Müller", "Möller").replace("anna.mueller", "anna.moeller")
for n, text in enumerate((hers, others)):
    def put_all(name, m):
        put(("other-" if n else "") + name, m.as_bytes() if hasattr(m, "as_bytes") else m)
    for cte in ("base64", "quoted-printable", "8bit"):
        for charset in ("utf-8", "iso-8859-1"):
            m = mail()
            m.set_content(text, charset=charset, cte=cte)
            put_all(f"{cte}-{charset}", m)
    m = mail("Re: Möller" if n else "Re: Müller")
    m.set_content("nothing\n")
    put_all("word-in-subject", m)
    # HTML alone, and beside a text that says nothing
    m = mail()
    m.set_content("<p>" + text.replace("ü", "&uuml;").replace("ö", "&ouml;").replace("<anna", "&lt;anna") + "</p>", subtype="html", cte="base64")
    put_all("html", m)
    m = mail()
    m.set_content("see the other part\n")
    m.add_alternative(f"<p>{text}</p>", subtype="html", cte="quoted-printable")
    put_all("alternative", m)
    # forwarded, as a mail in the mail, which programs call 7bit
    inner = mail()
    inner.set_content(text, cte="base64")
    m = mail("Fwd: Frage")
    m.set_content("see below\n")
    m.add_attachment(inner)
    put_all("forwarded", m)
    head, wrapped = m.as_bytes().split(b"Content-Type: message/rfc822\r\n", 1)
    assert b"Content-Transfer-Encoding: 8bit\r\n" in wrapped[:100]
    put_all("forwarded-plainly", head + b"Content-Type: message/rfc822\r\n" + wrapped.replace(b"Content-Transfer-Encoding: 8bit\r\n", b"", 1))
    m = mail()
    m.set_content("see the file\n")
    m.add_attachment(text.encode(), maintype="text", subtype="x-log", filename="session.log", cte="base64")
    put_all("attached", m)
    # as some programs of Windows send it
    wide = base64.encodebytes(text.encode("utf-16")).replace(b"\n", b"\r\n")
    head = b"From: kim@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-16\"\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
    put_all("utf-16", head + wide)
    # no head but From, lines that end in LF alone
    put_all("bare", b"From: kim@example.org\n\n" + text.encode() + b"\n")
PY
python3 "$scratch/mails.py" "$scratch/mail"
run init >/dev/null
(cd "$scratch/mail/cur" && printf '%s\n' *) >"$scratch/all"
grep -v other "$scratch/all" >"$scratch/hers"
n=$(wc -l <"$scratch/hers")
[ "$(wc -l <"$scratch/all")" -eq $((2 * n)) ] || fail "a bad test"

# IDENTIFIER [OPTION]... : once a run has been, hers are all left, and others' none. But hers that BUT names do not say it.
holds() {
	local id
	rm -r "$scratch/mail"
	python3 "$scratch/mails.py" "$scratch/mail"
	id=$(printf '%s\n' "$1" | run hold add --incident T-1 --reason attack --owner ops --expires +30d --store mail --from - "${@:2}")
	run run >"$scratch/run.log"
	run hold release "$id"
	(cd "$scratch/mail/cur" && printf '%s\n' *) >"$scratch/left"
	grep -v "${BUT:-none}" "$scratch/hers" | sed 's/^[0-9]*//' | same - <(sed 's/^[0-9]*//' "$scratch/left")
}
promise "an address, in $n mails and not in $n others"
BUT=word-in-subject holds 203.0.113.7
promise "a mail address"
BUT=word-in-subject holds anna.mueller@example.org
promise "a name, also where it is an entity or an encoded word"
holds MÜLLER
promise "a pattern"
BUT=word-in-subject holds 'von 203\.0\.113\.7 aus' --pattern
