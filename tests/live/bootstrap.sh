#!/usr/bin/env bash
# A first deployment on an empty prod: what it needs is named, all of it; then it is made.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

app ragflowauth test v1
requires='"requires": ["/opt/ragflowauth/ragflow_config.json", "/opt/ragflowauth/ragflow_compose/", "/opt/ragflowauth/data/"]'
bodies='"containers": {
	"ragflowauth-backend": { "User": "1000:1000", "Env": ["DATABASE_PATH=/app/data/auth.db", "ODD=it'"'"'s \"odd\" $HOME"], "HostConfig": {
		"NetworkMode": "ragflowauth",
		"Binds": ["/opt/ragflowauth/data:/app/data", "/opt/ragflowauth/ragflow_config.json:/app/ragflow_config.json:ro"],
		"PortBindings": { "8001/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "8001" }] },
		"RestartPolicy": { "Name": "unless-stopped" } },
		"NetworkingConfig": { "EndpointsConfig": { "ragflowauth": { "Aliases": ["backend"] } } } },
	"ragflowauth-frontend": { "Env": ["BACKEND=backend:8001"], "HostConfig": {
		"NetworkMode": "ragflowauth",
		"PortBindings": { "8080/tcp": [{ "HostPort": "8080" }] },
		"RestartPolicy": { "Name": "unless-stopped" } } } }'

# ---- nobody said how to make them

work bootstrap "$(ragflowauth_stack)"
empty=$(world prod)
promote ragflowauth
ok "nothing says how to make them: exit status 4" ended 4
for c in backend frontend; do ok "it names $c" said "ragflowauth-$c"; done
ok "and what to write" said 'bootstrap'
ok "prod is untouched" is "$(world prod)" "$empty"

# ---- what they need is not there

configure "$(ragflowauth_stack "\"bootstrap\": { $requires, $bodies }")"
promote ragflowauth
ok "files and directories are missing: exit status 4" ended 4
for f in ragflow_config.json ragflow_compose data; do ok "it names $f" said "gate .*/opt/ragflowauth/$f"; done
ok "and how to mend it" said 'hint'
ok "prod is untouched" is "$(world prod)" "$empty"
on prod 'mkdir -p /opt/ragflowauth/data'
promote ragflowauth
ok "one is there now: exit status 4" ended 4
ok "it is not named any more" not said 'gate .*/opt/ragflowauth/data'
ok "the others are" said 'gate .*/opt/ragflowauth/ragflow_compose'

# ---- all is there

on prod "mkdir -p /opt/ragflowauth/ragflow_compose
	printf '{\"base_url\": \"http://$prod_address/\"}' >/opt/ragflowauth/ragflow_config.json
	chown -R 1000:1000 /opt/ragflowauth/data
	docker network create ragflowauth >/dev/null"
promote ragflowauth
ok "a first deployment: exit status 0" ended 0
ok "prod runs the images of test" is "$(images_of prod ragflowauth-backend ragflowauth-frontend)" \
	"$(images_of test ragflowauth-backend ragflowauth-frontend)"
ok "the backend serves" answers prod 8001/health v1
ok "the frontend serves" says "ragflowauth-frontend v1" on prod "busybox wget -qO- -T 5 http://127.0.0.1:8080/"
ok "with the environment that was asked for" says "ODD=it's \"odd\" \$HOME" on prod 'docker exec ragflowauth-backend env'
ok "and the user" is "$(on prod 'docker container inspect -f "{{.Config.User}} {{.HostConfig.RestartPolicy.Name}}" ragflowauth-backend')" "1000:1000 unless-stopped"
ok "nothing is left" clean test prod
ok "there is nothing to go back to" not says 'v1' rfa rollback ragflowauth --env prod
ok "verify agrees" exits 0 rfa verify ragflowauth --env prod

# ---- and the next one goes as any other

app ragflowauth test v2
before=$(container prod ragflowauth-backend ragflowauth-frontend)
promote ragflowauth
ok "the next promotion: exit status 0" ended 0
ok "all else of both containers is as before" as_before "$before" container prod ragflowauth-backend ragflowauth-frontend
ok "v2 serves" answers prod 8001/health v2
ok "nothing is left" clean test prod

done_testing
