#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Contact mail that real programs delivered into a Maildir: a hold finds what is said in it, however it is encoded; answered mail goes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jail.sh"
need gpg
need python3
[ -n "$faketime_lib" ] || skip "needs faketime"
lda=/usr/lib/dovecot/dovecot-lda
[ -x $lda ] || skip "needs Dovecot"
retention=$SPARSAM_BIN/retention
mkdir "$scratch/home" "$scratch/stores.d" "$scratch/own"
conf=$scratch/own.conf
ours=$scratch/own/creds
mkdir "$ours"
head -c 32 /dev/urandom >"$ours/sparsam-keys"
cat >"$conf" <<-END
	state_dir   = "$scratch/own/state"
	metrics_dir = "$scratch/own"
	log_dir     = "$scratch/none"
	credential  = "$scratch/sealed"
	clock       = "local"
END
run() { CREDENTIALS_DIRECTORY=$ours "$retention" "$@" -c "$conf"; }
store() { # MAILDIR : the shipped store
	sed "s#/home/contact/Maildir#$1#" "$root/conf/stores.d/contact-mail.conf" >"$scratch/stores.d/contact-mail.conf"
}
letters() { # FOLDER : five mails as mail programs write them
	python3 - "$1" <<-'PY'
		import sys, os
		from email.message import EmailMessage
		from email import charset, policy
		def mail(name, text, cte=None, cs="utf-8", subject="Frage", attach=None):
		    m = EmailMessage(policy=policy.SMTP)
		    m["From"] = "Jörg Müller <joerg@example.org>"
		    m["To"] = "contact@node.example.org"
		    m["Subject"] = subject
		    m["Message-ID"] = f"<{name}@client.example>"
		    m.set_content(text, cte=cte, charset=cs)
		    if attach:
		        m.add_alternative(f"<p>{text}</p>", subtype="html")
		        m.add_attachment(attach.encode(), maintype="text", subtype="csv", filename="Größe.csv")
		    with open(os.path.join(sys.argv[1], name), "wb") as f: f.write(bytes(m).replace(b"\r\n", b"\n"))
		mail("base64", "Ich heiße Åsa Köhler.\n", "base64")
		mail("quoted", "Mein Name ist Özgür und das hier ist eine lange Zeile, die das Mailprogramm umbrechen muß, weil sie zu lang ist.\n", "quoted-printable", "iso-8859-9")
		mail("subject", "nichts\n", subject="Zugang für Çelik Þórsdóttir " + "und andere " * 12)
		mail("attached", "siehe Anhang\n", attach="Žofie;1\n")
		mail("other", "Guten Tag\n")
	PY
}
promises() { # MAILDIR
	local word n=0
	promise "each is found by what a person would look for"
	rm -rf "$scratch/own/state"
	run init >/dev/null
	# answered, as a mail program marks it
	for f in "$1"/new/*; do mv "$f" "$1/cur/${f##*/}:2,RS"; done
	for word in 'Åsa Köhler' 'Mailprogramm umbrechen muß' 'Çelik Þórsdóttir' Žofie; do
		echo "$word" | run hold add --incident "T-$((++n))" --reason evidence --owner ops --expires +60d --store contact-mail --from - >"$scratch/id"
		run hold show "$(cat "$scratch/id")" --records >"$scratch/shown"
		[ "$(grep -c 'joerg@example.org' "$scratch/shown")" -eq 1 ] || fail "$word: $(cat "$scratch/shown")"
		grep -q "$word" "$scratch/shown" || fail "$word is not shown"
	done
	promise "a month after the answer what nobody holds goes"
	CREDENTIALS_DIRECTORY=$ours faked +31d "$retention" run -c "$conf" --store contact-mail --accept-clock >/dev/null 2>&1
	[ "$(find "$1/cur" -type f | wc -l)" -eq 4 ] || fail "$(ls "$1/cur")"
	! grep -rq other@client.example "$1/cur" || fail "the one that nobody holds is there"
}

mkdir "$scratch/letters"
letters "$scratch/letters"

promise "Dovecot's delivery agent"
user=$(id -un)
agent=("$lda")
if [ "$(id -u)" -eq 0 ]; then # which it will not be
	user=nobody
	agent=(setpriv --reuid=nobody --regid=nogroup --clear-groups "$lda")
	chown nobody "$scratch/home"
	chmod 711 "$scratch"
fi
cat >"$scratch/home/dovecot.conf" <<-END
	base_dir = $scratch/home/run
	state_dir = $scratch/home/run
	log_path = $scratch/home/lda
	mail_location = maildir:$scratch/home/Maildir
	ssl = no
	default_login_user = $user
	default_internal_user = $user
	postmaster_address = postmaster@node.example.org
END
chmod 644 "$scratch/home/dovecot.conf"
for f in "$scratch"/letters/*; do
	HOME=$scratch/home USER=$user "${agent[@]}" -c "$scratch/home/dovecot.conf" <"$f" || fail "$(cat "$scratch/home/lda")"
done
store "$scratch/home/Maildir"
promises "$scratch/home/Maildir"

[ "$(id -u)" -eq 0 ] || exit 0 # Postfix begins as root
need postfix
promise "Postfix"
jail
in_jail bash -ec '
	useradd -m contact
	: >/etc/postfix/main.cf
	postconf -e compatibility_level=3.6 myhostname=node.example.org "mydestination=node.example.org localhost" home_mailbox=Maildir/ \
		mynetworks=127.0.0.0/8 inet_interfaces=loopback-only "alias_maps=" "default_transport=error:none"
	postconf -F "*/*/chroot=n"
	postfix start' >"$scratch/postfix.log" 2>&1 || fail "$(cat "$scratch/postfix.log")"
for f in "$scratch"/letters/*; do
	in_jail sendmail -f joerg@example.org contact@node.example.org <"$f"
done
delivered() { [ "$(in_jail sh -c 'ls /home/contact/Maildir/new | wc -l')" -eq 5 ]; }
wait_for delivered
in_jail cp -r /home/contact/Maildir "$scratch/Maildir"
in_jail postfix stop >>"$scratch/postfix.log" 2>&1
store "$scratch/Maildir"
promises "$scratch/Maildir"
