#!/usr/bin/env bash
# publish by the build sections of a Compose project on this machine: what they say is built, and what
# they say that rfa cannot do is refused by name.
# Functions are called through ok.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
here_and_prod

mkdir -p "src of/web" "src of/api" work run
for name in web api; do
	echo "$name 1" >"src of/$name/main"
	printf 'FROM scratch\nCOPY main /main\nENV VERSION=1\n' >"src of/$name/Dockerfile"
done
git -C "src of" init -q . && git -C "src of" add -A && git -C "src of" commit -q -m 1
config() { # KEYS OF BUILD, KEYS OF COMPOSE
	cat >work/rfa.json <<-JSON
	{"version":1,"environments":{
	"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
	"stacks":{"shop":{"compose":{"project":"shop","directory":"$TMP/run"$2},"health_settle_s":0,
	"gates":{"disk_free_percent":0},"build":{$1}}}}
	JSON
}
publish() { (cd work && "$RFA" publish shop --to prod "$@"); }
# As Compose prints a section: contexts are absolute.
web='"image":"shop/web:dev","build":{"context":"'$TMP/src\ of/web'","dockerfile":"Dockerfile","args":{"NODE":"18","LEFT":null},"labels":{"team":"it'\''s \"odd\""}}'
api='"build":{"context":"'$TMP/src\ of/api'","dockerfile":"'$TMP/src\ of/api/Dockerfile'"}'
project() { # SERVICES [MORE TOP LEVEL KEYS]
	printf '{"services":{%s}%s}' "$1" "${2:-}" >"src of/compose.yaml"
}
printf '{"services":{"web":{"image":"shop/web:dev","build":{"context":"."}},"api":{"image":"shop-api"},"worker":{"image":"shop/web:dev"}}}' >run/compose.yaml
image_of() { # SERVICE
	python3 - "$TMP/prod/state.json" "$1" <<'PY'
import json, sys
state = json.load(open(sys.argv[1]))
print(*[c["Config"]["Image"] for c in state["containers"]
        if c["Config"].get("Labels", {}).get("com.docker.compose.service") == sys.argv[2]])
PY
}
images() { for s in web api worker; do image_of $s; done | tr '\n' ' '; }
label() { # HOST IMAGE LABEL
	python3 - "$TMP/$1/state.json" "${@:2}" <<'PY'
import json, sys
for image in json.load(open(sys.argv[1]))["images"]:
    if sys.argv[2] in image["RepoTags"]:
        print(image["Config"].get("Labels", {})[sys.argv[3]])
PY
}
version() { label "$1" "$2" org.opencontainers.image.version; }

project "\"web\":{$web},\"api\":{$api},\"worker\":{\"image\":\"shop/web:dev\"},\"db\":{\"image\":\"postgres:16\"}"
config '"compose":true,"directory":"../src of"' ',"services":["web","api","worker"]'
(cd work && "$RFA" init >/dev/null)

# ---- what is built

ok "2: what would change" exits 2 publish --as 1.0 --dry-run
ok "nothing was built" is "$(version here shop/web:1.0)" ""
ok "0: published" exits 0 publish --as 1.0
ok "each service runs what was built for it" is "$(images)" "shop/web:1.0 shop-api:1.0 shop/web:1.0 "
ok "with the labels of its section" is "$(label here shop/web:1.0 team)" "it's \"odd\""
ok "and those of rfa" is "$(version prod shop/web:1.0)" 1.0
ok "0: the same again" exits 0 publish --as 1.0
ok "nothing was built" says "0 of 3 image(s) built" publish --as 1.0 -v
echo "web 2" >"src of/web/main"
ok "4: the same name, other sources" exits 4 publish --as 1.0
ok "it says so" says "made from other sources" publish --as 1.0
config '"compose":true,"directory":"../nowhere"' ',"services":["web","api","worker"]'
ok "9: the project is not there" exits 9 publish --as 1.1
ok "it says so" says "/nowhere" publish --as 1.1
config '"compose":true,"directory":"../src of","dirty":"refuse"' ',"services":["web","api","worker"]'
ok "4: only what is committed" exits 4 publish --as 1.1
config '"compose":true' ',"source":"../src of","services":["web","api","worker"]'
ok "where a sync has its files from, the project is" exits 0 publish --as 1.2
ok "it runs" is "$(images)" "shop/web:1.2 shop-api:1.2 shop/web:1.2 "

# ---- what no section can say

