#!/usr/bin/env bash
# Docker's containerd image store, on both sides and on one: the images that arrive are the same
# in layers and configuration, and so are the containers.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"

# Labs of their own: a lab has one store.
export RFA_LAB_DIR=$RFA_LAB_DIR-containerd
live_up containerd
dockers_store() { on "$1" "docker info -f '{{.DriverStatus}}'"; }
ok "test has the containerd store" says io.containerd.snapshotter dockers_store test
ok "prod has the containerd store" says io.containerd.snapshotter dockers_store prod

content() { # HOST NAME:TAG: what makes an image what it is, in every store
	on "$1" "docker image inspect $2" | python3 -c '
import json, sys
i = json.load(sys.stdin)[0]
keep = ("Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "StopSignal", "User", "Volumes", "WorkingDir")
print(json.dumps([i["RootFS"]["Layers"], {k: i["Config"].get(k) for k in keep if i["Config"].get(k)}, i["Os"], i["Architecture"]], sort_keys=True))'
}
there_and_back() { # NAME
	local before
	"$LAB" image prod one:v1 v1 --port 8001 >/dev/null
	for v in v1 v2; do "$LAB" image test "one:$v" "$v" --port 8001 --fat 9 >/dev/null; done
	"$LAB" image test one:v2 v2 --port 8001 --label 'org.example.odd=it'"'"'s "odd"' >/dev/null
	on test 'docker run -d --name one one:v2 >/dev/null'
	on prod 'docker run -d --name one -p 127.0.0.1:8001:8001 --restart unless-stopped -e "ODD=it'"'"'s \"odd\"" one:v1 >/dev/null'
	await 20 healthy test >/dev/null
	await 20 healthy prod >/dev/null
	work "$1" '"one": { "containers": ["one"], "health": [{ "url": "http://127.0.0.1:8001/health" }], "health_deadline_s": '$((30 * SLOW))' }'
	before=$(container prod one)
	promote one
	ok "$1: promote: exit status 0" ended 0
	ok "$1: layers and configuration are the same" is "$(content prod one:v2)" "$(content test one:v2)"
	ok "$1: v2 serves" answers prod 8001/health v2
	ok "$1: only the layers that prod lacks were saved" is "$(facts "$run" source.export exported/whole 2>/dev/null)" ''
	ok "$1: all else is as before" as_before "$before" container prod one
	ok "$1: verify agrees" exits 0 rfa verify one --env prod
	ok "$1: nothing is left" clean test prod
	run_rfa rollback one --env prod --to v1 --yes prod
	ok "$1: rollback: exit status 0" ended 0
	ok "$1: v1 serves" answers prod 8001/health v1
	ok "$1: nothing is left" clean test prod
}
healthy() { are_healthy "$1" one; }

there_and_back "containerd to containerd"
ok "containerd to containerd: the ids are the same too" is "$(on prod 'docker image inspect -f "{{.Id}}" one:v2')" \
	"$(on test 'docker image inspect -f "{{.Id}}" one:v2')"

# A lab has one store, and a host takes the store that is written there when it boots.
for h in test prod; do
	live_reset
	echo classic >"$RFA_LAB_DIR/store"
	"$LAB" restart "$h" >/dev/null 2>&1
	echo containerd >"$RFA_LAB_DIR/store"
	ok "$h has the classic store now" not says io.containerd.snapshotter dockers_store "$h"
	case $h in
	test) there_and_back "classic to containerd" ;;
	*) there_and_back "containerd to classic" ;;
	esac
	"$LAB" restart "$h" >/dev/null 2>&1
	ok "$h has the containerd store again" says io.containerd.snapshotter dockers_store "$h"
done

done_testing
