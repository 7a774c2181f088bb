#!/usr/bin/env bash
# rfa is killed (SIGKILL) at random moments of a release; each time `rfa resume` or `rfa rollback RUN` brings
# it to its end. Then prod runs what the ledger says: the image of that tag, with its file and its variable.
#
# Every other release is of a tag that was built before: its images are there, nothing is built again.
# RFA_LIVE_SEED (printed) repeats the moments by event; RFA_LIVE_KILLS says how many kills: three,
# twenty with RFA_TEST_LONG.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/lib.sh"
command -v git >/dev/null || skip_all "there is no git"
live_up
# shellcheck source=tests/harness/lab_release.sh
. "$SRC/tests/harness/lab_release.sh"

RANDOM=${RFA_LIVE_SEED:=$((RANDOM % 32768))}
echo "# RFA_LIVE_SEED=$RFA_LIVE_SEED"
shop release_kill

# What runs on prod by the runs that have succeeded, and the one before.
ran='' before=''
version() { rfa status shop --env prod --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["running"][0]["version"])'; }
unlocked() { on "$1" '! ls -d /var/lib/rfa/lock* 2>/dev/null | grep .'; } # HOST
# Each tag has a mode that is called as it is, and a value of the variable, which is a secret.
value_of() { echo "value-${1//./-}"; } # TAG
serves_tag() { # TAG
	is "$(runs) $(mode) $(stage)" "shop-web:$1 MODE=$1 $(value_of "$1")" &&
		is "$(images_of prod shop-web-1)" "$(on test "docker image inspect -f '{{.Id}}' shop-web:$1")" &&
		on prod "grep -q 'MODE: $1\$' /srv/stacks/shop/compose.yaml" &&
		is "$(on prod 'cat /var/lib/rfa/stacks/shop/variables.env')" "STAGE='$(value_of "$1")'" &&
		await 30 serves
}
# What must hold whenever a run has ended: all is new, or all is old.
holds() { # RUN TAG
	case $status/$(final_of "$1") in
	0/SUCCEEDED) [ "$ran" = "$2" ] || before=$ran ran=$2 ;;
	[1-6]/ROLLED_BACK | [1-6]/FAILED) ;;
	*) echo "exit status $status, $(final_of "$1")"; tail -n 20 "$W/err"; return 1 ;;
	esac
	serves_tag "$ran" && is "$(version)" "$ran" && clean test prod && unlocked test && unlocked prod &&
		exits 0 rfa verify shop --env prod
}
tag='' tags=0 met=0
prepare() { # the next tag is in `tag`: a new one, or the one before
	if [ $((tags++ % 2)) = 0 ] || [ -z "$before" ]; then
		tag=v1.$tags
		mode_is "$tag"
		tag_is "$tag"
	else
		tag=$before
	fi
	stage_is "$(value_of "$tag")"
}

# The file that is there was brought by nobody: the first tag has the same.
tag_is v1.0
stage_is "$(value_of v1.0)"
release v1.0
ok "the first tag: exit status 0" ended 0
for i in 1 2; do
	prepare
	undisturbed release shop "$tag" --to prod
	ok_here "$tag runs" holds "$run" "$tag"
done
kills_are 3 20
for ((i = 1; ; i++)); do
	another_kill "$i" || break
	prepare
	killed_run "$i" 4 "$i: $tag" release shop "$tag" --to prod || continue
	met=$((met + 1))
	ok_here "$all: $(final_of "$id")" holds "$id" "$tag"
	[ "$(rfa runs --open 2>/dev/null)" = "no run is unfinished" ] || { ok "no run is unfinished" says "no run is unfinished" rfa runs --open; break; }
done
# The rest came before anything had begun.
[ "$kills" -lt 5 ] || ok "they met runs ($met of $kills)" test $((met * 4)) -ge "$kills"
ok "the ledger is whole" exits 0 rfa ledger verify --hosts

done_testing
