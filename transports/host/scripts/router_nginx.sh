# shellcheck shell=sh
# The router nginx: an included file has a split_clients block for each service, and tells the share
# that is live; a new share is a reload. It tells no requests by side (docs/zero-downtime.md).
#
# Arguments, and what it says: see lib_router.sh. Exits with 44: there is no such directory; 1; else with
# docker's status.
. ./lib_router.sh
# text: the included file, out of lines "SERVICE N".
text() {
	told=
	while read -r name n; do
		printf '# %s %s\n' "$name" "$n"
		# shellcheck disable=SC2016  # nginx has variables, too
		printf 'split_clients $rfa_visitor $rfa_%s {\n' "$(printf '%s' "$name" | tr .- __)"
		case $n in
		0) printf '  * %s;\n}\n' "$name" ;;
		100) printf '  * %s-green;\n}\n' "$name" ;;
		*) printf '  %s%% %s-green;\n  * %s;\n}\n' "$n" "$name" "$name" ;;
		esac
		told="$told  location = /$name { return 200 \"live $n\"; }
"
	done
	printf 'server {\n  listen 127.0.0.1:%s;\n  access_log off;\n%s}\n' "$control" "$told"
}
live() {
	printf 'GET /%s HTTP/1.0\r\n\r\n' "$service" | ask 127.0.0.1 "$control" | tr -d '\r' | sed -n 's/^live //p'
}
# answers NAME: somebody serves there. A name that nobody has may take seconds to be found to be none.
answers() {
	printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" | ask "$1" "$port" 3 2>/dev/null |
		{ read -r line _; case $line in HTTP/*) cat >/dev/null; echo 1 ;; *) echo 0 ;; esac; }
}
n=$(kept shares.conf) || exit
if [ "$verb" = set ]; then
	before=$(cat -- "$directory/shares.conf"; echo x)
	new=$(with_share shares.conf | text) && keep shares.conf "$new" || exit
	if ! said=$(engine exec -- "$container" nginx -t 2>&1); then
		keep shares.conf "${before%??}"
		die 1 "nginx does not take the new file: $said"
	fi
	engine exec -- "$container" nginx -s reload || exit
	# The old workers answer for a moment, too: it is live when none does.
	tries=0 same=0
	while [ $same -lt 4 ]; do
		sleep 0.1 2>/dev/null || sleep 1
		if [ "$(live)" = "$share" ]; then same=$((same + 1)); else same=0; fi
		tries=$((tries + 1))
		[ $tries -lt 100 ] || die 1 'nginx was reloaded, and does not use the new share'
	done
	exit
fi
is=$(live)
[ -n "$is" ] || die 1 "nginx does not answer on port $control of its loopback: is shares.conf included?"
printf 'kept %s\nlive %s\nsince -\n' "$n" "$is"
printf 'blue %s - - - -\n' "$(answers "$service")"
printf 'green %s - - - -\n' "$(answers "$service-green")"
