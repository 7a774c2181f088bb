#!/usr/bin/env bash
# Every option that `docker run` has, on an image that differs from the next one in every field: what
# an operator said of a container is the same after a promotion, and after the rollback.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

image() { # HOST VERSION CONFIG
	"$LAB" image "$1" "opt:$2" "$2" --config "$3" >/dev/null
}
v1='{"Env":["PATH=/bin","PORT=8000","NAME=opt","OLD=1"],"ExposedPorts":{"8000/tcp":{},"8001/udp":{}},"User":"1000",
	"WorkingDir":"/data/","Entrypoint":["/bin/env","FROM=v1"],"Cmd":["/bin/server"],"Volumes":{"/cache":{}},"StopSignal":"SIGTERM",
	"Healthcheck":{"Test":["CMD","/bin/true"],"Interval":2000000000,"Timeout":9000000000,"Retries":4},
	"Labels":{"a":"1","b":"1"},"Shell":["/bin/sh","-e"]}'
v2='{"Env":["PATH=/bin:/sbin","PORT=8000","NAME=opt2","NEW=1"],"ExposedPorts":{"9000/tcp":{}},"User":"1001",
	"WorkingDir":"/tmp","Entrypoint":["/bin/env","FROM=v2"],"Cmd":["/bin/server"],"Volumes":{"/other":{}},"StopSignal":"SIGINT",
	"Healthcheck":{"Test":["CMD","/bin/ls"],"Interval":1000000000,"Timeout":8000000000,"Retries":5},
	"Labels":{"a":"2","c":"1"},"Shell":["/bin/sh","-x"]}'
# What is given as the image has it cannot be told from it: each option here is another.
image test v1 "$v1" && image test v2 "$v2" && image prod v1 "$v1"

# ---- the containers: each option stands in the table, with its own words, or with why it cannot

# CONTAINER	OPTIONS; a container of the name "-" is not run, and what follows is the reason
table() {
	cat <<'END'
one	--add-host db:10.9.8.7 --add-host up:host-gateway --annotation org.example.a=b
one	--cap-add NET_ADMIN --cap-drop MKNOD --dns 10.9.8.6 --dns-option ndots:3 --dns-search example.org
one	--domainname example.org --hostname one --env OWN=x=y --env NAME=opt --env OLD --env-file /srv/env
one	--expose 7000/tcp --group-add 9 --init --label own=z --label a=3 --label-file /srv/labels
one	--log-driver json-file --log-opt max-size=1m --mount type=tmpfs,target=/scratch,tmpfs-size=1m
one	--mount type=volume,target=/anonymous --oom-score-adj 7 --publish 127.0.0.1:18002:8000 --publish 127.0.0.1::8001/udp
one	--publish 18010-18019:8000 --read-only --restart on-failure:3 --security-opt no-new-privileges --shm-size 1m
one	--stop-signal SIGUSR1 --stop-timeout 1 --sysctl net.core.somaxconn=99 --tmpfs /run:size=1m --ulimit nofile=64:128
one	--user 0:0 --volume /srv/bind:/bind/:ro --volume named:/named --volume /nameless --workdir /srv/ --cidfile /srv/cid
one	--network opt-a --network-alias alias --ip 172.29.6.9 --mac-address 02:42:0a:09:08:07 --runtime runc
two	--entrypoint "" --health-interval 3s --publish-all --privileged --pid host --ipc shareable --uts host --cgroupns host
two	--userns host --interactive --tty --isolation default --volume-driver local --device /dev/null:/dev/nil:r
two	--device-cgroup-rule "c 1:3 r"
three	--no-healthcheck --security-opt systempaths=unconfined --init=false --network host
four	--health-cmd true --health-interval 3s --health-retries 9 --health-start-interval 1s --health-start-period 1s --health-timeout 7s
four	--network none --entrypoint /bin/server
five	--network bridge
six	--network opt-a
seven	--network bridge
limits	--memory 64m --memory-reservation 32m --memory-swap 128m --cpu-shares 512 --pids-limit 99
-	--detach --attach --name --help --quiet --sig-proxy --detach-keys	of the command, not of the container
-	--pull --platform --disable-content-trust	of the image, not of the container
-	--rm --link --volumes-from	refused by the gate "carry over": tests/unit/spec_test.c
-	--ip6 --link-local-ip	the lab has no IPv6; carried as --ip is, in IPAMConfig
-	--gpus	the lab has none
-	--storage-opt	wants xfs with quotas
-	--cpu-rt-period --cpu-rt-runtime --kernel-memory	no kernel of today has it switched on
-	--memory-swappiness --oom-kill-disable	of control groups v1 alone
-	--blkio-weight --blkio-weight-device --device-read-bps --device-read-iops --device-write-bps --device-write-iops	a matter of the host's disk; carried as shown
-	--cpu-period --cpu-quota --cpus --cpuset-cpus --cpuset-mems --cgroup-parent	a matter of the host's control groups; carried as shown
END
}
options_of() { table | sed -n "s/^$1	//p" | tr '\n' ' '; }
long_options() { # of `docker run --help`
	on prod 'docker run --help' | grep -oE '^ +(-[a-zA-Z], )?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+'
}
forgotten() {
	table >"$TMP/table"
	long_options | while read -r o; do
		grep -qE -- "(^|[[:blank:]])$o([[:blank:]=]|$)" "$TMP/table" || echo "nobody tries $o"
	done
}
ok "there are options to look for" test "$(long_options | wc -l)" -gt 90
ok "no option of docker run is forgotten" is "$(forgotten)" ''

