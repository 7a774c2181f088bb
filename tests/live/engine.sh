#!/usr/bin/env bash
# The host contract over real Docker engines: the third of those that it holds to its promises,
# beside the simulated host and the one with a fake docker.
# shellcheck source=tests/live/lib.sh
. "$(dirname "$0")/lib.sh"

live_up
contract=${RFA_BUILD:-$SRC/build}/tests/contract-host_engine_test
for version in 1 2; do
	{
		"$LAB" image test "app:$version" "v$version" &&
			"$LAB" image test "spec:$version" "v$version" --config "$("$contract" --image "$version")"
	} >"$TMP/image.log" 2>&1 || {
		sed 's/^/# /' "$TMP/image.log"
		ok "an image for the contract" false
		done_testing
	}
done
on test 'docker network create --subnet 172.29.5.0/24 spec-a && docker network create spec-b' >/dev/null

# A registry on the operator's side, with a certificate and a login. What is in it is on no host any more.
registry=${test_address%.*}.1:5000
serve() {
	cd "$TMP" || return
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=registry \
		-addext "subjectAltName=IP:${registry%:*}" -keyout tls.key -out tls.crt 2>/dev/null || return
	# deploy, s3cret/with+signs
	# shellcheck disable=SC2016  # a hash
	echo 'deploy:$2b$05$abcdefghijklmnopqrstuuLBIw7qlImCa1v9/UVDB1I1BkYlFWYVO' >htpasswd
	cat >registry.yml <<-END
	version: 0.1
	log: {level: error, accesslog: {disabled: true}}
	storage: {filesystem: {rootdirectory: $TMP/registry}}
	auth: {htpasswd: {realm: test, path: $TMP/htpasswd}}
	http: {addr: '$registry', tls: {certificate: $TMP/tls.crt, key: $TMP/tls.key}}
	END
	(W=$TMP become docker-registry serve "$TMP/registry.yml") >"$TMP/registry.log" 2>&1 &
	started "$!"
	on test "mkdir -p /etc/docker/certs.d/$registry && cat >/etc/docker/certs.d/$registry/ca.crt" <"$TMP/tls.crt"
}
# The same images, for who has a token; a service beside it gives these.
serve_tokens() {
	cd "$TMP" || return
	ln -s tls.crt cert.pem && ln -s tls.key key.pem || return
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tokens -keyout tokens.key -out tokens.pem 2>/dev/null || return
	sed -e "s/^auth:.*/auth: {token: {realm: 'https:\/\/${registry%:*}:5001\/token', service: lab, issuer: lab, rootcertbundle: '${TMP//\//\\/}\/tokens.pem'}}/" \
		-e "s/'$registry'/'${registry%:*}:5002'/" registry.yml >tokens.yml
	(W=$TMP become docker-registry serve "$TMP/tokens.yml") >"$TMP/tokens.log" 2>&1 &
	started "$!"
	(W=$TMP become python3 "$SRC/tests/harness/lab_tokens.py" "$TMP" "${registry%:*}" 5001 deploy s3cret/with+signs 300) >>"$TMP/tokens.log" 2>&1 &
	started "$!"
	for port in 5001 5002; do
		on test "cp -r /etc/docker/certs.d/$registry /etc/docker/certs.d/${registry%:*}:$port" || return
		await 20 eval "(W=$TMP become curl -sS --max-time 5 --cacert '$TMP/tls.crt' -o /dev/null 'https://${registry%:*}:$port/')" || return
	done
}
push() {
	"$LAB" image test pushed:1 v3 || return
	on test "mkdir -m 700 /run/push && docker tag pushed:1 $registry/shop/app:1 &&
		echo '{\"auths\":{\"$registry\":{\"auth\":\"ZGVwbG95OnMzY3JldC93aXRoK3NpZ25z\"}}}' >/run/push/config.json &&
		docker --config /run/push push -q $registry/shop/app:1; s=\$?
		docker rmi $registry/shop/app:1 pushed:1; rm -r /run/push; exit \$s"
}
if command -v docker-registry >/dev/null && command -v openssl >/dev/null; then
	{ serve && await 20 push && serve_tokens; } >"$TMP/push.log" 2>&1 || {
		sed 's/^/# /' "$TMP/push.log" "$TMP/registry.log"
		ok "a registry for the contract" false
		done_testing
	}
	export RFA_CONTRACT_REGISTRY=$registry RFA_CONTRACT_CA=$TMP/tls.crt RFA_CONTRACT_USER=deploy RFA_CONTRACT_SECRET=s3cret/with+signs
	export RFA_CONTRACT_TOKENS=${registry%:*}:5002
fi
# Its own TAP is this test's; the images that it needs are on the first host.
"$LAB" op env RFA_CONTRACT_SSH=test RFA_CONTRACT_SSH2=prod "$contract"
