#!/usr/bin/env bash
# The data of test goes to prod and back again: compared entry by entry while nobody uses it, under a
# writer, and as a client sees it who asks every 20 ms.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

# test writes all the time, and prod has neighbours that nobody may touch, one of whom reads the data.
on test 'mkdir -p /opt/records && : >/opt/records/writer'
ok "the application is up on both sides" records_both
app bystanders prod
on prod 'docker rm -f portainer >/dev/null
	docker run -d --name portainer -v /var/lib/docker/volumes:/backup:ro portainer:v1 >/dev/null'
work data "$(records_stack '"keep_running": ["node-exporter", "portainer"]')" "$PATIENT"
neighbours() { instances prod node-exporter portainer; }
config() { on "$1" 'cat /opt/records/conf/config.json; echo .'; }
kept=$(neighbours)
point_of() { facts "$1" '' summary/point 2>/dev/null || git -C "$W/.rfa/ledger" tag -l 'rollback/prod/records/data-*' | sort | tail -n 1 | sed 's|.*/||'; }
never_started() { # HOST
	is "$(on "$1" 'docker inspect -f "{{.State.StartedAt}} {{.State.Status}}" records-report-1')" "0001-01-01T00:00:00Z created"
}

runs_again() { # test, while rfa waits
	local status=0
	freeze_at source.pack && await 20 all_run test || status=1
	thaw
	return "$status"
}

# What compares is compared itself: each change in a tree is found.
on prod 'rm -rf /opt/planted && cp -a /var/lib/docker/volumes/records_odd/_data /opt/planted'
listing prod "$(volume_place odd)" >"$TMP/odd"
listing prod /opt/planted >"$TMP/planted"
ok "the listing of a copy by cp -a is the same" same "$TMP/odd" "$TMP/planted"
while IFS='|' read -r what change; do
	on prod "cp -a /opt/planted /opt/planted-2 && cd /opt/planted-2 && $change"
	listing prod /opt/planted-2 >"$TMP/planted-2" && on prod 'rm -rf /opt/planted-2'
	ok "planted: $what" not cmp -s "$TMP/planted" "$TMP/planted-2"
done <<'END'
a byte|printf x | dd of=links/one conv=notrunc status=none && touch -r /opt/planted/links/one links/one
a time|touch -d @1 modes/old
an extended attribute|setfattr -n user.text -v other xattrs/file
an ACL|setfacl -m u:1234:r acls/file
a default ACL|setfacl -k acls
a capability|setfattr -x security.capability xattrs/file
a hard link that is a copy|cp -a links/two x && mv x links/two
an owner|chown 1:1 links/fifo
an empty directory that is gone|rmdir empty/empty/empty
a file too many|: >'empty/new'
END
on prod 'rm -rf /opt/planted'

# ---- once, made to stand still where there is something to see

rfa_data() { run_rfa promote-data records --from test --to prod --yes prod; }
follow promote-data records --from test --to prod --yes prod
ok "test stands still before its snapshot" frozen test source.verify-stopped "$TMP/test"
ok "test runs again before anything travels" runs_again
ok "prod stands still before the swap" frozen prod target.verify-stopped "$TMP/old"
ok "and after it" frozen prod target.base-url "$TMP/new"
join
first=$run
ok "data: exit status 0" ended 0
ok "prod's data is what test's was" same "$TMP/test" "$TMP/new"
ok "it was something else before" not cmp -s "$TMP/old" "$TMP/new"
ok "in all of it: $(grep -ac ^entry "$TMP/test") entries" test "$(grep -ac ^entry "$TMP/test")" -gt 20000
ok "prod's configuration has prod's own base URL" says "\"base_url\":\"http://$prod_address:8071/path?x=1\"" config prod
ok "all else in it is test's, byte for byte" is "$(config prod)" "$(config test | sed "s|\"base_url\":\"http://$test_address|\"base_url\":\"http://$prod_address|")"
ok "with its owner and mode" is "$(on prod 'stat -c "%U:%G %a" /opt/records/conf/config.json; stat -c "%u:%g" /opt/records/conf')" "$(on test 'stat -c "%U:%G %a" /opt/records/conf/config.json; stat -c "%u:%g" /opt/records/conf')"
ok "test's is as it was" says "\"base_url\":\"http://$test_address:8071/path?x=1\"" config test
for h in test prod; do
	ok "$h runs" await 20 all_run $h
	ok "$h: what was not running was not started" never_started $h
