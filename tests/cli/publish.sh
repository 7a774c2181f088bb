#!/usr/bin/env bash
# publish from the command line: built on this machine, with a fake docker, and brought to a host.
# Functions are called through ok.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
here_and_prod
run_web prod app:1

mkdir -p "src of/web" work
source_is() { printf '%s\n' "$1" >"src of/web/main" && printf 'FROM scratch\nCOPY main /main\nENV VERSION=%s\n' "$1" >"src of/web/Dockerfile"; }
config() { # THE STACK'S BUILD
	cat >work/rfa.json <<-JSON
	{"version":1,"environments":{
	"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
	"stacks":{"shop":{"containers":["web"],"health_settle_s":0,"gates":{"disk_free_percent":0}$1}}}
	JSON
}
build='"images":{"web":{"image":"app","context":"../src of/web"}}'
publish() { (cd work && "$RFA" publish shop --to prod "$@"); }
runs() {
	python3 - "$TMP/prod/state.json" <<'PY'
import json, sys
state = json.load(open(sys.argv[1]))
print(*[c["Config"]["Image"] for c in state["containers"] if c["Name"].lstrip("/") == "web"])
PY
}

source_is 2
config ""
(cd work && "$RFA" init >/dev/null)
ok "3: a stack that builds nothing" exits 3 publish
ok "it says what to write" says '"build": {"images":' publish
config ",\"build\":{$build}"
ok "64: a version that is none" exits 64 publish --as "1 0"
ok "64: nor is this" exits 64 publish --as ""
ok "2: what would change" exits 2 publish --as 5 --dry-run
ok "it is built" says "is built" publish --as 5 --dry-run
ok "the context is this machine's" says "operator" publish --as 5 --dry-run
ok "a program is told the same" says '"then": "5"' publish --as 5 --dry-run --json
built() { "$FAKE" "$TMP/here" inspect --type image -- "app:$1" >/dev/null; }
ok "nothing was built" not built 5

ok "publish" exits 0 publish --as 2.0
ok "that was built" built 2.0
ok "it runs" is "$(runs)" app:2.0
ok "once more: nothing to build" exits 4 publish --as 2.0
ok "without git nobody knows what it was made from" says "and without git nobody knows what it was made from" publish --as 2.0

# ---- in git

git -C "src of" init -q . && git -C "src of" add -A && git -C "src of" commit -q -m 1
config ",\"build\":{\"version\":\"git\",$build}"
commit=$(git -C "src of" rev-parse HEAD)
ok "a version by its commit" exits 0 publish
ok "it runs, too" is "$(runs)" "app:${commit:0:12}"
ok "the same again" exits 0 publish
ok "the image was there" says "0 of 1 image(s) built" publish -v
echo more >"src of/web/more"
ok "not committed" exits 0 publish
ok "the version says so" is "$(runs)" "app:${commit:0:12}-dirty"
echo more >>"src of/web/more"
ok "4: the same name, other files" exits 4 publish
config ",\"build\":{\"version\":\"git\",\"dirty\":\"refuse\",$build}"
ok "4: only what is committed" exits 4 publish
ok "it says whose" says "src of/web on operator have changes that are not committed" publish
config ",\"build\":{\"on\":\"prod\",$build}"
ok "3: a relative path of another host" exits 3 publish
config ",\"build\":{\"images\":{\"web\":{\"image\":\"app\",\"context\":\"../nothing\"}}}"
ok "4: no such folder" exits 4 publish
ok "it says which" says "there is no directory $TMP/work/../nothing" publish
config ",\"build\":{\"images\":{\"wbe\":{\"image\":\"app\",\"context\":\"../src of/web\"}}}"
ok "3: no such container" exits 3 publish

# ---- one name for two

mkdir -p "src of/side"
cp "src of/web/Dockerfile" "src of/web/main" "src of/side"
two() { # THE CONTEXT OF THE SECOND
	config ",\"build\":{\"images\":{\"web\":{\"image\":\"app\",\"context\":\"../src of/web\"},\"side\":{\"image\":\"app\",\"context\":\"$1\"}}}"
	sed -i 's/"containers":\["web"\]/"containers":["web","side"],"bootstrap":{"containers":{"side":{}}}/' work/rfa.json
}
two "../src of/side"
ok "3: two images of one name" exits 3 publish --as 8 --dry-run
ok "it says whose" says "app is built for web and for side in two ways" publish --as 8 --dry-run
two "../src of/web"
ok "one image for both" exits 2 publish --as 8 --dry-run

# ---- secrets of the build, and what the builder writes

# Each command line of docker is kept, as whoever looks at the processes sees it.
printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>%s/argv\nexec %s %s "$@"\n' "$TMP" "$FAKE" "$TMP/here" >bin/docker
mkdir -p work/secrets
planted=pl4nted-in-a-file
printf '//npm.example/:_authToken=%s\n' "$planted" >work/secrets/npmrc
secrets='"secrets":{"npmrc":{"file":"secrets/npmrc"},"token":{"env":"BUILD_TOKEN"},"said":{"command":"echo pr1nted-by-a-command"}}'
export BUILD_TOKEN=t0ken-in-a-variable
printf 'FROM scratch\nRUN --mount=type=secret,id=npmrc true\nRUN --mount=type=secret,id=token true\nRUN --mount=type=secret,id=said true\nCOPY main /main\n' >"src of/web/Dockerfile"
config ",\"build\":{$secrets,$build}"
nowhere() { # the values are in no file but those that hold them, and in no memory
	! grep -rlF -e "$planted" -e "$BUILD_TOKEN" -e pr1nted-by . /dev/shm 2>/dev/null | grep -v -e '^./work/secrets/npmrc$' -e '^./work/rfa.json$'
}
ok "a build with secrets" exits 0 publish --as 6 --events
publish --as 6.1 --events >events 2>err
ok "each line of the builder is an event" grep -q '"event":"output".*COPY main' events
ok "the secrets are nowhere" nowhere
ok "docker got files" grep -q -- '--secret=id=token,src=/' argv
ok "the plan has their ids" grep -q npmrc <(cd work && git -C .rfa/ledger log -p --all)
ok "not where they are" not grep -q secrets/npmrc <(cd work && git -C .rfa/ledger log -p --all)
printf 'FROM scratch\nCOPY main /main\nRUN --mount=type=secret,id=npmrc cat\nRUN say %s\n' "only $planted" >"src of/web/Dockerfile"
(cd "src of" && git add -A && git commit -q -m secrets)
config ",\"build\":{\"version\":\"git\",$secrets,$build}"
publish --events >events 2>err
ok "what the builder shows of one is hidden" grep -q 'only \[secret\]' events
ok "on the screen, too" not grep -qF "$planted" events err
echo another-value-of-it >work/secrets/npmrc
ok "another value is no other version" says "0 of 1 image(s) built" publish -v
printf 'FROM scratch\nRUN say the last words\nCOPY missing /main\n' >"src of/web/Dockerfile"
ok "a failure tells the last lines" says "web | #2 0.100 the last words" publish --as 6.2
config ",\"build\":{\"secrets\":{\"npmrc\":{\"file\":\"secrets/none\"}},$build}"
ok "3: a secret that cannot be read" exits 3 publish --as 7
ok "it says which" says "build.secrets.npmrc" publish --as 7
ok "3: a preview says so, too" says "build.secrets.npmrc" publish --as 7 --dry-run
check() { (cd work && "$RFA" check shop prod "$@"); }
ok "4: check says so" exits 4 check
ok "it says which, and why" says "build.secrets.npmrc: a secret of the build: No such file or directory" check
ok "3: the plan of this flow cannot be made" exits 3 check --for publish
ok "a program is told" says '"id": "npmrc"' check --json
config ",\"build\":{\"secrets\":{\"t\":{\"env\":\"NOBODY_HAS_SET_IT\"}},$build}"
ok "4: a variable that is not set" says "build.secrets.t: a secret of the build: it is not set" check
config ",\"build\":{\"secrets\":{\"t\":{\"command\":\"no-such-program-4711 show x\"}},$build}"
ok "4: a command that is not there" says "build.secrets.t: a secret of the build: there is no such command" check
config ",\"build\":{\"secrets\":{\"t\":{\"command\":\"touch $TMP/it-ran; echo x\"},\"u\":{\"env\":\"NOBODY_HAS_SET_IT\"}},$build}"
ok "4: one of two" exits 4 check
ok "a command is not run for that" not test -e "$TMP/it-ran"
config ",\"build\":{$secrets,$build}"
ok "0: all are there" exits 0 check
ok "no value is told" not says "$planted" check --json
config ",\"build\":{\"secrets\":{\"npmrc\":{\"file\":\"x\",\"env\":\"X\"}},$build}"
ok "3: a secret that is in two places" exits 3 publish --as 7
config ",\"build\":{\"secrets\":{\"a,b\":{\"file\":\"x\"}},$build}"
ok "3: an id that is none" exits 3 publish --as 7
config ',"build":{"images":{"web":{"image":"app","context":"../src of/web","args":{"NPM_TOKEN":"hidden"}}}}'
ok "an argument that looks like a secret: a warning" says "NPM_TOKEN of web looks like a secret" publish --as 7 --dry-run

# ---- what fails, and what is left

config ",\"build\":{$build}"
printf 'FROM scratch\nCOPY missing /main\n' >"src of/web/Dockerfile"
ran=$(runs)
ok "1: it cannot be built" exits 1 publish --as 3
ok "the builder's words" says "missing" publish --as 3
ok "prod runs what it ran" is "$(runs)" "$ran"
ok "no name is left" not "$FAKE" "$TMP/here" image inspect app:3
ok "the ledger is sound" exits 0 bash -c 'cd work && "$0" ledger verify' "$RFA"

done_testing
