#!/usr/bin/env bash
# New versions change the schema of a database: of MariaDB, which cannot take back half of a change, and of
# PostgreSQL. One with which the old version lives, one that breaks it, one that fails half-way, one whose
# container is killed half-way, one during which rfa is killed. A drill tries one on a backup.
# shellcheck disable=SC2015,SC2016,SC2119,SC2154,SC2317  # a list that ends with what a failure says; quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

# A sample application on both hosts, and versions of one of its services that have a command `migrate`.
both() { # APP
	for h in test prod; do
		"$LAB" app "$1" "$h" >"$TMP/$1-$h.log" 2>&1 || {
			cat "$TMP/$1-$h.log" >&2
			return 1
		}
	done
}
# new_version N [LINE OF DOCKERFILE] <SCRIPT: test runs version N of $service, whose command `migrate` is SCRIPT
new_version() {
	{ printf '#!/bin/sh\nset -e\n'; cat; } >"$TMP/script"
	on test "mkdir -p /srv/build && cat >/srv/build/migrate" <"$TMP/script" &&
		on test "cd /srv/build && chmod 755 migrate && printf '%s\n' 'FROM $base' '$2' 'COPY migrate /bin/migrate' >Dockerfile &&
			docker build -q -t $service:$1 . && cd /srv/stacks/$app &&
			sed -i '/^  $service:/,/image:/s|image: .*|image: $service:$1|' compose.yaml &&
			docker compose up -d --wait --quiet-pull $service" >"$TMP/build.log" 2>&1 || {
		sed 's/^/# /' "$TMP/build.log"
		return 1
	}
}
image() { on prod "docker inspect -f '{{.Config.Image}}' $app-$service-1"; }
stack() { # KIND UNDO [MORE KEYS]
	cat <<-END
	"$app": {
		"compose": { "project": "$app", "directory": "/srv/stacks/$app", "files": ["compose.yaml"] },
		"data": { "members": { $members } },
		"backup": { "directory": "/var/backups/rfa", "before_min": 0 },
		"checks": [{ "name": "container", "container": "$app-$service-1" }],
		"migrate": { "service": "$service", "run": ["migrate", "up; \$(false)"], "check": ["migrate", "check"],
			"kind": "$1", "undo": $2, "timeout_s": 60 },
		"gates": { "off": ["access"]${3:+, $3} }, "health_deadline_s": 20
	}
	END
}
said_in_plan() { # TEXT: in what a preview says
	rfa plan promote "$app" --from test --to prod >"$W/plan" 2>&1
	grep -qF -- "$1" "$W/plan"
}
newest() { # [FLOW]: two runs of one second have no order, so it may say which
	run=$(rfa runs --json 2>/dev/null | python3 -c '
import json, sys
print(max(r["run"] for r in json.load(sys.stdin) if sys.argv[1] in ("", r["flow"])))' "${1:-}")
}
one_off() { on prod "docker ps -aq --filter label=rfa.run" | wc -l; }
nothing_left() { is "$(one_off)" 0 && clean test prod && is "$(copies prod)" ""; }

# ---- MariaDB

app=orders service=clerk members='"files": { "volume": "orders_files" }, "db": { "mysql": { "container": "orders-db-1", "database": "orders" } }'
ok "orders is up on both sides" both orders
base=$(on test "docker inspect -f '{{.Config.Image}}' orders-clerk-1")
sql() { "$LAB" exec prod docker exec -i orders-db-1 sh -c 'MYSQL_PWD=$MARIADB_ROOT_PASSWORD exec mariadb --no-defaults -u root -N -B -r orders' <<<"$1"; }
columns() { sql 'select group_concat(column_name order by ordinal_position) from information_schema.columns where table_schema = "orders" and table_name = "customers"'; }
client='sql() { echo "$1" | mariadb --no-defaults -h 172.31.78.10 -u root -N -B orders; }
has() { test "$(sql "select count(*) from information_schema.columns where table_schema = \"orders\" and table_name = \"customers\" and column_name = \"$1\"")" = 1; }'
before=$(columns)

new_version 2 <<-END
	$client
	case \$1 in check) has email; exit ;; esac
	has email || sql 'alter table customers add column email varchar(80)'
	echo "email is there"