done
ok "the neighbours were not touched" is "$(neighbours)" "$kept"
ok "the last row, which only the -wal file had, is there" says "in wal" on prod 'cd /run && cp /opt/records/data/auth.db* . && sqlite3 auth.db "select name from users"; rm -f auth.db*'
ok "it ended SUCCEEDED" is "$(final_of "$first")" SUCCEEDED
ok "nothing is left" clean test prod
ok "no copies on test" is "$(copies test)" ""
ok "on prod the data that was replaced, of each member" is "$(copies prod | grep -c '[.]old$') of $(copies prod | wc -l)" "6 of 6"

# The writer: what it was told before the stop is there, in the volume and in PostgreSQL.
acknowledged=$(on test 'docker logs records-app-1 2>&1' | awk '/^writer begins/ {if (n++) exit} /^written/ {last = $2} END {print last + 0}')
in_file=$(on prod "tail -n 1 $(volume_place files)/written.log")
psql() { on "$1" "docker exec records-db-1 psql -h /tmp -U postgres -Atc '$2'"; }
ok "writer: $acknowledged numbers were acknowledged" test "$acknowledged" -gt 100
ok "writer: the file has them all, up to $in_file" test "$in_file" -ge "$acknowledged"
ok "writer: without a gap" is "$(on prod "wc -l <$(volume_place files)/written.log")" "$in_file"
ok "writer: so has PostgreSQL" test "$(psql prod 'select max(number) from written')" -ge "$acknowledged"
ok "writer: without a gap" is "$(psql prod 'select count(*) = max(number) from written')" t
ok "PostgreSQL has test's rows" is "$(psql prod 'select md5(string_agg(body, chr(10) order by id)) from records')" \
	"$(psql test 'select md5(string_agg(body, chr(10) order by id)) from records')"
ok "and its indexes agree" psql prod 'set enable_seqscan = off; select count(*) from records where body > chr(48)'
since=$(on prod 'docker inspect -f "{{.State.StartedAt}}" records-db-1')
ok "it found itself shut down well" says "database system was shut down at" on prod "docker logs --since $since records-db-1 2>&1"
# Who asks for its health while it starts is told so.
ok "it had nothing to recover" not grep -iE 'recover|interrupted|not properly|panic|fatal|error' \
	<(on prod "docker logs --since $since records-db-1 2>&1" | grep -v 'the database system is starting up')
ok "test is still written to" await 10 eval 'test "$(psql test "select max(number) from written")" -gt "$in_file"'

# ---- back, made to stand still once more

point=$(point_of "$first")
ok "there is a rollback point: $point" says data- echo "$point"
run_rfa rollback records --env prod
ok "it is listed" grep -q "$point" "$W/out"
follow rollback records --env prod --to "$point" --yes prod
ok "prod stands still after the swap" frozen prod target.base-url "$TMP/back"
join
ok "rollback: exit status 0" ended 0
ok "prod has its old data, byte for byte" same "$TMP/old" "$TMP/back"
ok "prod's base URL is its own" says "\"base_url\":\"http://$prod_address:8071/path?x=1\"" config prod
ok "prod runs" await 20 all_run prod
ok "what was not running was not started" never_started prod
ok "the neighbours were not touched" is "$(neighbours)" "$kept"
ok "nothing is left" clean test prod

# ---- as a client sees it

probe_begin prod
on prod 'cd /srv/stacks/records && docker stop records-app-1 >/dev/null && sleep 1 && docker start records-app-1 >/dev/null'
probe_end prod
ok "planted: an outage of a second is seen (${down_ms} ms)" test "$down_ms" -ge 1000
probe_begin test prod
rfa_data
second=$run
probe_end test
of_test=$down_ms
probe_end prod
ok "data again: exit status 0" ended 0
# How long is for tests/bench/data.sh to judge, on a machine that does nothing else.
echo "# test was down ${of_test} ms, prod ${down_ms} ms"
probe_begin prod
run_rfa rollback records --env prod --to "$(point_of "$second")" --yes prod
probe_end prod
ok "rollback: exit status 0" ended 0
echo "# prod was down ${down_ms} ms"
ok "nothing is left" clean test prod
ok "the ledger is whole" exits 0 rfa ledger verify --hosts

# ---- what was replaced goes

# Each way back took the generation that it put in place.
ok "two generations are there" is "$(copies prod | grep -c '[.]old$')" 12
run_rfa prune records --env prod --yes prod
ok "prune: exit status 0" ended 0
ok "one is left" is "$(copies prod | grep -c '[.]old$') of $(copies prod | wc -l)" "6 of 6"
ok "prod runs" all_run prod

done_testing
