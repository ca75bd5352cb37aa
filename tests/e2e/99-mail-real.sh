#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Requests through a real Postfix, by its pipe and by a maildir; answers through it to a real Dovecot, opened by notmuch, NeoMutt and
# Sequoia; its delivery reports come back into their cases.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jail.sh"
need gpg
need jq
need notmuch
need neomutt
need sq
[ -x /usr/lib/dovecot/lmtp ] || skip "needs Dovecot's LMTP"
jail

# What runs as somebody else has to reach the program.
mkdir -p "$scratch/build/release/bin"
cp "$SPARSAM_BIN/dsar" "$scratch/build/release/bin"
cp -rL "$root/conf" "$scratch/build/conf"
cp -r "$(dirname "$SPARSAM_BIN")/po" "$scratch/build/release/po"
chmod -R go+rX "$scratch/build"
dsar=$scratch/build/release/bin/dsar conf=$scratch/mail/dsar.conf
mkdir -m 755 "$scratch/mail" "$scratch/mail/state"
cat >"$conf" <<-END
	state_dir = "$scratch/mail/state"
	key_dir = "$scratch/mail/keys"
	controller = "Example e. V."
	dpo = "dpo@node.example"
	dsar { land = "HE" mail = "privacy@node.example" backup_period = "14d" }
END
mkdir -m 755 "$scratch/mail/stores.d"
sed 's,sendmail = .*,,; $a retention { sendmail = "'"$scratch/mail/hang"'" }' "$conf" >"$scratch/mail/hang.conf"
sed -i "s,mail/state,mail/state2," "$scratch/mail/hang.conf"
mkdir -m 755 "$scratch/mail/state2"
printf '#!/bin/sh\nexec sleep 1000\n' >"$scratch/mail/hang"
chmod 755 "$scratch/mail/hang"
chmod 644 "$conf" "$scratch/mail/hang.conf"
in_jail bash -ec '
	getent group sparsam-dpo >/dev/null || groupadd -r sparsam-dpo
	id sparsam-mail >/dev/null 2>&1 || useradd -r -m -d /var/lib/sparsam-mail -g sparsam-dpo sparsam-mail
	useradd -m anna
	: >/etc/postfix/main.cf
	postconf -e compatibility_level=3.6 myhostname=node.example "mydestination=node.example people.example" \
		mynetworks=127.0.0.0/8 inet_interfaces=loopback-only alias_maps= recipient_delimiter= \
		default_transport=error:none mailbox_transport=lmtp:unix:private/dovecot-lmtp \
		transport_maps=inline:{privacy@node.example=sparsam:}
	postconf -F "*/*/chroot=n"
	sed "s,/usr/bin/dsar,'"$dsar -c $conf"'," '"$root"'/conf/mail/master.cf >>/etc/postfix/master.cf
	cat >/etc/dovecot/dovecot.conf <<-X
		protocols = lmtp
		ssl = no
		auth_username_format = %n
		mail_location = maildir:~/Maildir
		postmaster_address = postmaster@node.example
		passdb {
		  driver = static
		  args = nopassword=y
		}
		userdb {
		  driver = passwd
		}
		service lmtp {
		  unix_listener /var/spool/postfix/private/dovecot-lmtp {
		    mode = 0600
		    user = postfix
		  }
		}
	X
	postfix start >/dev/null 2>&1
	dovecot'

as() { in_jail setpriv --reuid "$1" --regid "$(in_jail id -g "$1")" --init-groups env HOME="$(in_jail sh -c "echo ~$1")" "${@:2}"; }
dpo() { as sparsam-mail "$dsar" -c "$conf" "$@"; }
anna() { as anna "$@"; }
case_json() { dpo --json case show "$1" | jq -c 'select(.event)'; }
# a sendmail that hangs is waited for half a minute: meanwhile the rest
in_jail "$dsar" -c "$scratch/mail/hang.conf" init >/dev/null
as sparsam-mail "$dsar" -c "$scratch/mail/hang.conf" key own --make >/dev/null
cat >"$scratch/mail/plain" <<-'END'
	From: ben@people.example
	Message-ID: <hang@people.example>

	Please send me a copy of my personal data.
