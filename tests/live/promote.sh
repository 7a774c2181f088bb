#!/usr/bin/env bash
# Two containers go from test to prod: forth, back, to a version that is ill, and what the ledger
# says of it to those who have only git.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

both='ragflowauth-backend ragflowauth-frontend'
others='node-exporter portainer ragflow_compose-ragflow-cpu-1'

app ragflowauth test v1
app ragflowauth prod v1 && app bystanders prod
app ragflowauth test v2
work promote "$(ragflowauth_stack)"
data() { on prod 'cd /opt/ragflowauth && find . -type f -exec sha256sum {} + | sort; cat /var/lib/docker/volumes/ragflowauth_uploads/_data/*'; }
on prod 'echo "an upload" >/var/lib/docker/volumes/ragflowauth_uploads/_data/upload'

# ---- v1 becomes v2

# shellcheck disable=SC2086
{
	before=$(container prod $both)
	bystanders=$(instances prod $others)
	test_side=$(instances test $both ragflow_compose-ragflow-cpu-1)
}
kept=$(data)
promote ragflowauth
first=$run
ok "promote v1 to v2: exit status 0" ended 0
# shellcheck disable=SC2086
{
	ok "prod runs the images of test" is "$(images_of prod $both)" "$(images_of test $both)"
	ok "all else of both containers is as before" as_before "$before" container prod $both
	ok "the bystanders were not touched" is "$(instances prod $others)" "$bystanders"
	ok "test was not touched" is "$(instances test $both ragflow_compose-ragflow-cpu-1)" "$test_side"
}
ok "there is something to compare" test "$(echo "$before" | grep -c "MOTD=it's")$(echo "$bystanders" | wc -l)" = 13
ok "the data is as before" is "$(data)" "$kept"
ok "the backend serves v2" answers prod 8001/health v2
ok "the frontend serves v2" says "ragflowauth-frontend v2" on prod "busybox wget -qO- -T 5 http://127.0.0.1:8080/"
ok "nothing is left" clean test prod
ok "it ended SUCCEEDED" is "$(final_of "$first")" SUCCEEDED
ok "only the layer that differs was exported" is "$(facts "$first" source.export exported/layers)" 1
saved() { facts "$1" source.export exported/saved; }
bytes() { facts "$1" source.export exported/bytes; }
ok "and only that was saved" test "$(saved "$first")" -lt $(($(bytes "$first") * 3))
ok "out of the engine's store" is "$(facts "$first" source.export exported/whole 2>/dev/null)" ''
run_rfa resume "$first"
ok "a finished run is a fixed point" ended 0
# shellcheck disable=SC2086
ok "and resuming it touches nothing" is "$(images_of prod $both)" "$(images_of test $both)"
ok "verify agrees with prod" exits 0 rfa verify ragflowauth --env prod

# ---- v3 answers 500: back to v2

app ragflowauth test v3bad
# shellcheck disable=SC2086
before=$(container prod $both) ran=$(images_of prod $both)
# Its container has no health check that says so: what is ill shows on prod only.
on test "docker rm -f ragflowauth-backend >/dev/null
	docker run -d --name ragflowauth-backend --no-healthcheck ragflowauth-backend:v3bad >/dev/null
	docker rm -f ragflowauth-frontend >/dev/null
	docker run -d --name ragflowauth-frontend --no-healthcheck ragflowauth-frontend:v3bad >/dev/null"
configure "$(deadline=6 ragflowauth_stack)"
promote ragflowauth
bad=$run
ok "a version that is ill: exit status 5" ended 5
# shellcheck disable=SC2086
{
	ok "prod runs what it ran" is "$(images_of prod $both)" "$ran"
	ok "as it ran before, and healthy" await 15 as_before "$before" container prod $both
}
ok "v2 serves again" answers prod 8001/health v2
ok "the other containers were not touched" is "$(instances prod node-exporter portainer ragflow_compose-ragflow-cpu-1)" "$bystanders"
ok "what is ill is told" said '^rfa: .*ragflowauth-backend is unhealthy|^rfa: .*500'
ok "the container's last words are shown" said 'ragflowauth-backend.*(listens|GET)'
ok "and kept" says "listens" rfa show "$bad" --json
ok "it ended ROLLED_BACK" is "$(final_of "$bad")" ROLLED_BACK
ok "nothing is left" clean test prod
ok "the history says so" says " v3bad | rolled back |" git -C "$W/.rfa/ledger" show main:history.log
run_rfa resume "$bad"
ok "resuming it answers 5 again" ended 5

