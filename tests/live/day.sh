#!/usr/bin/env bash
# A day of a team with one host for staging and production, a machine that builds, and a registry: what
# its release procedure asks for, from the first build to the evening's restore, as one story to read.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317  # quoted for hosts; lists of names; no arguments; called by name
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/harness/lab_registry.sh
. "$SRC/tests/harness/lab_registry.sh"
live_up
registry_make
registry_start || ok "the registry starts" false

# ---- the evening before: 1.0.0 runs in production and on staging, two projects on one host

app shop prod 1.0.0
on prod 'mkdir -p /srv/stacks/staging && cd /srv/stacks/staging && cp ../shop/api.env . &&
	sed -e s/8090:8080/8091:8080/ -e s/edge/edge-staging/ ../shop/compose.yaml >compose.yaml && docker network create edge-staging >/dev/null &&
	docker compose -p staging up -d --quiet-pull >/dev/null 2>&1'
on prod 'docker save shop-api:1.0.0' | on test 'docker load -q >/dev/null'
source_is() { # VERSION [MORE LINES]
	on test "mkdir -p /srv/src && cd /srv/src && echo '$1' >version && printf '%s\n' 'FROM shop-api:1.0.0' 'COPY version /etc/version' ${2:+"'$2'"} >Dockerfile"
}
await 60 settled prod

W=$TMP/day
mkdir -p "$W"
ledger_of_the_team() {
	cat >"$W/rfa.json" <<-END
	{ "version": 1,
	  "environments": {
		"ci": { "destination": "test", "ssh_config": "$RFA_LAB_DIR/op/ssh/config", "own_addresses": ["$test_address"] },
		"staging": { "destination": "prod", "ssh_config": "$RFA_LAB_DIR/op/ssh/config", "own_addresses": ["$prod_address"] },
		"prod": { "destination": "prod", "ssh_config": "$RFA_LAB_DIR/op/ssh/config", "own_addresses": ["$prod_address"] } },
	  $(registry_keys),
	  "stacks": { "shop": {
		"compose": { "project": "shop", "directory": "/srv/stacks/shop", "files": ["compose.yaml"] },
		"build": { "on": "ci", "images": { "api": { "image": "$registry/shop/api", "context": "/srv/src" } } },
		"deploy": { "images": { "api": "$registry/shop/api" } },
		"health_settle_s": 1, "health_deadline_s": ${deadline:-$((30 * SLOW))},
		"checks": [{ "name": "answers", "url": "http://127.0.0.1:8090/health", "body": "ok" }${checks:-}],
		"environments": {
			"staging": { "compose": { "project": "staging", "directory": "/srv/stacks/staging" },
				"checks": [{ "name": "answers", "url": "http://127.0.0.1:8091/health", "body": "ok" }] },
			"prod": { "gates": { "verified_in": ["staging"], "refuse_drift": true },
				"data": { "members": { "orders": { "volume": "shop_data" } } },
				"backup": { "where": "host", "directory": "/var/backups/rfa" } } } } },
	  $QUICK }
	END
}
ledger_of_the_team
rfa -q init >/dev/null 2>&1
version_of() { on prod "docker container inspect -f '{{.Config.Image}}' $1-api-1" | sed 's/.*://'; }
pins_of() { on prod "cat /var/lib/rfa/stacks/$1/images.json" | grep -o 'shop/api:[0-9.]*' | cut -d: -f2; }
api_in() { on prod "docker exec $1-api-1 cat /etc/version"; }

# ---- morning: a build, twice; the second time one layer travels

source_is 1.1.0
run_rfa publish shop --to staging --as 1.1.0
ok "publish 1.1.0 to staging" ended 0
ok "staging runs it" is "$(version_of staging)" 1.1.0
source_is 1.1.1
run_rfa publish shop --to staging --as 1.1.1
ok "publish 1.1.1" ended 0
ok "one layer has travelled" is "$(facts "$run" source.export exported/layers)" 1
ok "staging runs it, and what was built" is "$(version_of staging) $(api_in staging)" "1.1.1 1.1.1"
ok "production was not touched" is "$(version_of shop)" 1.0.0
ok "staging has verified both" says "staging (run)" rfa verified shop
push test "$registry/shop/api:1.1.1" shop/api:1.1.1
run_rfa smoke shop --env staging
ok "the smoke test of staging passes" ended 0

# ---- ten o'clock: the same version in production

run_rfa deploy shop 1.1.1 --to prod --dry-run
ok "what would change: one container" ended 2
run_rfa deploy shop 1.1.1 --to prod
ok "deploy 1.1.1 to production" ended 0
ok "it runs there" is "$(version_of shop) $(api_in shop)" "1.1.1 1.1.1"
ok "the same image as on staging" is "$(images_of prod shop-api-1)" "$(images_of prod staging-api-1)"

# ---- noon: one that staging has never seen; the same name for something else