END
chmod 644 "$scratch/mail/plain"
spawn hanging as sparsam-mail sh -c "$dsar -c $scratch/mail/hang.conf intake --from $scratch/mail/plain; echo \$? >/tmp/hung"

in_jail "$dsar" -c "$conf" init >/dev/null
dpo key own --make >"$scratch/mail/own.asc"
chmod 644 "$scratch/mail/own.asc"
own=$(dpo --json key own | jq -r .fingerprint)
anna gpg --batch -q --passphrase '' --quick-gen-key 'Anna <anna@people.example>' future-default 2>/dev/null
anna gpg --batch -q --import "$scratch/mail/own.asc" 2>/dev/null
fpr=$(anna gpg --batch --with-colons -k anna@people.example 2>/dev/null | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)

# thunderbird TEXT : a request as Thunderbird writes it, encrypted, signed inside, its subject inside, its key attached
thunderbird() {
	local inner=$scratch/mail/inner
	{
		printf 'Content-Type: multipart/mixed; boundary="------------i";\r\n protected-headers="v1"\r\n'
		printf 'From: Anna <anna@people.example>\r\nTo: privacy@node.example\r\nMessage-ID: <%s@people.example>\r\nSubject: %s\r\n\r\n' "$1" "$2"
		printf -- '--------------i\r\nContent-Type: multipart/mixed; boundary="------------j"\r\n\r\n--------------j\r\n'
		printf 'Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n' "$(base64 <<<"$3")"
		printf -- '--------------j\r\nContent-Type: application/pgp-keys; name="OpenPGP_0x%s.asc"\r\n' "${fpr: -16}"
		printf 'Content-Disposition: attachment; filename="OpenPGP_0x%s.asc"\r\nContent-Description: OpenPGP public key\r\n' "${fpr: -16}"
		printf 'Content-Transfer-Encoding: quoted-printable\r\n\r\n'
		anna gpg --armor --export "$fpr" | sed 's/=/=3D/g; s/$/\r/'
		printf -- '--------------j--\r\n--------------i--\r\n'
	} >"$inner"
	chmod 644 "$inner"
	{
		printf 'Message-ID: <%s@people.example>\nDate: %s\nMIME-Version: 1.0\nUser-Agent: Mozilla Thunderbird\n' "$1" "$(date -R)"
		printf 'Content-Language: de-DE\nTo: privacy@node.example\nFrom: Anna <anna@people.example>\nSubject: ...\n'
		printf 'Content-Type: multipart/encrypted;\n protocol="application/pgp-encrypted";\n boundary="------------o"\n\n'
		printf 'This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n--------------o\nContent-Type: application/pgp-encrypted\n'
		printf 'Content-Description: PGP/MIME version identification\n\nVersion: 1\n\n--------------o\n'
		printf 'Content-Type: application/octet-stream; name="encrypted.asc"\nContent-Description: OpenPGP encrypted message\n'
		printf 'Content-Disposition: inline; filename="encrypted.asc"\n\n'
		anna gpg --batch -q --trust-model always -u "$fpr" -r "$own" --sign --encrypt --armor <"$inner"
		printf -- '\n--------------o--\n'
	}
}

promise "a request in Thunderbird's form goes through Postfix's pipe, and its receipt arrives by Dovecot"
thunderbird one 'Meine Daten' 'Bitte geben Sie mir Auskunft nach Art. 15 DSGVO.' | anna /usr/sbin/sendmail -i -f anna@people.example -t
received() { [ "$(in_jail sh -c 'cat /home/anna/Maildir/new/* /home/anna/Maildir/cur/* 2>/dev/null | grep -c ^Message-ID')" -eq "$1" ]; }
event() { # CASE KIND TEXT : is there such an event?
	dpo --json case show "$1" | jq -r "select(.event == \"$2\").data" | grep -qF -e "$3"
}
wait_for received 1
dpo --json case list >"$scratch/list"
c=$(jq -r .case "$scratch/list")
[ "$(jq -r '[.article, .state] | join(" ")' "$scratch/list")" = "15 receipted" ] || fail "$(cat "$scratch/list")"
event "$c" mail '"subject":"Meine Daten"' || fail "what was inside is not in the case"
event "$c" mail "\"signed_by\":\"$fpr\"" || fail "who signed is not in the case"
wait_for event "$c" delivery '"status":"2.0.0"' # of the receipt

