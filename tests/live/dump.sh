#!/usr/bin/env bash
# A database of PostgreSQL goes from test to prod and back as a dump, beside files, while test is written
# to; its server runs all the while. Then a backup of it, a restore and a drill.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

on test 'mkdir -p /opt/records && : >/opt/records/writer'
ok "the application is up on both sides" records_both --size 5 --files 500
work dump "$(records_stack '"backup": { "directory": "/var/backups/rfa" }' |
	sed 's|"volume": "records_pgdata"|"postgres": { "container": "records-db-1", "database": "postgres" }|')" "$PATIENT"

# What a server says itself. The keys of \restrict are others each time.
dump_of() { on "$1" 'docker exec records-db-1 pg_dump -h /tmp -U postgres postgres' | grep -v -e '^.restrict' -e '^.unrestrict'; }
psql() { on "$1" "docker exec records-db-1 psql -h /tmp -U postgres -Atc '$2'"; }
databases() { psql "$1" 'select datname from pg_database order by 1' | tr '\n' ' '; }
server_of() { on "$1" 'docker inspect -f "{{.State.StartedAt}}" records-db-1'; }
dumped() { # HOST STEP FILE: when rfa begins a step
	local status=0
	freeze_at "$2" || return
	{ is "$(running "$1" | cut -d' ' -f1)" /records-db-1 && dump_of "$1" >"$3" && test -s "$3"; } || status=1
	thaw
	return "$status"
}
server_of_test=$(server_of test) server_of_prod=$(server_of prod)
of_prod=$(databases prod)

# ---- there

follow promote-data records --from test --to prod --yes prod
ok "test: only the server of the database runs" dumped test source.verify-stopped "$TMP/test"
ok "prod: the same" dumped prod target.verify-stopped "$TMP/old"
ok "prod, after the swap" dumped prod target.base-url "$TMP/new"
join
ok "data: exit status 0" ended 0
ok "prod's database is what test's was: $(wc -l <"$TMP/test") lines" same "$TMP/test" "$TMP/new"
ok "it was something else before" not cmp -s "$TMP/old" "$TMP/new"
for h in test prod; do ok "$h runs" await 20 all_run $h; done
ok "the server on test was not stopped" is "$(server_of test)" "$server_of_test"
ok "the server on prod was not stopped" is "$(server_of prod)" "$server_of_prod"
ok "nothing is left" clean test prod
ok "no copies on test" is "$(copies test)" ""
ok "no further databases on test" is "$(databases test)" "postgres template0 template1 "
ok "on prod the files that were replaced" is "$(copies prod | grep -c '[.]old$') of $(copies prod | wc -l)" "5 of 5"
ok "and the database" is "$(databases prod | tr ' ' '\n' | grep -c '^postgres_rfa_old_')" 1

acknowledged=$(on test 'docker logs records-app-1 2>&1' | awk '/^writer begins/ {if (n++) exit} /^written/ {last = $2} END {print last + 0}')
in_file=$(on prod "tail -n 1 $(volume_place files)/written.log")
ok "writer: $acknowledged numbers were acknowledged" test "$acknowledged" -gt 100
ok "writer: the database has them all" test "$(psql prod 'select max(number) from written')" -ge "$acknowledged"
ok "writer: so has the file" test "$in_file" -ge "$acknowledged"
ok "writer: without a gap" is "$(psql prod 'select count(*) = max(number) from written')" t
ok "no password is in the ledger or on the screen" not grep -rqa 'not-a-secret' "$W"

# ---- and back

point=$(git -C "$W/.rfa/ledger" tag -l 'rollback/prod/records/data-*' | sort | tail -n 1 | sed 's|.*/||')
follow rollback records --env prod --to "$point" --yes prod
ok "prod, after the swap" dumped prod target.base-url "$TMP/back"
join
ok "rollback: exit status 0" ended 0
ok "prod has its old database" same "$TMP/old" "$TMP/back"
ok "prod runs" await 20 all_run prod
ok "what came from test is a generation now" is "$(databases prod | tr ' ' '\n' | grep -c '^postgres_rfa_old_')" 1
ok "nothing is left" clean test prod

# ---- somebody has a session

on test 'docker exec -d records-db-1 psql -h /tmp -U postgres -c "select pg_sleep(600)"'
run_rfa promote-data records --from test --to prod --yes prod
ok "a session on test: it does not happen (exit status $status)" grep -qxE '[23456]' <<<"$status"
ok "it says who" grep -q 'has a session on the database records-db-1/postgres' "$W/err"
psql test 'select pg_terminate_backend(pid) from pg_stat_activity where query like $$%pg_sleep(600)%$$ and pid <> pg_backend_pid()' >/dev/null
for h in test prod; do ok "$h runs" await 20 all_run $h; done
ok "prod's database is its own" is "$(psql prod 'select md5(string_agg(body, chr(10) order by id)) from records')" \
	"$(grep -v '^#' "$TMP/old" | awk '/^COPY public.records /{on = 1; next} on && /^[\\]/{on = 0} on {print $2}' | head -c -1 | md5sum | cut -d' ' -f1)"
ok "no further databases on test" is "$(databases test)" "postgres template0 template1 "
ok "nothing is left" clean test prod
ok "no copies on test" is "$(copies test)" ""

# ---- a server that does not run

on prod 'docker stop records-db-1 >/dev/null'
run_rfa promote-data records --from test --to prod --yes prod
ok "prod's server is stopped: refused" grep -q 'the server in records-db-1 on prod does not answer' "$W/err"
on prod 'docker start records-db-1 >/dev/null'
ok "prod runs" await 30 all_run prod

# ---- backup, restore, drill

sum() { psql "$1" 'select md5(string_agg(body, chr(10) order by id)) from records'; }
kept=$(sum prod)
run_rfa backup records --env prod
ok "backup: exit status 0" ended 0
psql prod 'update records set body = body || $$ changed$$' >/dev/null
ok "what is there changes" not is "$(sum prod)" "$kept"
run_rfa restore records --env prod --yes prod
ok "restore: exit status 0" ended 0
ok "it is as it was" is "$(sum prod)" "$kept"
of_test=$(sum test)
# A drill wants all that it is about to run.
on test 'docker rm records-report-1 >/dev/null'
run_rfa drill records --env test --of prod --yes test
ok "drill: exit status 0" ended 0
ok "test's database is its own" is "$(sum test)" "$of_test"
for h in test prod; do ok "$h runs" await 20 all_run $h; done
ok "no further databases on test" is "$(databases test)" "postgres template0 template1 "
ok "nothing is left" clean test prod

# ---- what was replaced goes

ok "two generations are there" is "$(databases prod | tr ' ' '\n' | grep -c '^postgres_rfa_old_')" 2
run_rfa prune records --env prod --yes prod
ok "prune: exit status 0" ended 0
ok "one is left" is "$(databases prod | tr ' ' '\n' | grep -c '^postgres_rfa_old_')" 1
ok "prod runs" all_run prod
ok "the ledger is whole" exits 0 rfa ledger verify --hosts
ok "prod's own databases are the same" is "$(databases prod | sed 's/postgres_rfa_[^ ]* //g')" "$of_prod"

done_testing