# ---- to a rollback point, and forward again

configure "$(ragflowauth_stack)"
run_rfa rollback ragflowauth --env prod
ok "rollback without --to: exit status 0" ended 0
ok "it lists v1" grep -q '^v1 ' "$W/out"
ok "and nothing of v3" not grep -q v3 "$W/out"
run_rfa rollback ragflowauth --env prod --to v1
ok "without a terminal, the question is refused" ended 4
ok "v2 serves" answers prod 8001/health v2
# shellcheck disable=SC2086
before=$(container prod $both)
run_rfa rollback ragflowauth --env prod --to v1 --yes prod
back=$run
ok "rollback --to v1: exit status 0" ended 0
ok "v1 serves" answers prod 8001/health v1
# shellcheck disable=SC2086
ok "all else of both containers is as before" as_before "$before" container prod $both
ok "nothing is left" clean test prod
ok "verify agrees with prod" exits 0 rfa verify ragflowauth --env prod
app ragflowauth test v2
promote ragflowauth
ok "forward to v2 again: exit status 0" ended 0
ok "v2 serves" answers prod 8001/health v2
ok "no byte had to travel" is "$(facts "$run" target.receive skipped)" "nothing has to travel"
ok "the data is as before" is "$(data)" "$kept"
ok "nothing is left" clean test prod
forth=$run

# ---- the ledger, by plain git

L=$W/.rfa/ledger
git_l() { git -C "$L" "$@"; }
ok "two lines a run, newest first" is "$(git_l log --first-parent --format=%s main | grep -c ragflowauth)" 8
ok "the runs in order" is "$(git_l log --first-parent --merges --reverse --format='%(trailers:key=Rfa-Run,valueonly,separator=)%(trailers:key=Rfa-Outcome,valueonly,separator=)' main)" \
	"${first}SUCCEEDED
${bad}ROLLED_BACK
${back}SUCCEEDED
${forth}SUCCEEDED"
ok "every record has its trailers" is "$(git_l log --grep="Rfa-Run: $first" --format='%(trailers:key=Rfa-Seq,valueonly,separator=)' main | sort -n | tr '\n' ' ')" \
	"$(seq -s ' ' 0 "$(facts "$first" '' summary/records | awk '{print $1 - 1}')") "
ok "the states, in order" is "$(git_l log --reverse --grep="Rfa-Run: $first" --format='%(trailers:key=Rfa-State,valueonly,separator=)' main | grep . | uniq | head -n 8 | tr '\n' ' ')" \
	"PRECHECK STOP VERIFY_STOPPED EXPORT TRANSFER APPLY RESTART HEALTH "
ok "the author is the operator" is "$(git_l log --format='%an <%ae>' main | sort -u)" "Olga Operator <olga@example.org>"
ok "the committer is rfa" is "$(git_l log --format=%cn main | sed 's/[0-9.]*$//' | sort -u)" "rfa "
ok "fsck --strict" git_l fsck --strict --full
ok "the rollback points" is "$(git_l tag -l 'rollback/prod/*' | grep -c '^rollback/prod/ragflowauth/v[12]')" 3
ok "they are annotated" is "$(git_l for-each-ref --format='%(objecttype)' 'refs/tags/rollback/prod' | sort -u)" tag
ok "what runs on prod" is "$(git_l show main:environments/prod/ragflowauth.json | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["version"], d["run"])')" "v2 $forth"
# shellcheck disable=SC2086
ok "with the images that docker tells" is "$(git_l show main:environments/prod/ragflowauth.json | python3 -c 'import json, sys; [print(i["id"]) for i in json.load(sys.stdin)["images"]]')" "$(images_of prod $both)"
ok "the history" is "$(git_l show main:history.log | cut -d'|' -f2-6)" " ragflowauth | prod | promote | v2 | success 
 ragflowauth | prod | promote | v3bad | rolled back 
 ragflowauth | prod | rollback | v1 | success 
 ragflowauth | prod | promote | v2 | success "
ok "it can be cloned" git clone -q --bare "$L" "$TMP/clone"
ok "verify finds it whole" exits 0 rfa ledger verify
ok "and part of it what the hosts keep" exits 0 rfa ledger verify --hosts
head=$(git_l rev-parse main)
ok "the hosts keep its head" is "$(on test 'cat /var/lib/rfa/ledger-heads/*')
$(on prod 'cat /var/lib/rfa/ledger-heads/*')" "$head $forth
$head $forth"