promise "the answer goes through Postfix to Dovecot, and the report of its delivery into the case"
echo 'known for years' | dpo identity "$c" --by-hand
dpo key "$c" confirm "$fpr"
sqlite3 "$scratch/mail/state/register/register.db" "UPDATE case_file SET state = 4;
	INSERT INTO answers (number, store, answer, n_found, n_read, note, begun_us, ended_us) VALUES ('$c', 'greenlight-users', 1, 1, 1000, '', 1795000000000000, 1795000001000000)"
dpo export "$c" --to "/tmp/$c.zip" >/dev/null
dpo answer "$c" --mail "/tmp/$c.zip"
wait_for received 2
answered=$(in_jail grep -l 'multipart/encrypted' -r /home/anna/Maildir/new)
reports() { [ "$(dpo --json case show "$1" | jq -r 'select(.event == "delivery").data' | wc -l)" -eq "$2" ]; }
wait_for reports "$c" 2
has_not "$raw/3339.log" 'Unsere Antwort'
in_jail cat "$answered" >"$scratch/mail/answer"

promise "notmuch decrypts it, finds the signature good, and shows the subject that was inside"
anna sh -c 'cat >~/.notmuch-config' <<-'END'
	[database]
	path=/home/anna/Maildir
	[user]
	primary_email=anna@people.example
	[index]
	decrypt=true
END
anna notmuch new --quiet >"$scratch/notmuch.log" 2>&1
anna notmuch show --format=json --decrypt=true --entire-thread=false \
	"id:$(sed -n 's/^Message-ID: <\(.*\)>$/\1/p' "$scratch/mail/answer")" >"$scratch/shown"
jq -c '[.. | objects | select(.headers and .crypto)][0] | .headers.Subject, .crypto' "$scratch/shown" >"$scratch/crypto"
has "$scratch/crypto" '"Unsere Antwort auf Ihre Anfrage"'
has "$scratch/crypto" '"status":"full"'
has "$scratch/crypto" '"header-mask":{"Subject":"[...]"}'
has "$scratch/crypto" "\"fingerprint\":\"$own\""
has "$scratch/crypto" '"status":"good"'
has "$scratch/shown" "$c.zip"

promise "NeoMutt does, too"
# shellcheck disable=SC2016 # of the inner shell
anna sh -c 'cat >~/.neomuttrc; printf "#!/bin/sh\ncat \"\$1\" >~/paged\n" >~/pager; chmod +x ~/pager' <<-'END'
	set mbox_type = Maildir folder = ~/Maildir spoolfile = ~/Maildir header_cache = "" quit = yes wait_key = no
	set crypt_use_gpgme = yes crypt_verify_sig = yes crypt_protected_headers_read = yes pager = ~/pager prompt_after = no
END
cat >"$scratch/mail/neomutt.sh" <<-'END'
	exec neomutt -F ~/.neomuttrc -e 'push "<limit>~h multipart/encrypted<enter><display-message><exit>"'
END
chmod 755 "$scratch/mail/neomutt.sh"
anna env TERM=xterm timeout -k 1 20 script -qec "sh $scratch/mail/neomutt.sh" /dev/null >"$scratch/neomutt.log" 2>&1 </dev/null
in_jail cat /home/anna/paged >"$scratch/paged"
has "$scratch/paged" 'Good signature from: privacy@node.example'
has "$scratch/paged" 'Subject: Unsere Antwort auf Ihre Anfrage'
has "$scratch/paged" "Attachment #2: $c.zip"

promise "Sequoia decrypts it, asks for our signature, and finds the archive that was made"
anna gpg --batch --export-secret-keys "$fpr" >"$scratch/anna.pgp"
sed -n '/^-----BEGIN/,/^-----END/p' "$scratch/mail/answer" >"$scratch/cipher"
sq decrypt --recipient-key "$scratch/anna.pgp" --signer-cert "$scratch/mail/own.asc" -n 1 -o "$scratch/opened" "$scratch/cipher" 2>"$scratch/sq.log"
has "$scratch/sq.log" 'Good signature'
python3 -c '
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
sys.stdout.buffer.write(list(m.iter_attachments())[0].get_payload(decode=True))' "$scratch/opened" >"$scratch/got.zip"
in_jail cat "/tmp/$c.zip" | cmp - "$scratch/got.zip"

