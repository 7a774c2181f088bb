#!/usr/bin/env bash
# What can break while a version comes from a registry: the registry dies in the middle of a layer, the
# engine is restarted while it pulls, the disk is full, rfa is killed; and that nobody sees the password.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317  # quoted for hosts; lists of names; no arguments; called by name
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/harness/lab_registry.sh
. "$SRC/tests/harness/lab_registry.sh"
live_up
registry_make
registry_start || ok "the registry starts" false

# Versions differ by a layer of 64 MB that does not compress.
"$LAB" image test big:base base >"$TMP/image.log" 2>&1 || ok "the image is made" false
version() { # VERSION
	on test "mkdir -p /srv/src && cd /srv/src && echo '$1' >version && head -c 64M /dev/urandom >data &&
		printf '%s\n' 'FROM big:base' 'COPY data version /srv/' 'COPY version /etc/version' >Dockerfile &&
		DOCKER_BUILDKIT=1 docker build -q -t big:$1 . >/dev/null" && push test "big:$1" "big:$1"
}
for v in v1 v2 v3 v4 v5; do version $v || ok "$v is in the registry" false; done
on test 'docker save big:base' | on prod 'docker load -q >/dev/null'
on prod "docker run -d --name big --restart unless-stopped -p 127.0.0.1:8000:8000 big:base >/dev/null"
W=$TMP/faults
mkdir -p "$W"
configured() { # [GATES]
	configure "\"big\": { \"containers\": [\"big\"], \"health\": [{ \"url\": \"http://127.0.0.1:8000/health\" }],
		\"deploy\": { \"images\": { \"big\": \"$registry/big\" } }, \"gates\": { ${1:-} } }" "$QUICK, $(registry_keys)"
}
configured
rfa -q init >/dev/null 2>&1
succeeded() { [ "$status" = 0 ] || { grep -v '"progress"' "$W/events" | tail -n 12; tail -n 20 "$W/err"; return 1; }; }
runs() { on prod "docker container inspect -f '{{.Config.Image}}' big"; }
serves() { answers prod 8000/health "$1"; }
secret_is_nowhere() {
	on prod "! grep -rIlsE '$registry_password|$(printf %s "$registry_user:$registry_password" | base64)' /var/lib/rfa /root /dev/shm /run /tmp /etc 2>/dev/null | grep ."
}

# ---- while it runs, nobody sees the password in a command line, an environment, a file

# The pattern is in a file, or the one who looks would find himself.
on prod "mkdir -p /run/watch && cat >/run/watch/pattern" <<END
$registry_password
$(printf %s "$registry_user:$registry_password" | base64)
END
on prod 'cat >/run/watch/sh' <<'END'
while [ -e /run/watch/sh ]; do
	cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -F -f /run/watch/pattern >>/run/watch/seen
	find /dev/shm /run -path /run/docker -prune -o -name config.json -newer /run/watch/pattern ! -perm 600 -print >>/run/watch/seen 2>/dev/null
	echo >>/run/watch/looks
done
END
on prod 'exec sh /run/watch/sh' >/dev/null 2>&1 &
watcher=$!
run_rfa deploy big v1 --to prod --via target
ok "deploy v1: exit status 0" ended 0
on prod 'rm /run/watch/sh'
wait "$watcher"
ok "it was looked at while it ran" on prod '[ $(wc -l </run/watch/looks) -gt 3 ]'
ok "nobody saw the password" on prod '! grep . /run/watch/seen'
on prod 'rm -r /run/watch'
ok "the login is nowhere" secret_is_nowhere

# ---- the registry dies in the middle of a layer

spool() { find "$HOME" "$TMP" -path '*spool/images' -size +"$1"M 2>/dev/null | grep -q .; }
start_rfa deploy big v2 --to prod --via operator
await 60 eval 'spool 16 || gone "$job"'
registry_kill
sleep 1
registry_start
join
ok "the registry dies in the middle of a layer: exit status 0" is "$status" 0
ok "v2 runs" is "$(runs)" "$registry/big:v2"
fetched=$(facts "$run" source.export exported/fetched)
ok "it went on in the middle ($fetched bytes)" eval '[ "$fetched" -lt 60000000 ]'
ok "nothing is left" clean prod

# ---- rfa is killed while it fetches, and while the engine pulls

start_rfa deploy big v3 --to prod --via operator
await 60 eval 'spool 16 || gone "$job"'
slay
run=$(rfa runs --open --json | grep -o '"run": *"[^"]*"' | head -n 1 | cut -d\" -f4)
ok "prod serves meanwhile" serves v2
run_rfa resume "$run"
ok "resumed: exit status 0" ended 0
ok "v3 runs" is "$(runs)" "$registry/big:v3"
start_rfa deploy big v4 --to prod --via target
await 60 eval 'told "\"step\": *\"target.pull\"" || gone "$job"'
slay
run=$(rfa runs --open --json | grep -o '"run": *"[^"]*"' | head -n 1 | cut -d\" -f4)
run_rfa rollback "$run"
ok "rolled back: nothing that serves was changed" is "$(final_of "$run")" FAILED
ok "prod serves what it served" serves v3
ok "nothing is left of v4" not on prod "docker image ls -a --digests --format '{{.Repository}} {{.Tag}} {{.Digest}}' | grep '^$registry/big' | grep -E 'v4|<none> sha'"
ok "the login is nowhere" secret_is_nowhere
ok "nothing is left" clean prod

# ---- the engine is restarted while it pulls

start_rfa deploy big v4 --to prod --via target
await 60 eval 'told "\"step\": *\"target.pull\"" || gone "$job"'
"$LAB" engine prod restart >/dev/null 2>&1
join
[ "$status" != 75 ] || { run_rfa resume "$run"; }
ok "the engine is restarted while it pulls: it went on" succeeded
ok "v4 runs" is "$(runs)" "$registry/big:v4"
ok "it serves" await 20 serves v4
ok "nothing is left" clean prod

# ---- the disk is full

configured '"off": ["disk space"]'
"$LAB" fill prod 40 >/dev/null
run_rfa deploy big v5 --to prod --via target
ok "the disk is full while it pulls: it fails" not ended 0
ok "it says so" said 'no space|full'
ok "prod serves what it served" serves v4
"$LAB" unfill prod >/dev/null
[ "$status" != 75 ] || run_rfa rollback "$run"
ok "nothing is left" clean prod
run_rfa deploy big v5 --to prod --via target
ok "with space: exit status 0" ended 0
ok "the login is nowhere" secret_is_nowhere
ok "the ledger is whole" exits 0 rfa ledger verify

done_testing
