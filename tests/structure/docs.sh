#!/usr/bin/env bash
# The generated pages are what the command prints today.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"

[ -x "$RFA" ] || skip_all "the command is not built"
same() { # PAGE ARG...
	local page=$1
	shift
	"$RFA" "$@" >"$TMP/page" || return 1
	diff -u "$page" "$TMP/page" || {
		echo "refresh it with: build/rfa $* >${page#"$SRC"/}"
		return 1
	}
}
while read -r page command; do
	# shellcheck disable=SC2086
	if [ -f "$SRC/docs/$page" ]; then
		ok "docs/$page is up to date" same "$SRC/docs/$page" $command
	else
		skip "docs/$page is up to date" "it is not there yet"
	fi
done <<'END'
cli.md help --markdown
errors.md help --errors
records.md help --records
states.md flows --format markdown
END
# Also written where a file does not begin with a sentence.
mapped() { cmp -s "$SRC/docs/map.md" <(python3 "$SRC/tests/structure/map.py" "$SRC"); }
ok "docs/map.md is up to date" mapped
echo stale >"$TMP/stale.md"
ok "planted: a stale page" not same "$TMP/stale.md" help --errors

done_testing
