#!/usr/bin/env bash
# Data that is reached through symbolic links, and lies below directories that hand down an ACL: it is the
# same data, whatever its path is called, and the copy gets nothing from the directories above it.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

# What people do when a disk is full: the directories move to another place, and links lead there.
real=/srv/disk/records volumes=/var/lib/docker/volumes moved=/var/lib/moved-volumes
# Other tests have this lab after this one: the volumes lie where they did, and empty.
places_end() {
	if on prod "[ -L $volumes ]"; then
		on prod 'docker ps -aq | xargs -r docker rm -fv; docker volume ls -q | xargs -r docker volume rm'
		"$LAB" engine prod stop
		on prod "rm $volumes && mv $moved $volumes"
		"$LAB" engine prod start
	fi >/dev/null 2>&1
	live_end
}
trap places_end EXIT
for h in test prod; do on $h 'mkdir -p '$real' && ln -s ../srv/disk/records /opt/records'; done
"$LAB" engine prod stop
on prod "mv $volumes $moved && ln -s $moved $volumes"
"$LAB" engine prod start

ok "the application is up on both sides" records_both --size 5 --files 100
# On prod one directory is mounted by its real path; rfa.json names it by the link.
on prod 'docker rm -f records-backend >/dev/null
	docker run -d --name records-backend --network records -p 127.0.0.1:8071:8071 -v /opt/records/data:/data/auth \
		-v '$real'/conf:/data/conf -e BACKEND=172.31.77.20:8070 -e BACKEND_MS=500 --restart unless-stopped \
		--health-cmd "/bin/server --check" --health-start-interval 100ms --health-start-period 20s records-backend:v1 >/dev/null'
ok "prod runs with another path for the same directory" await 20 all_run prod
ok "its engine says that path" is "$(on prod 'docker inspect -f "{{range .Mounts}}{{.Source}} {{end}}" records-backend | tr " " "\n" | grep /conf')" "$real/conf"
ok "and the volumes lie behind a link" is "$(on prod "readlink $volumes; readlink -f $(volume_place odd)")" "$moved
$moved/records_odd/_data"

# Above each member; what is there already has none of it.
above='/opt/records /opt/records/data '$(for v in $records_volumes; do echo "$volumes/records_$v"; done | tr '\n' ' ')
for h in test prod; do on $h "setfacl -d -m u:4321:rwx $above"; done
given() { # HOST: entries of the data with that ACL
	on "$1" 'getfacl -R -n -s -p '"$(for v in $records_volumes; do echo "$(volume_place "$v")/"; done | tr '\n' ' ')"' \
		/opt/records/conf/ $(find /opt/records/data/ -name "auth.db*") 2>&1 | grep -e 4321 -e getfacl: || :'
}
for h in test prod; do
	ok "$h: no entry of the data has the ACL" nothing given $h
	ok "$h: each directory above hands it down" is "$(on $h "getfacl -n -p $above | grep -c ^default:user:4321:rwx")" "$(wc -w <<<"$above")"
done
on prod 'mkdir -p /opt/records/planted && : >/opt/records/planted/heir && mv /opt/records/planted '"$(volume_place odd)"
ok "planted: what was made below it is found" is "$(given prod | grep -c ^user:4321)" 2
on prod 'rm -r '"$(volume_place odd)"'/planted'

# ---- one directory, named twice

twice='"conf": { "directory": "/opt/records/conf" }, "again": { "directory": "'$real'/conf" }'
work twice "$(records_stack | sed 's|"conf": {.*},$|'"$twice"',|')"
before=$(running test; running prod)
run_rfa promote-data records --from test --to prod --yes prod
ok "named twice: refused (exit status 4)" ended 4
ok "named twice: it says which and where" said 'the member conf lies in the member again on prod [(]/opt/records/conf[)]'
ok "named twice: what to do" said 'name each piece of data once'
ok "named twice: nobody was stopped" is "$(running test; running prod)" "$before"
ok "named twice: nothing is left" clean test prod
ok "named twice: no copies are left" is "$(copies test; copies prod)" ""
ok "named twice: nothing is unfinished" says "no run is unfinished" rfa runs --open

# ---- and once

work places "$(records_stack)" "$PATIENT"
follow promote-data records --from test --to prod --yes prod
ok "test stands still before its snapshot" frozen test source.verify-stopped "$TMP/test"
ok "prod stands still after the swap" frozen prod target.base-url "$TMP/new"
join
ok "data: exit status 0" ended 0
ok "prod's data is what test's was, ACLs and all" same "$TMP/test" "$TMP/new"
ok "in all of it: $(grep -ac ^entry "$TMP/test") entries" test "$(grep -ac ^entry "$TMP/test")" -gt 1000
for h in test prod; do
	ok "$h runs" await 20 all_run $h
	ok "$h: no entry of the data was given the ACL" nothing given $h
done
ok "prod's base URL is its own" says "\"base_url\":\"http://$prod_address:8071/path?x=1\"" on prod "cat $real/conf/config.json"
ok "the links are what they were" is "$(on prod "readlink /opt/records $volumes")" "../srv/disk/records
$moved"
ok "who mounts it by its real path has the new data" is "$(on prod 'docker exec records-backend cat /data/conf/new/letter')" "$(on test 'cat /opt/records/conf/new/letter')"
ok "nothing is left" clean test prod
ok "no copies on test" is "$(copies test)" ""
ok "on prod the data that was replaced, of each member" is "$(copies prod | grep -c '[.]old$') of $(copies prod | wc -l)" "6 of 6"

done_testing