promise "a receipt that bounces is told in its case, and nobody gets a receipt for a bounce"
as anna /usr/sbin/sendmail -i -f gone@people.example privacy@node.example <<-'END'
	From: gone@people.example
	Message-ID: <two@people.example>

	Please send me a copy of my personal data.
END
second=${c%-*}-0002
wait_for event "$second" delivery '"action":"failed"'
event "$second" delivery '"status":"5.1.1"' || fail "$(dpo case show "$second")"
[ "$(dpo --json case list | wc -l)" -eq 2 ] || fail "a bounce opened a case"

promise "dsar doctor sends itself a mail through Postfix and reads it; no case comes of it"
expect 1 dpo --json doctor >"$scratch/doctor"
[ "$(jq -r .id "$scratch/doctor" | sort | paste -sd' ')" = 'no-authority own-key-copy' ] || fail "$(cat "$scratch/doctor")"
[ "$(dpo --json case list | wc -l)" -eq 2 ] || fail "the doctor opened a case"

promise "while Postfix is down a receipt waits in its queue, and leaves once"
in_jail postfix stop >"$scratch/postfix.log" 2>&1
mail() { # ID
	printf 'From: anna@people.example\nMessage-ID: <%s@people.example>\n\nPlease send me a copy of my data, %s.\n' "$1" "$1"
}
mail three | dpo intake >/dev/null
in_jail postfix start >"$scratch/postfix.log" 2>&1
wait_for received 3

promise "while the register cannot be opened Postfix keeps what comes, and it is taken once"
sed -i '1i nonsense' "$conf"
mail four | as anna /usr/sbin/sendmail -i -f anna@people.example privacy@node.example
wait_for said 'status=deferred (temporary failure'
sed -i 1d "$conf"
in_jail postqueue -f
wait_for received 4
[ "$(dpo --json case list | wc -l)" -eq 4 ] || fail "$(dpo case list)"

promise "by a maildir that Postfix delivers into it is the same"
in_jail install -o sparsam-mail -m 600 "$root/conf/mail/forward" /var/lib/sparsam-mail/.forward
in_jail postconf -e transport_maps= "alias_maps=inline:{privacy=sparsam-mail}"
in_jail postfix reload >"$scratch/postfix.log" 2>&1
mail five | as anna /usr/sbin/sendmail -i -f anna@people.example privacy@node.example
box=/var/lib/sparsam-mail/Maildir
arrived() { [ -n "$(in_jail sh -c "cd $box/new && ls")" ]; }
wait_for arrived
dpo intake --maildir $box >"$scratch/out"
has "$scratch/out" 'opened, receipt sent'
wait_for received 5
in_jail sh -c "grep -l five@people.example $box/cur/*,S" >"$scratch/seen"
wait_for arrived # the report of the receipt's delivery
dpo intake --maildir $box >"$scratch/out"
has "$scratch/out" 'delivery report'
! arrived || fail "it is new still"

promise "the node's log has an address in no lines but Postfix's and Dovecot's"
! grep -aE 'dsar|sparsam-mail' "$raw/3339.log" | grep -aE 'anna@|gone@' | grep -avE 'postfix/|dovecot' >&2 || fail "the log has an address"

promise "a sendmail that hangs is not waited for for ever: 75, and the case is there"
WAIT_S=60 wait_for in_jail test -s /tmp/hung
[ "$(in_jail cat /tmp/hung)" -eq 75 ] || fail "$(cat "$scratch/hanging.log")"
has "$scratch/hanging.log" 'no answer from the mail server'
as sparsam-mail "$dsar" -c "$scratch/mail/hang.conf" --json case list >"$scratch/list"
[ "$(jq -r .state "$scratch/list")" = received ] || fail "$(cat "$scratch/list")"
