# For live tests: a shop on test and prod whose versions change what is stored. Each version writes down, in
# the data, which data it has met when it started.
# shellcheck shell=bash disable=SC2016  # quoted for hosts

app shop test 1.0.0
app shop prod 1.0.0
version() { # VERSION SCHEMA: runs on test, and makes the data into its own
	on test "mkdir -p /srv/src && cd /srv/src && cat >start" <<-'END' || return
		#!/bin/sh
		echo "$(cat /etc/version) met schema $(cat /data/schema 2>/dev/null || echo none)" >>/data/met
		cat /etc/schema >/data/schema
		exec /bin/server
	END
	on test "cd /srv/src && echo $1 >version && echo $2 >schema && chmod 755 start &&
		printf '%s\n' 'FROM shop-api:1.0.0' 'COPY start /bin/start' 'COPY schema version /etc/' 'CMD [\"/bin/start\"]' >Dockerfile &&
		DOCKER_BUILDKIT=1 docker build -q -t shop-api:$1 . && docker tag shop-web:1.0.0 shop-web:$1 && cd /srv/stacks/shop &&
		sed -i 's/\(shop-[a-z]*\):[0-9.]*/\1:$1/' compose.yaml && docker compose up -d --quiet-pull" >"$TMP/version.log" 2>&1 &&
		await 30 settled test
}
stack() { # MORE CHECKS
	cat <<-END
	"shop": {
		"compose": { "project": "shop", "directory": "/srv/stacks/shop", "files": ["compose.yaml"] },
		"health_deadline_s": ${deadline:-$((30 * SLOW))}, "gates": { "disk_free_percent": 1 },
		"checks": [{ "name": "answers", "url": "http://127.0.0.1:8090/health", "body": "ok" }${1:-}],
		"data": { "members": { "orders": { "volume": "shop_data" } } },
		"backup": { "where": "operator", "directory": "backups" } }
	END
}
data=/var/lib/docker/volumes/shop_data/_data
schema() { on prod "cat $data/schema"; }
met() { on prod "cat $data/met" | tr '\n' ';'; }
runs() { on prod "docker container inspect -f '{{.Config.Image}} {{.State.Status}}' shop-api-1"; }
