#!/usr/bin/env bash
# Backups: into a directory on the host and pulled to the operator, each whole by itself and small if
# little changed; what is broken in one is named; what was wiped comes back as it was.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

ok "the application is up" records prod --size 40 --files 3000
# The disk of the machine that the operator sits at is also somebody else's.
stack() { # MORE OF "backup"
	records_stack "\"gates\": { \"disk_free_percent\": 1 }, \"backup\": { \"files\": [\"/srv/stacks/records/compose.yaml\", \"/srv/stacks/records/.env\"]$1 }"
}
on_host=', "where": "host", "directory": "/var/backups/rfa"'
work backup "$(stack "$on_host")" "$PATIENT"
vault=/var/backups/rfa/records
backups() { on prod "ls $vault 2>/dev/null"; }
newest() { backups | sort | tail -n 1; }
vault_kb() { on prod "du -sk $vault | cut -f1"; }
backup() { run_rfa backup records --env prod; }

# ---- the first

run_rfa backup records --env prod --dry-run
ok "dry run: exit status 2, something would change" ended 2
ok "dry run: nothing is there" is "$(backups)" ""
follow backup records --env prod
ok "prod stands still before its snapshot" frozen prod source.verify-stopped "$TMP/saved"
join
ok "backup: exit status 0" ended 0
first=$(newest)
ok "prod runs" await 20 all_run prod
ok "no copies are left" is "$(copies prod)" ""
ok "nothing is left" clean prod
ok "its name says when, whose, what" grep -qxE '[0-9]{8}-[0-9]{6}-prod-data' <<<"$first"
ok "both manifests are one" on prod "cmp $vault/$first/manifest.json $vault/$first/replication_manifest.json"
ok "the manifest names each member" is "$(on prod "cat $vault/$first/manifest.json" | python3 -c 'import json, sys; print(*sorted(m["name"] for m in json.load(sys.stdin)["members"]))')" \
	"auth blobs conf file..env file.compose.yaml files odd pg"
whole_vault() { # each chunk has the content that its name says, each list only chunks that are there
	on prod "cd $vault/$1 && find chunks -type f -printf '%f  %p\n' | sha256sum -c --quiet &&
		find chunks -type f -printf '%f %s\n' | sort >/run/there && cat *.chunks | sort -u | comm -23 - /run/there | (! grep .)"
}
ok "its chunks are what their names say" whole_vault "$first"
# A member is its chunks in a row, and a tar for anybody.
ok "anybody can read it" says "it's \"quoted\"" on prod "cd $vault/$first && cut -c1-64 odd.chunks | sed 's|\(..\)|chunks/\1/&|' | xargs cat | tar -t"
ok "verify: it is whole" exits 0 rfa backup verify records --env prod
ok "list: it is there" says "$first" rfa backup list records --env prod

# ---- the second, with little that is new

on prod 'docker exec records-db-1 psql -h /tmp -U postgres -qc "create table later(n int)"
	echo later >/var/lib/docker/volumes/records_odd/_data/later'
before=$(vault_kb)
backup
ok "backup again: exit status 0" ended 0
second=$(newest)
ok "it is another one" not is "$second" "$first"
ok "it adds little: $(($(vault_kb) - before)) of $before KB" test $((($(vault_kb) - before) * 2)) -lt "$before"
ok "its chunks are what their names say" whole_vault "$second"
ok "the first alone is whole" on prod "cp -a $vault/$first /run/alone && cd /run/alone && rm -rf /run/aside && mkdir /run/aside && mv /run/alone /run/aside/"
on prod 'rm -rf /run/aside'

# ---- wiped, and back again

on prod 'cd /var/lib/docker/volumes && find records_files/_data records_blobs/_data records_odd/_data -mindepth 1 -delete
	setfacl -b records_odd/_data; chmod 700 records_files/_data
	docker exec records-db-1 psql -h /tmp -U postgres -qc "drop table records, later"
	sqlite3 /opt/records/data/auth.db "delete from users"; rm -r /opt/records/conf/new'