# A kernel that cannot keep limits has none to lose.
limits=$(options_of limits)
[ "$(on prod 'docker info -f "{{.MemoryLimit}}{{.SwapLimit}}{{.CPUShares}}{{.PidsLimit}}"')" = truetruetruetrue ] || limits=''
names='one two three four five six seven'
run() { # HOST NAME OPTIONS...: CMD is given where the entrypoint was emptied
	on "$1" "mkdir -p /srv/bind && echo 'FROM_FILE=1' >/srv/env && echo 'from=file' >/srv/labels && rm -f /srv/cid
		docker network inspect opt-a >/dev/null 2>&1 || { docker network create --subnet 172.29.6.0/24 opt-a && docker network create opt-b; } >/dev/null
		docker run -d --name $2 ${*:3}" >/dev/null
}
for name in $names; do
	run test "$name" opt:v2
	run prod "$name" "$(options_of "$name")" "$([ "$name" != one ] || echo "$limits")" opt:v1 \
		"$([ "$name" != two ] || echo /bin/server)"
done
await 60 settled test >/dev/null
on prod 'docker network connect --alias more --ip 172.29.6.7 opt-a five && docker network connect opt-b one
	docker network connect opt-b six && docker network disconnect opt-a six
	docker network disconnect bridge seven && docker network disconnect bridge five
	docker network disconnect none four && docker network connect opt-b four'

# What an operator gave, of all containers; what the engine or an image makes is left out.
given() {
	on prod "docker container inspect $names" | python3 -c '
import json, sys
def own(d, *keys): return {k: d.get(k) for k in keys}
for c in json.load(sys.stdin):
    config, host, short = c["Config"], c["HostConfig"], c["Id"][:12]
    name = c["Name"][1:]
    theirs = {"one": ("User", "WorkingDir", "StopSignal", "StopTimeout", "Domainname"), "two": ("Entrypoint", "Cmd")}
    out = own(config, "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "StopTimeout", *theirs.get(name, ()))
    out["Hostname"] = "own id" if config["Hostname"] == short else config["Hostname"]
    out["Env"] = [e for e in config["Env"] if e in ("OWN=x=y", "NAME=opt", "OLD", "FROM_FILE=1") and name == "one"]
    out["Labels"] = {k: v for k, v in config["Labels"].items() if k in ("own", "from") or (k, v) == ("a", "3")}
    check = config.get("Healthcheck") or {}
    out["Healthcheck"] = {"two": own(check, "Interval"), "three": check.get("Test"), "four": check}.get(name)
    # Volumes without a name are bound by the one that they have: the mounts tell.
    out["HostConfig"] = {k: v for k, v in host.items() if k not in ("Binds", "Mounts")}
    out["Binds"] = [b for b in host["Binds"] or [] if b.split(":")[0] in ("named", "/srv/bind")]
    out["Mounts"] = sorted([m["Type"], m.get("Name", ""), m["Destination"], m["RW"]] for m in c["Mounts"] if m["Destination"] != "/other")
    # An empty host port, and -P, are another port at each start; a range may be.
    out["Ports"] = sorted([p, b["HostIp"]] for p, l in c["NetworkSettings"]["Ports"].items() for b in l or [] if name != "two")
    out["Networks"] = {n: {k: e.get(k) or None for k in ("IPAMConfig", "Links", "DriverOpts", "GwPriority", "Aliases")}
        | {"DNSNames": sorted("own id" if d == short else d for d in e.get("DNSNames") or [])}
        | ({"MacAddress": e["MacAddress"]} if name == "one" and n == "opt-a" else {})
        for n, e in c["NetworkSettings"]["Networks"].items()}
    json.dump({name: out}, sys.stdout, indent=1, sort_keys=True)
    print()'
}
of_the_image() { # FIELD-OF-CONFIG: of the container to which nobody said anything
	on prod "docker container inspect -f '{{json .Config.$1}}' five"
}
networks() { on prod "docker container inspect -f '{{range \$n, \$e := .NetworkSettings.Networks}}{{\$n}} {{end}}' $1"; }

work options '"opt": { "containers": ["one", "two", "three", "four", "five", "six", "seven"], "health_deadline_s": 120,
	"health": [{ "url": "http://127.0.0.1:18002/health" }] }' '"timeouts": { "idle_s": 120 }'
before=$(given)
ok "there is something to compare" says '"HostPort": "18010-18019"' echo "$before"
ok "a port of the operator's and of the image is published" says '18002' on prod 'docker port one 8000/tcp'
run_networks() { for c in four five six seven; do echo "$c: $(networks $c)"; done; }
in_networks=$(run_networks)
ok "containers were taken out of networks" is "$in_networks" "four: opt-b 
five: opt-a 
six: opt-b 
seven: "

promote opt
ok "promote: exit status 0" ended 0
ok "all that was said of them is as before" as_before "$before" given
ok "they are in the networks that they were in" is "$(run_networks)" "$in_networks"
ok "the port that the new image does not expose is still published" says '18002' on prod 'docker port one 8000/tcp'
ok "what nobody said is the new image's: environment" says 'NEW=1' of_the_image Env
for pair in 'User "1001"' 'WorkingDir "/tmp"' 'StopSignal "SIGINT"' 'ExposedPorts {"9000/tcp":{}}' 'Volumes {"/other":{}}' 'Labels {"a":"2","c":"1"}'; do
	ok "and $pair" is "$(of_the_image "${pair%% *}")" "${pair#* }"
done
ok "nothing is left" clean test prod

run_rfa rollback opt --env prod --to v1 --yes prod
ok "rollback: exit status 0" ended 0
ok "all that was said of them is as before" as_before "$before" given
ok "they are in the networks that they were in" is "$(run_networks)" "$in_networks"
ok "the image's environment is the old one" says 'OLD=1' of_the_image Env
ok "nothing is left" clean test prod

done_testing
