#!/usr/bin/env bash
# release from the command line: tags of real git repositories, built by a fake docker.
# Functions are called through ok.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
command -v git >/dev/null || skip_all "there is no git"
cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP LC_ALL=C.UTF-8 TZ=UTC
export GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org GIT_COMMITTER_NAME=Olga GIT_COMMITTER_EMAIL=olga@example.org
export GIT_CONFIG_GLOBAL=/dev/null

# This machine's docker, which builds, and prod, which runs app:1.
mkdir bin here prod work
for host in here prod; do "$FAKE" "$TMP/$host" seed >/dev/null; done
printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>%s/argv\nexec %s %s "$@"\n' "$TMP" "$FAKE" "$TMP/here" >bin/docker
chmod +x bin/docker
export PATH=$TMP/bin:$PATH
run_web prod app:1

repo="$TMP/it's a repo"
git init -q -b main "$repo"
at() { git -C "$repo" "$@"; }
commit_is() { # VERSION: a commit with a tag of that name
	mkdir -p "$repo/web"
	printf '%s\n' "$1" >"$repo/web/main"
	printf 'FROM scratch\nCOPY main /main\nENV VERSION=%s\n' "$1" >"$repo/web/Dockerfile"
	at add -A && at commit -q -m "$1" && at tag ${2:+-a -m $2} "$1"
}
url=$repo
config() { # MORE OF THE STACK [MORE OF source]
	cat >work/rfa.json <<-JSON
	{"version":1,"environments":{
	"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
	"stacks":{"shop":{"containers":["web"],"health_settle_s":0,"gates":{"disk_free_percent":0},
	"build":{${on:+\"on\":\"$on\",}"images":{"web":{"image":"app","context":"${context:-web}"}}},
	"source":{"git":"$url"${2:+,$2}}${1:+,$1}}}}
	JSON
}
release() { (cd work && "$RFA" release shop "$1" --to prod "${@:2}"); }
runs() {
	python3 - "$TMP/prod/state.json" <<'PY'
import json, sys
state = json.load(open(sys.argv[1]))
print(*[c["Config"]["Image"] for c in state["containers"] if c["Name"].lstrip("/") == "web"])
PY
}
builds() { grep -c '^build .*--iidfile' argv; }

commit_is v1.0
commit_is v1.1 annotated
config
(cd work && "$RFA" init >/dev/null)

# ---- what is asked for

ok "9: there is no such tag" exits 9 release v1.00
config '' '"tags":"v*"'
ok "the version is what stands for the star" says '"then": "1.1"' release v1.1 --dry-run --json
ok "the tag stays the tag" says "The tag v1.1 of shop" release v1.1 --dry-run
config '' '"tags":"*.1"'
ok "wherever the star is" says '"then": "v1"' release v1.1 --dry-run --json
ok "64: a tag that is called otherwise" exits 64 release v1.0
ok "it says how releases are called" says 'not called as releases are: *.1' release v1.0
ok "and how the tag of such a version would be" says 'the tag of a version v1.0 would be v1.0.1; or' release v1.0
ok "64: nothing for the star" exits 64 release .1
config '' '"tags":"v**"'
ok "3: two stars" exits 3 release v1.1
config
ok "it says which one is meant, and how one is pushed" says "did you mean v1.0? else push it: git push origin tag v1.00" release v1.00
ok "a branch is no tag" says "push it: git push origin tag main" release main
ok "64: a tag that no image can have" exits 64 release "v 1"
ok "64: nor one that leads elsewhere" exits 64 release ../v1
config '"keep_images":3' && sed -i 's/"source":{[^}]*},//' work/rfa.json
ok "3: no repository" exits 3 release v1.0
ok "it says what to write" says '"source": {"git":' release v1.0
for context in /srv/web ../web web/../../x; do
	config
	ok "3: a context that leads elsewhere: $context" exits 3 release v1.0
done
context=none config
ok "4: one that the commit has not" exits 4 release v1.0
ok "it says so" says "the commit has no directory none" release v1.0
unset context
config

# ---- a tag runs

: >argv
ok "2: what would change" exits 2 release v1.0 --dry-run
ok "it says the commit" says "$(at rev-parse --short=12 v1.0)" release v1.0 --dry-run
ok "nothing was built" is "$(builds)" 0
ok "release" exits 0 release v1.0
ok "it runs" is "$(runs)" app:v1.0
ok "nothing was checked out here" is "$(ls work)" rfa.json
ok "what the builder had is gone" is "$(find "$HOME" /var/lib/rfa/runs -path '*/source/*' 2>/dev/null | wc -l)" 0
ok "it was built once" is "$(builds)" 1
labels() {
	python3 - "$TMP/prod/state.json" <<'PY'
import json, sys
print(*[(i["Config"].get("Labels") or {}).get("org.opencontainers.image.revision") for i in json.load(open(sys.argv[1]))["images"] if "app:v1.0" in i["RepoTags"]])
PY
}
ok "the image says its commit" is "$(labels)" "$(at rev-parse v1.0)"
ok "the ledger says it, too" says "$(at rev-parse v1.0)" git -C work/.rfa/ledger show main:versions/shop/v1.0.json
ok "an annotated tag" exits 0 release v1.1
ok "it is the commit, not the tag" says "$(at rev-parse "v1.1^{commit}")" git -C work/.rfa/ledger show main:versions/shop/v1.1.json
built=$(builds)
ok "the tag before again" exits 0 release v1.0
ok "it runs again" is "$(runs)" app:v1.0
ok "nothing was built" is "$(builds)" "$built"
"$FAKE" "$TMP/here" image rm app:v1.1 >/dev/null 2>&1 || drop_image here app:v1.1
ok "a builder that has it no more" exits 0 release v1.1
ok "nothing was built, either" is "$(builds)" "$built"

# ---- a tag is one commit

printf 'other\n' >"$repo/web/main" && at commit -qam other && at tag -f v1.1 >/dev/null
ok "4: a tag that was moved" exits 4 release v1.1
release v1.1 >said 2>&1
ok "it says the commit of now" grep -q "$(at rev-parse --short=12 v1.1)" said
ok "and that of then, and the run" grep -q "in run [0-9].* it was commit $(at rev-parse --short=12 v1.1~1)" said
ok "nothing has changed" is "$(runs)" app:v1.1
at tag -f v1.1 v1.1~1 >/dev/null
ok "moved back, it is what was released: a refused run has released nothing" exits 0 release v1.1

# ---- what is not in the commit

(cd "$repo" && printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' >big.bin &&
	git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),lib/other" && git add big.bin && git commit -qm more && git tag v2.0)
release v2.0 >said 2>&1
ok "4: submodules, and files of LFS" is $? 4
ok "it says which" grep -q 'submodules, whose files are elsewhere: lib/other' said
ok "and of LFS" grep -q 'only point into Git LFS: big.bin' said
at reset -q --hard v1.1

# ---- windows

frozen() { config "\"window\":{\"tz\":\"Europe/Berlin\",\"freeze\":[{\"from\":\"2020-01-01\",\"to\":\"2999-01-01\",\"reason\":\"the audit\"}]}"; }
frozen
ok "4: frozen" exits 4 release v1.0
ok "it says why, and how long" says "prod is frozen until 2999-01-01: the audit" release v1.0
ok "the zone is told" says "Europe/Berlin" release v1.0
ok "forced, with a reason" exits 0 release v1.0 --force --reason urgent --yes prod
ok "a rollback is not held up" not says "the audit" bash -c 'cd work && "$0" rollback shop --env prod --last --yes prod' "$RFA"
frozen && sed -i 's/"disk_free_percent":0/"disk_free_percent":0,"off":["window"]/' work/rfa.json
ok "or off" exits 0 release v1.0
config '"window":{"days":["monday"]}'
ok "3: a day that is none" exits 3 release v1.0
config

# ---- by http, with a login

# A server that hands a request to git's own program; it wants a login, or is silent.
cat >server.py <<'PY'
import base64, http.server, os, subprocess, sys, time
root, want, seen = sys.argv[1:4]
class H(http.server.BaseHTTPRequestHandler):
	def log_message(self, *a): pass
	def go(self):
		given = self.headers.get("Authorization", "")
		open(seen, "a").write(self.path + " " + given + "\n")
		if self.path.startswith("/silent"):
			time.sleep(60)
		if want and given != "Basic " + base64.b64encode(want.encode()).decode():
			self.send_response(401)
			self.send_header("WWW-Authenticate", 'Basic realm="git"')
			self.send_header("Content-Length", "0")
			self.end_headers()
			return
		path, _, query = self.path.partition("?")
		body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
		env = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
			REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type", ""),
			HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""), REMOTE_USER="x")
		out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE).stdout
		head, _, rest = out.partition(b"\r\n\r\n")
		status = 200
		lines = [l.decode().split(": ", 1) for l in head.split(b"\r\n") if l]
		for k, v in lines:
			if k == "Status": status = int(v.split()[0])
		self.send_response(status)
		for k, v in lines:
			if k != "Status": self.send_header(k, v)
		self.send_header("Content-Length", str(len(rest)))
		self.end_headers()
		self.wfile.write(rest)
	do_GET = do_POST = go
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()
PY
if command -v python3 >/dev/null && git http-backend </dev/null 2>&1 | grep -q Status; then
	git clone -q --bare "$repo" "$TMP/served.git"
	planted=t0ken-pl4nted
	python3 server.py "$TMP" "deployer:$planted" "$TMP/seen" >port 2>server.err &
	server=$!
	wait_for test -s port
	url=http://127.0.0.1:$(cat port)/served.git
	config
	rm -rf work/.rfa/ledger.sources
	ok "12: it wants a login" exits 12 release v1.0 --dry-run
	ok "it says what to write" says "source.login of rfa.json" release v1.0 --dry-run
	export GIT_TOKEN=wrong
	config "" '"login":{"user":"deployer","env":"GIT_TOKEN"}'
	ok "12: a wrong one" exits 12 release v1.0 --dry-run
	ok "it says so" says "does not take our login" release v1.0 --dry-run
	export GIT_TOKEN=$planted
	ok "the right one" exits 0 release v1.0 --events
	release v1.0 --events >events 2>&1
	release v1.0 -v >said 2>&1
	unset GIT_TOKEN
	ok "it is in no file" not grep -rlF "$planted" events said argv work bin state-prod prod here
	ok "nor in the ledger" not grep -qF "$planted" <(git -C work/.rfa/ledger log --all -p)
	ok "9: no such repository" exits 9 bash -c 'cd work && sed -i s,/served.git,/nothing.git, rfa.json && GIT_TOKEN=$1 "$0" release shop v1.0 --to prod --dry-run' "$RFA" "$planted"
	url=http://127.0.0.1:$(cat port)/silent
	config
	sed -i 's/"version":1,/"version":1,"timeouts":{"idle_s":1},/' work/rfa.json
	ok "75: it is silent" exits 75 release v1.0
	ok "it says so" says "is silent for 1 s" release v1.0
	kill "$server"
	url=$repo
	config