follow restore records --env prod --backup "$first" --yes prod
ok "prod stands still after the swap" frozen prod target.base-url "$TMP/restored"
join
ok "restore: exit status 0" ended 0
of_first=data-${run:0:15}
ok "prod has what was backed up, byte for byte" same "$TMP/saved" "$TMP/restored"
ok "prod runs" await 20 all_run prod
ok "nothing is left" clean prod
on prod 'echo changed >/opt/records/conf/new/letter; echo changed >/var/lib/docker/volumes/records_odd/_data/changed'
run_rfa restore records --env prod --member odd --yes prod
ok "restore of one member: exit status 0" ended 0
ok "it is that of the newest backup" is "$(on prod 'cd /var/lib/docker/volumes/records_odd/_data && cat later; ls changed 2>/dev/null')" later
ok "the others are as they were" is "$(on prod 'cat /opt/records/conf/new/letter')" changed
ok "prod runs" await 20 all_run prod

# ---- broken ones

# broken WHAT PATTERN CHANGE: named by verify, refused by restore
broken() {
	local since
	on prod "cp -a $vault/$second /run/kept && cd $vault/$second && $3"
	since=$(running prod)
	ok "$1: verify says so" exits 10 rfa backup verify records --env prod --backup "$second"
	ok "$1: and names it" says "$2" rfa backup verify records --env prod --backup "$second"
	run_rfa restore records --env prod --backup "$second" --yes prod
	ok "$1: restore refuses (exit status $status)" grep -qxE '[1-9]|10' <<<"$status"
	ok "$1: and names it" said "$2"
	ok "$1: prod was not stopped" is "$(running prod)" "$since"
	ok "$1: nothing is left" clean prod
	ok "$1: no run is unfinished" says "no run is unfinished" rfa runs --open
	on prod "rm -rf $vault/$second && cp -a /run/kept $vault/$second && rm -rf /run/kept"
}
chunk=$(on prod "head -n 1 $vault/$second/blobs.chunks | cut -c1-64")
file=chunks/${chunk:0:2}/$chunk
broken "a flipped bit" "$chunk" "cp $file x && printf '\\377' | dd of=x bs=1 seek=1000 conv=notrunc status=none && mv -f x $file"
broken "a chunk that is cut short" "$chunk" "cp $file x && truncate -s -1 x && mv -f x $file"
broken "a missing chunk" "$chunk" "rm $file"
broken "a missing member" "odd" "rm odd.chunks"
broken "an extra member" "extra" "echo x >extra.chunks"
broken "a list that is cut short" "blobs" "sed -i '\$d' blobs.chunks"
ok "as it was, it is whole" exits 0 rfa backup verify records --env prod --all

# ---- pulled to the operator

configure "$(stack ', "where": "operator", "directory": "backups"')" "$PATIENT"
backup
ok "to the operator: exit status 0" ended 0
ok "it is there" test -s "$(echo "$W"/backups/records/*-prod-data/manifest.json)"
ok "prod has none of it" is "$(backups | wc -l)" 2
ok "verify: it is whole" exits 0 rfa backup verify records --env prod
used=$(du -sk "$W/backups" | cut -f1)
backup
ok "again: exit status 0" ended 0
ok "it adds little: $(($(du -sk "$W/backups" | cut -f1) - used)) of $used KB" test $((($(du -sk "$W/backups" | cut -f1) - used) * 2)) -lt "$used"
on prod 'find /var/lib/docker/volumes/records_odd/_data -mindepth 1 -delete'
run_rfa restore records --env prod --yes prod
ok "restore from there: exit status 0" ended 0
ok "it is back" is "$(on prod 'cat /var/lib/docker/volumes/records_odd/_data/later')" later
ok "prod runs" await 20 all_run prod
ok "nothing is left" clean prod

# ---- images

configure "$(stack "$on_host")" "$PATIENT"
since=$(running prod)
run_rfa backup images records --env prod
ok "images: exit status 0" ended 0
ok "images: nobody was stopped" is "$(running prod)" "$since"
ok "images: it is whole" exits 0 rfa backup verify records --env prod --set images
ok "images: any engine takes them" says "Loaded image" on prod "cd $vault/$(newest) && cut -c1-64 images.chunks |
	sed 's|\(..\)|chunks/\1/&|' | xargs cat | docker load"
