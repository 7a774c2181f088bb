# shellcheck shell=bash disable=SC2119,SC2120  # arguments of functions are optional
# What the live tests share: two real hosts of the lab, an operator who has nothing but what a test
# gives, and looks at the world that do not go through rfa. Read with: . "$(dirname "$0")/lib.sh"
#
# RFA_LAB_DIR says which lab; one that is up is used and left up, any other is started and stopped.

# shellcheck source=tests/harness/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"

LAB=${RFA_LAB:-$SRC/fixtures/lab/lab}
export RFA_LAB_DIR=${RFA_LAB_DIR:-/var/lib/rfa-lab-live}
export HOME=$TMP/home LC_ALL=C.UTF-8 TZ=UTC
unset RFA_CONFIG RFA_LEDGER SSH_AUTH_SOCK NO_COLOR XDG_CONFIG_HOME GIT_DIR GIT_WORK_TREE
unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL EMAIL
# Every process that a test starts carries this word, so that a leaked one is found.
export RFA_LIVE_MARK=live-$$-$RANDOM$RANDOM
mkdir -p "$HOME"
printf '[user]\n\tname = Olga Operator\n\temail = olga@example.org\n[init]\n\tdefaultBranch = main\n' >"$HOME/.gitconfig"
cd "$TMP" || exit 1

# ---- the lab

live_raised=''

# What a test has started, by its number and its beginning: the number alone is given to somebody else
# minutes after it has ended.
declare -A live_jobs=()
began=''
look_at() { # PID: lives, and when it `began`, by the kernel's clock
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086
	set -- $stat
	began=${20}
	[ "$1" != Z ]
}
started() { ! look_at "$1" || live_jobs[$1]=$began; } # PID
gone() { ! look_at "$1" || [ "$began" != "${live_jobs[$1]:-}" ]; } # PID
signal() { gone "$2" || kill "-$1" "$2"; } # NAME PID

live_end() {
	local pid
	for pid in "${!live_jobs[@]}"; do signal KILL "$pid"; done 2>/dev/null
	if [ -n "$live_raised" ]; then
		"$LAB" down >/dev/null 2>&1
	else
		live_reset
	fi
	rm -rf "$TMP"
}
live_is_up() { in_lab op 2>/dev/null; } # as `lab status` tells it

address_of() { "$LAB" op getent ahostsv4 "$1" | awk '{print $1; exit}'; }
live_up() { # [STORE]: the lab, empty; the rest of the test is skipped where none can run
	local why
	if ! live_is_up; then
		if ! why=$("$LAB" can 2>&1); then
			echo "1..0 # SKIP $why"
			exit 77
		fi
		live_raised=1
	fi
	trap live_end EXIT
	if [ -n "$live_raised" ]; then
		"$LAB" up --store "${1:-classic}" >"$TMP/lab.log" 2>&1 || {
			sed 's/^/# /' "$TMP/lab.log"
			ok "the lab comes up" false
			done_testing
		}
	fi
	op_group=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)$(sed -n 's/^0:://p' \
		"/proc/$(cut -d' ' -f1 "$RFA_LAB_DIR/op/pid")/cgroup")
	live_reset
	test_address=$(address_of test)
	prod_address=$(address_of prod)
}
live_reset() { # both hosts as they should be; a reset heals the network, too
	local h
	for h in test prod; do "$LAB" unfill $h; done >/dev/null 2>&1
	"$LAB" reset test >/dev/null 2>&1 &
	"$LAB" reset prod >/dev/null 2>&1
	wait $!
	# An engine that lost power may hold ports of containers that are gone.
	for h in test prod; do
		! on $h 'pgrep -x docker-proxy >/dev/null' || "$LAB" engine $h restart
	done
}

