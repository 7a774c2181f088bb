#!/usr/bin/env bash
# The six stacks of one team: an edge proxy (nginx), a bot without ports that holds a connection, a
# worker with a model, an ERP with PostgreSQL whose production and staging share a host, a web site.
# Versions come from a registry; production takes what staging has proven. All are asked through the
# edge proxy.
# shellcheck disable=SC2016,SC2086,SC2119,SC2154,SC2317  # quoted for hosts; lists of names; no arguments; set by name; called by name
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/harness/lab_registry.sh
. "$SRC/tests/harness/lab_registry.sh"
live_up
registry_make
registry_start || ok "the registry starts" false
token=token-of-the-bot-$RANDOM

# ---- the images: programs of Debian, and what each team member has written around them

made=()
base() { # NAME:TAG PORT MORE
	"$LAB" image test "$1" "${1#*:}" --port "$2" --no-healthcheck "${@:3}" >/dev/null &
	made+=($!)
}
base nginx:base 8000 --server nginx
base tools:base 8000
base database:17 5432 --server postgres --cmd /bin/postgres-start
wait "${made[@]}"
source_of() { # APP FILE: from standard input
	on test "mkdir -p /srv/src/$1 && cat >/srv/src/$1/$2 && chmod 755 /srv/src/$1/$2"
}
source_of edge nginx.conf <<-'END'
	user www-data; pid /tmp/pid; error_log stderr;
	events {}
	http {
		access_log off;
		# A container may get another address while this one runs.
		resolver 127.0.0.11 valid=1s ipv6=off;
		proxy_http_version 1.1;
		server {
			listen 8000;
			location = /version { root /etc; }
			location ~ ^/([a-z0-9-]+)(/.*)$ { proxy_pass http://$1:8000$2; }
		}
	}
END
source_of site nginx.conf <<-'END'
	user www-data; pid /tmp/pid; error_log stderr;
	events {}
	http { access_log off; server { listen 8000; root /etc; } }
END
source_of bot start <<-'END'
	#!/bin/sh
	# Tells the hub its token, and holds the connection; ends with it.
	mkfifo /tmp/never
	(echo "$TOKEN" && exec cat /tmp/never) | nc "$HUB" 7000 >/tmp/said &
	wait $!
END
source_of ocr start <<-'END'
	#!/bin/sh
	# Makes its model if there is none; reads with it.
	[ -s /models/model ] || { server --blob 1 7 >/models/model.new && mv /models/model.new /models/model; } || exit
	mkdir -p /www/cgi-bin && cp /bin/read /www/cgi-bin/read
	exec httpd -f -p 8000 -h /www
END
source_of ocr read <<-'END'
	#!/bin/sh
	printf 'Content-Type: text/plain\r\n\r\n'
	sha256sum /models/model && echo read by "$(cat /etc/version)"
END
make_images() { # VERSION: all of it
	on test "set -e; cd /srv/src; mkdir -p web
		printf '%s\n' 'FROM nginx:base' 'COPY nginx.conf /etc/nginx/' 'CMD [\"nginx\",\"-g\",\"daemon off;\"]' | tee edge/Dockerfile >site/Dockerfile
		printf '%s\n' 'FROM tools:base' 'COPY start /bin/' 'CMD [\"/bin/start\"]' >bot/Dockerfile
		printf '%s\n' 'FROM tools:base' 'COPY start read /bin/' 'CMD [\"/bin/start\"]' >ocr/Dockerfile
		echo 'FROM tools:base' >web/Dockerfile
		case $1 in *bad) echo 'ENV HEALTH_STATUS=500' >>web/Dockerfile; set web ;; *) set edge site bot ocr web ;; esac
		for a; do
			echo $1 >\$a/version; echo 'COPY version /etc/' >>\$a/Dockerfile
			DOCKER_BUILDKIT=1 docker build -q -t \$a:$1 \$a >/dev/null
		done"
	local a
	for a in ${2:-edge site bot ocr web}; do push test "$a:$1" "team/$a:$1" || return; done
}
ok "the images of sha-1" make_images sha-1
ok "the images of sha-2" make_images sha-2
ok "the bad one of the ERP" make_images sha-3bad web
on test "for a in edge site bot ocr web; do docker tag \$a:sha-1 $registry/team/\$a:sha-1; done
	docker save database:17 $(printf "$registry/team/%s:sha-1 " edge site bot ocr web)" | on prod 'docker load -q >/dev/null'

# ---- what the bot talks to, outside of all hosts

cat >"$TMP/hub.py" <<'END'
import socketserver, sys
class Bot(socketserver.StreamRequestHandler):
    def handle(self):
        if self.rfile.readline().decode().strip() == sys.argv[2]:
            self.wfile.write(b"welcome\n")
            self.rfile.read()
