#!/usr/bin/env bash
# A stack is made anew: an application behind nginx and a supervisor in one container, with PostgreSQL and
# redis; first on a machine on which nothing is yet. What is never done (volumes that go, access rules that
# are edited, files of SQL in a database that is not empty) is seen not done in the engine's own events.
#
# Then rfa is killed at random moments. RFA_LIVE_SEED (printed) repeats them by event; RFA_LIVE_KILLS says
# how many: three, twenty with RFA_TEST_LONG.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
# shellcheck source=tests/harness/lab_registry.sh
. "$SRC/tests/harness/lab_registry.sh"
live_up
registry_make
registry_start || ok "the registry starts" false
# shellcheck source=tests/harness/lab_rebuild.sh
. "$SRC/tests/harness/lab_rebuild.sh"

RANDOM=${RFA_LIVE_SEED:=$((RANDOM % 32768))}
echo "# RFA_LIVE_SEED=$RFA_LIVE_SEED"
images_made || ok "the images are there" false
work rebuild "$(stack), $(maria_stack)" "$PATIENT, $(registry_keys)"
events_begin

# ---- a machine on which nothing is yet

run_rfa rebuild whalefall v1 --env prod --new-volumes -n
ok "a preview: something would change (exit status $status)" ended 2
ok "there is nothing to be deleted" said 'nothing is to be deleted, and nothing to be backed up'
run_rfa rebuild whalefall v1 --env prod --new-volumes --yes prod
ok "first machine: exit status 0" ended 0
ok "it serves, behind nginx" await 20 serves v1
ok "its database has begun" is "$(psql 'select count(*) from part_one') $(tables)" "1 3"
ok "the digest of each file is kept" says "$(sum_of sql/partitions.sql)" rfa show "$run" --json
ok "nothing is left" clean prod

# ---- drift

run_rfa rebuild whalefall --env prod -n
ok "as it should be: nothing has drifted" ended 0
on prod "sed -i 's/MODE: .*/MODE: by-hand/' $dir/compose.yaml"
run_rfa rebuild whalefall --env prod -n
ok "a preview of drift: something would change" ended 2
ok "another configuration is told" grep -qE 'configuration +another one' "$W/out" "$W/err"
compose_is
run_rfa rebuild whalefall --env prod --yes prod
ok "made anew, the data stays: exit status 0" ended 0
ok "what is there is no empty database: nothing is initialised" says 'it has 3 table(s) already' rfa show "$run"
ok "it serves" await 20 serves v1

# ---- what is refused, before anything stops

mark one
anew=(rebuild whalefall --env prod --new-volumes --skip-backup --reason 'the lab')
agreed=(--yes prod --confirm 'DELETE ALL DATA')
refused() { # PATTERN ARG...: nothing has been touched
	local before
	before=$(instances prod "$names")
	run_rfa "${@:2}"
	is "$status" 4 && said "$1" && is "$(instances prod "$names")" "$before" && is "$(psql 'select what from mark')" one
}
spoiled() { # MAKE UNMAKE PATTERN
	local held=0
	eval "$1"
	refused "$3" "${anew[@]}" "${agreed[@]}" || held=1
	eval "$2"
	return "$held"
}
passes() {
	compose_is "$1"
	run_rfa "${anew[@]}" -n
	compose_is
	is "$status" 2
}
on prod "cp $volumes/whalefall_pg/_data/cluster/pg_hba.conf /root/hba"
hba_made=$(on prod 'sha256sum </root/hba')
ok "a wrong phrase" refused 'DELETE ALL DATA' "${anew[@]}" --yes prod --confirm 'delete all data'
ok "a file of SQL that is not there" spoiled 'on prod "mv $dir/sql/partitions.sql /root/"' sql_is 'there is no file of SQL .*partitions.sql'
ok "a key of .env that is missing" spoiled 'on prod "sed -i /^SECRET_KEY/d $dir/.env"' env_is 'SECRET_KEY'
ok "a planted rule that lets all in" spoiled 'rules "host all all all trust" reload' 'rules "" reload' 'trust'
ok "rules that the server has not read yet" spoiled 'rules "host all all 10.1.2.3/32 md5"' 'rules "" reload' 'not sure'
for form in 5432:5432 0.0.0.0:5432:5432 '[::]:5432:5432' "$prod_address:5432:5432"; do
	ok "a published port: $form" spoiled 'compose_is "$form"' compose_is 'PostgreSQL can be reached from outside'
done
ok "a port that the host alone reaches passes" passes 127.0.0.1:5432:5432
ok "a disk that is too small" spoiled '"$LAB" fill prod 40' '"$LAB" unfill prod' 'free'
backup_breaks() {
	follow rebuild whalefall --env prod --new-volumes "${agreed[@]}"
	freeze_at target.verify || return
	on prod 'f=$(find /var/lib/rfa/backups -type f -size +1000c ! -name "manifest*" | head -n 1) && echo spoiled >>"$f"'
	thaw
	join
	not is "$status" 0 && is "$(psql 'select what from mark')" one && said 'not begun'
}
ok "a backup that cannot be read back" backup_breaks
on prod 'rm -rf /var/lib/rfa/backups'

