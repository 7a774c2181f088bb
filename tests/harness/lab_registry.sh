# shellcheck shell=bash
# A container registry beside the hosts of the lab, with TLS and a password: Debian's docker-registry,
# on the operator's side. Read behind tests/live/lib.sh.
#
# Sources: the configuration of docker-registry 2.8 (distribution), and "Verify repository client with
# certificates" of Docker's manual for /etc/docker/certs.d.

registry_user=deployer registry_password=correct-horse-battery registry_job=''
registry_make() { # its address is in `registry`, its files in $TMP/registry; each host trusts it
	local h d=$TMP/registry address
	address=$(address_of operator)
	registry=$address:5000
	mkdir -p "$d/storage"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=CA of the lab' \
		-keyout "$d/ca.key" -out "$d/ca.pem" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$address" \
		-keyout "$d/key.pem" -out "$d/csr.pem" 2>/dev/null
	printf 'subjectAltName=IP:%s\n' "$address" >"$d/san"
	openssl x509 -req -in "$d/csr.pem" -CA "$d/ca.pem" -CAkey "$d/ca.key" -CAcreateserial -days 2 \
		-extfile "$d/san" -out "$d/cert.pem" 2>/dev/null
	# The registry knows bcrypt alone.
	# shellcheck disable=SC2016
	printf '%s:%s\n' "$registry_user" \
		"$(perl -e 'print crypt($ARGV[0], q($2b$05$abcdefghijklmnopqrstuu))' "$registry_password")" >"$d/htpasswd"
	printf '%s\n' "$registry_password" >"$d/password"
	cat >"$d/config.yml" <<-END
	version: 0.1
	log: { level: warn }
	storage: { filesystem: { rootdirectory: $d/storage } }
	http:
	  addr: $registry
	  secret: of-no-use
	  tls: { certificate: $d/cert.pem, key: $d/key.pem }
	auth: { htpasswd: { realm: lab, path: $d/htpasswd } }
	END
	for h in test prod; do
		on $h "mkdir -p /etc/docker/certs.d/$registry && cat >/etc/docker/certs.d/$registry/ca.crt" <"$d/ca.pem"
	done
}
registry_answers() { become curl -sS --max-time 5 --cacert "$TMP/registry/ca.pem" -o /dev/null "https://$registry/v2/"; }
registry_start() {
	(become docker-registry serve "$TMP/registry/config.yml" >>"$TMP/registry/log" 2>&1 </dev/null) &
	registry_job=$!
	started "$registry_job"
	await 30 eval '(registry_answers)'
}
# From its next start on it takes only tokens, of a service beside it; its questions are in asked.
tokens_start() {
	local d=$TMP/registry
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tokens -keyout "$d/tokens.key" -out "$d/tokens.pem" 2>/dev/null
	sed -i '/^auth:/d' "$d/config.yml"
	cat >>"$d/config.yml" <<-END
	auth: { token: { realm: "https://${registry%:*}:5001/token", service: lab, issuer: lab, rootcertbundle: $d/tokens.pem } }
	END
	for h in test prod; do on $h "cp -r /etc/docker/certs.d/$registry /etc/docker/certs.d/${registry%:*}:5001"; done
	: >"$d/asked"
	(become python3 "$SRC/tests/harness/lab_tokens.py" "$d" "${registry%:*}" 5001 "$registry_user" "$registry_password" 300 \
		>>"$d/log" 2>&1 </dev/null) &
	started $!
	await 30 eval "(become curl -sS --max-time 5 --cacert '$d/ca.pem' -o /dev/null 'https://${registry%:*}:5001/token')"
}
registry_kill() { signal KILL "$registry_job"; wait "$registry_job" 2>/dev/null; }
push() { # HOST IMAGE NAME:TAG: what HOST has as IMAGE gets that name in the registry
	local auth
	auth=$(printf %s "$registry_user:$registry_password" | base64)
	on "$1" "mkdir -m 700 /dev/shm/push && printf '{\"auths\":{\"$registry\":{\"auth\":\"$auth\"}}}' >/dev/shm/push/config.json &&
		docker tag $2 $registry/$3 && docker --config /dev/shm/push push -q $registry/$3 >/dev/null
		status=\$?; rm -rf /dev/shm/push; [ $2 = $registry/$3 ] || docker rmi $registry/$3 >/dev/null; exit \$status"
}
registry_keys() { # the key `registries` of rfa.json
	cat <<-END
	"registries": { "$registry": { "ca": "$TMP/registry/ca.pem",
		"login": { "user": "$registry_user", "file": "$TMP/registry/password" } } }
	END
}