# As `lab op` and `lab exec`, but without the lab's own script, which costs more than what most do here.
in_lab() { # op, or hosts/HOST: sets `pid`, if that very process of the lab lives
	local since began
	read -r pid since <"$RFA_LAB_DIR/$1/pid" && look_at "$pid" && [ "$began" = "$since" ]
}
become() { # CMD...: a subshell becomes it, on the operator's side
	local pid
	in_lab op || exit
	echo "$BASHPID" >"$op_group/cgroup.procs"
	# shellcheck disable=SC2016  # for that shell
	exec nsenter --target "$pid" --mount --net -- sh -c 'cd "$1" && shift && exec "$@"' sh "$W" "$@"
}
on() { # HOST SCRIPT: root there, not through the network
	local pid
	in_lab "hosts/$1" || return
	# The shell there gives itself its environment: `env` would be one process more.
	(exec -c nsenter --target "$pid" --mount --net --pid --uts --ipc --cgroup -- sh -c "$on_environment$2")
}
on_environment='export HOME=/root TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
'
# For what polls: the engine's answer to a GET, at its socket. A docker command costs a multiple of it.
engine() { # HOST PATH [OPTION OF CURL...]
	local pid
	in_lab "hosts/$1" || return
	curl -sS --max-time 20 --unix-socket "/proc/$pid/root/run/docker.sock" "http://engine$2" "${@:3}"
}
are_healthy() { # HOST CONTAINER...: each runs, and its own health check has found it well
	local name is
	for name in "${@:2}"; do
		is=$(engine "$1" "/containers/$name/json") || return
		case $is in *'"Status":"running"'*'"Health":{"Status":"healthy"'*) ;; *)
			echo "$name is not healthy: ${is:0:1000}"
			return 1 ;;
		esac
	done
}
app() { # APP HOST VERSION...: a sample application, up: each health check has found its answer, if it can
	"$LAB" app "$@" >"$TMP/app.log" 2>&1 || { cat "$TMP/app.log" >&2; return 1; }
	case ${3:-} in *bad) ;; *) await 30 settled "$2" ;; esac
}
settled() { # HOST: no container is still starting
	is "$(engine "$1" /containers/json -G --data-urlencode 'filters={"health":["starting"]}')" '[]'
}

# ---- rfa

# How many times slower than a quiet machine this one is.
SLOW=${RFA_TEST_SLOW:-1}
# The timeouts are those of a test: what stalls is given up soon, but not what is slow.
# shellcheck disable=SC2034
QUICK="\"timeouts\": { \"idle_s\": $((4 * SLOW)), \"connect_s\": $((4 * SLOW)), \"attempts\": 2 }"

# work DIR STACKS [TIMEOUTS]: a directory with an rfa.json, and a ledger of its own
work() {
	W=$TMP/$1
	mkdir -p "$W"
	configure "${@:2}"
	rfa -q init >/dev/null 2>&1
}
# A stack's time to settle is one second, unless it says another.
settle_soon() { # FILE
	python3 - "$1" <<-'END'
	import json, sys
	with open(sys.argv[1]) as f:
	    text = f.read()
	try:
	    root = json.loads(text)
	    for stack in root["stacks"].values():
	        stack.setdefault("health_settle_s", 1)
	except (ValueError, AttributeError, KeyError):
	    sys.exit(0)  # what is wrong on purpose stays as it is
	with open(sys.argv[1], "w") as f:
	    json.dump(root, f, indent="\t")
	END
}
configure() { # STACKS [TIMEOUTS]
	cat >"$W/rfa.json" <<-END
	{
		"version": 1,
		"environments": {
			"test": { "destination": "${test_destination:-test}", "ssh_config": "${ssh_config:-$RFA_LAB_DIR/op/ssh/config}", "own_addresses": ["$test_address"]${env_more:-} },
			"prod": { "destination": "${prod_destination:-prod}", "ssh_config": "${ssh_config:-$RFA_LAB_DIR/op/ssh/config}", "own_addresses": ["$prod_address"]${env_more:-} }
		},
		"stacks": { $1 },
		${2:-$QUICK}
	}
	END
	settle_soon "$W/rfa.json"
}
ragflowauth_stack() { # [MORE KEYS]
	cat <<-END
	"ragflowauth": {
		"containers": ["ragflowauth-backend", "ragflowauth-frontend"],
		"base_url": { "file": "/opt/ragflowauth/ragflow_config.json", "key": "base_url" },
		"health": [{ "url": "http://127.0.0.1:8001/health" }, { "url": "http://127.0.0.1:8080/" }],
		"health_deadline_s": ${deadline:-$((30 * SLOW))}${1:+, $1}
	}
	END
}
rfa() { (become "$RFA" "$@"); }

