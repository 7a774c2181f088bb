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
# Its own TAP is this test's; the images that it needs are on the first host.
"$LAB" op env RFA_CONTRACT_SSH=test RFA_CONTRACT_SSH2=prod "$contract"
