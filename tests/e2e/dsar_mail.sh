# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# dsar_mail.sh - a register that mail comes to and leaves from, by $scratch/sendmail, which the story writes; sourced behind
# lib.sh. The register is in $reg.
: "${reg:=$scratch}"
cat >"$scratch/sparsam.conf" <<-END
	state_dir = "$reg"
	key_dir = "$scratch/keys"
	controller = "Example e. V."
	authority = "Example Authority"
	dpo = "dpo@node.example"
	dsar { land = "HE" mail = "privacy@node.example" }
	retention { sendmail = "$scratch/sendmail" }
END
dsar() { "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" "$@"; }