# Runs rfa; its status is in `status`, its streams in $W/out and $W/err, its run in `run`.
status='' run=''
run_rfa() {
	status=0
	rfa "$@" >"$W/out" 2>"$W/err" </dev/null || status=$?
	run=$(sed -n 's/^[0-9:]*Z  begun  //p; s/^[0-9:]*Z  resumed  *\([0-9-]*[0-9a-f]*\).*/\1/p' "$W/err" | head -n 1)
}
promote() { run_rfa promote "$1" --from test --to prod "${@:2}"; }
# The same, not waited for: `job` is the process of rfa itself, $W/events what it tells.
job=''
start_rfa() {
	: >"$W/events"
	(become "$RFA" "$@" --events >"$W/events" 2>"$W/err" </dev/null) &
	job=$!
	started "$job"
}
# shellcheck disable=SC2034  # `run` is used by the tests
join() { # its exit status
	status=0
	wait "$job" 2>/dev/null || status=$?
	run=$(grep -o '"run": *"[^"]*"' "$W/events" | head -n 1 | cut -d\" -f4)
}
told() { grep -cE "$1" "$W/events" >/dev/null 2>&1; } # PATTERN: an event that has it

# A pause that needs no process: there are thousands of them.
exec {never}<> <(:)
await() { # SECONDS CMD...: polls until it is true, at most half of the time
	# Time is for what hangs: a slow machine has more of it.
	local end=$((SECONDS + $1 * SLOW)) from took
	shift
	while from=${EPOCHREALTIME/./} && ! "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "not within its time: $1"; "$@"; return 1; }
		took=$((${EPOCHREALTIME/./} - from + 50000))
		read -r -t "$((took / 1000000)).$(printf %06d $((took % 1000000)))" -u "$never" || :
	done
}

# A run at random moments. `undisturbed` measures one: how long it takes, how many events it has.
duration=0 events=0
undisturbed() { # ARG...: of start_rfa
	local begun
	begun=$(now_ms)
	start_rfa "$@"
	join
	duration=$(($(now_ms) - begun)) events=$(wc -l <"$W/events")
	ok "a run that nobody kills" is "$status" 0
	echo "# it takes $duration ms and has $events events"
}
events_seen() { # N
	local seen
	mapfile -t seen <"$W/events"
	[ "${#seen[@]}" -ge "$1" ] || gone "$job"
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
past() { [ $((${EPOCHREALTIME/./} / 1000)) -ge "$1" ] || gone "$job"; } # MS
# Runs that are killed: so many, however fast the machine is. Their number is in `kills`.
kills=0 kills_most=0
kills_are() { # USUALLY LONG: of this suite, without and with RFA_TEST_LONG; RFA_LIVE_KILLS says another number
	kills_most=${RFA_LIVE_KILLS:-$([ -z "${RFA_TEST_LONG:-}" ] && echo "$1" || echo "$2")}
}
# shellcheck disable=SC2034  # `kills` is used by the tests
another_kill() { # N: one of them
	[ "$1" -le "$kills_most" ] && kills=$1
}
# moment [EVENTS]: waits for the moment, and says in `when` which it was; given: after one of the first so many
moment() {
	if [ -n "${1:-}" ] || [ $((RANDOM % 2)) = 0 ]; then
		local n=$((1 + RANDOM % ${1:-events}))
		await 120 events_seen "$n" >/dev/null
		when="after event $n"
	else
		local ms=$((RANDOM * 32768 + RANDOM))
		ms=$((ms % duration))
		await 120 past $(($(now_ms) + ms)) >/dev/null
		when="after $ms ms"
	fi
}
last_step() { sed -n 's/.*"step": *"\([^"]*\)".*/\1/p' "$W/events" | tail -n 1; }
slay() { # kills rfa, and says where it was
	signal KILL "$job"
	join
	[ "$status" = 137 ] || when="$when (too late)"
	when="$when, $(last_step)"
}
is_open() { rfa runs --open 2>/dev/null | grep -q "$1"; } # RUN
# One run, killed at a random moment, and brought to its end: every third time the resume is killed as
# well, every BACK-th time it is to go back. `id` is the run, `all` says what was done. False: it had
# not begun.
# shellcheck disable=SC2034
id='' all=''
killed_run() { # N BACK WHAT ARG...: of start_rfa
	start_rfa "${@:4}"
	moment
	slay
	id=$run all="$3 $when"
	if [ -z "$id" ]; then
		ok "$all: nothing had begun" says "no run is unfinished" rfa runs --open
		return 1
	fi
	if [ $(($1 % 3)) = 0 ] && is_open "$id"; then
		start_rfa resume "$id"
		moment
		slay
		all="$all; resume $when"
	fi
	if [ $(($1 % $2)) = 0 ] && is_open "$id"; then
		all="$all; rollback"
		run_rfa rollback "$id" --yes prod
		# Behind its point of no return that is refused: it has to go on.
		case $(final_of "$id") in ROLLED_BACK | FAILED) ;; *) run_rfa resume "$id" ;; esac
	else
		run_rfa resume "$id"
	fi
}
# As ok, but what the command sets stays set.
ok_here() { # TEXT CMD...
	local text=$1 held
	shift
	"$@" >"$TMP/held" 2>&1
	held=$?
	# shellcheck disable=SC2016  # for that shell
	ok "$text" sh -c 'cat "$1"; exit "$2"' sh "$TMP/held" "$held"
}

