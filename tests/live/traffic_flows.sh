#!/usr/bin/env bash
# Every flow that makes containers anew moves the traffic: a version that was built, one from a registry, a
# released tag, and the way back, of a Compose project behind a real HAProxy. Visitors of all kinds ask
# meanwhile; none of their questions fails.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/lib.sh"
command -v git >/dev/null || skip_all "there is no git"
command -v docker-registry >/dev/null || skip_all "there is no docker-registry"
# shellcheck source=tests/harness/lab_registry.sh
. "$SRC/tests/harness/lab_registry.sh"
live_up
# shellcheck source=tests/harness/lab_traffic.sh
. "$SRC/tests/harness/lab_traffic.sh"
registry_make
registry_start || ok "the registry starts" false

# ---- a Compose project on prod; test builds, and has what is pushed

images test web:v1 web:3.0 && images prod web:v1 || exit
push test web:3.0 web:3.0
"$LAB" image prod edge:1 1 --server haproxy --no-healthcheck >/dev/null
compose() { # MODE
	printf '%s\n' 'services:' '  web:' '    image: web:v1' '    restart: unless-stopped' '    networks: [front]' \
		"    environment: { MODE: $1 }" 'networks:' '  front:' '    external: true'
}
compose one | on prod 'docker network create front >/dev/null && mkdir -p /srv/stacks/web &&
	cat >/srv/stacks/web/compose.yaml && cd /srv/stacks/web && docker compose up -d >/dev/null 2>&1'
stack() { # MORE KEYS
	echo '"web": { "compose": { "project": "web", "directory": "/srv/stacks/web", "files": ["compose.yaml"] },
		"health_deadline_s": '$((20 * SLOW))', '"$(traffic_of haproxy edge 1)"', '"$1"' }'
}
built() { echo '"build": { "on": "test", "images": { "web": { "image": "web", "context": "'"$1"'" } } }'; } # CONTEXT
work traffic_flows "$(stack "$(built /srv/src/web)")"
ok "the router serves" edge_is_made

export GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org GIT_COMMITTER_NAME=Olga GIT_COMMITTER_EMAIL=olga@example.org GIT_CONFIG_GLOBAL=/dev/null
git init -q -b main "$TMP/src" && git init -q --bare "$TMP/web.git"
mkdir -p "$TMP/src/web" "$TMP/src/deploy"
compose two >"$TMP/src/deploy/compose.yaml"
printf '%s\n' 'FROM web:v1' 'COPY version /etc/version' | tee "$TMP/src/web/Dockerfile" |
	on test 'mkdir -p /srv/src/web && cat >/srv/src/web/Dockerfile && echo 2.0 >/srv/src/web/version'
echo v4.0 >"$TMP/src/web/version"
git -C "$TMP/src" add -A && git -C "$TMP/src" commit -q -m v4.0 && git -C "$TMP/src" tag v4.0 && git -C "$TMP/src" push -q "$TMP/web.git" v4.0

moved() { # VERSION: the run has ended well, and the traffic has moved to this version, and nothing is left
	ended 0 && says "$1" serves && is "$(stands)" "web 0" && says 'all requests of web go to the new version' rfa show "$run"
}

# ---- each flow, in one visit

visit /version "${everybody[@]}"
run_rfa publish web --to prod --as 2.0
ok_here "publish" moved 2.0
configure "$(stack '"deploy": { "images": { "web": "'"$registry"'/web" } }')" "$QUICK, $(registry_keys)"
run_rfa deploy web 3.0 --to prod
ok_here "deploy" moved 3.0
configure "$(stack '"source": { "git": "'"$TMP"'/web.git", "directory": "deploy" }, '"$(built web)")"
run_rfa release web v4.0 --to prod --force --reason 'nobody has brought its file' --yes prod
ok_here "release" moved v4.0
ok "its Compose file was brought" is "$(on prod "docker inspect -f '{{.Config.Env}}' web-web-1" | grep -o 'MODE=[a-z]*')" MODE=two
ok "that the stand-in knows nothing of it is told" said 'its stand-in is made as its container is now'
run_rfa rollback web --env prod --to 3.0 --yes prod
ok_here "rollback" moved 3.0
leave
ok "no question failed over all flows" none_failed 1000
ok "nothing is left" clean test prod
done_testing
