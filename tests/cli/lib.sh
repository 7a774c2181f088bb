# shellcheck shell=bash
# What tests of the command line share: a ledger's files made by hand, times, hosts with a fake docker.

# Standard input becomes that file of main, in a commit as rfa's own.
ledger_put() { # LEDGER PATH
	local blob tree
	blob=$(git -C "$1" hash-object -w --stdin)
	export GIT_INDEX_FILE=$TMP/index
	git -C "$1" read-tree main
	git -C "$1" update-index --add --cacheinfo "100644,$blob,$2"
	tree=$(git -C "$1" write-tree)
	git -C "$1" update-ref refs/heads/main \
		"$(git -C "$1" -c user.name=rfa -c user.email=rfa@localhost commit-tree -p main -m x "$tree")"
}
ago() { date -u -d "-$1" +%Y-%m-%dT%H:%M:%SZ; }
id_ago() { date -u -d "-$1" +%Y%m%d-%H%M%S; }

FAKE=${RFA_FAKEDOCKER:-$(dirname "$RFA")/tests/fakedocker}
# A host is a directory $TMP/HOST.
run_web() { # HOST IMAGE [BIND]
	run_container "$1" web "${@:2}"
}
run_container() { # HOST NAME IMAGE [BIND]
	python3 - "$FAKE" "$TMP/$1" "${@:2}" <<'PY' >/dev/null
import json, subprocess, sys
fake, folder, name, image, *binds = sys.argv[1:]
body = json.dumps({"Image": image, "HostConfig": {"NetworkMode": "bridge", "Binds": binds,
        "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}}})
p = subprocess.Popen([fake, folder, "system", "dial-stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
p.stdin.write(("POST /v1.45/containers/create?name=%s HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (name, len(body), body)).encode())
p.stdin.flush()
sys.exit(b" 201 " not in p.stdout.read())
PY
	"$FAKE" "$TMP/$1" container start -- "$2" >/dev/null
}
drop_image() { # HOST REF
	python3 - "$TMP/$1/state.json" "$2" <<'PY'
import json, sys
state = json.load(open(sys.argv[1]))
state["images"] = [i for i in state["images"] if sys.argv[2] not in i["RepoTags"]]
json.dump(state, open(sys.argv[1], "w"))
PY
}
# Two hosts in $TMP, where the test works from then on: web runs app:2 on test, app:1 on prod, which has
# not got app:2. `config_two` writes rfa.json for them.
two_hosts() {
	local host
	cd "$TMP" || exit 1
	unset RFA_CONFIG RFA_LEDGER NO_COLOR
	export HOME=$TMP LC_ALL=C.UTF-8 GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org
	mkdir test prod
	for host in test prod; do "$FAKE" "$TMP/$host" seed >/dev/null; done
	run_web test app:2 && run_web prod app:1 && drop_image prod app:2
}
config_two() { # GATES MORE_KEYS_OF_THE_STACK MORE_KEYS
	local host envs=
	for host in test prod; do
		envs+=${envs:+,}'"'$host'":{"transport":"local","state_dir":"'$TMP/state-$host'","docker":"'"$FAKE $TMP/$host"'","address":"127.0.0.1"}'
	done
	cat >rfa.json <<JSON
{"version":1,"environments":{$envs}${3:+,$3},
"stacks":{"shop":{"containers":["web"],"health_settle_s":0,"gates":{"disk_free_percent":0${1:+,$1}}${2:+,$2}}}}
JSON
}
wait_for() { # COMMAND...: until it succeeds, for at most 30 s
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}
# This machine's docker, and the host prod, in $TMP, where the test works from then on.
here_and_prod() {
	local host
	cd "$TMP" || exit 1
	unset RFA_CONFIG RFA_LEDGER NO_COLOR
	export HOME=$TMP LC_ALL=C.UTF-8 TZ=UTC GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org \
		GIT_COMMITTER_NAME=Olga GIT_COMMITTER_EMAIL=olga@example.org PATH=$TMP/bin:$PATH
	mkdir bin here prod
	for host in here prod; do "$FAKE" "$TMP/$host" seed >/dev/null; done
	printf '#!/bin/sh\nexec %s %s "$@"\n' "$FAKE" "$TMP/here" >bin/docker
	chmod +x bin/docker
}