# The last run said this: for assertions.
ended() { # STATUS: the command ended so
	[ "$status" = "$1" ] || {
		echo "exit status $status instead of $1"
		tail -n 30 "$W/err"
		return 1
	}
}
said() { # PATTERN: on standard error, one line
	grep -qE -- "$1" "$W/err" || { echo "nowhere: $1"; cat "$W/err"; return 1; }
}
facts() { # RUN STEP PATH: one fact of the step's last record with facts, or of the run with STEP ''
	rfa show "$1" --json 2>/dev/null | python3 -c '
import json, sys
d, step, path = json.load(sys.stdin), sys.argv[1], sys.argv[2]
if step:
    d = [r["facts"] for r in d["records"] if r["step"] == step and r["record"] in ("DONE", "FAILED")][-1]
for key in path.split("/"):
    d = d[int(key) if isinstance(d, list) else key]
print(d if isinstance(d, (str, int)) else json.dumps(d, sort_keys=True))' "$2" "$3"
}
final_of() { rfa show "$1" --json 2>/dev/null | sed -n 's/^[ \t]*"final": *"\([A-Z_]*\)".*/\1/p' | head -n 1; }

# ---- the world, as Docker itself tells it

# All that a container is, without its image and what the image gives it: equal before and after.
container() { # HOST NAME...
	local h=$1
	shift
	{
		on "$h" "docker container inspect $*"
		on "$h" "docker image inspect \$(docker container inspect -f '{{.Image}}' $*)"
	} | python3 -c '
import json, sys
text, decoder = sys.stdin.read(), json.JSONDecoder()
containers, end = decoder.raw_decode(text)
images = {i["Id"]: i for i in json.loads(text[end:])}
for c in containers:
    image, config, own = images[c["Image"]]["Config"], c["Config"], c["Id"][:12]
    config.pop("Image")
    if config["Hostname"] == own:
        config["Hostname"] = "own id"
    config["Env"] = sorted(e for e in config["Env"] if e not in image["Env"])
    config["Labels"] = {k: v for k, v in config["Labels"].items() if (image.get("Labels") or {}).get(k) != v}
    # A label with which Compose or the image speaks of the image itself.
    for k in ("com.docker.compose.image", "com.docker.compose.replace"):
        config["Labels"].pop(k, None)
    for k in ("Cmd", "Entrypoint", "ExposedPorts", "Healthcheck", "WorkingDir", "User", "Volumes", "StopSignal"):
        if config.get(k) == image.get(k):
            config.pop(k, None)
    networks = {}
    for name, n in c["NetworkSettings"]["Networks"].items():
        networks[name] = {k: n.get(k) for k in ("IPAMConfig", "Links", "DriverOpts")}
        for k in ("Aliases", "DNSNames"):
            networks[name][k] = sorted({"own id" if a == own else a for a in n.get(k) or []})
    json.dump({"name": c["Name"], "config": config, "host": c["HostConfig"], "networks": networks,
        "ports": c["NetworkSettings"]["Ports"], "path": c["Path"], "args": c["Args"],
        "mounts": sorted(c["Mounts"], key=lambda m: m["Destination"]), "platform": c.get("Platform"),
        "running": c["State"]["Running"], "health": c["State"].get("Health", {}).get("Status")},
        sys.stdout, indent=1, sort_keys=True)
    print()'
}
as_before() { # WHAT-IT-WAS CMD...: what the command prints now
	diff <(echo "$1") <("${@:2}")
}
images_of() { # HOST NAME...: their image ids
	on "$1" "docker container inspect -f '{{.Image}}' ${*:2}"
}
instances() { # HOST NAME...: which they are and since when: equal if nobody touched them
	on "$1" "docker container inspect -f '{{.Name}} {{.Id}} {{.State.StartedAt}} {{.State.Status}} {{.RestartCount}}' ${*:2}"
}
# Everything on a host that rfa could touch.
world() { # HOST
	on "$1" '
	docker ps -aq --no-trunc | sort |
		xargs -r docker container inspect -f "{{.Id}} {{.Name}} {{.Image}} {{.State.StartedAt}} {{.State.Status}} {{.RestartCount}}"
	docker images --no-trunc --format "{{.Repository}}:{{.Tag}} {{.ID}}" | sort
	docker volume ls -q | sort
	docker network ls --format "{{.Name}} {{.ID}}" | sort
	find /var/lib/rfa -mindepth 1 ! -path "/var/lib/rfa/ledger-heads*" ! -path "/var/lib/rfa/runs" 2>/dev/null
	find /opt /srv -xdev -type f ! -path "/opt/containerd/*" -exec sha256sum {} + 2>/dev/null | sort'
}
# What a finished run may not leave behind: prints it. The ledger's head, rollback points and what a
# Compose project is pinned to are kept there on purpose.
leftovers() { # HOST...
	local h
	for h; do
		on "$h" ': own look
		docker ps -a --format "container {{.Names}}" | grep "[.]rfa-"
		find /var/lib/rfa -mindepth 1 ! -path "/var/lib/rfa/ledger-heads*" ! -path "/var/lib/rfa/runs" ! -path "/var/lib/rfa/points*" ! -path "/var/lib/rfa/stacks*" 2>/dev/null
		ps -eo args | grep -v "own look" | grep -E "/var/lib/rf[a]|^(docke[r]|docker-compos[e]) |^(ta[r]|sh|c[a]t|b2su[m]) .*(rf[a]|spoo[l])|sshd.*@nott[y]"
		true' | sed "s/^/$h: /"
	done
	grep -lsF "RFA_LIVE_MARK=$RFA_LIVE_MARK" /proc/[0-9]*/environ 2>/dev/null | while read -r f; do
		f=$({ tr '\0' ' ' <"${f%/environ}/cmdline"; } 2>/dev/null)
		case $f in "$RFA "* | ssh\ * | git\ *) echo "operator: $f" ;; esac
	done
}
clean() { # HOST...: nothing is left; what is on its way out has a moment for it
	await "${patience:-5}" nothing leftovers "$@" >/dev/null || nothing leftovers "$@"
}
answers() { # HOST PORT/PATH VERSION: it serves this version
	says "\"version\":\"$3\"" on "$1" "busybox wget -qO- -T 5 http://127.0.0.1:$2"
}