refused() { # TEXT, SERVICES, [MORE]
	local said
	project "$2" "${3:-}"
	said=$(publish --as 9 2>&1)
	is "$?" 3 || return
	case $said in *"$1"*) ;; *) echo "$said"; return 1 ;; esac
}
config '"compose":true,"directory":"../src of"' ''
for key in '"additional_contexts":{"base":"/srv"}' '"dockerfile_inline":"FROM scratch"' '"ssh":["default"]' '"network":"host"' \
	'"cache_from":["shop/web:cache"]' '"pull":true' '"no_cache":true' '"shm_size":"64"' '"extra_hosts":["a=b"]' '"tags":["x:1"]' \
	'"provenance":"mode=max"' '"privileged":true' '"isolation":"x"' '"ulimits":{"nofile":1}' '"entitlements":["x"]' '"a \u001b[2Jb":1'; do
	name=${key%%:*}
	name=${name//\"/}
	ok "3: ${name//[![:print:]]/?}" refused "the service web of the Compose project: its build section has ${name%%\\*}" \
		"\"web\":{\"build\":{\"context\":\"$TMP/src of/web\",$key}}"
done
ok "3: a context that is no directory" refused 'its context is no directory: https://example.org/shop.git' \
	'"web":{"build":{"context":"https://example.org/shop.git"}}'
ok "3: a Dockerfile beside the context" refused 'its Dockerfile ../api/Dockerfile is not in its context' \
	"\"web\":{\"build\":{\"context\":\"$TMP/src of/web\",\"dockerfile\":\"../api/Dockerfile\"}}"
ok "3: nor in another directory" refused 'is not in its context' \
	"\"web\":{\"build\":{\"context\":\"$TMP/src of/web\",\"dockerfile\":\"$TMP/src of/webs/Dockerfile\"}}"
ok "3: several platforms" refused 'it is built for 2 platforms' \
	"\"web\":{\"build\":{\"context\":\"$TMP/src of/web\",\"platforms\":[\"linux/amd64\",\"linux/arm64\"]}}"
ok "3: a name with a digest" refused 'nothing that is built can be called' \
	"\"web\":{\"image\":\"shop/web@sha256:$(printf '%064d' 1)\",\"build\":{\"context\":\"$TMP/src of/web\"}}"
ok "3: one name for two things" refused 'is built for' \
	"\"web\":{\"image\":\"shop/x:1\",\"build\":{\"context\":\"$TMP/src of/web\"}},\"api\":{\"image\":\"shop/x:2\",\"build\":{\"context\":\"$TMP/src of/api\"}}"
ok "3: nothing is built" refused 'no service of the Compose project has a build section' '"web":{"image":"shop/web:1"}'
ok "3: a variable without a value" refused 'uses NOBODY_SAYS, and it has no value there' \
	"\"web\":{\"image\":\"shop/web:\${NOBODY_SAYS}\",\"build\":{\"context\":\"$TMP/src of/web\"}}"
ok "3: a build argument that is a secret" refused 'its build argument NPM_TOKEN looks like a secret' \
	"\"web\":{\"build\":{\"context\":\"$TMP/src of/web\",\"args\":{\"NPM_TOKEN\":\"pl4nted-4711\"}}}"
ok "its value is told nobody" not says pl4nted-4711 publish --as 9
ok "nor is it in the ledger" not grep -rqF pl4nted-4711 work

# ---- secrets

mounts="\"web\":{\"build\":{\"context\":\"$TMP/src of/web\",\"secrets\":[{\"source\":\"npmrc\"},{\"source\":\"token\",\"target\":\"npm\"}]}}"
defined=',"secrets":{"npmrc":{"file":"/srv/npmrc"},"token":{"environment":"BUILD_TOKEN"}}'
ok "3: a secret that rfa.json does not know" refused 'it mounts the secret npmrc' "$mounts" "$defined"
ok "it says what to write" says '"npmrc": {"file": "/srv/npmrc"}' publish --as 9
config '"compose":true,"directory":"../src of","secrets":{"npmrc":{"file":"npmrc"}}' ''
ok "3: nor the other, by the id that the Dockerfile has" refused 'it mounts the secret npm,' "$mounts" "$defined"
ok "it says what to write" says '"npm": {"env": "BUILD_TOKEN"}' publish --as 9
printf 's3cr3t' >work/npmrc
chmod 600 work/npmrc
config '"compose":true,"directory":"../src of","secrets":{"npmrc":{"file":"npmrc"},"npm":{"env":"BUILD_TOKEN"}}' ',"services":["web"]'
ok "with both it is built" exits 0 env BUILD_TOKEN=pl4nted-4712 bash -c "cd work && '$RFA' publish shop --to prod --as 3.0"
ok "it runs" is "$(image_of web)" "shop-web:3.0"

# ---- rfa.json

config '"compose":true,"images":{"web":{"image":"a","context":"b"}}' ''
ok "3: both ways" exits 3 publish
ok "it says so" says 'has both images and compose' publish
config '"compose":true' ''
ok "3: nobody says where the project is" says 'nobody says where the Compose project is' publish
config '"compose":true,"on":"prod","directory":"../src of"' ''
ok "3: a relative path of another host" says 'it is built on prod' publish
config '"compose":true,"on":"prod"' ',"source":"../src of"'
ok "3: and none" says 'on the host that builds' publish
config '"compose":true' ',"source":"'"$TMP/src of"'","source_on":"prod"'
ok "3: what is on another host is not here" says 'nobody says where the Compose project is' publish --as 9.1
config '"compose":true,"on":"prod","directory":"'"$TMP/src of"'"' ',"services":["web"]'
project "\"web\":{$web}"
ok "another host builds" exits 0 publish --as 4.0
ok "it runs" is "$(image_of web)" "shop/web:4.0"

done_testing
