#!/usr/bin/env bash
# A database of MariaDB goes from test to prod and back as a dump, while somebody writes to it on test; its
# server runs all the while. What cannot be swapped is refused by name. Runs that are killed around the
# swap, one of them with the whole host, are brought to their end. Then a backup, a restore, a drill.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

orders() { # HOST
	"$LAB" app orders "$1" >"$TMP/orders-$1.log" 2>&1 || {
		cat "$TMP/orders-$1.log" >&2
		return 1
	}
}
orders_both() {
	orders test &
	orders prod && wait $!
}
running() { # HOST: instead of that of `records`
	on "$1" 'docker ps -q --no-trunc | xargs -r docker inspect -f "{{.Name}} {{.State.StartedAt}}" | grep "^/orders" | sort'
}
all_run() { # HOST
	is "$(running "$1" | cut -d' ' -f1 | tr -d / | tr '\n' ' ')" "orders-app-1 orders-clerk-1 orders-db-1 " &&
		is "$(on "$1" 'docker inspect -f "{{.State.Health.Status}}" orders-app-1')" healthy
}
# The server's own programs, asked without rfa.
client='MYSQL_PWD=$MARIADB_ROOT_PASSWORD exec mariadb --no-defaults -u root --default-character-set=utf8mb4 -N -B -r'
sql() { "$LAB" exec "$1" docker exec -i orders-db-1 sh -c "$client" <<<"$2"; }
dump_of() {
	on "$1" 'docker exec orders-db-1 sh -c "MYSQL_PWD=\$MARIADB_ROOT_PASSWORD exec mariadb-dump --no-defaults -u root --hex-blob --skip-comments --order-by-primary orders"'
}
databases() { sql "$1" 'select schema_name from information_schema.schemata order by 1' | tr '\n' ' '; }
own_of() { databases "$1" | tr ' ' '\n' | grep -c "^orders_rfa_$2"; }
server_of() { on "$1" 'docker inspect -f "{{.State.StartedAt}}" orders-db-1'; }
# A sum of what nobody changes, which tells whose data it is; and keys that refer to something else.
sum() { sql "$1" 'use orders; select md5(group_concat(id, name order by id)) from customers'; }
stray_keys() { sql "$1" 'select count(*) from information_schema.innodb_sys_foreign where substring_index(for_name, "/", 1) <> substring_index(ref_name, "/", 1)'; }
dumped() { # HOST STEP FILE: when rfa begins a step, and only the server runs
	local status=0
	freeze_at "$2" || return
	{ is "$(running "$1" | cut -d' ' -f1)" /orders-db-1 && dump_of "$1" >"$3" && test -s "$3"; } || status=1
	thaw
	return "$status"
}

ok "the application is up on both sides" orders_both
for h in test prod; do ok "$h runs" await 30 all_run $h; done
work mysql '"orders": {
	"compose": { "project": "orders", "directory": "/srv/stacks/orders", "files": ["compose.yaml"] },
	"data": { "keep_generations": 1, "members": {
		"files": { "volume": "orders_files" },
		"db": { "mysql": { "container": "orders-db-1", "database": "orders" } } } },
	"backup": { "directory": "/var/backups/rfa" },
	"health": [{ "url": "http://127.0.0.1:8072/health" }], "health_deadline_s": 30
}' "$PATIENT"
server_of_test=$(server_of test) server_of_prod=$(server_of prod)
of_prod=$(databases prod) sum_test=$(sum test) sum_prod=$(sum prod)
sql prod 'alter database orders character set utf8mb4 collate utf8mb4_german2_ci'

# ---- there

follow promote-data orders --from test --to prod --yes prod
ok "test: only the server of the database runs" dumped test source.verify-stopped "$TMP/test"
ok "prod: the same" dumped prod target.verify-stopped "$TMP/old"
ok "prod, after the swap" dumped prod target.start "$TMP/new"
join
ok "data: exit status 0" ended 0
ok "prod's database is what test's was: $(wc -c <"$TMP/test") bytes" same "$TMP/test" "$TMP/new"
ok "it was something else before" not cmp -s "$TMP/old" "$TMP/new"
for h in test prod; do ok "$h runs" await 30 all_run $h; done
ok "the server on test was not stopped" is "$(server_of test)" "$server_of_test"
ok "the server on prod was not stopped" is "$(server_of prod)" "$server_of_prod"
ok "nothing is left" clean test prod
ok "no copies on test" is "$(copies test)" ""
ok "no further databases on test" is "$(databases test)" "$of_prod"
ok "on prod the database that was replaced" is "$(own_of prod old) $(own_of prod new)" "1 0"
ok "keys refer to the same database" is "$(stray_keys prod)" 0
ok "letters are as they were" is \
	"$(sql prod 'select distinct default_collation_name from information_schema.schemata where schema_name like "orders%"')" utf8mb4_german2_ci
ok "what the clerk wrote has no gap" is "$(sql prod 'use orders; select count(*) = max(number) and count(*) > 20 from written')" 1
clerk_writes() { [ "$(sql prod 'use orders; select max(number) from written')" -gt "$(grep -o '([0-9]*)' "$TMP/new" | tail -n 1 | tr -d '()')" ]; }
ok "the clerk on prod goes on behind it" await 10 clerk_writes
ok "what is deleted takes with it what refers to it" is "$(sql prod 'use orders; set @c = (select customer from orders order by id desc limit 1);
	delete from customers where id = @c; select count(*) from orders where customer = @c')" 0
ok "no password is in the ledger or on the screen" not grep -rqa 'not-a-secret' "$W"

# ---- and back