# ---- all of the old data, or all of the new

looks() { # of the data, byte for byte, where it serves
	listing prod "$volumes/whalefall_pg/_data" && listing prod "$volumes/whalefall_redis/_data"
}
data_goes() {
	follow "${anew[@]}" "${agreed[@]}"
	freeze_at target.swap || return
	looks >"$TMP/old"
	thaw
	join
}
ok_here "the data goes" data_goes
ok "exit status 0" ended 0
ok "the database has begun anew" is "$(psql 'select count(*) from part_one') $(tables)" "1 3"
for v in pg redis; do listing prod "$volumes/whalefall_$v/.rfa-$run._data.old/tree"; done >"$TMP/aside"
ok "the old data lies beside, byte for byte" same "$TMP/old" "$TMP/aside"
ok "redis has nothing any more" is "$(on prod "ls -A $volumes/whalefall_redis/_data")" ""
run_rfa rollback whalefall --env prod --to "data-${run:0:15}" --yes prod
ok "it is gone back to: exit status 0" ended 0
ok "the old data serves" is "$(psql 'select what from mark')" one
ok "it serves" await 20 serves v1

turns_back() { # PATTERN ARG...
	local marked
	marked=$(redis_sum)
	run_rfa "${@:2}" "${agreed[@]}"
	is "$(final_of "$run")" ROLLED_BACK && says "$1" rfa show "$run" --json && is "$(psql 'select what from mark')" one &&
		is "$(redis_sum)" "$marked" && await 20 serves v1 && clean prod
}
on prod "echo 'insert into nowhere values (1);' >>$dir/sql/partitions.sql"
ok "an error in the second file: all of the old data is back" turns_back 'partitions.sql, line 3' "${anew[@]}"
sql_is
ok "an ill application: all of the old data is back" turns_back '502' "${anew[@]:0:2}" ill "${anew[@]:2}"

# ---- killed at random moments

token=0
holds() { # RUN: all is old, or all is new
	local is
	is=$(psql 'select what from mark' 2>/dev/null || echo none)
	case $status/$(final_of "$1") in
	0/SUCCEEDED) is "$is $(tables)" "none 3" && is "$(on prod "ls -A $volumes/whalefall_redis/_data")" "" ;;
	[1-6]/ROLLED_BACK | [1-6]/FAILED) is "$is $(cat_redis)" "$token $token" ;;
	*) echo "exit status $status, $(final_of "$1")"; tail -n 20 "$W/err"; return 1 ;;
	esac && await 20 serves v1 && clean prod && exits 0 rfa verify whalefall --env prod
}
mark 0
undisturbed "${anew[@]}" "${agreed[@]}"
ok_here "the data is new" holds "$run"
kills_are 3 20
for ((i = 1; ; i++)); do
	another_kill "$i" || break
	token=$i
	mark "$i"
	killed_run "$i" 4 "$i" "${anew[@]}" "${agreed[@]}" || continue
	ok_here "$all: $(final_of "$id")" holds "$id"
	[ "$(rfa runs --open 2>/dev/null)" = "no run is unfinished" ] || { ok "no run is unfinished" says "no run is unfinished" rfa runs --open; break; }
done

# ---- MariaDB: its files are not in one transaction, and all of the old data is back all the same

run_rfa rebuild maria v1 --env prod --yes prod
ok "MariaDB begins: exit status 0" ended 0
ok "its files have run" is "$(sql 'select count(*) from two')" 1
sql 'insert into one values (17)'
maria=("${anew[@]}") maria[1]=maria
on prod 'echo "insert into nowhere values (1);" >>/srv/maria/two.sql'
run_rfa "${maria[@]}" "${agreed[@]}"
ok "an error in its second file: rolled back" is "$(final_of "$run")" ROLLED_BACK
ok "the file and the line are told" says 'two.sql, line 2' rfa show "$run"
maria_has() { is "$(sql 'select i from one; select i from two' | tr '\n' ' ')" "$1"; }
ok "all of the old data is back" await 20 maria_has '17 2 '
maria_is
run_rfa rebuild maria --env prod --yes prod
ok "a second rebuild initialises nothing" says 'it has 2 table(s) already' rfa show "$run"
ok "nothing is left" clean prod

# ---- never done

ok "the engine has told what it did" events_end
ok "containers went and came" grep -q '"Type":"container","Action":"destroy"' "$TMP/engine"
ok "no volume has gone" not grep '"Type":"volume","Action":"destroy"' "$TMP/engine"
ok "no command in a container touches access rules" not grep -E 'exec_create: [^"]*(pg_hba[.]conf|sed -i)' "$TMP/engine"
ok "the server's access rules are those that it was made with" is "$(hba)" "$hba_made"
ok "the ledger is whole" exits 0 rfa ledger verify --hosts

done_testing
