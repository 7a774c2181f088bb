#!/usr/bin/env bash
# What README says of a first deployment, done as it says it: prod has Docker and nothing else.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

app ragflowauth test v1
app shop test v1
W=$TMP/first
mkdir -p "$W"
edit() { # PYTHON: on the rfa.json, as `d`
	python3 - "$W/rfa.json" "$1" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
exec(sys.argv[2])
json.dump(d, open(sys.argv[1], "w"), indent=2)
PY
}
plan() { run_rfa plan promote "$1" --from test --to prod; }

# ---- 1. describe

run_rfa init --from test --to prod
ok "init --from: exit status 0" ended 0
ok "it is a file that rfa takes" exits 0 rfa check
for c in backend frontend; do ok "it describes $c" grep -q "\"ragflowauth-$c\": {" "$W/rfa.json"; done
ok "and the Compose project" grep -q '"/srv/stacks/shop"' "$W/rfa.json"
ok "what is needed is told" said "needs there: /opt/ragflowauth/data/"
before=$(cat "$W/rfa.json")
run_rfa init --from test
ok "where there is a file, it stays" is "$(cat "$W/rfa.json")" "$before"
ok "and the description is printed" grep -q '"ragflowauth-backend"' "$W/out"

# ---- 2. fill in

edit 'd["stacks"]["ragflowauth"]["health"] = [{"url": "http://127.0.0.1:8001/health"}]'
edit 'd["stacks"]["shop"]["health"] = [{"url": "http://127.0.0.1:8090/"}]'
edit 'd["stacks"]["ragflowauth"]["bootstrap"]["containers"]["ragflowauth-frontend"]["Env"].append("PW=${PW}")'

# ---- 3. prepare: plan tells all that is missing, and touches nothing

empty=$(world prod)
plan ragflowauth
ok "plan says that it would be refused" ended 4
for f in ragflow_config.json data; do ok "it names $f" grep -q "gate .*/opt/ragflowauth/$f" "$W/out"; done
ok "and the value that is not filled in" grep -q 'has ${PW}, and there is no value' "$W/out"
ok "prod is untouched" is "$(world prod)" "$empty"
edit 'd["stacks"]["ragflowauth"]["bootstrap"]["containers"]["ragflowauth-frontend"]["Env"][-1] = "PW=of prod"'
on prod "mkdir -p /opt/ragflowauth/data /srv/stacks/shop && chown 1000:1000 /opt/ragflowauth/data
	printf '{\"base_url\": \"http://$prod_address/\"}' >/opt/ragflowauth/ragflow_config.json
	docker network create ragflowauth && docker network create edge" >/dev/null
on test 'tar -c -C /srv/stacks/shop .' | on prod 'tar -x -C /srv/stacks/shop'

# ---- 4. look, then do it

for stack in ragflowauth shop; do
	plan $stack
	ok "plan $stack: nothing is missing any more" ended 2
	promote $stack
	ok "promote $stack: exit status 0" ended 0
done
ok "the backend serves" answers prod 8001/health v1
ok "the frontend serves" says "ragflowauth-frontend v1" on prod "busybox wget -qO- -T 5 http://127.0.0.1:8080/"
ok "with prod's own value" says "PW=of prod" on prod 'docker exec ragflowauth-frontend env'
ok "the Compose project serves" says "shop-web v1" on prod "busybox wget -qO- -T 5 http://127.0.0.1:8090/"
ok "status knows both" is "$(rfa status --json | python3 -c 'import json, sys
print(*sorted(e["stack"] for e in json.load(sys.stdin)["running"]))')" "ragflowauth shop"
ok "nothing is left" clean test prod

done_testing