point() { git -C "$W/.rfa/ledger" tag -l 'rollback/prod/orders/data-*' | sort | tail -n 1 | sed 's|.*/||'; }
follow rollback orders --env prod --to "$(point)" --yes prod
ok "prod, after the swap" dumped prod target.start "$TMP/back"
join
ok "rollback: exit status 0" ended 0
ok "prod has its old database" same "$TMP/old" "$TMP/back"
ok "prod runs" await 30 all_run prod
ok "what came from test is a generation now" is "$(own_of prod old) $(own_of prod new)" "1 0"
ok "nothing is left" clean test prod

# ---- what is refused, while all runs

refused() { # HOST MAKE DROP WORDS
	local before
	before=$(running test; running prod)
	sql "$1" "use orders; $2"
	run_rfa promote-data orders --from test --to prod --yes prod
	sql "$1" "use orders; $3"
	is "$status" 4 && said "the database orders-db-1/orders on $1 cannot travel as a dump: it has $4" &&
		said 'let it travel as its volume instead' && is "$(running test; running prod)" "$before"
}
ok "a view is refused" refused test 'create view customers_seen as select id from customers' 'drop view customers_seen' 'the view customers_seen'
ok "a trigger is refused" refused prod 'create trigger tr before insert on nothing for each row set @x = 1' 'drop trigger tr' 'the trigger tr'
ok "a procedure is refused" refused prod 'create procedure pr() select 1' 'drop procedure pr' 'the procedure pr'
ok "a table that is not of InnoDB is refused" refused test 'create table old(i int) engine=myisam' 'drop table old' 'the table old, which is not of InnoDB but of MyISAM'

wrong_password() {
	sql prod "set password for root@localhost = password('another')"
	run_rfa promote-data orders --from test --to prod --yes prod
	"$LAB" exec prod docker exec -i orders-db-1 sh -c 'MYSQL_PWD=another exec mariadb --no-defaults -u root' \
		<<<"set password for root@localhost = password('lab-not-a-secret')"
	is "$status" 4 && said "the server in orders-db-1 on prod does not answer: .*Access denied for user 'root'" && all_run test && all_run prod
}
ok "a wrong password is told" wrong_password

on test 'docker exec -d orders-db-1 sh -c "MYSQL_PWD=\$MARIADB_ROOT_PASSWORD mariadb --no-defaults -u root -e \"select sleep(600)\" orders"'
run_rfa promote-data orders --from test --to prod --yes prod
ok "a session on test: it does not happen (exit status $status)" grep -qxE '[23456]' <<<"$status"
ok "it says who" said 'root from the container .* has a session on the database orders-db-1/orders'
sql test "$(sql test 'select concat("kill ", id, ";") from information_schema.processlist where info like "select sleep%"')"
for h in test prod; do ok "$h runs" await 30 all_run $h; done
ok "prod's database is its own" is "$(sum prod)" "$sum_prod"
ok "nothing is left" clean test prod
ok "no further databases on test" is "$(databases test)" "$of_prod"

# ---- killed around the swap

killed_at() { # STEP [power]: then rfa is dead, and the host may have been off
	follow promote-data orders --from test --to prod --yes prod
	freeze_at "$1" || return
	signal KILL "$job"
	join
	[ -z "${2:-}" ] || "$LAB" restart prod >/dev/null 2>&1
}
for how in target.swap target.start 'target.swap power'; do
	# shellcheck disable=SC2086  # two arguments
	killed_at $how
	ok "killed: $how" is "$status" 137
	run_rfa resume "$run"
	ok "resume: exit status 0" ended 0
	ok "prod has test's" is "$(sum prod)" "$sum_test"
	for h in test prod; do ok "$h runs" await 60 all_run $h; done
	ok "nothing is left" clean test prod
	ok "the one that was replaced" is "$(own_of prod new)" 0
	run_rfa rollback orders --env prod --to "$(point)" --yes prod
	ok "rollback: exit status 0" ended 0
	ok "prod has its own again" is "$(sum prod)" "$sum_prod"
done
killed_at target.start
ok "killed behind the swap" is "$status" 137
run_rfa rollback "$run"
ok "prod has its own" is "$(sum prod)" "$sum_prod"
ok "and nothing beside it but generations" is "$(own_of prod new)" 0
ok "keys refer to the same database" is "$(stray_keys prod)" 0
for h in test prod; do ok "$h runs" await 60 all_run $h; done
ok "nothing is left" clean test prod

# ---- backup, restore, drill

run_rfa backup orders --env prod
ok "backup: exit status 0" ended 0
sql prod 'use orders; update customers set name = concat(name, " changed")'
ok "what is there changes" not is "$(sum prod)" "$sum_prod"
run_rfa restore orders --env prod --yes prod
ok "restore: exit status 0" ended 0
ok "it is as it was" is "$(sum prod)" "$sum_prod"
run_rfa drill orders --env test --of prod --yes test
ok "drill: exit status 0" ended 0
ok "test's database is its own" is "$(sum test)" "$sum_test"
for h in test prod; do ok "$h runs" await 30 all_run $h; done
ok "no further databases on test" is "$(databases test)" "$of_prod"

# ---- what was replaced goes

run_rfa prune orders --env prod --yes prod
ok "prune: exit status 0" ended 0
ok "one is left" is "$(own_of prod old)" 1
ok "prod runs" all_run prod
ok "the ledger is whole" exits 0 rfa ledger verify --hosts
ok "prod's own databases are the same" is "$(databases prod | sed 's/orders_rfa_[^ ]* //g')" "$of_prod"

done_testing
