#!/usr/bin/env bash
# What keeps data from going to prod: each is refused before anything stops, or undone; in both cases
# the two sides run on as before, with the data that they had.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

ok "the application is up on both sides" records_both --size 5 --files 500
work refusals "$(records_stack)"
letters() { on "$1" 'cat /opt/records/conf/new/letter; sqlite3 -readonly /opt/records/data/auth.db "select count(*) from users" 2>&1'; }
letters_of_prod=$(letters prod) letters_of_test=$(letters test)
rfa_data() { run_rfa promote-data records --from test --to prod "$@"; }

# refused WHAT PATTERN [ANSWER]: a run that does not happen
refused() {
	local what=$1 pattern=$2 answer=${3-prod} before of_test h
	before=$(running prod) of_test=$(running test)
	rfa_data ${answer:+--yes "$answer"}
	ok "$what: it does not happen (exit status $status)" grep -qxE '[23456]' <<<"$status"
	ok "$what: it says why" said "$pattern"
	for h in test prod; do ok "$what: $h runs" await 20 all_run "$h"; done
	stopped=$({ [ "$before" = "$(cat "$TMP/runs-prod")" ] || echo prod; [ "$of_test" = "$(cat "$TMP/runs-test")" ] || echo test; } | tr '\n' ' ')
	[ -z "$stopped" ] || echo "# $what: stopped and started again: $stopped"
	ok "$what: prod has its data" is "$(letters prod)" "$letters_of_prod"
	ok "$what: test has its data" is "$(letters test)" "$letters_of_test"
	ok "$what: nothing is left" clean test prod
	ok "$what: no copies are left" is "$(copies test)$(copies prod)" ""
	ok "$what: nothing is unfinished" says "no run is unfinished" rfa runs --open
}
untouched() { ok "$1: nobody was stopped" is "$stopped" ""; } # WHAT

# ---- asked, and not answered

refused "no terminal and no --yes" '[-][-]yes' ''
untouched "no terminal and no --yes"
refused "the name of another" 'prod' test
untouched "the name of another"

# ---- gates

on prod 'cp -p /opt/records/conf/config.json /run/config.json
	sed -i "s|\"base_url\":\"http://[0-9.]*|\"base_url\":\"http://'"$test_address"'|" /opt/records/conf/config.json'
refused "prod's base URL is test's" 'base.url'
untouched "prod's base URL is test's"
on prod 'cat /run/config.json >/opt/records/conf/config.json && rm /run/config.json'
"$LAB" fill prod 30
refused "prod's disk is too small" 'disk|space'
untouched "prod's disk is too small"
"$LAB" unfill prod
"$LAB" fill test 30
refused "test's disk is too small" 'disk|space'
untouched "test's disk is too small"
"$LAB" unfill test

# ---- others who use the data

for h in test prod; do
	on $h 'docker run -d --name stranger -v records_files:/x records-app:v1 >/dev/null'
	refused "a foreign container on $h" 'stranger'
	ok "a foreign container on $h: it runs on" is "$(on $h 'docker inspect -f "{{.State.Running}}" stranger; docker rm -f stranger >/dev/null')" true
	on $h 'docker run -d --name stranger -v /opt:/x records-app:v1 >/dev/null'
	refused "a foreign container on $h that has a directory above it" 'stranger'
	on $h 'docker rm -f stranger >/dev/null'
	on $h 'sleep 1000 </opt/records/conf/new/letter >/dev/null 2>&1 & echo $! >/run/holder'
	refused "a process on $h holds a file open" 'sleep'
	ok "a process on $h holds a file open: it lives on" on $h 'kill "$(cat /run/holder)"'
	on $h 'cd /var/lib/docker/volumes/records_odd/_data/empty && exec sleep 1000 >/dev/null 2>&1 & echo $! >/run/holder'
	refused "a process on $h stands in a directory" 'sleep'
	on $h 'kill "$(cat /run/holder)"'
done

# ---- a database that is mounted as a file

backend() { # HOST VOLUME: made again, with this volume for its database
	on "$1" "docker rm -f records-backend >/dev/null
		docker run -d --name records-backend --network records -p 127.0.0.1:8071:8071 -v $2 \
			-e BACKEND=172.31.77.20:8070 -e BACKEND_MS=500 --restart unless-stopped \
			--health-cmd '/bin/server --check' --health-start-interval 300ms --health-start-period 20s records-backend:v1 >/dev/null"
	await 20 all_run "$1"
}
for h in test prod; do
	backend $h /opt/records/data/auth.db:/data/auth/auth.db
	refused "a database that is mounted as a file on $h" "auth.db mounted as a single file"
	untouched "a database that is mounted as a file on $h"
	ok "a database that is mounted as a file on $h: what to do" said 'mount the directory'
	backend $h /opt/records/data:/data/auth
