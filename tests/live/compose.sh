#!/usr/bin/env bash
# A Compose project goes from test to prod: forth, to a version that is ill, back; and what is refused.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

stack() { # DEADLINE
	cat <<-END
	"shop": {
		"compose": { "project": "shop", "directory": "/srv/stacks/shop", "files": ["compose.yaml"] },
		"health": [{ "url": "http://127.0.0.1:8090/health" }], "health_deadline_s": $1
	}
	END
}
shop='shop-api-1 shop-web-1'
file=/srv/stacks/shop/compose.yaml
# Compose's own notes on a container name its image and the hash of its service.
services() { container prod shop-api-1 shop-web-1 | grep -vE '"com.docker.compose.(config-hash|image|project.config_files|project.environment_file|depends_on)"'; }
data() { on prod 'cat /var/lib/docker/volumes/shop_data/_data/*'; }

app shop test v1
app shop prod v1 && app bystanders prod
app shop test v2
work compose "$(stack 40)"

before=$(services)
bystanders=$(instances prod node-exporter portainer)
kept=$(data)
promote shop
ok "promote v1 to v2: exit status 0" ended 0
# shellcheck disable=SC2086
ok "prod runs the images of test" is "$(images_of prod $shop)" "$(images_of test $shop)"
ok "all else of both services is as before" as_before "$before" services
ok "there is something to compare" says 'GREETING=it' echo "$before"
ok "web serves, with the API behind it" says '"status":"ok"' on prod 'busybox wget -qO- -T 5 http://127.0.0.1:8090/health'
ok "the bystanders were not touched" is "$(instances prod node-exporter portainer)" "$bystanders"
ok "the volume is as before" is "$(data)" "$kept"
ok "nothing is left" clean test prod
ok "verify agrees" exits 0 rfa verify shop --env prod
# shellcheck disable=SC2086
ran=$(images_of prod $shop)
# shellcheck disable=SC2086
pinned=$(instances prod $shop)
on prod "cd ${file%/*} && docker compose -f compose.yaml -f /var/lib/rfa/stacks/shop/images.json up -d >/dev/null 2>&1"
# shellcheck disable=SC2086
ok "docker compose with the pinned images finds nothing to do" is "$(instances prod $shop)" "$pinned"

# ---- in a network that the project's files do not name

on prod 'docker network create extra >/dev/null && docker network connect extra shop-web-1'
promote shop
ok "a container that the run leaves alone may be in another network" ended 0
# shellcheck disable=SC2086
ok "prod is as it was" is "$(instances prod $shop)" "$pinned"
ok "nothing is left" clean test prod
on prod 'docker network disconnect extra shop-web-1 && docker network rm extra >/dev/null'

# ---- v3 answers 500

app shop test v3bad
on test "cd ${file%/*} && printf 'services: {api: {healthcheck: {disable: true}}, web: {healthcheck: {disable: true}}}\n' >compose.override.yaml && docker compose up -d >/dev/null 2>&1; rm compose.override.yaml"
before=$(services)
configure "$(stack 6)"
promote shop
ok "a version that is ill: exit status 5" ended 5
# shellcheck disable=SC2086
ok "prod runs what it ran" is "$(images_of prod $shop)" "$ran"
ok "as it ran before, and healthy" await 15 as_before "$before" services
ok "nothing is left" clean test prod

# ---- to a rollback point

configure "$(stack 40)"
run_rfa rollback shop --env prod --to v1 --yes prod
ok "rollback --to v1: exit status 0" ended 0
ok "v1 runs" is "$(on prod "docker container inspect -f '{{.Config.Image}}' $shop" | tr '\n' ' ')" "shop-api:v1 shop-web:v1 "
ok "all else of both services is as before" await 10 as_before "$before" services
ok "the volume is as before" is "$(data)" "$kept"
ok "nothing is left" clean test prod
ok "verify agrees" exits 0 rfa verify shop --env prod

# ---- refused before anything is touched

app shop test v2
on prod "cp $file /run/compose.kept; printf 'services: {api: {build: .}}\n' >${file%/*}/build.yaml
	sed -i 's/^    image: shop-web.*/&\n    build: ./' $file"
unchanged=$(world prod)
promote shop
ok "build: on prod: exit status 4" ended 4
ok "it names the service" said 'service web is built'
ok "prod is untouched" is "$(world prod)" "$unchanged"
on prod "cp /run/compose.kept $file; rm ${file%/*}/build.yaml; sed -i 's/^  edge:\$/  edge: \&edge/; s/external: true/external: true\n    name: nowhere/' $file"
unchanged=$(world prod)
promote shop
ok "an external network is missing: exit status 4" ended 4
ok "it names the network" said 'nowhere'
ok "and how to mend it" said 'docker network create'
ok "prod is untouched" is "$(world prod)" "$unchanged"
on prod "cp /run/compose.kept $file"

