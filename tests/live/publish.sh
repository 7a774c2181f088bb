#!/usr/bin/env bash
# Versions are built on test, and go to prod: one container of two, a service
# of a Compose project, a version that cannot be built, one that is ill, one whose builder dies.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

app ragflowauth test v1
app ragflowauth prod v1

# The sources: the old version is the base, a file of its own is what differs.
source_is() { # VERSION [MORE LINES OF THE DOCKERFILE]
	on test "mkdir -p /srv/src/backend && cd /srv/src/backend && echo '$1' >version &&
		printf '%s\n' 'FROM ragflowauth-backend:v1' 'COPY version /etc/version' ${2:+"'$2'"} >Dockerfile"
}
build_of() { # MORE KEYS OF THE IMAGE
	cat <<-END
	"build": { "on": "test", "images": { "ragflowauth-backend": {
		"image": "ragflowauth-backend", "context": "/srv/src/backend"$1 } } }
	END
}
publish() { run_rfa publish ragflowauth --to prod "$@"; }

work publish "$(ragflowauth_stack "$(build_of '')")"

# ---- what it would do

source_is 2.0
run_rfa publish ragflowauth --to prod --as 2.0 --dry-run
ok "a preview: something would change" ended 2
ok "it says what" says "2.0" cat "$W/out"
ok "it builds nothing" not on test "docker image inspect ragflowauth-backend:2.0 >/dev/null 2>&1"

# ---- 2.0

frontend=$(instances prod ragflowauth-frontend)
# shellcheck disable=SC2086
before=$(container prod ragflowauth-backend)
publish --as 2.0
first=$run
ok "publish: exit status 0" ended 0
ok "prod serves it" answers prod 8001/health 2.0
ok "prod runs what was built" is "$(images_of prod ragflowauth-backend)" "$(on test "docker image inspect -f '{{.Id}}' ragflowauth-backend:2.0")"
ok "all else of the container is as before" as_before "$before" container prod ragflowauth-backend
ok "the other container was not touched" is "$(instances prod ragflowauth-frontend)" "$frontend"
ok "one layer travelled" is "$(facts "$first" source.export exported/layers)" 1
ok "nothing is left" clean test prod
ok "the image says its version" is "$(on prod "docker image inspect -f '{{index .Config.Labels \"org.opencontainers.image.version\"}}' ragflowauth-backend:2.0")" 2.0
ok "the ledger knows all that runs" is "$(rfa status ragflowauth --env prod --json | grep -o '"version": *"[^"]*"' | head -n 1 | tr -d ' ')" '"version":"2.0"'
ok "verify agrees with prod" exits 0 rfa verify ragflowauth --env prod

# ---- a version is one thing for ever

source_is 2.1
publish --as 2.0
ok "the same name from other sources: exit status 4" ended 4
ok "both are named" says "ragflowauth-backend:2.0 is there already on test, " cat "$W/err"
ok "prod serves what it served" answers prod 8001/health 2.0

# ---- a name by the time

publish
second=$run
ok "a version by the time: exit status 0" ended 0
ok "it is a time" on prod "docker container inspect -f '{{.Config.Image}}' ragflowauth-backend | grep -Eqx 'ragflowauth-backend:[0-9]{8}_[0-9]{6}'"
ok "prod serves it now" answers prod 8001/health 2.1
ok "again one layer" is "$(facts "$second" source.export exported/layers)" 1
run_rfa rollback ragflowauth --env prod --to 2.0 --yes prod
ok "and back: exit status 0" ended 0
ok "2.0 serves" answers prod 8001/health 2.0

# ---- what cannot be built

source_is 3.0 'COPY missing /missing'
publish --as 3.0
ok "no such file: exit status 1" ended 1
ok "the builder's words are told" says "missing" cat "$W/err"
ok "prod was not touched" answers prod 8001/health 2.0
ok "no name is left" not on test "docker image inspect ragflowauth-backend:3.0 >/dev/null 2>&1"
ok "nothing is left on either host" clean test prod
on test "rm /srv/src/backend/Dockerfile"
publish --as 3.1
ok "no Dockerfile: refused" ended 4
ok "it says which" says "/srv/src/backend/Dockerfile" cat "$W/err"

# ---- a version that is ill

source_is 4.0 'ENV HEALTH_STATUS=500'
configure "$(deadline=6 ragflowauth_stack "$(build_of '')")"
publish --as 4.0
ok "a version that is ill: exit status 5" ended 5
ok "2.0 is back" await 30 answers prod 8001/health 2.0
ok "no name of it is left on test" not on test "docker image inspect ragflowauth-backend:4.0 >/dev/null 2>&1"

# ---- a secret of the build, and what the builder writes while it builds

planted=pl4nted-$RANDOM$RANDOM$RANDOM
printf '%s' "$planted" >"$W/planted" && chmod 600 "$W/planted"
secret_build='"build": { "on": "test", "secrets": { "planted": { "file": "'$W/planted'" } }, "images": {
	"ragflowauth-backend": { "image": "ragflowauth-backend", "context": "/srv/src/backend" } } }'
