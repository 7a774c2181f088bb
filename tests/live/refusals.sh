#!/usr/bin/env bash
# What is refused before anything is touched: each says what, where and how to mend it, has its exit
# status, and leaves prod as it was.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

# The smallest stack: one container, one file with its URL.
"$LAB" image prod one:v1 v1 --port 8001 >/dev/null
"$LAB" image test one:v2 v2 --port 8001 >/dev/null
on prod 'docker run -d --name one -p 127.0.0.1:8001:8001 --restart unless-stopped one:v1 >/dev/null'
run_test() { on test "docker rm -f one >/dev/null 2>&1; docker run -d --name one $1 >/dev/null"; }
healthy_on_test() { are_healthy test one; }
for h in test prod; do
	on "$h" "mkdir -p /opt/one; printf '{\"url\": \"http://$(address_of "$h"):8001/\"}' >/opt/one/config.json"
done
keys='"containers": ["one"], "base_url": { "file": "/opt/one/config.json", "key": "url" },
	"health": [{ "url": "http://127.0.0.1:8001/health" }], "health_deadline_s": 20'
stack="\"one\": { $keys }"
run_test one:v2
await 20 healthy_on_test >/dev/null
work refusals "$stack"
unchanged=$(world prod)

# refused NAME STATUS WHAT WHERE [HINT]: the last run was, in these words
refused() {
	ok "$1: exit status $2" ended "$2"
	ok "$1: what" said "$3"
	ok "$1: where" said "^  where .*($4)|gate .*($4)"
	ok "$1: how to mend it" said "(hint|next) .*${5:-.}"
	ok "$1: prod is untouched" as_before "$unchanged" world prod
	ok "$1: nothing is left" clean test prod
}

# ---- the way to the hosts

C=$RFA_LAB_DIR/op/ssh/config
sed "s|UserKnownHostsFile .*|UserKnownHostsFile $TMP/known_hosts|" "$C" >"$TMP/ssh_config"
ssh-keygen -q -t ed25519 -N '' -f "$TMP/other-key"
{ grep -v '^prod,' "$RFA_LAB_DIR/op/ssh/known_hosts"; echo "prod,$prod_address $(cut -d' ' -f1,2 "$TMP/other-key.pub")"; } >"$TMP/known_hosts"
ssh_config=$TMP/ssh_config configure "$stack"
promote one
refused "another host key" 13 'SHA256:' "prod|$prod_address"
: >"$TMP/known_hosts"
ssh_config=$TMP/ssh_config configure "$stack"
promote one
refused "an unknown host key" 13 'SHA256:' "test|prod|$prod_address" ssh-keyscan

"$LAB" op true
ssh-keygen -q -t ed25519 -N '' -f "$TMP/mine"
sed "s|IdentityFile .*|IdentityFile $TMP/mine|" "$C" >"$TMP/ssh_config"
ssh_config=$TMP/ssh_config configure "$stack"
promote one
refused "a key that the host does not know" 12 '[Kk]ey|authenti' "test|prod|$prod_address"

configure "$stack"
"$LAB" net prod cut
promote one
"$LAB" net prod heal
refused "prod refuses connections" 11 'refused|reach|connect' "prod|$prod_address"
"$LAB" net prod stall
begun=$SECONDS
promote one
took=$((SECONDS - begun))
"$LAB" net prod heal
refused "prod does not answer" 11 'time|reach|answer' "prod|$prod_address"
ok "prod does not answer: known within its time-outs (${took} s)" test "$took" -le $((30 * SLOW))

# ---- rfa.json

configure "$stack, \"two\": { \"containres\": [\"two\"] }"
promote one
refused "a mistyped key" 3 'rfa.json:[0-9]+:[0-9]+: .*containres' 'rfa.json'
ok "a mistyped key: what was meant" said 'did you mean "containers"'
configure "${stack/config.json/none.json}"
promote one
refused "no file with the base URL" 4 'none.json' 'base URL'

# ---- what runs on test

configure "$stack"
on test 'docker rename one other'
promote one
refused "the container is missing on test" 4 'one' 'source runs|test'
on test 'docker rename other one; docker stop -t 1 one >/dev/null'
promote one
refused "it does not run on test" 4 'one' 'source runs|test'
on test 'docker tag one:v2 one:latest'
run_test one:latest
await 20 healthy_on_test >/dev/null
promote one
refused "it is called latest" 4 'latest' tags
run_test one:v2
await 20 healthy_on_test >/dev/null

# ---- prod

on prod "cp /opt/one/config.json /opt/one/kept; sed -i 's|//[^:]*|//$test_address|' /opt/one/config.json"
kept=$unchanged unchanged=$(world prod)
promote one
refused "prod's base URL is test's" 4 "$test_address" 'base URL'
on prod 'mv /opt/one/kept /opt/one/config.json'
unchanged=$kept

if "$LAB" fill prod 60 >/dev/null 2>&1; then
	promote one
	refused "hardly any disk is free" 4 'free|disk|space' 'disk space'
	"$LAB" unfill prod
else
	skip "hardly any disk is free" "this lab cannot fill a disk"
fi

on prod 'docker rm -f one >/dev/null; docker run -d --rm --name one -p 127.0.0.1:8001:8001 one:v1 >/dev/null'
unchanged=$(world prod)
promote one
refused "a container with --rm" 4 'rm|AutoRemove|remove' 'carry over|one'
on prod 'docker rm -f one >/dev/null; docker run -d --name one -p 127.0.0.1:8001:8001 --restart unless-stopped one:v1 >/dev/null'
unchanged=$(world prod)

# Several at once are told at once.
on test 'docker rename one other'
on prod "cp /opt/one/config.json /opt/one/kept; sed -i 's|//[^:]*|//$test_address|' /opt/one/config.json"
promote one
ok "two reasons: both are told" said "gate base URL"
ok "two reasons: both are told" said "gate source runs"
ok "two reasons: their number is" said '^rfa: .*[2-9] reasons'
on test 'docker rename other one'
on prod 'mv /opt/one/kept /opt/one/config.json'

# ---- somebody else is at it, with a ledger of their own

"$LAB" net prod slow 2000
run_test one:v2
await 20 healthy_on_test >/dev/null
work other "$stack"
start_rfa promote one --from test --to prod
await 60 grep -q '"step":"target.claim"' "$W/events" >/dev/null
await 60 on prod 'find /var/lib/rfa -name "*lock*" | grep -q .' >/dev/null
signal KILL "$job"
join
theirs=$run
W=$TMP/refusals
"$LAB" net prod heal
unchanged=$(world prod)
promote one
ok "another ledger's lock: exit status 8" ended 8
ok "another ledger's lock: whose run" said "$theirs"
ok "another ledger's lock: who, and since when" said 'by .* on .*since [0-9]{4}-'
for way in resume rollback abort; do ok "another ledger's lock: way out: $way" said "rfa $way $theirs"; done
ok "another ledger's lock: prod is untouched" as_before "$unchanged" world prod
ok "lock show tells the same" says "$theirs" rfa lock show prod
W=$TMP/other
run_rfa abort "$theirs" --reason "was a test"
ok "their abort: exit status 6" ended 6
ok "their abort: nothing is left" clean test prod
W=$TMP/refusals
promote one
ok "and then it goes: exit status 0" ended 0
ok "v2 serves" answers prod 8001/health v2
ok "nothing is left" clean test prod
ok "each refusal that had begun a run is in the history" test "$(rfa history --limit 100 --json | grep -c '"status"')" -ge 8

done_testing
