#!/usr/bin/env bash
# Smoke tests and checks of every kind on a real host, over SSH and a real engine: what passes, what
# does not, and that nothing is changed by them; a promotion that its checks turn back.
# shellcheck disable=SC2016,SC2086,SC2119,SC2317  # quoted for hosts; lists of names; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

both='ragflowauth-backend ragflowauth-frontend'
app ragflowauth test v1
app ragflowauth prod v1
export SMOKE_PASSWORD='correct horse & battery'
# A container that knows a password, with the backend's program.
shop() { # HOST VERSION
	on "$1" "docker rm -f login >/dev/null 2>&1
		docker run -d --name login --network ragflowauth -p 127.0.0.1:8005:8000 -e PORT=8000 -e NAME=login \
			-e 'LOGIN_PASSWORD=correct%20horse%20%26%20battery' ragflowauth-backend:$2 >/dev/null"
}
shop test v1 && shop prod v1 && await 30 settled test && await 30 settled prod
stack() { # CHECKS
	ragflowauth_stack '"checks": ['"$1"']' | sed 's/"containers": \[/&"login", /'
}
url='http://127.0.0.1:8005'
checks='
	{ "name": "module", "url": "'$url'/app.mjs", "content_type": "text/javascript", "body": "export" },
	{ "name": "moved", "url": "'$url'/old", "follow": true, "body": "v1" },
	{ "name": "stays", "url": "'$url'/old", "status": "3xx", "headers": { "Location": "/version" } },
	{ "name": "login", "url": "'$url'/login", "method": "POST", "send": "user=smoke&password=${SMOKE_PASSWORD}", "status": "2xx" },
	{ "name": "port", "tcp": "127.0.0.1:8005" },
	{ "name": "ssh", "tcp": "'$test_address':22", "from": "operator", "at": ["smoke"] },
	{ "name": "backend", "container": "ragflowauth-backend", "networks": ["ragflowauth"] },
	{ "name": "itself", "exec": { "service": "ragflowauth-backend", "command": ["/bin/server", "--check"] } },
	{ "name": "shell", "exec": { "container": "login", "command": ["/bin/busybox", "sh", "-c", "echo \"it'"'"'s $NAME\""], "output": "it'"'"'s login" } }'
work smoke "$(stack "$checks")" "\"secrets\": [\"SMOKE_PASSWORD\"], $QUICK"
nowhere() { # the password, in the ledger, in what was said, and on the host beside its container
	! grep -raqE 'correct( |%20)horse' "$W/.rfa" "$W/out" "$W/err" && ! on test "grep -raqE 'correct( |%20)horse' /var/lib/rfa 2>/dev/null"
}
# What the host has: containers and what they are, rfa's own files.
seen() { instances test $both login; on test 'find /var/lib/rfa -type f 2>/dev/null | sort'; }

# ---- what serves passes

before=$(seen)
run_rfa smoke ragflowauth --env test
ok "all pass: exit status 0" ended 0
ok "eleven were asked" is "$(facts "$run" target.smoke checks | grep -o '"ok": true' | wc -l)" 11
ok "it says which version" says "ragflowauth on test: v1 passes its smoke test" cat "$W/out"
ok "nothing was changed" is "$(seen)" "$before"
ok "nothing is marked" not git -C "$W/.rfa/ledger" show main:verified/test/ragflowauth.json
ok "the host was not locked" not on test 'test -e /var/lib/rfa/lock'
ok "the password is nowhere" nowhere
sed -n 's/^/# /p' "$W/out" "$W/err"
run_rfa show ragflowauth
ok "show tells each" grep -qE "target.smoke +login +url +right +1 " "$W/out"
sed -n 's/^/# /p' "$W/out"
run_rfa smoke ragflowauth --env test --mark
ok "--mark: exit status 0" ended 0
ok "it is verified by this run" says "$run" git -C "$W/.rfa/ledger" show main:verified/test/ragflowauth.json

# ---- what is wrong is told, all of it

on test 'docker stop -t 1 ragflowauth-frontend >/dev/null'
export SMOKE_PASSWORD='incorrect horse'
configure "$(stack '
	{ "name": "module", "url": "'$url'/app.mjs", "content_type": "application/json" },
	{ "name": "login", "url": "'$url'/login", "method": "POST", "send": "user=smoke&password=${SMOKE_PASSWORD}", "status": 204 },
	{ "name": "port", "tcp": "127.0.0.1:8099" },
	{ "name": "outside", "url": "http://'$test_address':8005/", "from": "operator" },
	{ "name": "frontend", "container": "ragflowauth-frontend" },
	{ "name": "backend", "container": "ragflowauth-backend", "networks": ["bridge"] },
	{ "name": "slow", "exec": { "container": "login", "command": ["/bin/busybox", "sleep", "60"], "timeout_s": 1 } },
	{ "name": "command", "exec": { "container": "login", "command": ["/bin/busybox", "sh", "-c", "echo no such table >&2; exit 3"] } },
	{ "name": "right", "tcp": "127.0.0.1:8005" }')" "\"secrets\": [\"SMOKE_PASSWORD\"], $QUICK"
before=$(seen)
run_rfa smoke ragflowauth --env test --mark
ok "some are wrong: exit status 1" ended 1
sed -n 's/^/# /p' "$W/err"
ok "how many" said '^rfa: smoke of ragflowauth on test, FAILED: 9 of 11 check\(s\) are wrong: '
ok "a content type" said '\| check module: .*/app.mjs has the content type text/javascript; charset=utf-8 instead of application/json'
ok "a login" said '\| check login: .*/login answers 403 instead of 204'
ok "and what it answered, without the password" said '\| login \| user=smoke&password=\[secret\]'
ok "a port" said '\| check port: 127.0.0.1 port 8099: '
ok "what the operator cannot reach" said '\| check outside: '
ok "a container" said '\| check frontend: ragflowauth-frontend does not run \(exit status'
ok "a network" said '\| check backend: ragflowauth-backend is not in the network bridge'
ok "a command that hangs" said '\| check slow: /bin/busybox took longer than 1 s'
ok "a command that fails" said '\| check command: /bin/busybox ended with status 3'
ok "and what it said" said '\| command \| no such table'
ok "what passed is kept, too" is "$(facts "$run" target.smoke checks | grep -o '"ok": true' | wc -l)" 2
ok "nothing was changed" is "$(seen)" "$before"
ok "the password is nowhere" nowhere
ok "the ledger is whole" exits 0 rfa ledger verify

# ---- a promotion is turned back by a command that fails

on test 'docker start ragflowauth-frontend >/dev/null'
app ragflowauth test v2 && shop test v2 && await 30 settled test
export SMOKE_PASSWORD='correct horse & battery'
configure "$(deadline=5 stack '{ "name": "version", "exec": { "service": "login", "command": ["/bin/busybox", "grep", "-q", "v1", "/etc/version"] } }')" \
	"\"secrets\": [\"SMOKE_PASSWORD\"], $QUICK"
ran=$(images_of prod $both)
promote ragflowauth
ok "a check says no: exit status 5" ended 5
ok "which" said '^rfa: .*ROLLED_BACK: version: /bin/busybox ended with status 1'
ok "prod runs what it ran" is "$(images_of prod $both)" "$ran"
ok "a command is not run before a run, so the way back does not ask it" is "$(facts "$run" target.health-before checks_back | grep -c '"name": "version"')" 0
ok "nothing is left" clean test prod
run_rfa smoke ragflowauth --env prod
ok "prod passes its smoke test" ended 0
done_testing