# Somebody makes the failure a success.
cp -a "$L" "$TMP/tampered"
(
	export GIT_DIR=$TMP/tampered GIT_INDEX_FILE=$TMP/index GIT_COMMITTER_NAME='rfa 0.1.0' GIT_COMMITTER_EMAIL=rfa@localhost
	git read-tree main
	blob=$(git show main:history.log | sed 's/rolled back/success/' | git hash-object -w --stdin)
	git update-index --cacheinfo "100644,$blob,history.log"
	commit=$(git cat-file commit main | sed "s/^tree .*/tree $(git write-tree)/" | git hash-object -t commit -w --stdin)
	git update-ref refs/heads/main "$commit"
) >/dev/null 2>&1
ok "the forgery is there" says "v3bad | success" git -C "$TMP/tampered" show main:history.log
ok "a changed history.log is found" exits 10 rfa --ledger "$TMP/tampered" ledger verify
ok "a rewritten head is found by the hosts" not rfa --ledger "$TMP/tampered" ledger verify --hosts
rm -rf "$TMP/tampered"
cp -a "$L" "$TMP/tampered"
git -C "$TMP/tampered" update-ref refs/heads/main "$(git_l rev-parse 'main^1')"
ok "a dropped end is found by the hosts" not rfa --ledger "$TMP/tampered" ledger verify --hosts

# ---- what nothing needs any more goes

prune() { run_rfa prune ragflowauth --env prod "$@"; }
row() { grep -qE "^$1 .* $2" "$W/out"; } # THING WHAT-HOLDS-IT
has() { on prod "docker image inspect $1" >/dev/null 2>&1; }
on prod 'docker tag ragflowauth-backend:v1 aside:1 && docker create --name old ragflowauth-frontend:v1' >/dev/null
app ragflowauth test v4
configure "$(ragflowauth_stack '"keep_images": 1')"
# What reads the store does not work there: the engine is asked, as it was ever since.
on test 'printf "#!/bin/sh\necho broken >&2; exit 1\n" >/usr/local/bin/awk && chmod 755 /usr/local/bin/awk'
promote ragflowauth
ok "promote v4: exit status 0" ended 0
ok "why all layers were saved is told" said 'the engine has saved all layers.*broken'
ok "all were" test "$(saved "$run")" -gt 2000000
ok "but only the one that differs was sent" test "$(facts "$run" target.receive sent)" -lt 200000
on test 'rm /usr/local/bin/awk'
on prod "docker tag aside:1 ragflowauth-backend:v1
	mkdir -p /var/lib/rfa/runs/$first/spool && head -c 5000000 /dev/zero >/var/lib/rfa/runs/$first/spool/images"
prune -n
ok "prune -n: exit status 2" ended 2
ok "what runs" row "image ragflowauth-backend:v4" "kept: runs in ragflowauth-backend"
ok "what can be gone back to" row "image ragflowauth-backend:v2" "kept: rollback point v2"
ok "what a stopped container has" row "image ragflowauth-frontend:v1" "kept: stands stopped as old"
ok "what somebody has given a name" row "image (aside:1|ragflowauth-backend:v1)" "kept: it is called aside:1, too"
ok "images of others are not told" not grep -q "^image node-exporter" "$W/out"
ok "what a run has left" row "spool $first +5.0 MB" "goes for good"
on prod 'docker image rm aside:1' >/dev/null
prune -n --images
ok "without that name it goes" row "image ragflowauth-backend:v1" "goes for good"
# shellcheck disable=SC2086
was=$(instances prod $others)
prune --yes prod
ok "prune: exit status 0" ended 0
ok "it is said" said "the image ragflowauth-backend:v1 goes"
ok "and what is free" said "free at /var/lib/.*, before "
ok "the image is gone" not has ragflowauth-backend:v1
ok "what a container has is not" has ragflowauth-frontend:v1
ok "the directory is gone" on prod "! test -e /var/lib/rfa/runs/$first"
# shellcheck disable=SC2086
ok "the bystanders were not touched" is "$(instances prod $others)" "$was"
ok "v4 serves" answers prod 8001/health v4
on prod 'docker rm old' >/dev/null
prune --yes prod
ok "once the container is gone" not has ragflowauth-frontend:v1
run_rfa rollback ragflowauth --env prod --last --yes prod
ok "what stayed can be gone back to" ended 0
ok "v2 serves" answers prod 8001/health v2
ok "nothing is left" clean test prod

done_testing