# ---- a project as people have them: files of the usual names, include, extends, a profile, several
# containers of one service, one that ends, variables of an env_file

many() { # HOST VERSION [UP ARG...]: brought up there
	on "$1" "mkdir -p /srv/stacks/many/inc && cd /srv/stacks/many
		printf 'EXTRA=it is \\x24x\\n' >web.env
		cat >compose.yaml <<-'END'
		include: [ inc/extra.yaml ]
		services:
		  web:
		    extends: { file: inc/base.yaml, service: base }
		    image: many:$2
		    env_file: [ web.env ]
		    environment: { PW: \"\${PW}\" }
		    depends_on: { once: { condition: service_completed_successfully } }
		  once: { image: \"many:$2\", command: [ sh, -c, exit 0 ] }
		  tool: { image: \"many:$2\", profiles: [ debug ], healthcheck: { disable: true } }
		END
		printf 'services: { extra: { image: \"many:$2\", healthcheck: { disable: true } } }\\n' >inc/extra.yaml
		printf 'services: { base: { healthcheck: { disable: true }, restart: unless-stopped } }\\n' >inc/base.yaml
		printf 'services: { web: { labels: { from: more } } }\\n' >more.yaml
		${4:-:}
		docker compose --profile debug up -d ${3:-} >/dev/null 2>&1"
}
ran() { # what is on prod: name, image, state; and what the override gives
	on prod "docker ps -a --filter label=com.docker.compose.project=many --format '{{.Names}} {{.Image}} {{.State}} {{.Label \"from\"}}' | sort"
}
all_of() { # VERSION
	printf 'many-%s\n' "extra-1 many:$1 running " "once-1 many:$1 exited " "tool-1 many:$1 running " \
		"web-1 many:$1 running more" "web-2 many:$1 running more" "web-3 many:$1 running more"
}
for h in test prod; do
	"$LAB" image $h many:v1 v1 >/dev/null
done
"$LAB" image test many:v2 v2 >/dev/null
named="printf 'COMPOSE_FILE=compose.yaml:more.yaml\\nPW=a\\n' >.env"
many prod v1 '--scale web=3' "$named"
many test v2 '' "$named"
configure '"many": { "compose": { "project": "many", "directory": "/srv/stacks/many" }, "health_deadline_s": 40 }'
promote many
ok "files that .env names, include, extends: exit status 0" ended 0
ok "all containers run the new image, what ended has ended again" is "$(ran)" "$(all_of v2)"
ok "verify agrees" exits 0 rfa verify many --env prod

# An override beside the file, and no .env; the same once more.
beside="rm -f .env && mv more.yaml compose.override.yaml && export PW=a"
many prod v2 '--scale web=3' "$beside"
many test v1 '' "$beside"
unchanged=$(world prod)
promote many
ok "a variable of somebody's shell: exit status 4" ended 4
ok "it is named" said 'no value is set on prod for PW'
ok "prod is untouched" is "$(world prod)" "$unchanged"
on prod 'echo PW=a >/srv/stacks/many/.env'
promote many
ok "with the variable in .env: exit status 0" ended 0
ok "the override holds" is "$(ran)" "$(all_of v1)"
ok "nothing is left" clean test prod

# ---- a promotion with changed files, and back with those of before

app_files='compose.override.yaml web.env .env'
files() { on prod "cd /srv/stacks/many && cat $app_files && stat -c '%a %u %n' $app_files"; }
then=$(files)
many test v2 '' "$beside"
on prod "cd /srv/stacks/many && sed -i s/more/newer/ compose.override.yaml && echo EXTRA=other >web.env && echo PW=changed >.env"
configure '"many": { "compose": { "project": "many", "directory": "/srv/stacks/many" }, "health_deadline_s": 40, "gates": { "allow_compose_changes": true } }'
promote many
ok "with changed files: exit status 0" ended 0
ok "they have come along" says 'many-web-1 many:v2 running newer' ran
run_rfa rollback many --env prod --last --dry-run
ok "a preview tells what differs, by key" said 'compose.override.yaml .~services'
ok "of variables, too" said '~EXTRA'
ok "and no value" not said 'PW=\|newer'
run_rfa rollback many --env prod --last --with-files --yes prod
ok "rollback --with-files: exit status 0" ended 0
ok "what ran runs again, with the labels of then" is "$(ran)" "$(all_of v1)"
ok "the files are those of then" is "$(files)" "$then"
ok "nothing is left" clean test prod
ok "verify agrees" exits 0 rfa verify many --env prod

done_testing