fi

# ---- files come with it

mkdir -p "$repo/deploy/conf" run-prod
compose_is() { # IMAGE MODE
	printf '{"services":{"web":{"image":"%s","build":{"context":"../web"},"environment":{"MODE":"%s"}}}}\n' "$1" "$2" >"$repo/deploy/compose.yaml"
	printf 'mode: %s\n' "$2" >"$repo/deploy/conf/app.yml"
}
config_compose() {
	cat >work/rfa.json <<-JSON
	{"version":1,"environments":{
	"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
	"stacks":{"site":{"compose":{"project":"site","directory":"$TMP/run-prod"},"health_settle_s":0,"gates":{"disk_free_percent":0},
	"build":{"on":"prod","images":{"web":{"image":"app","context":"web"}}},
	"source":{"git":"../it's a repo","directory":"deploy"}}}}
	JSON
}
release_site() { (cd work && "$RFA" release site "$1" --to prod "${@:2}"); }
compose_is app:0 one && commit_is v3.0
compose_is app:0 two && commit_is v3.1
config_compose
ok "2: what would change" exits 2 release_site v3.0 --dry-run
ok "each file is told" says "compose.yaml" release_site v3.0 --dry-run
ok "of a project that is not there yet it is not said that it is not valid" not says "is not valid now" release_site v3.0 --dry-run
seen() { release_site v3.0 --dry-run --json | python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
ok "a host that builds for itself is claimed once" is "$(seen '[g["gate"] for g in d["gates"]].count("lock")')" 1
ok "what it builds from is counted as what travels" is \
	"$(seen 'sum(r["bytes"] for r in d["changes"] if r["what"] == "sources") > 1024, d["bytes"] > 1024')" "(True, True)"
ok "the host itself builds" exits 0 release_site v3.0
ok "the files are there" is "$(cat run-prod/conf/app.yml)" "mode: one"
ok "the next one" exits 0 release_site v3.1
ok "its files, too" is "$(cat run-prod/conf/app.yml)" "mode: two"
ok "back to the tag before" exits 0 release_site v3.0
ok "with its files" is "$(cat run-prod/conf/app.yml)" "mode: one"

# ---- variables

with_variables() { # VARIABLES
	config_compose
	sed -i "s|\"source\":|\"variables\":{$1},\"source\":|" work/rfa.json
}
domain="planted-domain.example"
printf '{"services":{"web":{"image":"app:0","environment":{"MODE":"three","ENV":"${ENVIRONMENT}","DOMAIN":"${DOMAIN:?no domain}","OTHER":"${OTHER:-x}"}}}}\n' >"$repo/deploy/compose.yaml"
commit_is v3.2
ok "4: what nobody gives" exits 4 release_site v3.2
ok "it names one" says "use ENVIRONMENT, and nobody gives it a value" release_site v3.2
ok "and the other" says "use DOMAIN, and nobody gives it a value" release_site v3.2
ok "not one with a default" not says "use OTHER" release_site v3.2
with_variables '"ENVIRONMENT":"production","DOMAIN":{"env":"DOMAIN_PRODUCTION"}'
ok "3: one that is nowhere" exits 3 release_site v3.2
ok "it says which" says "variables.DOMAIN" release_site v3.2
export DOMAIN_PRODUCTION=$domain
ok "with both" exits 0 release_site v3.2
given() { cat state-prod/stacks/site/variables.env; }
ok "they are beside the pins" is "$(given)" "ENVIRONMENT='production'
DOMAIN='$domain'"
ok "nobody else reads them" is "$(stat -c %a state-prod/stacks/site/variables.env)" 600
ok "the ledger has the names" grep -q DOMAIN <(git -C work/.rfa/ledger log --all -p)
ok "and no value" not grep -qF "$domain" <(git -C work/.rfa/ledger log --all -p)
export DOMAIN_PRODUCTION=another-domain.example
ok "another value is told by its name" says "another value has: DOMAIN" release_site v3.2 --dry-run
ok "not by the value" not says another-domain release_site v3.2 --dry-run
ok "it comes" exits 0 release_site v3.2
ok "it is there" says another-domain given
back() { (cd work && "$RFA" rollback site --env prod --last --dry-run); }
ok "a rollback by hand says that it does not bring them back" says "as they are now stays ENVIRONMENT, DOMAIN" back
with_variables '"ENVIRONMENT":"C:\\\\","DOMAIN":{"env":"DOMAIN_PRODUCTION"}'
ok "3: a value that ends so" exits 3 release_site v3.2
ok "it says why" says 'a \ at its end cannot' release_site v3.2
with_variables '"ENVIRONMENT":"production","DOMAIN":{"env":"DOMAIN_PRODUCTION"}'
printf '{"services":{"web":{"environment":{"MORE":"${FROM_OVERRIDE}"}}}}\n' >"$repo/deploy/compose.override.yaml"
commit_is v3.21
ok "4: what the override uses, and nobody gives" exits 4 release_site v3.21
ok "it says which" says "use FROM_OVERRIDE, and nobody gives it a value" release_site v3.21
rm "$repo/deploy/compose.override.yaml"
config_compose
compose_is app:0 two && commit_is v3.3
ok "values that go are told by their names" says "rfa.json names it no more: ENVIRONMENT, DOMAIN" release_site v3.3 --dry-run --force --reason test

# ---- what was edited there

echo 'by hand: 1' >>run-prod/conf/app.yml
ok "4: what was edited there is not written over" exits 4 release_site v3.3
ok "it says which" says "edited on prod since it was brought: conf/app.yml" release_site v3.3
ok "forced, with a reason" exits 0 release_site v3.3 --force --reason test --yes prod
ok "the values that rfa.json has no more are gone there" not test -e state-prod/stacks/site/variables.env
ok "the ledger is sound" exits 0 bash -c 'cd work && "$0" ledger verify' "$RFA"

done_testing