END
work migrate "$(stack expand '"none"')" "$PATIENT"
ok "what it would do is told" said_in_plan 'changes it (expand): nothing stops for it; it stays, even if the run goes back'
promote orders
newest
ok "expand: exit status 0" ended 0
ok "the column is there" is "$(columns)" "$before,email"
ok "the new version runs" is "$(image)" clerk:2
ok "the end says so" grep -q 'the schema is that of .*; the version before lives with it' "$W/out"
ok "what the check said before is kept" is "$(facts "$run" target.migrate migration/before/status)" 1
ok "and after: its status was 0, which is left out" is "$(facts "$run" target.migrate migration/after | grep -c '"status"')" 0
ok "a backup was made first" grep -q '^backup .*orders' <(rfa history 2>/dev/null | awk '{print $5, $3}')
ok "nothing is left" nothing_left

# What it has seen, this data does not see again.
promote orders --force --reason again --yes prod
ok "again: exit status 0" ended 0
newest
ok "the migration is not run again" grep -q 'seen the migration' <(rfa show "$run" --json)

# A version that cannot run: it goes back, and the schema stays.
start=$(columns)
on test 'docker exec orders-db-1 sh -c "MYSQL_PWD=\$MARIADB_ROOT_PASSWORD mariadb --no-defaults -u root orders -e \"create table on_test(i int)\""'
new_version 3 'HEALTHCHECK --interval=1s --retries=3 CMD echo "select 1 from on_test" | mariadb --no-defaults -h 172.31.78.10 -u root orders' <<-END
	$client
	has phone || sql 'alter table customers add column phone varchar(80)'
END
configure "$(stack expand '"none"' | sed 's/"check": .*"check"\],/"check": [],/')" "$PATIENT"
promote orders
ok "a version that cannot run: exit status 5" ended 5
ok "its schema stays" is "$(columns)" "$start,phone"
ok "the end says so" grep -q 'the schema is that of .*; the old version runs on it' "$W/err"
ok "the old version runs" is "$(image)" clerk:2
ok "nothing is left" nothing_left

# ---- breaking

new_version 4 <<-END
	$client
	case \$1 in check) has full_name; exit ;; esac
	has full_name || sql 'alter table customers change name full_name varchar(80) character set utf8mb4'
END
configure "$(stack breaking '"restore"')" "$PATIENT"
start=$(columns)
promote orders
ok "breaking: exit status 0" ended 0
ok "the column has its new name" is "$(columns)" "${start/name/full_name}"
ok "the new version runs" is "$(image)" clerk:4
ok "no number is lost or doubled" is "$(sql 'select count(*) = max(number) from written')" 1
ok "the end says so" grep -q 'no older version may run on it' "$W/out"
ok "all runs" await 30 eval 'is "$(on prod "docker ps -q" | wc -l)" 3'
ok "nothing is left" nothing_left
point=$(git -C "$W/.rfa/ledger" tag -l 'rollback/prod/orders/*' | sort | tail -n 1 | sed 's|.*/||')
run_rfa rollback orders --env prod --to "$point" --yes prod
ok "going back without the data is refused" ended 4
ok "it says how" said 'with-database'

# Half of it is done, and MariaDB has kept that.
new_version 5 <<-END
	$client
	case \$1 in check) has b; exit ;; esac
	sql 'alter table customers add column a int'
	echo "half of it"
	sql 'alter table nowhere add column b int'
END
start=$(columns) rows=$(sql 'select count(*), md5(group_concat(id, full_name order by id)) from customers')
promote orders
ok "failing half-way: exit status 5" ended 5
ok "the schema and the rows are those of before" is "$(columns) $(sql 'select count(*), md5(group_concat(id, full_name order by id)) from customers')" "$start $rows"
ok "the old version runs" is "$(image)" clerk:4
ok "it says why" grep -q 'half of it' "$W/err"
ok "and what is true" grep -q 'the data and its schema are those of before the migration' "$W/err"
ok "no number is lost or doubled" is "$(sql 'select count(*) = max(number) from written')" 1
ok "nothing is left" nothing_left

# Its container is killed half-way.
new_version 6 <<-END
	$client
	case \$1 in check) has b; exit ;; esac
	sql 'alter table customers add column a int'
	sleep 60
	sql 'alter table customers add column b int'
