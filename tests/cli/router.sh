#!/bin/bash
# `rfa init --router`: what it writes is what haproxy and nginx take; and traffic in rfa.json.
. "$(dirname "$0")/../harness/tap.sh"

config() { # DRIVER [SHARES]
	cat <<JSON
{"version":1,"environments":{"prod":{"destination":"root@prod.example"}},"stacks":{"shop":{
"containers":["web","api.v1"],"traffic":{"services":{"web":{"how":"blue-green","port":8080},
"api.v1":{"how":"blue-green","port":8081},"worker":{"how":"start-first"}},
"shares":${2:-[10,100]},
"router":{"driver":"$1","container":"edge","directory":"/srv/edge/rfa"}}}}}
JSON
}

cd "$TMP" || exit 1
config haproxy >haproxy.json
config nginx >nginx.json
config haproxy '[50,10]' >shrinks.json
sed 's/"router":.*}}}}}/"x-none":1}}}}/' haproxy.json >none.json

ok "it writes the static part of haproxy" "$RFA" -c haproxy.json init edge --router shop --env prod
ok "a share for each service behind it" grep -qx 'web 0' edge/shares.map
ok "and none for others" not grep -q worker edge/shares.map
ok "what is there stays" says "it stays as it is" \
	"$RFA" -c haproxy.json init edge --router shop --env prod
ok "it writes the static part of nginx" "$RFA" -c nginx.json init ngx --router shop --env prod
if command -v haproxy >/dev/null; then
	sed "s|/etc/rfa|$TMP/edge|" edge/haproxy.cfg >h.cfg
	ok "haproxy takes it" haproxy -c -f h.cfg
else
	skip "haproxy takes it" "haproxy is not installed"
fi
if command -v nginx >/dev/null; then
	{ echo "pid $TMP/pid; error_log $TMP/log; events {} http {"
		sed "s|/etc/rfa|$TMP/ngx|" ngx/nginx.conf
		echo '}'; } >n.conf
	ok "nginx takes it" nginx -t -c "$TMP/n.conf" -e "$TMP/log"
else
	skip "nginx takes it" "nginx is not installed"
fi
ok "it needs an environment" exits 64 "$RFA" -c haproxy.json init x --router shop
ok "shares that shrink are told" exits 3 "$RFA" -c shrinks.json check
ok "and that blue-green needs a router" exits 3 "$RFA" -c none.json check
done_testing