class Hub(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True
Hub((sys.argv[1], 7000), Bot).serve_forever()
END
# A client of three of the stacks, one question after the other, through the edge proxy.
cat >"$TMP/client.py" <<'END'
import os, signal, sys, urllib.request
signal.signal(signal.SIGTERM, lambda *_: globals().update(going=False))
going, asked = True, 0
while going:
    for path in sys.argv[3:]:
        try:
            urllib.request.urlopen(f"http://{sys.argv[1]}/{path}", timeout=60).read()
        except OSError as e:
            print("no answer:", path, e, flush=True)
    asked += 1
    with open(sys.argv[2] + ".new", "w") as count:
        count.write(str(asked))
    os.replace(sys.argv[2] + ".new", sys.argv[2])
END
start_client() {
	(become python3 "$TMP/client.py" "$prod_address" "$TMP/asked" web-seisei/version ocr/cgi-bin/read odoo18-prod/health >"$TMP/client.log" 2>&1 </dev/null) &
	client=$!
	started "$client"
	await 30 test -s "$TMP/asked"
}
end_client() {
	local before
	before=$(cat "$TMP/asked")
	ok "the client goes on behind it" await 30 eval '[ "$(cat "$TMP/asked")" -gt '"$before"' ]'
	signal TERM "$client"
	wait "$client"
	ok "each of its $(cat "$TMP/asked") times three requests was answered" is "$(cat "$TMP/client.log")" ""
}
hub=${registry%:*}
W=$TMP
(become python3 "$TMP/hub.py" "$hub" "$token" >"$TMP/hub.log" 2>&1 </dev/null) &
started $!

# ---- the stacks as they stand on the hosts

stack_file() { # HOST NAME: its docker-compose.yml, from standard input
	on "$1" "mkdir -p /srv/stacks/$2 && cat >/srv/stacks/$2/docker-compose.yml"
}
one() { # SERVICE NAME MORE
	cat <<-END
	services:
	  $1:
	    image: $registry/team/$1:sha-1
	    restart: unless-stopped
	    init: true
	    networks: { edge: { aliases: [ $2 ] } }
	$3
	networks: { edge: { external: true } }
	END
}
erp() { # NAME PORT
	one web "$1" "    environment: { POSTGRES: \"db:5432\", POSTGRES_PASSWORD: \"\${DB_PASSWORD}\" }
    ports: [ \"127.0.0.1:$2:8000\" ]
    volumes: [ \"filestore:/data\" ]
  db:
    image: database:17
    user: \"999:999\"
    environment: { POSTGRES_PASSWORD: \"\${DB_PASSWORD}\", PGDATA: /data/pg }
    tmpfs: [ \"/tmp:mode=1777\" ]
    restart: unless-stopped
    stop_signal: SIGINT
    volumes: [ \"database:/data/pg\" ]
volumes: { filestore: {}, database: {} }" | sed '0,/networks: { edge/s//networks: { default: {}, edge/'
}
for h in test prod; do
	one edge edge '    ports: [ "80:8000" ]' | stack_file $h edge
	one bot langbot "    env_file: bot.env
    environment: { HUB: $hub }" | stack_file $h langbot
	one ocr ocr '    ports: [ "127.0.0.1:8180:8000" ]
    volumes: [ "models:/models" ]
volumes: { models: {} }' | stack_file $h ocr
	one site web-seisei '    ports: [ "127.0.0.1:8003:8000" ]' | stack_file $h web-seisei
	on $h "umask 077; echo 'TOKEN=$token' >/srv/stacks/langbot/bot.env"
done
erp odoo18-prod 8069 | stack_file prod odoo18-prod
erp odoo18-staging 8070 | stack_file prod odoo18-staging
on prod 'docker network create edge >/dev/null
	for s in odoo18-prod odoo18-staging; do
		cd /srv/stacks/$s && (umask 077; echo DB_PASSWORD=only-for-the-lab >.env)
		docker compose create --quiet-pull db && chown 999:999 /var/lib/docker/volumes/${s}_database/_data && docker compose start db
	done
	for s in odoo18-prod edge langbot ocr web-seisei; do (cd /srv/stacks/$s && docker compose up -d --quiet-pull); done' >"$TMP/up.log" 2>&1
ok "production is up" is "$(on prod 'docker ps -q' | wc -l)" 7

W=$TMP/six
mkdir -p "$W"
check() { printf '{ "name": "%s", "url": "http://127.0.0.1:%s", "body": "%s" }' "$@"; }
stack() { # NAME SERVICE CHECKS [MORE]: staging is on the host test
	cat <<-END
	"$1": { "compose": { "project": "$1", "directory": "/srv/stacks/$1" }, "checks": [$3],
		"deploy": { "images": { "$2": "$registry/team/$2" } }, "health_deadline_s": ${deadline:-$((30 * SLOW))},
		"backup": { "where": "operator", "directory": "backups" },
		"environments": { "prod": { "gates": { "disk_free_percent": 1, "verified_in": ["staging"] } } }${4:-} }
	END
}
environment() { printf '"%s": { "destination": "%s", "ssh_config": "%s/op/ssh/config", "own_addresses": ["%s"] }' "$1" "$2" "$RFA_LAB_DIR" "$3"; }
team() {
	cat >"$W/rfa.json" <<-END
	{ "version": 1, $(registry_keys), "environments": { $(environment staging test "$test_address"),
		$(environment erp-staging prod "$prod_address"), $(environment prod prod "$prod_address") }, "stacks": {
	$(stack edge edge "$(check itself 80/version sha-)"),
	$(stack langbot bot '{ "name": "runs", "container": "langbot-bot-1", "networks": ["edge"] },
		{ "name": "connected", "exec": { "service": "bot", "command": ["grep", "-q", "welcome", "/tmp/said"] } }'),
	$(stack ocr ocr "$(check reads 8180/cgi-bin/read 'read by')" ', "data": { "members": { "models": { "volume": "ocr_models" } } }'),
	$(stack web-seisei site "$(check page 8003/version sha-)"),
	"odoo18": { "deploy": { "images": { "web": "$registry/team/web" } }, "health_deadline_s": ${deadline:-$((30 * SLOW))},
		"compose": { "project": "odoo18-prod", "directory": "/srv/stacks/odoo18-prod", "services": ["web"] },
		"data": { "members": { "filestore": { "volume": "odoo18-prod_filestore" }, "database": { "volume": "odoo18-prod_database" } } },
		"backup": { "where": "operator", "directory": "backups" },
		"checks": [$(check health 8069/health ok)],
		"environments": {
			"erp-staging": { "compose": { "project": "odoo18-staging", "directory": "/srv/stacks/odoo18-staging" },
				"data": { "members": { "filestore": { "volume": "odoo18-staging_filestore" }, "database": { "volume": "odoo18-staging_database" } } },
				"checks": [$(check health 8070/health ok)], "gates": { "disk_free_percent": 1 } },
			"prod": { "backup": { "before": ["deploy"] },
				"gates": { "disk_free_percent": 1, "verified_in": ["erp-staging"]${off:-} } } } }
	}, $QUICK }
	END
	settle_soon "$W/rfa.json"
}
team
rfa -q init >/dev/null 2>&1
ok "rfa.json is right" exits 0 rfa check --connect
version_of() { on "$1" "docker container inspect -f '{{.Config.Image}}' $2" | sed 's/.*://'; }
through_edge() { on prod "busybox wget -qO- -T 5 http://127.0.0.1:80/$1"; }
single='edge/edge langbot/bot ocr/ocr web-seisei/site'

# ---- the network of all has to be there

run_rfa deploy edge sha-2 --to staging
ok "edge: refused where its network is missing" ended 4
ok "the network is named" said 'the external network edge does not exist'
on test 'docker network create edge >/dev/null'

# ---- each to staging, then to production

run_rfa deploy ocr sha-2 --to prod
ok "ocr: production refuses what staging has not seen" ended 4
ok "it says so" said 'not been verified on staging'
model=$(on prod 'docker exec ocr-ocr-1 sha256sum /models/model')
for s in $single; do
	for h in test prod; do
		env=prod
		[ $h = prod ] || env=staging
		run_rfa deploy "${s%/*}" sha-2 --to $env
		ok "${s%/*}: sha-2 to $env" ended 0
		ok "it runs" is "$(version_of $h "${s/\//-}-1")" sha-2
	done
done
ok "the site, through the edge" is "$(through_edge web-seisei/version)" sha-2
ok "the worker reads, with the model that it had" says "${model%% *}" through_edge ocr/cgi-bin/read

# ---- the ERP: production and staging on one host; the bad version goes back, and nobody else notices

run_rfa deploy odoo18 sha-2 --to erp-staging
ok "odoo18: sha-2 to staging, for the first time" ended 0
ok "production, on the same host, was not touched" is "$(version_of prod odoo18-prod-web-1) $(version_of prod odoo18-staging-web-1)" "sha-1 sha-2"
ok "both are called web in the network of all: it is told" said 'are both called web in the network edge'
query() { on prod "docker exec odoo18-$1-db-1 psql -h /tmp -U postgres -Atqc \"$2\""; }
files=/var/lib/docker/volumes/odoo18-prod_filestore/_data
query prod 'create table orders(body text); insert into orders values (chr(49))'
on prod "echo of sha-1 >$files/order"
run_rfa deploy odoo18 sha-2 --to prod
ok "odoo18: sha-2 to production, after a backup" ended 0
ok "it runs" is "$(version_of prod odoo18-prod-web-1)" sha-2
others=$(instances prod edge-edge-1 langbot-bot-1 ocr-ocr-1 web-seisei-site-1 odoo18-prod-web-1 odoo18-prod-db-1 odoo18-staging-db-1)
deadline=6 team
start_client
run_rfa deploy odoo18 sha-3bad --to erp-staging
ok "a version that is ill goes back by itself" ended 5
ok "staging runs what it ran" is "$(version_of prod odoo18-staging-web-1)" sha-2
end_client
ok "nobody else was touched" is "$(instances prod edge-edge-1 langbot-bot-1 ocr-ocr-1 web-seisei-site-1 odoo18-prod-web-1 odoo18-prod-db-1 odoo18-staging-db-1)" "$others"
team
run_rfa deploy odoo18 sha-3bad --to prod
ok "production never sees it" ended 4

# ---- a name that two projects have in one network

on prod 'for s in prod staging; do docker network connect --alias db edge odoo18-$s-db-1; done'
ok "db means both, for whoever is in the network of all" is "$(on prod 'docker exec edge-edge-1 nslookup db 127.0.0.11' | grep -c '^Address: 172')" 2
run_rfa deploy odoo18 sha-2 --to prod --dry-run
ok "refused: production might write to the database of staging" ended 4
ok "both are named" grep -q 'odoo18-prod-db-1 and odoo18-staging-db-1 (of the project odoo18-staging) are both called db in the network edge' "$W/out"
on prod 'for s in prod staging; do docker network disconnect edge odoo18-$s-db-1; done'
run_rfa deploy odoo18 sha-2 --to prod --dry-run
ok "mended: it would go" ended 0
ok "what only others might mix up is a warning" grep -q 'are both called web' "$W/out"
off=', "off": ["shared names"]' team
run_rfa deploy odoo18 sha-2 --to prod --dry-run
ok "switched off: it is not told" not grep -q 'are both called' "$W/out"
team

# ---- the data is wrong since sha-2: the old version and its data come back

query prod "insert into orders values (chr(50))"
on prod "echo of sha-2 >$files/order"
run_rfa rollback odoo18 --env prod --to sha-1 --with-database --yes prod
ok "odoo18: back with its data" ended 0
ok "sha-1 runs" is "$(version_of prod odoo18-prod-web-1)" sha-1
ok "with the orders of that time" is "$(await 20 query prod 'select 1' >/dev/null; query prod 'select count(*) from orders') $(on prod "cat $files/order")" "1 of sha-1"
ok "and it serves, through the edge" says '"status":"ok"' through_edge odoo18-prod/health
ok "staging runs what it ran" is "$(version_of prod odoo18-staging-web-1)" sha-2

# ---- a backup of each; what is known of each

for s in odoo18 ocr; do
	run_rfa backup $s --env prod
	ok "$s: its data is backed up" ended 0
done
for s in edge langbot web-seisei; do
	run_rfa backup images $s --env prod
	ok "$s has no data: its images are backed up" ended 0
done
rfa status >"$W/status" 2>&1
rfa history -n 100 >"$W/history" 2>&1
for s in $single; do
	ok "status: ${s%/*}" grep -qE "^${s%/*} +prod +sha-2 .*deploy" "$W/status"
	for env in staging prod; do ok "history: ${s%/*} on $env" grep -qE " ${s%/*} +$env +deploy +sha-2 +success" "$W/history"; done
	ok "verify ${s%/*}" exits 0 rfa verify "${s%/*}" --env prod
done
for line in 'erp-staging +deploy +sha-3bad +rolled back' 'prod +deploy +sha-3bad +fail' 'prod +deploy +sha-2 +success' 'prod +rollback-whole +sha-1 +success +from sha-2'; do
	ok "history: odoo18 $line" grep -qE " odoo18 +$line" "$W/history"
done
ok "verify odoo18" exits 0 rfa verify odoo18 --env prod
rfa ledger git log -p --all >"$W/all" 2>&1
ok "the token of the bot is nowhere" not grep -qe "$token" -e only-for-the-lab "$W/all" "$W/history" "$W/status"
ok "nothing is left" clean test prod
ok "the ledger is whole" exits 0 rfa ledger verify --hosts
sed 's/^/# /' "$W/status" "$W/history"

done_testing