ok "images: it is there" says "$(newest)" rfa backup list records --env prod --set images
held() { on prod 'docker image ls --no-trunc -q | sort -u'; }
# What a host has of images and containers, by name; a drill leaves it as it was.
things() { on "$1" 'docker image ls -a --no-trunc --format "{{.Repository}}:{{.Tag}} {{.ID}}" | sort; docker ps -a --format "{{.Names}} {{.Image}} {{.State}}" | sort; docker volume ls -q | sort'; }
for host in test prod; do
	before=$(things "$host")
	since=$(running "$host")
	run_rfa drill images records --env "$host" --of prod
	ok "images, a drill on $host: exit status 0" ended 0
	ok "images, a drill on $host: it has the images, tags, containers and volumes that it had" is "$(things "$host")" "$before"
	ok "images, a drill on $host: nothing was stopped" is "$(running "$host")" "$since"
	ok "images, a drill on $host: nothing is left" clean "$host"
	ok "images, a drill on $host: it is proven" grep -qE '"proven": ?true' <(git -C "$W/.rfa/ledger" show "main:drills/$host/records.images.json")
done
images=$(on prod 'docker ps -q --filter label=com.docker.compose.project=records | xargs docker inspect -f "{{.Image}}" | sort -u')
on prod "cd /srv/stacks/records && docker compose down -t 1 && docker image rm -f $(tr '\n' ' ' <<<"$images")" >/dev/null 2>&1
ok "images: the engine has lost them" not grep -qF "$(head -n 1 <<<"$images")" <(held)
run_rfa restore images records --env prod --yes prod
ok "images back: exit status 0" ended 0
ok "images back: they are the same" is "$(on prod 'docker ps -q --filter label=com.docker.compose.project=records | xargs docker inspect -f "{{.Image}}" | sort -u')" "$images"
ok "images back: the data is still there" is "$(on prod 'cat /var/lib/docker/volumes/records_odd/_data/later')" later
ok "images back: nothing is left" clean prod
run_rfa restore images records --env prod --yes prod
ok "images back, once more: exit status 0" ended 0
on prod 'docker stop -t 1 records-report-1' >/dev/null # a job that had ended; made anew it runs
ok "images back: prod runs" await 20 all_run prod

# ---- what is not kept goes

configure "$(stack "$on_host, \"keep\": { \"count\": 1, \"days\": 0, \"daily\": 0, \"weekly\": 0, \"monthly\": 0 }")" "$PATIENT"
run_rfa backup prune records --env prod --dry-run
ok "prune: what a rollback point names stays" grep -qE "^$first .* stays +same +a point or a drill names it" "$W/out"
ok "a rollback point of that backup is offered" says "$of_first" rfa rollback records --env prod
run_rfa prune records --env prod --yes prod
ok "prune of generations: exit status 0" ended 0
ok "it is not offered any more" not grep -q "$of_first" <(rfa rollback records --env prod)
run_rfa rollback records --env prod --to "$of_first" --yes prod
ok "going back to it: exit status 9" ended 9
ok "and what became of it" said "$of_first is retired: run .* removed its data \(rfa prune\)"
run_rfa backup prune records --env prod --dry-run
ok "prune: now it would go: shown first" grep -qE "^$first .* goes +goes for good +not needed" "$W/out"
ok "prune: nothing went" says "$first" backups
run_rfa backup prune records --env prod --yes prod
ok "prune: exit status 0" ended 0
ok "prune: the older went, the newest and the images stay" is "$(backups | sed 's/^[0-9-]*//' | tr '\n' ' ')" "prod-data prod-images "
ok "prune: the newest stayed" says "$second" backups
ok "prune: it is whole" whole_vault "$second"

# ---- by itself

mkdir "$W/units"
run_rfa schedule records --env prod --write "$W/units"
ok "schedule: exit status 0" ended 0
ok "schedule: two services, two timers" is "$(find "$W/units" -name '*.timer' | wc -l) $(find "$W/units" -name '*.service' | wc -l)" "2 2"
line=$(sed -n 's/^ExecStart=//p' "$W"/units/*data*.service | head -n 1)
ok "schedule: what it starts is a backup" says "backup records --env prod" echo "$line"
# shellcheck disable=SC2086
(cd / && "$LAB" op sh -c "$line" >"$W/out" 2>"$W/err" </dev/null)
status=$?
ok "schedule: and it works: exit status 0" ended 0

done_testing
