#!/usr/bin/env bash
# SSH servers that are set up otherwise. What one does not allow is told by its own name before
# anything on prod is touched; what it does allow is enough for a whole promotion.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

# The smallest stack: one container.
"$LAB" image prod one:v1 v1 --port 8001 >/dev/null
on prod 'docker run -d --name one -p 127.0.0.1:8001:8001 --restart unless-stopped --stop-timeout 3 one:v1 >/dev/null'
stack='"one": { "containers": ["one"], "health": [{ "url": "http://127.0.0.1:8001/health" }],
	"health_deadline_s": '$((30 * SLOW))' }'
healthy() { are_healthy "$1" one; }
test_runs() { # VERSION MB: each size is another layer, which does not compress and has to travel
	"$LAB" image test "one:$1" "$1" --port 8001 --fat "$2" >/dev/null
	on test "docker rm -f one >/dev/null 2>&1; docker run -d --name one one:$1 >/dev/null"
	await 20 healthy test >/dev/null
}

# ---- other servers on prod, beside its own

# In /run nothing outlives a host's power.
own=/run/other-ssh
others_end() {
	on prod "
	sed -i /^csh:/d /etc/passwd
	for f in $own/*.pid; do [ ! -s \$f ] || kill \$(cat \$f); done
	rm -rf $own" >/dev/null 2>&1
	live_end
}
trap others_end EXIT
on prod "mkdir -p $own"

# A program of this machine, on prod; with it the libraries that prod has not got itself.
bring() { # PROGRAM
	local file libraries
	file=$(command -v "$1") || return
	libraries=$(ldd "$file" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | tr '\n' ' ')
	libraries=$(on prod "for f in $libraries; do [ -e \$f ] || echo \$f; done")
	# shellcheck disable=SC2086
	tar -chPf - --transform 's|.*/||' "$file" $libraries | on prod "tar -xf - -C $own"
}

# One sshd, which is set up in another way on each port.
cat >"$TMP/sshd_config" <<-END
	Port 2201
	Port 2202
	Port 2203
	Port 2204
	HostKey /etc/ssh/ssh_host_ed25519_key
	PidFile $own/sshd.pid
	PermitRootLogin yes
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	UsePAM no
	UseDNS no
	PerSourcePenalties no
	Match LocalPort 2201
		AllowTcpForwarding no
	Match LocalPort 2202
		ForceCommand echo Only backups are taken here.
	Match LocalPort 2203
		AuthenticationMethods publickey,password publickey,keyboard-interactive
		PasswordAuthentication yes
		KbdInteractiveAuthentication yes
	Match LocalPort 2204
		MaxSessions 1
END
on prod "cat >$own/sshd_config && /usr/sbin/sshd -f $own/sshd_config -E $own/sshd.log" <"$TMP/sshd_config"
ok "another sshd listens on prod" await 10 on prod "test -s $own/sshd.pid"
key=$(sed -n 's/^prod,[^ ]* //p' "$RFA_LAB_DIR/op/ssh/known_hosts")
cp "$RFA_LAB_DIR/op/ssh/known_hosts" "$TMP/known_hosts"
for port in 2201 2202 2203 2204; do echo "[$prod_address]:$port $key"; done >>"$TMP/known_hosts"

dropbear=''
if bring dropbear; then
	dropbearkey -t ed25519 -f "$TMP/dropbear" >/dev/null 2>&1
	echo "[$prod_address]:2205 $(dropbearkey -y -f "$TMP/dropbear" | grep '^ssh-ed25519 ')" >>"$TMP/known_hosts"
	on prod "cat >$own/key && LD_LIBRARY_PATH=$own $own/dropbear -E -s -p 2205 -r $own/key -P $own/dropbear.pid \
		>$own/dropbear.log 2>&1" <"$TMP/dropbear"
	ok "dropbear listens on prod" await 10 on prod "test -s $own/dropbear.pid"
	dropbear=1
