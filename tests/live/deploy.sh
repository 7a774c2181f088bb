#!/usr/bin/env bash
# Versions come from a registry with TLS and a password to prod: pulled by its engine, and fetched by
# rfa where the host does not reach the registry; what is refused, what breaks off, what goes back.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317  # quoted for hosts; lists of names; no arguments; called by name
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/harness/lab_registry.sh
. "$SRC/tests/harness/lab_registry.sh"
live_up
registry_make
registry_start || ok "the registry starts" false

shop='shop-api-1 shop-web-1'
stack() { # MORE KEYS
	cat <<-END
	"shop": {
		"compose": { "project": "shop", "directory": "/srv/stacks/shop", "files": ["compose.yaml"] },
		"deploy": { "images": { "api": "$registry/shop/api", "web": "$registry/shop/web" } },
		"health": [{ "url": "http://127.0.0.1:8090/health" }],
		"health_deadline_s": ${deadline:-$((30 * SLOW))}${1:+, $1}
	}
	END
}
configured() { configure "$(stack "${1:-}")" "$QUICK, $(registry_keys)"; }
push_version() { # VERSION [AS]: of both images, as test has them
	push test "shop-api:$1" "shop/api:${2:-$1}" && push test "shop-web:$1" "shop/web:${2:-$1}"
}
deploy() { run_rfa deploy shop "$@"; }
# No part of the password anywhere, but in the file that holds it.
secret_is_nowhere() {
	local h
	! grep -rIl "$registry_password" "$W" "$HOME" 2>/dev/null | grep . || return
	for h in test prod; do
		on $h "! grep -rIls '$registry_password' /var/lib/rfa /root /dev/shm /run /tmp /etc 2>/dev/null | grep ." || return
		on $h "! grep -rIls '$(printf %s "$registry_user:$registry_password" | base64)' /var/lib/rfa /root /dev/shm /run /tmp /etc 2>/dev/null | grep ." || return
		on $h '[ ! -e /root/.docker ]' || { echo "/root/.docker on $h"; return 1; }
	done
}

app shop test v1 && push_version v1
app shop test v2 && push_version v2
app shop prod v1
W=$TMP/deploy
mkdir -p "$W"
configured
rfa -q init >/dev/null 2>&1

# ---- what it would do

deploy v2 --to prod --dry-run
ok "a preview: something would change" ended 2
ok "it says what" says "v2" cat "$W/out"
ok "and how much of it has to come" says "1 of 3 layers to bring" cat "$W/out"

# ---- pulled by the engine of prod