configure "$(ragflowauth_stack "$secret_build")"
source_is 4.5 "RUN --mount=type=secret,id=planted wc -c </run/secrets/planted >/etc/length && echo told-$((6 * 7)) && sleep 6 && cat /run/secrets/planted"
on test 'nohup sh -c "while sleep 0.2; do ps -eo args; done >/tmp/argv" >/dev/null 2>&1 & echo $! >/tmp/argv.pid'
rfa publish ragflowauth --to prod --as 4.5 --events >"$W/events" 2>"$W/err" &
published=$!
ok "a line of the builder is told" await 90 grep -q '"event":"output".*told-42' "$W/events"
ok "while it builds" not on test "docker image inspect ragflowauth-backend:4.5 >/dev/null 2>&1"
ok "the secret lies in memory" on test "ls /dev/shm/rfa-secret-*/source.build/*/planted >/dev/null"
wait "$published"
ok "published: exit status 0" is "$?" 0
on test 'kill $(cat /tmp/argv.pid)'
ok "the image had it" is "$(on prod "docker exec ragflowauth-backend cat /etc/length" | tr -d ' \n')" "${#planted}"
ok "what the builder shows of it is hidden" grep -q '"event":"output".*\[secret\]' "$W/events"
ok "it is in no event, on no screen" not grep -qF "$planted" "$W/events" "$W/err"
ok "in no command line" not on test "grep -qF $planted /tmp/argv"
ok "in no file of the hosts' state, in no memory" not on test "grep -rqF $planted /var/lib/rfa /dev/shm /srv/src"
ok "in no image" not on test "docker image save ragflowauth-backend:4.5 | grep -qF $planted"
ok "in no ledger" not grep -rqF --exclude=planted -- "$planted" "$W"
ok "no directory of it is left" not on test "ls -d /dev/shm/rfa-secret-* 2>/dev/null"

# ---- rfa dies while it builds

source_is 5.0 'RUN sleep 3'
configure "$(ragflowauth_stack "$(build_of '')")"
start_rfa publish ragflowauth --to prod --as 5.0
await 60 told '"step": *"source.build"' >/dev/null
await 60 on test "pgrep -f 'image_build|docker.*build' >/dev/null" >/dev/null
signal KILL "$job"
join
ok "it was killed" is "$status" 137
run_rfa resume "$run"
ok "resumed: exit status 0" ended 0
ok "prod serves 5.0" answers prod 8001/health 5.0
ok "nothing is left behind" clean test prod

# ---- what is built is said by a Compose project on the builder

dockerfile() {
	printf '%s\n' 'FROM ragflowauth-backend:v1 AS run' 'ARG WHO=nobody' 'COPY version /etc/version' \
		'RUN --mount=type=secret,id=planted wc -c </run/secrets/planted >/etc/length' 'RUN echo "$WHO" >/etc/who' \
		'FROM scratch' 'COPY nothing /'
}
on test "mkdir -p '/srv/src/the shop/web' && cd '/srv/src/the shop' && echo WHO=everybody >.env && echo c1 >web/version && cat >web/Dockerfile" \
	< <(dockerfile)
on test "cat >'/srv/src/the shop/compose.yaml'" <<-'END'
	services:
	  web:
	    image: composed/web:${TAG:-dev}
	    build:
	      context: ./web
	      target: run
	      args: { WHO: "${WHO}", LEFT: }
	      labels: { org.example.odd: "it's \"odd\"" }
	      secrets: [{ source: anything, target: planted }]
	  other:
	    build: ./web
	    profiles: [never]
	  twin: { image: "composed/web:${TAG:-dev}" }
	  api: { build: { context: web, target: run, secrets: [planted] }, pull_policy: build }
	secrets:
	  anything: { file: ./none }
	  planted: { environment: NOBODY }
END
# The target's project is made by hand once, of images that are there; its file has sections, too.
on prod "mkdir -p /srv/stacks/composed && docker tag \$(docker container inspect -f '{{.Image}}' ragflowauth-backend) composed/web:old && cat >/srv/stacks/composed/compose.yaml" <<-'END'
	services:
	  web: { image: "composed/web:old", build: { context: ./web }, ports: ["127.0.0.1:8077:8000"] }
	  twin: { image: "composed/web:old" }
	  api: { image: "composed/web:old" }
END
on prod 'cd /srv/stacks/composed && docker compose up -d --no-build >/dev/null 2>&1'
# Where the application listens is its own affair: here it is only asked what it is made of.
composed() { # MORE KEYS OF BUILD
	configure '"composed": { "compose": { "project": "composed", "directory": "/srv/stacks/composed" },
		"build": { "on": "test", "compose": true, "directory": "/srv/src/the shop"'"$1"' } }'
}
composed ''
run_rfa publish composed --to prod --as c1
ok "a secret that rfa.json does not know: exit status 3" ended 3
ok "it says what to write" said '"planted": \{"env": "NOBODY"'
composed ', "secrets": { "planted": { "file": "'"$W/planted"'" } }'
run_rfa publish composed --to prod --as c1
composed_run=$run
ok "built by the Compose project: exit status 0" ended 0
ok "each service runs what was built for it" is "$(on prod "docker container inspect -f '{{.Config.Image}}' composed-web-1 composed-twin-1 composed-api-1" | tr '\n' ' ')" \
	"composed/web:c1 composed/web:c1 composed-api:c1 "
ok "with its arguments" is "$(on prod 'docker exec composed-web-1 cat /etc/who')" everybody
ok "and without, where it has none" is "$(on prod 'docker exec composed-api-1 cat /etc/who')" nobody
ok "with the secret" is "$(on prod 'docker exec composed-web-1 cat /etc/length' | tr -d ' \n')" "${#planted}"
ok "with its labels" is "$(on prod "docker image inspect -f '{{index .Config.Labels \"org.example.odd\"}}' composed/web:c1")" "it's \"odd\""
ok "all are told" says '3 of 3 image(s) built' facts "$composed_run" source.build summary
ok "in no ledger" not grep -rqF --exclude=planted -- "$planted" "$W"
run_rfa publish composed --to prod --as c1
ok "the same name, and no git: exit status 4" ended 4
ok "nothing is left behind" clean test prod

done_testing