done

# ---- somebody in the network of one that stops

on prod 'docker run -d --name sidecar -e PORT=9999 --network container:records-backend records-app:v1 >/dev/null'
refused "somebody has the network of a container on prod" 'sidecar on prod has the network of records-backend'
untouched "somebody has the network of a container on prod"
on prod 'docker rm -f sidecar >/dev/null'

# ---- stopped is not stopped

# Something starts it again and again, as people's watchdogs do. Not called docker: that would be a leftover of rfa.
on prod 'rm -f /run/enough; while [ ! -e /run/enough ]; do
	bash -c "exec -a watchdog docker start records-app-1"; sleep 0.1; done >/dev/null 2>&1 &'
refused "a container that somebody starts again" 'records-app-1'
on prod ': >/run/enough'
on test 'docker update --restart always records-app-1 >/dev/null; docker rm -f records-backend >/dev/null
	docker run -d --name records-backend --network records -p 127.0.0.1:8071:8071 -v /opt/records/data:/data/auth \
		-e BACKEND=172.31.77.20:8070 -e BACKEND_MS=500 -e IGNORE_TERM=1 --stop-timeout 2 --restart always \
		--health-cmd "/bin/server --check" --health-start-interval 300ms --health-start-period 20s records-backend:v1 >/dev/null'
await 20 all_run test

# ---- a database that is broken

# The page of its table, overwritten; the file keeps its length.
on test 'cd /opt/records/data && cp -p auth.db /run/auth.db && cp -p auth.db-wal /run/auth.db-wal &&
	rm -f auth.db-wal auth.db-shm && dd if=/dev/urandom of=auth.db bs=1 seek=4096 count=200 conv=notrunc status=none'
letters_of_test=$(letters test)
refused "a corrupt database" 'auth'
ok "a corrupt database: prod was not stopped" not grep -q prod <<<"$stopped"
on test 'cd /opt/records/data && rm -f auth.db-shm && cp -p /run/auth.db auth.db && cp -p /run/auth.db-wal auth.db-wal'

# ---- and when nothing is in the way, although a container ignores SIGTERM

rfa_data --yes prod
ok "it goes: exit status 0" ended 0
ok "prod has test's data" is "$(letters prod | head -n 1)" "$(letters test | head -n 1)"
for h in test prod; do ok "$h runs" await 20 all_run $h; done

# ---- somebody takes the port of one that is to start again

follow promote-data records --from test --to prod --yes prod
ok "prod is about to start" freeze_at target.start
on prod 'docker run -d --name thief -p 127.0.0.1:8071:8071 records-backend:v1 >/dev/null'
thaw
join
ok "its port is taken: interrupted, nothing is undone for that (exit status 75)" ended 75
ok "its port is taken: the engine's words" said 'port is already allocated'
ok "its port is taken: what to do" said 'ss -ltnp.*systemctl restart docker'
on prod 'docker rm -f thief >/dev/null'
run_rfa resume "$run"
ok "its port is free again: exit status 0" ended 0
for h in test prod; do ok "$h runs" await 20 all_run $h; done

# ---- an updater that makes containers again all the while

on test 'rm -f /run/enough; while [ ! -e /run/enough ]; do
	bash -c "exec -a updater docker rm -f records-backend"
	docker run -d --name records-backend --network records -p 127.0.0.1:8071:8071 -v /opt/records/data:/data/auth \
		-e BACKEND=172.31.77.20:8070 -e BACKEND_MS=500 --restart unless-stopped records-backend:v1
	sleep 1; done >/dev/null 2>&1 &'
rfa_data --yes prod
ok "an updater: it does not end as if something were broken (exit status $status)" grep -qxE '[0-6]' <<<"$status"
on test ': >/run/enough'
ok "an updater: nothing is unfinished" says "no run is unfinished" rfa runs --open
ok "an updater: nobody has to look" sh -c '! grep -q STUCK "$1"' sh "$W/err"
await 30 on test '! pgrep -f "exec -a update[r]" >/dev/null'
backend test /opt/records/data:/data/auth
for h in test prod; do ok "an updater: $h runs" await 20 all_run $h; done

done_testing
