# shellcheck shell=bash disable=SC2016,SC2034  # quoted for hosts; variables are for the tests
# What the tests of data share: the sample application `records` on the hosts of tests/live/lib.sh, moments
# at which a run is made to stand still, comparisons that do not go through rfa, a client that sees
# how long a service is down. Read instead of it: . "$(dirname "$0")/../harness/records.sh"

# shellcheck source=tests/live/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../live/lib.sh"

records_volumes='pgdata files blobs odd'

# records HOST [OPTION...]: the application is up, with data
records() {
	"$LAB" app records "$1" "${@:2}" >"$TMP/records-$1.log" 2>&1 || {
		cat "$TMP/records-$1.log" >&2
		return 1
	}
}
records_both() { # [OPTION...]: at the same time
	records test "$@" &
	records prod "$@" && wait $!
}
records_stack() { # [MORE KEYS]
	cat <<-END
	"records": {
		"compose": { "project": "records", "directory": "/srv/stacks/records", "files": ["compose.yaml"] },
		"containers": ["records-backend"],
		"base_url": { "file": "/opt/records/conf/config.json", "key": "base_url" },
		"data": { "members": {
			"auth": { "sqlite": "/opt/records/data/auth.db" },
			"conf": { "directory": "/opt/records/conf" },
			"pg": { "volume": "records_pgdata" },
			"files": { "volume": "records_files" },
			"blobs": { "volume": "records_blobs" },
			"odd": { "volume": "records_odd" } } },
		"health": [{ "url": "http://127.0.0.1:8071/health" }],
		"health_deadline_s": ${deadline:-$((30 * SLOW))}${1:+, $1}
	}
	END
}
records_running='records-app-1 records-backend records-db-1'
# A run that is made to wait is not given up by itself.
PATIENT='"timeouts": { "idle_s": '$((60 * SLOW))', "connect_s": '$((10 * SLOW))', "attempts": 2 }'

# ---- what there is, without rfa

listing() { # HOST DIRECTORY
	"$LAB" exec "$1" bash -s "$2" <"$SRC/tests/harness/listing.sh"
}
volume_place() { echo "/var/lib/docker/volumes/records_$1/_data"; }
# All data of the application. Of the database the bytes, and what SQLite makes of them.
records_data() { # HOST
	local v
	for v in $records_volumes; do
		echo "== $v"
		listing "$1" "$(volume_place "$v")" || return 1
	done
	echo "== conf"
	listing "$1" /opt/records/conf || return 1
	echo "== auth"
	on "$1" 'cd /opt/records/data && sha256sum auth.db && for f in auth.db-wal auth.db-journal; do
		[ ! -s $f ] || sha256sum $f; done
		stat -c "%n %U:%G %a" auth.db
		rm -rf /run/auth && mkdir /run/auth && cp auth.db* /run/auth && sqlite3 /run/auth/auth.db .dump && rm -r /run/auth'
}
same() { # FILE FILE: two of these; else what differs first
	diff "$1" "$2" | cut -c1-300 | head -n 20
	cmp -s "$1" "$2"
}
running_now='docker ps -q --no-trunc | xargs -r docker inspect -f "{{.Name}} {{.State.StartedAt}}" | grep "^/records" | sort'
running() { on "$1" "$running_now"; } # HOST: the application's containers that run, and since when
# What shall run does, and nothing else; what `running` says is in $TMP/runs-HOST then.
all_run() { # HOST
	on "$1" "$running_now
		busybox wget -S -qO- -T 5 http://127.0.0.1:8071/health 2>&1 | sed -n 's|.*HTTP/.* 200 .*|well|p'" >"$TMP/look-$1"
	is "$(cut -d' ' -f1 "$TMP/look-$1" | tr -d / | tr '\n' ' ')" "$records_running well " || return
	grep -v '^well' "$TMP/look-$1" >"$TMP/runs-$1"
}
stands_still() { is "$(running "$1")" ''; } # HOST
# Directories that rfa made beside the data; names that only look so are in the data itself.
copies() { # HOST
	on "$1" 'find -H /var/lib/docker/volumes /opt /srv /var/lib/rfa -xdev -name ".rfa-*" ! -path "*/_data/*" ! -path "*/.rfa-*/*" 2>/dev/null | sort'
}

# ---- moments

# follow ARG...: starts rfa like start_rfa, for freeze_at
follow() {
	: >"$W/events"
	start_rfa "$@"
	exec 7< <(at_once "$BASHPID" && exec tail -n +1 -f --pid="$job" -s 0.02 "$W/events" 2>/dev/null)
}
# Whoever waits for a moment runs before all others when it is there, however busy the machine is; what
# it starts does not.
at_once() { chrt -R -f -p 1 "$1" 2>/dev/null || :; } # PID
as_usual() { chrt -o -p 0 "$1" 2>/dev/null || :; }

# rfa is stopped (SIGSTOP) when it begins this step; what the steps before it did is to be seen.
freeze_at() { # STEP
	local line
	at_once "$BASHPID"
	while IFS= read -r -t $((120 * SLOW)) -u 7 line; do
		case $line in *step-started*"\"$1\""* | *"\"$1\""*step-started*)
			signal STOP "$job"
			as_usual "$BASHPID"
			return ;;
		esac
	done
	as_usual "$BASHPID"
	echo "rfa never began $1"
	tail -n 5 "$W/err"
	return 1
}
thaw() { signal CONT "$job"; }
# frozen HOST STEP FILE: a listing of data that nobody uses, taken when rfa begins a step
frozen() {
	local status=0
	freeze_at "$2" || return
	{ stands_still "$1" && records_data "$1" >"$3" && stands_still "$1"; } || status=1
	thaw
	return "$status"
}

# ---- a client

host_pid() { "$LAB" status --json | grep -o "\"name\":\"$1\"[^}]*\"pid\":[0-9]*" | grep -o '[0-9]*$'; }
declare -A prober=()
probe_begin() { # HOST...: asks for the health of what runs there
	local h
	for h; do
		nsenter --target "$(host_pid "$h")" --net -- "$BUILD/tests/prober" 8071 /health 1800 "$TMP/probed-$h" >"$TMP/prober-$h" &
		prober[$h]=$!
		started "$!"
		await 10 is_up_for_prober "$h" || return
	done
}
is_up_for_prober() { tail -n 1 "$TMP/probed-$1" | grep -q up; }
probe_end() { # HOST: what was seen there: asked, good, outages, down_ms, longest_ms
	signal TERM "${prober[$1]}"
	wait "${prober[$1]}"
	read -r _ asked _ good _ outages _ down_ms _ longest_ms <"$TMP/prober-$1"
	echo "# $1: $(cat "$TMP/prober-$1")"
}
