# For live tests: an application on prod that is made anew: nginx and the program behind it in one container,
# under a supervisor, with PostgreSQL and redis; its images are in the registry of lab_registry.sh.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154  # quoted for hosts; set for the test; set by others

dir=/srv/whalefall volumes=/var/lib/docker/volumes
names='whalefall_postgres_prod whalefall_redis_prod whalefall_app_prod'

# ---- its images

# Both programs in one container: whichever ends is started again, as a supervisor does it.
put_image() { # VERSION [PROGRAM]: which is behind nginx; without it: none
	on test "mkdir -p /srv/src && cd /srv/src && cat >start && chmod 755 start" <<-END || return
		#!/bin/sh
		trap 'exit 0' TERM INT
		keep() { while :; do "\$@"; sleep 1; done; }
		keep /usr/sbin/nginx -c /etc/nginx/main.conf &
		${2:+keep $2 &}
		while :; do wait; done
	END
	on test 'cd /srv/src && cat >main.conf' <<-'END' || return
		user root; daemon off; pid /var/lib/nginx/pid; error_log stderr; events {}
		http { access_log off; server { listen 8080; location / { proxy_pass http://127.0.0.1:5001; } } }
	END
	on test "cd /srv/src && echo $1 >version && printf '%s\n' 'FROM whalefall-base:1' 'COPY start /bin/start' \
		'COPY main.conf /etc/nginx/main.conf' 'COPY version /etc/version' 'CMD [\"/bin/start\"]' >Dockerfile &&
		DOCKER_BUILDKIT=1 docker build -q -t whalefall:$1 . >/dev/null" && push test "whalefall:$1" "whalefall:$1"
}
# A server whose data belongs to its own user, as the images of PostgreSQL and MariaDB have it.
put_server() { # HOST NAME KIND PORT
	"$LAB" image "$1" "$2:0" 0 --server "$3" --port "$4" --cmd "/bin/$3-start" --no-healthcheck >/dev/null &&
		on "$1" "mkdir -p /srv/$2/data && cd /srv/$2 && printf '%s\n' 'FROM $2:0' 'COPY --chown=999:999 data /store' >Dockerfile &&
			DOCKER_BUILDKIT=1 docker build -q -t $2:1 . >/dev/null"
}
images_made() {
	"$LAB" image test whalefall-base:1 1 --server nginx --port 5001 --no-healthcheck >/dev/null &&
		"$LAB" image prod whalefall-redis:1 1 --port 6379 >/dev/null &&
		put_server prod whalefall-db postgres 5432 && put_server test maria-db mariadb 3306 && push test maria-db:1 maria:v1 &&
		put_image v1 /bin/server && put_image ill && compose_is && sql_is && env_is && maria_is
}

# ---- its files on prod

compose_is() { # [PORT]: of the database
	local ports=''
	[ -z "${1:-}" ] || ports="ports: [\"$1\"]"
	on prod "mkdir -p $dir/sql && cat >$dir/compose.yaml" <<-END
	name: whalefall
	services:
	  postgres:
	    image: whalefall-db:1
	    container_name: whalefall_postgres_prod
	    user: "999:999"
	    environment: { PGDATA: /store/cluster, POSTGRES_PASSWORD: "\${POSTGRES_PASSWORD}" }
	    restart: unless-stopped
	    volumes: ["pg:/store"]
	    tmpfs: ["/tmp:mode=1777"]
	    networks: { whalefall: { ipv4_address: 172.31.79.10 } }
	    healthcheck: { test: ["CMD", "/bin/pg_isready", "-q", "-h", "127.0.0.1"], interval: 30s, timeout: 30s, retries: 5, start_period: 60s, start_interval: 300ms }
	    stop_signal: SIGINT
	    stop_grace_period: 20s
	    $ports
	  redis:
	    image: whalefall-redis:1
	    container_name: whalefall_redis_prod
	    restart: unless-stopped
	    volumes: ["redis:/data"]
	    networks: { whalefall: { ipv4_address: 172.31.79.11 } }
	  whalefall:
	    image: $registry/whalefall:v1
	    container_name: whalefall_app_prod
	    restart: unless-stopped
	    environment:
	      MODE: as-made
	      POSTGRES: 172.31.79.10:5432
	      POSTGRES_PASSWORD: \${POSTGRES_PASSWORD}
	      SECRET_KEY: \${SECRET_KEY}
	    depends_on: { postgres: { condition: service_healthy } }
	    networks: { whalefall: { ipv4_address: 172.31.79.12 } }
	    ports: ["127.0.0.1:8095:8080"]
	    stop_grace_period: 2s
	volumes: { pg: {}, redis: {} }
	networks: { whalefall: { ipam: { config: [{ subnet: 172.31.79.0/24 }] } } }
	END
}
sql_is() {
	on prod "printf '%s\n' 'create table parts(id int, at int) partition by range (at);' 'create table users(id int);' >$dir/sql/init.sql
		printf '%s\n' 'create table part_one partition of parts for values from (0) to (100);' 'insert into parts values (1, 50);' >$dir/sql/partitions.sql"
}
env_is() {
	on prod "printf '%s\n' POSTGRES_PASSWORD= SECRET_KEY=changeme >$dir/env.example
		printf 'POSTGRES_PASSWORD=lab-%s\nSECRET_KEY=lab-%s\n' not-a-secret nor-this >$dir/.env && chmod 600 $dir/.env"
}
stack() {
	cat <<-END
	"whalefall": {
		"compose": { "project": "whalefall", "directory": "$dir", "files": ["compose.yaml"] },
		"deploy": { "images": { "whalefall": "$registry/whalefall" } },
		"data": { "members": { "pg": { "volume": "whalefall_pg" }, "redis": { "volume": "whalefall_redis" } } },
		"init": { "first": ["postgres", "redis"], "tables_min": 3,
			"postgres": { "container": "whalefall_postgres_prod", "database": "postgres" },
			"files": ["sql/init.sql", "sql/partitions.sql"],
			"stamp": { "service": "postgres", "command": ["/bin/psql", "-h", "/tmp", "-U", "postgres", "-c", "create schema if not exists stamp"] } },
		"checks": [{ "name": "nginx -t", "exec": { "service": "whalefall", "command": ["/usr/sbin/nginx", "-t", "-c", "/etc/nginx/main.conf"] } }],
		"health": [{ "url": "http://127.0.0.1:8095/health" }], "health_deadline_s": ${deadline:-$((12 * SLOW))}
	}
	END
}

# ---- the world

psql() { on prod "docker exec whalefall_postgres_prod psql -h /tmp -U postgres -Atc \"$1\""; }
tables() { psql "select count(*) from pg_tables where schemaname = 'public'"; }
serves() { is "$(on prod 'busybox wget -qO- -T 5 http://127.0.0.1:8095/version')" "$1"; } # VERSION
sum_of() { on prod "sha256sum <$dir/$1 | cut -d' ' -f1"; }
mark() { # WHAT: it is in the database, and in redis
	psql "create table if not exists mark(what text); truncate mark; insert into mark values('$1')" >/dev/null &&
		on prod "echo $1 >$volumes/whalefall_redis/_data/dump"
}
cat_redis() { on prod "cat $volumes/whalefall_redis/_data/dump"; }
redis_sum() { listing prod $volumes/whalefall_redis/_data; }
hba() { on prod "sha256sum <$volumes/whalefall_pg/_data/cluster/pg_hba.conf"; }

events_begin() { # what the engine of prod tells from now on is in $TMP/engine
	in_lab hosts/prod || return
	curl -sSN --unix-socket "/proc/$pid/root/run/docker.sock" http://engine/events >"$TMP/engine" &
	engine_job=$!
	started "$engine_job"
}
events_end() { signal TERM "$engine_job"; wait "$engine_job" 2>/dev/null; grep -q . "$TMP/engine"; }

# ---- what stands in the way

rules() { # LINE [reload]: added to the rules that the server was made with; "": those
	on prod "cp /root/hba $volumes/whalefall_pg/_data/cluster/pg_hba.conf && { [ -z '$1' ] || echo '$1' >>$volumes/whalefall_pg/_data/cluster/pg_hba.conf; }"
	# The server tells the time of a file in whole seconds.
	[ -n "${2:-}" ] || on prod "touch -d '+5 sec' $volumes/whalefall_pg/_data/cluster/pg_hba.conf"
	[ -z "${2:-}" ] || psql 'select pg_reload_conf()' >/dev/null
}

# ---- MariaDB, by itself

maria_stack() {
	cat <<-END
	"maria": {
		"compose": { "project": "maria", "directory": "/srv/maria", "files": ["compose.yaml"] },
		"deploy": { "images": { "db": "$registry/maria" } },
		"data": { "members": { "server": { "volume": "maria_server" } } },
		"init": { "first": ["db"], "tables_min": 2, "mysql": { "container": "maria_db", "database": "shop" }, "files": ["one.sql", "two.sql"] },
		"health_deadline_s": $((30 * SLOW))
	}
	END
}
maria_is() {
	on prod 'mkdir -p /srv/maria && cd /srv/maria && echo "create table one(i int);" >one.sql && echo "create table two(i int); insert into two values (2);" >two.sql &&
		printf "MARIADB_ROOT_PASSWORD=lab-%s\n" not-a-secret >.env && cat >compose.yaml' <<-END
	name: maria
	services:
	  db:
	    image: $registry/maria:v1
	    container_name: maria_db
	    hostname: maria
	    user: "999:999"
	    environment: { DATA: /store/server, MARIADB_ROOT_PASSWORD: "\${MARIADB_ROOT_PASSWORD}" }
	    # As the image of MariaDB does with MARIADB_DATABASE.
	    command: ["/bin/sh", "-c", "{ until MYSQL_PWD=\$\$MARIADB_ROOT_PASSWORD mariadb --no-defaults -u root -e 'create database if not exists shop; drop user if exists root@maria'; do sleep 0.2; done 2>/dev/null; } & exec /bin/mariadb-start"]
	    restart: unless-stopped
	    volumes: ["server:/store"]
	    tmpfs: ["/tmp:mode=1777", "/run/mysqld:mode=1777"]
	    stop_grace_period: 20s
	volumes: { server: {} }
	END
}
sql() { on prod "docker exec maria_db sh -c \"MYSQL_PWD=\\\$MARIADB_ROOT_PASSWORD exec mariadb --no-defaults -u root -N -B shop -e '$1'\""; }
