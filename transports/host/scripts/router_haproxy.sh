# shellcheck shell=sh
# HAProxy as a router: a map file has the shares, its runtime socket makes them live. Backends
# SERVICE-blue and SERVICE-green, each of one server that is checked (docs/zero-downtime.md).
#
# Arguments, and what it says: see lib_router.sh. Exits with 44: there is no such directory; 1; else with
# docker's status.
. ./lib_router.sh
map=$inside/shares.map
order() { printf '%s\n' "$1" | ask 127.0.0.1 "$control"; }
if [ "$verb" = set ]; then
	text=$(with_share shares.map) && keep shares.map "$text" || exit
	said=$(order "set map $map $service $share") || exit
	case $said in
	*'not found'*) said=$(order "add map $map $service $share") || exit ;;
	esac
	live=$(order "show map $map" | awk -v s="$service" '$2 == s { n = $3 } END { print n + 0 }')
	[ "$live" = "$share" ] || die 1 "HAProxy did not take the share: ${said:-it says nothing}"
	exit
fi
n=$(kept shares.map) || exit
said=$(order "show info;show map $map;show stat") || exit
printf 'kept %s\n' "$n"
printf '%s\n' "$said" | awk -F, -v s="$service" '
	/^Unknown map/ { print "HAProxy does not use the map of shares: " $0 >"/dev/stderr"; bad = 1; exit 1 }
	/^Start_time_sec: / { split($0, w, " "); print "since " w[2] }
	/^0x/ { split($0, w, " "); if (w[2] == s) live = w[3] }
	/^# pxname/ { for (i = 1; i <= NF; i++) at[i == 1 ? "pxname" : $i] = i }
	$1 == s "-blue" || $1 == s "-green" {
		side = $1 == s "-blue" ? "blue" : "green"
		if ($2 == "BACKEND") {
			flying[side] = $at["qcur"] + $at["scur"]
			asked[side] = $at["req_tot"] + 0
			failed[side] = $at["hrsp_5xx"] + 0
		} else {
			up[side] = $at["status"] == "UP" ? 1 : 0
			where[side] = $at["addr"]
		}
	}
	END {
		if (bad) exit 1
		print "live " live + 0
		n = split("blue green", sides, " ")
		for (i = 1; i <= n; i++) {
			side = sides[i]
			if (!(side in asked) || !(side in up)) {
				print "HAProxy has no backend " s "-" side " with a server" >"/dev/stderr"
				exit 1
			}
			print side, up[side], where[side] == "" ? "-" : where[side], flying[side],
				asked[side], failed[side]
		}
	}'