END
begun() { is "$(columns)" "$start,a"; }
start_rfa promote orders --from test --to prod
ok "half of it is there" await 60 begun
on prod 'docker kill $(docker ps -q --filter label=rfa.run)' >/dev/null
join
ok "killed half-way: exit status 5" ended 5
ok "the schema is that of before" is "$(columns)" "$start"
ok "the old version runs" is "$(image)" clerk:4
ok "nothing is left" nothing_left

# rfa is killed while it runs: it goes on, and a resume waits for it.
new_version 7 <<-END
	$client
	case \$1 in check) has b; exit ;; esac
	sql 'alter table customers add column a int'
	sleep 8
	sql 'alter table customers add column b int'
END
start_rfa promote orders --from test --to prod
ok "half of it is there" await 60 begun
signal KILL "$job"
join
run=$(rfa runs --open --json 2>/dev/null | grep -o '"run": *"[^"]*"' | head -n 1 | cut -d\" -f4)
run_rfa resume "$run"
ok "rfa was killed: the resume ends with 0" ended 0
ok "both columns are there, once" is "$(columns)" "$start,a,b"
ok "the new version runs" is "$(image)" clerk:7
ok "no password is in the ledger or on the screen" not grep -rqa 'not-a-secret' "$W"
ok "nothing is left" nothing_left

# ---- a drill tries it

new_version 8 <<-END
	$client
	case \$1 in check) has c; exit ;; esac
	has c || sql 'alter table customers add column c int'
END
configure "$(stack breaking '"restore"' '"migration_tried": true')" "$PATIENT"
promote orders
ok "untried: refused" ended 4
ok "it says how" said 'rfa drill orders --env TEST --of prod --with'
ok "all runs on test" await 30 eval 'is "$(on test "docker ps -q" | wc -l)" 3'
version=$(sed -n 's/.* --with \([^ ,]*\).*/\1/p' "$W/err" | head -n 1)
run_rfa smoke orders --env test --mark
run_rfa drill orders --env test --of prod --with "$version" --yes test
newest drill
ok "drill with $version: exit status 0" ended 0
ok "it was tried" is "$(facts "$run" target.migrate tried/kind)" breaking
promote orders
ok "then it goes to prod" ended 0
ok "the column is there" is "$(columns)" "$start,a,b,c"
ok "the ledger is whole" exits 0 rfa ledger verify --hosts

# ---- PostgreSQL

app=records service=app members='"pg": { "postgres": { "container": "records-db-1", "database": "postgres" } }, "files": { "volume": "records_files" }'
on prod 'cd /srv/stacks/orders && docker compose down -v' >/dev/null 2>&1
on test 'cd /srv/stacks/orders && docker compose down -v' >/dev/null 2>&1
ok "records is up on both sides" both records
# A promotion, and a drill, want all that they are about to run.
for h in test prod; do on $h 'docker rm records-report-1 >/dev/null'; done
base=$(on test "docker inspect -f '{{.Config.Image}}' records-app-1")
server=$(on test "docker inspect -f '{{.Config.Image}}' records-db-1")
sql() { on prod "docker exec records-db-1 psql -h /tmp -U postgres -Atc '$1'"; }
columns() { sql 'select string_agg(column_name, $$,$$ order by ordinal_position) from information_schema.columns where table_name = $$records$$'; }
client='sql() { PGPASSWORD=$POSTGRES_PASSWORD psql -v ON_ERROR_STOP=1 -h 172.31.77.10 -U postgres -At -c "$1" postgres; }
has() { test "$(sql "select count(*) from information_schema.columns where table_name = '"'records'"' and column_name = '"'"'$1'"'"'")" = 1; }'
start=$(columns)
new_version 2 "COPY --from=$server / /" <<-END
	$client
	case \$1 in check) has extra; exit ;; esac
	has extra || sql 'alter table records add column extra int'
END
work migrate-pg "$(stack breaking '"restore"')" "$PATIENT"
promote records
ok "PostgreSQL, breaking: exit status 0" ended 0
ok "the column is there" is "$(columns)" "$start,extra"
ok "nothing is left" nothing_left
new_version 3 "COPY --from=$server / /" <<-END
	$client
	case \$1 in check) has more; exit ;; esac
	sql 'alter table records drop column extra'
	sql 'alter table nowhere add column more int'
END
promote records
ok "PostgreSQL, failing half-way: exit status 5" ended 5
ok "the schema is that of before" is "$(columns)" "$start,extra"
ok "prod runs" await 30 all_run prod
ok "nothing is left" nothing_left

done_testing
