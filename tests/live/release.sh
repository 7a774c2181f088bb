#!/usr/bin/env bash
# Tags of a git repository are built on test, and go to prod with their Compose file: forth, back to the
# tag before, one that is ill, one that was moved, and runs that are killed.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
command -v git >/dev/null || skip_all "there is no git"
live_up

# shellcheck source=tests/harness/lab_release.sh
. "$SRC/tests/harness/lab_release.sh"

shop release
planted="pl4nted \$HOME \\ \"#$RANDOM\""
stage_is "$planted"

# ---- a tag

tag_is v1.0
release v1.0 --dry-run
ok "a preview: something would change" ended 2
ok "it says the commit" says "$(at rev-parse --short=12 v1.0)" cat "$W/out" "$W/err"
release v1.0
first=$run
ok "release: exit status 0" ended 0
ok "it runs" is "$(runs)" shop-web:v1.0
ok "it serves" await 20 serves
ok "what was built is the commit" is "$(on prod "docker image inspect -f '{{index .Config.Labels \"org.opencontainers.image.revision\"}}' shop-web:v1.0")" "$(at rev-parse v1.0)"
ok "one layer travelled" is "$(facts "$first" source.export exported/layers)" 1
ok "nothing is left" clean test prod

# ---- the next one, with another file; and back

mode_is one
tag_is v1.1
release v1.1
ok "the next tag: exit status 0" ended 0
ok "it runs" is "$(runs)" shop-web:v1.1
ok "with what its file says" is "$(mode)" MODE=one
ok "and the variable, as it is" is "$(stage)" "$planted"
ok "the ledger has its name" grep -q STAGE <(git -C "$W/.rfa/ledger" log --all -p)
ok "and not the value" not grep -q pl4nted <(git -C "$W/.rfa/ledger" log --all -p)
ok "nobody else reads it there" is "$(on prod 'stat -c %a /var/lib/rfa/stacks/shop/variables.env')" 600
ok "one layer travelled, too" is "$(facts "$run" source.export exported/layers)" 1
release v1.0
ok "the tag before again: exit status 0" ended 0
ok "it runs" is "$(runs)" shop-web:v1.0
ok "without the variable" not mode
ok "nothing was built" said 'source.build .* 0 of 1 image'
ok "nothing was sent there" said 'source.sources .* nothing has to be built'
release v1.1
ok "and forth: exit status 0" ended 0

# ---- one that is ill

mode_is two
tag_is v1.2 'ENV HEALTH_STATUS=500'
configure "$(stack 6)"
release v1.2
ok "a version that is ill: exit status 5" ended 5
ok "the one before runs" await 30 is "$(runs)" shop-web:v1.1
ok "with its own file" is "$(mode)" MODE=one
ok "the file is its own, too" on prod 'grep -q "MODE: one" /srv/stacks/shop/compose.yaml'
ok "it serves" await 30 serves
ok "nothing is left" clean test prod
configure "$(stack $((30 * SLOW)))"

# ---- a tag that was moved

tag_is v1.1
release v1.1
ok "moved: exit status 4" ended 4
ok "both commits are named" said "is commit $(at rev-parse --short=12 v1.1) now, and in run .* it was commit"
ok "prod runs what it ran" is "$(runs)" shop-web:v1.1

# ---- killed

n=3
for step in source.sources source.build target.write target.compose; do
	mode_is "m$n"
	tag_is "v1.$n"
	start_rfa release shop "v1.$n" --to prod
	await 60 told "\"step\": *\"$step\"" >/dev/null
	slay
	is_open "$run" && run_rfa resume "$run"
	ok "killed at $step ($when): it ends well" is "$(final_of "$run")" SUCCEEDED
	ok "it runs" is "$(runs) $(mode)" "shop-web:v1.$n MODE=m$n"
	ok "nothing is left" clean test prod
	n=$((n + 1))
done
ok "the ledger is sound" exits 0 rfa ledger verify

done_testing