source_is 1.2.0
on test "cd /srv/src && DOCKER_BUILDKIT=1 docker build -q -t $registry/shop/api:1.2.0 . >/dev/null"
push test "$registry/shop/api:1.2.0" shop/api:1.2.0
run_rfa deploy shop 1.2.0 --to prod
ok "1.2.0 was never on staging: refused" ended 4
ok "it says so" said 'not been verified on staging'
source_is 'not 1.1.1'
on test "cd /srv/src && DOCKER_BUILDKIT=1 docker build -q -t other:1 . >/dev/null"
push test other:1 shop/api:1.1.1
run_rfa deploy shop 1.1.1 --to prod
ok "another image under the name 1.1.1: refused" ended 4
ok "the run is named that brought it" said 'run [0-9a-f-]* has brought image'
push test "$registry/shop/api:1.1.1" shop/api:1.1.1
ok "production serves what it served" is "$(version_of shop) $(api_in shop)" "1.1.1 1.1.1"

# ---- two o'clock: it burns; by force, and the debt is paid

run_rfa deploy shop 1.2.0 --to prod --force --reason "orders are lost" --yes prod
forced=$run
ok "1.2.0 by force" ended 0
ok "it runs" is "$(version_of shop) $(api_in shop)" "1.2.0 1.2.0"
ok "status says what is owed" says 'unproven: 1.2.0 of shop runs on prod' rfa status
ok "history says by force" says "FORCED: orders are lost" rfa history
run_rfa deploy shop 1.2.0 --to staging
ok "staging gets it, too" ended 0
ok "nothing is owed any more" not says unproven rfa status

# ---- three o'clock: a version that serves, and is wrong; the smoke test finds it

source_is 1.3.0 'ENV HEALTH=200'
run_rfa publish shop --to staging --as 1.3.0
push test "$registry/shop/api:1.3.0" shop/api:1.3.0
run_rfa deploy shop 1.3.0 --to prod
ok "1.3.0 goes to production" ended 0
checks=', { "name": "old page", "url": "http://127.0.0.1:8090/no-such-page", "status": 200, "at": ["smoke"] }'
ledger_of_the_team
run_rfa smoke shop --env prod
ok "the smoke test of production fails" ended 1
ok "and says what is wrong" said 'old page'
checks=''
ledger_of_the_team
run_rfa rollback shop --env prod --last --yes prod
ok "back by hand" ended 0
ok "1.2.0 runs again" is "$(version_of shop) $(api_in shop)" "1.2.0 1.2.0"

# ---- four o'clock: a version that never answers goes back by itself

deadline=6
ledger_of_the_team
source_is 1.4.0 'ENV PORT=9'
on test "cd /srv/src && DOCKER_BUILDKIT=1 docker build -q -t $registry/shop/api:1.4.0 . >/dev/null"
push test "$registry/shop/api:1.4.0" shop/api:1.4.0
run_rfa deploy shop 1.4.0 --to staging
ok "1.4.0 does not answer on staging: exit status 5" ended 5
ok "staging has what it had" is "$(version_of staging)" 1.3.0
ok "and its own pins" is "$(pins_of staging) $(pins_of shop)" "1.3.0 1.2.0"
run_rfa deploy shop 1.4.0 --to prod
ok "production never sees it" ended 4

deadline=''
ledger_of_the_team

# ---- evening: the orders are gone, and come back

on prod 'echo "orders of the day" >/var/lib/docker/volumes/shop_data/_data/shop.db'
run_rfa backup shop --env prod
ok "backup" ended 0
on prod 'rm /var/lib/docker/volumes/shop_data/_data/shop.db'
run_rfa restore shop --env prod --yes prod
ok "restore" ended 0
ok "the orders are there" is "$(on prod 'cat /var/lib/docker/volumes/shop_data/_data/shop.db')" "orders of the day"
ok "1.2.0 runs" is "$(version_of shop) $(api_in shop)" "1.2.0 1.2.0"

# ---- the day in the books

rfa history -n 100 >"$W/history"
for line in 'staging +publish +1.1.0 +success' 'staging +publish +1.1.1 +success' 'prod +deploy +1.1.1 +success' \
	'prod +deploy +1.2.0 +fail' 'prod +deploy +1.1.1 +fail' 'prod +deploy +1.2.0 +success +FORCED: orders are lost' \
	'staging +deploy +1.2.0 +success' 'prod +deploy +1.3.0 +success' 'prod +smoke .*fail' 'prod +rollback +1.2.0 +success' \
	'staging +deploy +1.4.0 +rolled back' 'prod +backup .*success' 'prod +restore .*success'; do
	ok "history has: $line" grep -qE "$line" "$W/history"
done
ok "show tells why it was forced" says "orders are lost" rfa show "$forced"
ok "nothing is left" clean test prod
ok "the ledger is whole" exits 0 rfa ledger verify
ok "verify agrees with production" exits 0 rfa verify shop --env prod
sed 's/^/# /' "$W/history"

done_testing