before=$(instances prod shop-api-1)
deploy v2 --to prod --events
first=$(sed -n 's/.*"event":"run-begun".*"run":"\([^"]*\)".*/\1/p' "$W/out" | head -n 1)
ok "deploy v2: exit status 0" ended 0
ok "how far the pull is, is told" grep -q '"event":"progress".*"step":"target.pull"' "$W/out"
ok "to its end" exits 0 python3 -c 'import json, sys
told = [e for e in map(json.loads, open(sys.argv[1])) if e["event"] == "progress" and e["step"] == "target.pull"]
assert told[-1]["done"] == told[-1]["total"] > 0, told' "$W/out"
ok "the target's engine has pulled it" says 'pulled by digest' facts "$first" target.pull summary
ok "nothing was fetched by rfa" is "$(facts "$first" source.export skipped)" "the target's engine pulls them itself"
ok "prod runs the images of test" is "$(images_of prod $shop)" "$(images_of test $shop)"
ok "it serves" says '"status":"ok"' on prod 'busybox wget -qO- -T 5 http://127.0.0.1:8090/health'
ok "they are called by tag" is "$(on prod "docker container inspect -f '{{.Config.Image}}' $shop" | tr '\n' ' ')" "$registry/shop/api:v2 $registry/shop/web:v2 "
ok "the container is another one" not is "$(instances prod shop-api-1)" "$before"
ok "the ledger knows the version" is "$(rfa status shop --env prod --json | grep -o '"version": *"[^"]*"' | head -n 1 | tr -d ' ')" '"version":"v2"'
ok "the login is nowhere" secret_is_nowhere
ok "nothing is left" clean test prod
ok "verify agrees with prod" exits 0 rfa verify shop --env prod

ran=$(instances prod $shop)
deploy v2 --to prod
ok "again: exit status 0" ended 0
ok "nothing was touched" is "$(instances prod $shop)" "$ran"

# ---- what the registry says no to

deploy v9 --to prod
ok "no such version: it fails" not ended 0
ok "and says so" said 'v9'
ok "and where" said "$registry"
ok "nothing was touched" is "$(instances prod $shop)" "$ran"
printf 'wrong-horse-battery\n' >"$TMP/registry/wrong"
configure "$(stack)" "$QUICK, $(registry_keys | sed "s|registry/password|registry/wrong|")"
deploy v2 --to prod
ok "a wrong password: it fails" not ended 0
ok "and says so" said 'login'
ok "the wrong one is not shown" not said 'wrong-horse'
configured

# ---- a tag is moved

push_version v1 v2
deploy v2 --to prod
ok "a tag that was moved: exit status 4" ended 4
ok "the run is named that brought it" said "run $first has brought image"
ok "nothing was touched" is "$(instances prod $shop)" "$ran"
push_version v2 v2
deploy v2 --to prod
ok "moved back: it is the same again" ended 0

# ---- a host that does not reach the registry

on prod "iptables -I OUTPUT -p tcp -d ${registry%:*} --dport 5000 -j REJECT"
app shop test v3 && push_version v3
deploy v3 --to prod
third=$run
ok "prod does not reach the registry: exit status 0" ended 0
ok "rfa has fetched it" says 'layer' facts "$third" source.export summary
ok "only the layers that differ" is "$(facts "$third" source.export exported/layers)" 1
ok "prod runs the images of test" is "$(images_of prod $shop)" "$(images_of test $shop)"
ok "the login is nowhere" secret_is_nowhere
ok "nothing is left" clean test prod
on prod "iptables -D OUTPUT -p tcp -d ${registry%:*} --dport 5000 -j REJECT"

# ---- a version that is ill goes back by itself

app shop test v4bad && push_version v4bad
ran=$(images_of prod $shop)
deadline=6
configured
deploy v4bad --to prod
ok "a version that is ill: exit status 5" ended 5
ok "prod runs what it ran" is "$(images_of prod $shop)" "$ran"
ok "it serves" await 15 eval 'on prod "busybox wget -qO- -T 5 http://127.0.0.1:8090/health" | grep -q ok'
ok "nothing is left" clean test prod
ok "nothing that was pulled is left" not on prod "docker image ls -a --digests | grep v4bad"
deadline=''

# ---- only what staging has proven

configured '"gates": { "verified_in": ["test"] }'
app shop test v5 && push_version v5
deploy v5 --to prod
ok "not verified: exit status 4" ended 4
ok "it says where it has to be" said 'not been verified on test'
deploy v5 --to test
ok "deploy to test: exit status 0" ended 0
deploy v5 --to prod
ok "then to prod: exit status 0" ended 0
run_rfa rollback shop --env prod --to v3 --yes prod
ok "and back by hand: exit status 0" ended 0
ok "v3 runs" is "$(images_of prod $shop)" "$ran"
ok "the login is nowhere" secret_is_nowhere
ok "the ledger is whole" exits 0 rfa ledger verify

# ---- a registry that hands out tokens: the host never gets the login

registry_kill
tokens_start
registry_start || ok "the registry starts, with tokens" false
configured
app shop test v6 && push_version v6
: >"$TMP/registry/asked"
deploy v6 --to prod --via target
ok "with tokens: exit status 0" ended 0
ok "prod runs the images of test" is "$(images_of prod $shop)" "$(images_of test $shop)"
ok "the engine pulled with what rfa got for it" says '2 with a pull token' facts "$run" target.pull summary
ok "it has asked for no token itself" not grep -q '"who": "docker/' "$TMP/registry/asked"
ok "rfa has, for each repository" is "$(grep -c '"repository:shop/[a-z]*:pull"\], "login": true' "$TMP/registry/asked" | sed 's/^[4-9]$/all/')" all
ok "the login is nowhere" secret_is_nowhere
ok "nothing is left" clean test prod

done_testing
