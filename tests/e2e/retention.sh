# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# retention.sh - a node of its own for the stories of retention; sourced behind lib.sh
#   $conf   its configuration, with $scratch/stores.d; state, metrics and credentials are below $scratch, too
retention=$SPARSAM_BIN/retention
conf=$scratch/sparsam.conf
export CREDENTIALS_DIRECTORY=$scratch/creds
mkdir "$scratch/creds" "$scratch/stores.d"
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
cat >"$conf" <<-END
	state_dir   = "$scratch/state"
	metrics_dir = "$scratch"
	log_dir     = "$scratch/none"
	credential  = "$scratch/sealed"
	clock       = "local"
END
run() { "$retention" "$@" -c "$conf"; }

# A run of all stores leaves this machine's own alone: what is shipped is declared away.
hide_shipped_stores() {
	local shipped
	for shipped in "$root"/conf/stores.d/*.conf; do
		! grep -q '^store' "$shipped" || : >"$scratch/stores.d/${shipped##*/}"
	done
}
