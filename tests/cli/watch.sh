#!/usr/bin/env bash
# watch from the command line: a fake forge, a real git server, images that a fake docker builds.
# Functions are called through ok.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
command -v git >/dev/null || skip_all "there is no git"
command -v python3 >/dev/null || skip_all "no python3"
here_and_prod
export GIT_CONFIG_GLOBAL=/dev/null
unset http_proxy https_proxy all_proxy
servers=()
trap '[ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null; rm -rf "$TMP"' EXIT
run_web prod app:1
mkdir work forge served
planted=t0ken-of-the-f0rge

# ---- a repository with a server, and a forge

repo=$TMP/served/olga/shop
mkdir -p "$TMP/served/olga" && git init -q -b main "$repo"
at() { git -C "$repo" "$@"; }
commit_is() { # VERSION: a commit with a tag of that name
	mkdir -p "$repo/web"
	printf '%s\n' "$1" >"$repo/web/main"
	printf 'FROM scratch\nCOPY main /main\nENV VERSION=%s\n' "$1" >"$repo/web/Dockerfile"
	at add -A && at commit -q -m "$1" && at tag "$1"
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
git_port=$(free_port)
git daemon --export-all --base-path="$TMP/served" --listen=127.0.0.1 --port="$git_port" "$TMP/served" >/dev/null 2>&1 &
servers+=($!)
(cd forge && echo '[]' >releases && echo ok >mode && : >asked && exec python3 "$SRC/tests/harness/fake_forge.py" "$planted") >/dev/null 2>&1 &
servers+=($!)
wait_for test -s forge/port
wait_for git ls-remote "git://127.0.0.1:$git_port/olga/shop" || skip_all "git daemon does not answer"
api=http://127.0.0.1:$(cat forge/port)/api
mode() { echo "$1" >forge/mode; }
publish() { # ID TAG AT [MORE KEYS]
	python3 - "$@" <<'PY'
import json, sys
id, tag, at, *more = sys.argv[1:]
all = [r for r in json.load(open("forge/releases")) if r["id"] != int(id)]
all.insert(0, {"id": int(id), "tag": tag, "at": at, **{k: True for k in more}})
json.dump(all, open("forge/releases", "w"))
PY
}
unpublish() { python3 -c 'import json, sys
json.dump([r for r in json.load(open("forge/releases")) if r["id"] != int(sys.argv[1])], open("forge/releases.new", "w"))' "$1" && mv forge/releases.new forge/releases; }
config() { # KEYS OF watch [MORE OF THE STACK [PATTERN OF TAGS]]
	cat >work/rfa.json <<-JSON
	{"version":1,"notify":{"team":{"kind":"exec","command":["$TMP/bin/tell"]}},"environments":{
	"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
	"stacks":{"shop":{"containers":["web"],"health_settle_s":0,"gates":{"disk_free_percent":0},
	"build":{"on":"prod","images":{"web":{"image":"app","context":"web"}}},
	"source":{"git":"git://127.0.0.1:$git_port/olga/shop","tags":"${3:-*}"}${1:+,\"watch\":{$1\}}${2:+,$2}}}}
	JSON
}
github='"forge":"github","api":"'$api'/v3","token":{"file":"token"}'
echo "$planted" >work/token && chmod 600 work/token
rfa() { (cd work && "$RFA" "$@"); }
watch() { rfa watch shop prod --once "$@"; }
runs() { rfa runs --json --limit 100 | python3 -c 'import json, sys; print(len([r for r in json.load(sys.stdin) if r["flow"] == "release"]))'; }
version() {
	python3 - "$TMP/prod/state.json" <<'PY'
import json, sys
state = json.load(open(sys.argv[1]))
print(*[c["Config"]["Image"] for c in state["containers"] if c["Name"].lstrip("/") == "web"])
PY
}

printf '#!/bin/sh\necho "$(cat)" >>%s\n' "$TMP/told" >bin/tell && chmod +x bin/tell

commit_is v1.0
publish 1 v1.0 2026-01-01T00:00:00Z
config "$github"
rfa init >/dev/null

# ---- the first one is somebody's

ok "4: nobody knows where to begin" exits 4 watch
ok "it says what to type" says "deploy one by hand first: rfa release shop v1.0 --to prod" watch
ok "by hand" exits 0 rfa release shop v1.0 --to prod
ok "nothing is new" exits 0 watch
ok "it says which is the newest" says "nothing is new: v1.0 is the newest, run " watch
ok "nothing was begun" is "$(runs)" 1

ok "--env, as with other commands" says "nothing is new: v1.0 is the newest" rfa watch shop --env prod --once
ok "64: two environments" exits 64 rfa watch shop prod --env test --once
ok "64: none" says "rfa watch shop ENV" rfa watch shop --once

ok "its end was told" is "$(grep -c ended told)" 1

# ---- what is no release yet

commit_is v1.1
ok "a tag alone is none" says "nothing is new" watch
publish 2 v1.1 2026-01-02T00:00:00Z draft
ok "nor a draft" says "nothing is new" watch
publish 2 v1.1 2026-01-02T00:00:00Z prerelease
ok "nor a pre-release" says "nothing is new" watch
config "$github,\"prerelease\":true"
ok "unless it is asked for" says "v1.1 is due" watch --dry-run
config "$github" "" w\*
publish 2 v1.1 2026-01-02T00:00:00Z
ok "nor what is called otherwise" says "nothing is new" watch
config "$github"
publish 3 v1.2 2026-01-03T00:00:00Z
unpublish 2
ok "one without its tag waits" says "v1.2 waits: the repository has no such tag yet" watch
ok "and that is no failure" exits 0 watch
ok "nothing was begun" is "$(runs)" 1

# ---- one that is

publish 2 v1.1 2026-01-02T00:00:00Z
ok "--dry-run: it says so" says "v1.1 is due, commit $(at rev-parse --short=12 v1.1)" watch --dry-run
ok "and begins nothing" is "$(runs)" 1
watch >said 2>&1
ok "it is begun" is "$?" 0
ok "it runs" is "$(version)" app:v1.1
ok "its end was told, as always" is "$(grep -c ended told)" 2
ok "once" says "v1.2 waits" watch
ok "still once" is "$(runs)" 2
plan() { rfa ledger git show "main:runs/$(rfa runs --json --limit 1 | python3 -c 'import json, sys
r = json.load(sys.stdin)[0]["run"]; print("%s/%s/%s/%s" % (r[:4], r[4:6], r[6:8], r))').plan.json" | python3 -c 'import json, sys; print(json.load(sys.stdin)["options"]['"$1"'])'; }
ok "the plan says for which" is "$(plan '"once"')" "github olga/shop 2"
ok "and when it was published" is "$(plan '"release"]["published"')" "2026-01-02T00:00:00Z"

# ---- several, while nobody looked

commit_is v1.2 && commit_is v1.3 && commit_is v1.4
publish 5 v1.4 2026-01-05T00:00:00Z
publish 4 v1.3 2026-01-04T00:00:00Z
watch >said 2>&1
ok "the newest" is "$(version)" app:v1.4
ok "the others are named" grep -q "v1.3 is passed over: a newer one is due" said
ok "and are never begun" is "$(runs)/$(watch >/dev/null; runs)" 3/3
commit_is v1.5 && commit_is v1.6
publish 7 v1.6 2026-01-07T00:00:00Z
publish 6 v1.5 2026-01-06T00:00:00Z
config "$github,\"catch_up\":\"all\""
ok "all of them" exits 0 watch
ok "one after the other" is "$(rfa ledger git log --format=%s --first-parent main | grep 'release shop' | grep -c SUCCEEDED)" 5
ok "the newest runs" is "$(version)" app:v1.6
config "$github"

# ---- edited, deleted, made again, moved

publish 7 v1.6 2026-01-07T00:00:00Z
ok "edited: nothing" says "nothing is new: v1.6" watch
unpublish 7
publish 8 v1.6 2026-01-08T00:00:00Z
ok "made again: told" says "v1.6 was deleted and made again" watch
ok "and not begun" is "$(runs)" 5
commit_is v1.7
at tag -f v1.6 >/dev/null
ok "4: moved" exits 4 watch
ok "it says so" says "the tag v1.6 was moved since run" watch
ok "not begun" is "$(runs)" 5
at tag -f v1.6 v1.7~1 >/dev/null

# ---- one that ends badly

publish 9 v1.7 2026-01-09T00:00:00Z
config "$github" '"health_deadline_s":1,"health":[{"url":"http://127.0.0.1:9/health"}]'
watch >said 2>&1
ok "5: it went back" is "$?" 5
ok "what ran before runs" is "$(version)" app:v1.6
config "$github"
ok "never again by itself" says "nothing is new: v1.7 is the newest" watch
ok "it says how that ended" says "which ended ROLLED_BACK: rfa show " watch
ok "not begun" is "$(runs)" 6
commit_is v1.8
publish 10 v1.8 2026-01-10T00:00:00Z
ok "but the next one is" exits 0 watch
ok "it runs" is "$(version)" app:v1.8

# ---- a hostile tag

publish 20 --force 2026-01-10T01:00:00Z
ok "0: what would be an option is none" exits 0 watch
ok "it is told" says "--force is left out: it is no version that an image can have" watch
unpublish 20

# ---- two at once

commit_is v1.9
publish 11 v1.9 2026-01-11T00:00:00Z
watch >one 2>&1 &
first=$!
watch >two 2>&1
second=$?
wait "$first"
ok "neither has failed" is "$?/$second" 0/0
ok "one run" is "$(rfa ledger git log --format=%s --first-parent main | grep 'release shop' | grep -c begun)" 8
ok "it runs" is "$(version)" app:v1.9

# ---- somebody is in the way

commit_is v2.0
publish 12 v2.0 2026-01-12T00:00:00Z
mkdir -p "$TMP/state-prod"
lock_by_hand() { (cd work && "$RFA" lock hold prod --reason "a look" --yes prod); }
if rfa help lock hold >/dev/null 2>&1 && lock_by_hand >/dev/null 2>&1; then
	ok "0: the host is locked" exits 0 watch
	ok "it says by whom" says "prod is locked by run" watch
	ok "nothing was begun" is "$(runs)" 8
	rfa lock release prod --run "$(rfa lock show prod --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["holder"]["run"])')" --reason x --yes prod >/dev/null 2>&1
fi
config "$github" '"window":{"tz":"Europe/Berlin","freeze":[{"from":"2020-01-01","to":"2999-01-01","reason":"the audit"}]}'
ok "0: frozen" exits 0 watch
ok "it says why" says "nothing is begun until somebody changes rfa.json: the audit" watch
ok "nothing was begun" is "$(runs)" 8
day=$(TZ=UTC date -d tomorrow +%a) && day=${day,,}
config "$github" '"window":{"days":["'"$day"'"],"from":"09:00","to":"10:00"}'
ok "0: outside of the window" exits 0 watch
ok "it says until when" says "nothing is begun until $(date -u -d tomorrow +%Y-%m-%d) 09:00 UTC" watch
config "$github" '"window":{"days":["'"$day"'"],"from":"09:00","to":"10:00"},"gates":{"disk_free_percent":0,"off":["window"]}'
sed -i 's/"gates":{"disk_free_percent":0},//' work/rfa.json
ok "off: it is begun" exits 0 watch
ok "it runs" is "$(version)" app:v2.0
config "$github"

# ---- a forge that does not do what it should

for what in 500:11 redirect:1 garbage:1; do
	mode "${what%:*}"
	ok "${what#*:}: ${what%:*}" exits "${what#*:}" watch
done
mode redirect
ok "a redirect is told" says "the forge sends us to another place" watch
mode limit
ok "0: it takes no more" exits 0 watch
: >forge/asked
ok "it says until when" says "the forge takes no more questions until 20" watch
ok "and is left alone" is "$(wc -l <forge/asked)" 0
mode ok
rm -f work/.rfa/ledger.sources/*.releases.json
mode elsewhere
ok "1: the next page is elsewhere" exits 1 watch
ok "it says so" says "the next page of the list is at another place" watch
mode ok
: >forge/asked
watch >/dev/null
ok "all pages are read" test "$(wc -l <forge/asked)" -ge 5
: >forge/asked
watch >/dev/null
ok "what has not changed does not come again" is "$(grep -c '"same": "W/' forge/asked)" "$(wc -l <forge/asked)"
ok "the answer is the same" says "nothing is new: v2.0" watch
for i in $(seq 900 921); do publish "$i" "v3.$i" 2026-06-01T00:00:00Z draft; done
ok "what is beyond the pages that are read is told" says "older ones are not read" watch
for i in $(seq 900 921); do unpublish "$i"; done
ok "all is read again" not says "are not read" watch
echo wrong >work/token
ok "12: a wrong token" exits 12 watch
ok "it says where to look" says "watch.token of rfa.json" watch
echo "$planted" >work/token
watch -v >said 2>&1
ok "the token is in no file" not grep -rlF "$planted" said state-prod prod here work/rfa.json work/.rfa
config "${github/\"file\":\"token\"/\"file\":\"nowhere\"}"
ok "3: it is nowhere" exits 3 watch
mkdir credentials
config "$github"
name=$(rfa schedule shop --env prod --for watch | sed -n 's/^LoadCredential=\([^:]*\):.*/\1/p')
mv work/token "credentials/$name"
ok "the unit brings it" test -n "$name"
ok "systemd has it" exits 0 env CREDENTIALS_DIRECTORY="$TMP/credentials" bash -c 'cd work && "$0" watch shop prod --once' "$RFA"
mv "credentials/$name" work/token

# ---- the other forges

for forge in "gitea v1" "gitlab v4"; do
	read -r kind iface <<<"$forge"
	config "\"forge\":\"$kind\",\"api\":\"$api/$iface/\",\"token\":{\"file\":\"token\"}"
	publish 13 "v3.0-$kind" "2026-02-0${iface#v}T00:00:00Z"
	at tag "v3.0-$kind"
	[ "$kind" = gitlab ] || ok "$kind: what another one has begun is known by its tag" says "v3.0-$kind is due" watch --dry-run
	[ "$kind" = gitlab ] && ok "gitlab: a pre-release says so by its name" says "nothing is new" watch
	at tag "v3.$iface" && publish 14 "v3.$iface" "2026-03-0${iface#v}T00:00:00Z"
	ok "$kind: it is begun" exits 0 watch
	ok "it runs" is "$(version)" "app:v3.$iface"
done

# ---- plain git

config ""
commit_is v4.0 && commit_is v3.9 && commit_is v4.1-rc1 && at tag -a -m x vendor
ok "git: the newest version" exits 0 watch
ok "it runs" is "$(version)" app:v4.0
ok "nothing else" says "nothing is new: v4.0" watch
commit_is v4.0.10 && commit_is v4.0.9
config '"catch_up":"all"'
ok "git: all, in the order of versions" exits 0 watch
ok "the last one" is "$(version)" app:v4.0.10
at tag -f v4.0.10 v4.0 >/dev/null
ok "4: git: moved" exits 4 watch
at tag -f v4.0.10 v4.0.9~1 >/dev/null

config "" "" "site/*"
commit_is site/4.2 && commit_is site/4.1
ok "source.tags: the newest is begun" exits 0 watch
ok "its version is what stands for the star" is "$(version)" app:4.2
ok "which is the newest then" says "nothing is new: site/4.2" watch
config ""

# ---- without a timer, look after look

later() { # SECONDS COMMAND…: it is so much later for it
	RFA_TEST_LATER_S=$1 LD_PRELOAD=$BUILD/tests/later.so ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" "${@:2}"
}
frozen='"window":{"tz":"UTC","freeze":[{"from":"2020-01-01","to":"2999-01-01","reason":"the audit"}]}'
(cd work && later 0 exec "$RFA" watch shop prod) >said 2>&1 &
looker=$!
wait_for grep -q "nothing is new" said
ok "it looks again" wait_for bash -c '[ "$(grep -c "nothing is new" "$0")" -ge 2 ]' said
echo '{' >work/rfa.json
ok "one that is not whole is told" wait_for grep -q "rfa.json:" said
config "" "$frozen"
commit_is v4.3
ok "rfa.json is read anew: a freeze counts at once" wait_for grep -q "nothing is begun until" said
ok "nothing was begun" is "$(version)" app:4.2
config ""
ok "and so does its end" wait_for grep -q "SUCCEEDED" said
ok "it runs" is "$(version)" app:v4.3
kill "$looker"
wait "$looker"
status=$?
ok "it ends when it is told to, between two looks or in one: $status" test "$status" = 0 -o "$status" = 75

# ---- killed in the middle

commit_is v5.0
cat >bin/slow <<SH
#!/bin/sh
case " \$* " in *" build "*)
	[ -e "$TMP/go" ] || { echo \$\$ >"$TMP/stands"; exec sleep 60; } ;;
esac
exec $FAKE $TMP/prod "\$@"
SH
chmod +x bin/slow
sed -i "s|$FAKE $TMP/prod|$TMP/bin/slow|" work/rfa.json
(cd work && exec "$RFA" watch shop prod --once) >said 2>&1 &
victim=$!
wait_for test -s stands
kill -9 "$victim"
wait "$victim" 2>/dev/null
kill "$(cat stands)" 2>/dev/null
touch go
ok "interrupted: it waits a minute" exits 0 watch
ok "it says so" says "was interrupted: it goes on at" watch
ok "--dry-run says the same" says "was interrupted: it goes on at" watch --dry-run
ok "and says behind that who goes on" says "the next look goes on with it" later 70 watch --dry-run
ok "nor before that is over" says "was interrupted: it goes on at" later 30 watch
ok "what ran before runs" is "$(version)" app:v4.3
ok "then it goes on" exits 0 later 70 watch
ok "it runs" is "$(version)" app:v5.0
ok "one run" is "$(rfa ledger git log --format=%s --first-parent main | grep 'release shop' | grep -c begun)" \
	"$(rfa ledger git log --format=%s --first-parent main | grep 'release shop' | grep -vc begun)"
ok "the ledger is sound" exits 0 rfa ledger verify

done_testing