fi
# Root by another name, with another login shell.
tcsh=''
if bring tcsh; then
	on prod "echo 'csh:*:0:0::/root:$own/tcsh' >>/etc/passwd"
	ok "tcsh runs on prod" exits 7 on prod "$own/tcsh -f -c 'if (1 == 1) exit 7'"
	tcsh=1
fi

# One name for each of them.
{
	for way in no-forwarding:2201 forced:2202 two-proofs:2203 one-session:2204 dropbear:2205; do
		printf 'Host %s\n\tHostName %s\n\tPort %s\n' "${way%:*}" "$prod_address" "${way#*:}"
	done
	printf 'Host tcsh\n\tHostName %s\n\tUser csh\n' "$prod_address"
	sed "s|UserKnownHostsFile .*|UserKnownHostsFile $TMP/known_hosts|" "$RFA_LAB_DIR/op/ssh/config"
} >"$TMP/ssh_config"
ssh_config=$TMP/ssh_config
through() { prod_destination=$1 configure "$stack"; } # NAME: the way to prod from now on

test_runs v2 2
work ssh "$stack"
await 20 healthy prod >/dev/null

# ---- what is refused

unchanged=$(world prod)
# refused NAME STATUS WHAT HINT: the last promotion was, in these words
refused() {
	ok "$1: a promotion is refused: exit status $2" ended "$2"
	ok "$1: what" said "^rfa: .*$3"
	ok "$1: where" said '^  where .*(prod|'"$prod_address"')'
	ok "$1: how to mend it" said "^  hint .*$4"
	# With the container's id, and since when it runs.
	ok "$1: prod is untouched" as_before "$unchanged" world prod
	ok "$1: no run is unfinished" says 'no run is unfinished' rfa runs --open
}

through no-forwarding
run_rfa check --connect
ok "no forwarding: check --connect: exit status 14" ended 14
ok "no forwarding: check --connect names the URL" grep -qE '^ +fail +URL +.*opens no connection to 127.0.0.1 port 8001' "$W/out"
ok "no forwarding: check --connect: how to mend it" said '^  hint .*AllowTcpForwarding'
promote one
refused "no forwarding" 4 'no URL can be checked on prod.*prohibited' 'AllowTcpForwarding'
ok "no forwarding: by the gate of the URLs" said '^  where .*gate .?URLs'

through forced
promote one
refused "a forced command" 15 'after these words: Only backups are taken here[.]' 'ForceCommand'
ok "a forced command: no run was begun" said '^  now .*no run was begun'

through two-proofs
promote one
refused "a second proof" 12 "took the key .*another proof as well: .*password" 'AuthenticationMethods publickey'
ok "a second proof: it is not said that the key is unknown" not grep -qE 'does not accept|ssh-copy-id' "$W/err"
ok "a second proof: no run was begun" said '^  now .*no run was begun'
ok "refusals: nothing is left, no host is locked" clean test prod

# ---- what has to work

before=$(container prod one)
# goes NAME WAY VERSION LOG PATTERN: a whole promotion, which the server has seen
goes() {
	through "$2"
	promote one
	ok "$1: exit status 0" ended 0
	ok "$1: $3 serves" answers prod 8001/health "$3"
	ok "$1: all else is as before" as_before "$before" container prod one
	ok "$1: it went that way" on prod "grep -qE '$5' $4"
	ok "$1: nothing is left" clean test prod
}

# With one session, rfa's shell and the image take turns; without a refusal none was needed.
goes "one session" one-session v2 $own/sshd.log 'no more sessions'

if [ -n "$tcsh" ]; then
	test_runs v3 3
	goes "the login shell is tcsh" tcsh v3 /var/log/sshd.log 'Accepted publickey for csh '
else
	skip "the login shell is tcsh" "no tcsh on this machine"
fi

if [ -n "$dropbear" ]; then
	test_runs v4 4
	goes "dropbear" dropbear v4 $own/dropbear.log 'Pubkey auth succeeded'
	ok "dropbear: nobody is connected" await 10 nothing on prod "pgrep -P \$(cat $own/dropbear.pid) || :"
else
	skip "dropbear" "no dropbear on this machine"
fi

done_testing
