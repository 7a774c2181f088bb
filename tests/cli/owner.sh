#!/usr/bin/env bash
# What is found in somebody else's folder is not obeyed; what was closed at the start is not written to.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"

[ "$(id -u)" = 0 ] || skip_all "only root can give a file to somebody else"
cd "$TMP" || exit 1
chmod 755 "$TMP"
unset RFA_CONFIG RFA_LEDGER NO_COLOR SUDO_UID
export HOME=$TMP/home LC_ALL=C.UTF-8
mkdir -p home theirs/below ours
config() { # SSH_CONFIG
	printf '{"version":1,"environments":{"test":{"destination":"nowhere.invalid","ssh_config":"%s"}},"stacks":{}}' "$1"
}
# It would run a command of theirs as soon as a host is asked for.
printf 'Match exec "touch %s/obeyed"\n' "$TMP" >theirs/ssh_config
config ssh_config >theirs/rfa.json
chown -R 65534 theirs
ask() { (cd "$1" && shift && "$RFA" "$@" lock show test); }

ok "4: a configuration of somebody else" exits 4 ask theirs/below
ok "whose it is" says "belongs to nobody (uid 65534), not to you" ask theirs/below
ok "and what to do" says "rfa -c FILE" ask theirs/below
ok "so for all that looks it up" says "belongs to nobody" sh -c "cd theirs && '$RFA' status"
ok "its command was not run" test ! -e obeyed
chown 0 theirs/rfa.json
ok "4: our file in their folder" says "the folder $TMP/theirs belongs to nobody" ask theirs
ln -s "$TMP/theirs/rfa.json" ours/rfa.json
ok "4: a link of ours to it" says "the folder $TMP/theirs belongs to nobody" ask ours
ok "its command was not run" test ! -e obeyed
rm ours/rfa.json
config "$TMP/theirs/ssh_config" >ours/rfa.json
ok "4: their ssh_config" says "the ssh_config $TMP/theirs/ssh_config belongs to nobody" ask ours
printf 'Host x\nInclude %s/theirs/ssh_*\n' "$TMP" >ours/ssh_config
config ssh_config >ours/rfa.json
ok "4: included" says "the ssh_config $TMP/theirs/ssh_config belongs to nobody" ask ours
ok "its command was not run" test ! -e obeyed
printf 'Host x\n' >ours/ssh_config
chmod 666 ours/ssh_config
ok "4: whatever everybody can write" says "can be changed by others (mode 0666)" ask ours
chmod 600 ours/ssh_config
chmod 777 ours
ok "4: the folder too" says "the folder $TMP/ours can be changed by others" ask ours
chmod 755 ours
ok "what is ours is obeyed" not says "belongs to" ask ours
ok "the caller of sudo is himself" not says "belongs to" env SUDO_UID=65534 sh -c "cd theirs && '$RFA' lock show test"
rm -f obeyed
chown 65534 theirs/rfa.json
ok "what is named is obeyed" not says "belongs to" ask ours -c "$TMP/theirs/rfa.json"
ok "with all that is theirs" test -e obeyed
ok "a ledger" exits 0 "$RFA" -c ours/rfa.json init
chown -R 65534 ours/.rfa/ledger
ok "4: a ledger of somebody else" says "the ledger $TMP/ours/.rfa/ledger belongs to nobody" sh -c "cd ours && '$RFA' status"
ok "but an auditor may name it" exits 0 "$RFA" --ledger ours/.rfa/ledger runs
chown -R 0 ours/.rfa/ledger

# Descriptors that were closed
find ours/.rfa -type f -exec sha256sum {} + | sort >before
for closed in '>&-' '2>&-' '<&-' '<&- >&- 2>&-'; do
	sh -c "cd ours && exec '$RFA' --ledger .rfa/ledger runs $closed" >/dev/null 2>&1
	ok "the ledger is as it was ($closed)" cmp -s before <(find ours/.rfa -type f -exec sha256sum {} + | sort)
done
ok "an answer that nobody gets is no success" not sh -c "exec '$RFA' help >&-"
files_of() { # REDIRECTION: what 0, 1 and 2 of rfa are; git is its child, and mends its own
	sh -c "'$RFA' --ledger ours/.rfa/ledger ledger git -c alias.fds='!p=/proc/\$(cut -d\" \" -f4 /proc/\$PPID/stat)/fd; readlink \$p/0 \$p/1 \$p/2 >&9' fds $1" 9>&1
}
ok "what was closed is /dev/null" is "$(files_of '<&- >&- 2>&-' | sort -u)" /dev/null
done_testing
