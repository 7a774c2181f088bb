#!/usr/bin/env bash
# The schema in docs/ is what the table of keys says; the examples fit it, and it refuses what rfa does.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"

same() { # the committed copy is what the command prints
	"$RFA" config schema | diff -u "$SRC/docs/rfa.schema.json" - || {
		echo "refresh it with: build/rfa config schema >docs/rfa.schema.json"
		return 1
	}
}
ok "docs/rfa.schema.json is up to date" same

examples=("$SRC"/fixtures/apps/*/rfa.json)
ok "there are examples" test "${#examples[@]}" -ge 4
for file in "${examples[@]}"; do
	ok "${file#"$SRC"/} is right" "$RFA" -c "$file" check
done
# The pages: each example that is a whole file.
page_examples() { # PAGE: into $TMP/page-N.json
	awk -v to="$TMP/page" '/^```json$/ { n++; on = 1; next } /^```/ { on = 0 } on { print >(to "-" n ".json") }' "$1"
	grep -ls '"version": *1,' "$TMP"/page-*.json
}
ok "the page of releases has a whole example" test -n "$(page_examples "$SRC/docs/release.md")"
rm -f "$TMP"/page-*.json
for page in "$SRC"/docs/*.md "$SRC/README.md"; do
	mapfile -t whole < <(page_examples "$page")
	for file in "${whole[@]}"; do
		ok "${page#"$SRC"/}: $(basename "$file") is right" "$RFA" -c "$file" check
	done
	rm -f "$TMP"/page-*.json
done
for name in containers compose ragflowauth; do
	ok "init --example $name writes a file that is right" \
		sh -c "'$RFA' init '$TMP/$name' --example $name && '$RFA' -c '$TMP/$name/rfa.json' check"
done

# The same judgement by an independent validator.
judge() { # SCHEMA FILE...: no error in any
	python3 - "$@" <<'PY'
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
bad = 0
for path in sys.argv[2:]:
    for error in Draft202012Validator(schema).iter_errors(json.load(open(path))):
        print(path, list(error.path), error.message)
        bad = 1
sys.exit(bad)
PY
}
if python3 -c 'from jsonschema import Draft202012Validator' 2>/dev/null; then
	ok "the schema takes every example" judge "$SRC/docs/rfa.schema.json" "${examples[@]}"
	n=0
	while read -r text; do
		n=$((n + 1))
		printf '%s' "$text" >"$TMP/bad.json"
		ok "schema and rfa refuse alike ($n)" not judge "$SRC/docs/rfa.schema.json" "$TMP/bad.json"
		ok "rfa and schema refuse alike ($n)" exits 3 "$RFA" -c "$TMP/bad.json" check
	done <<'BAD'
{"version":2,"environments":{},"stacks":{}}
{"version":1,"environments":{"a":{}},"stacks":{}}
{"version":1,"environments":{"a.b":{"destination":"h"}},"stacks":{}}
{"version":1,"environments":{"a":{"destination":"-h"}},"stacks":{}}
{"version":1,"environments":{"a":{"destination":"h","dokcer":"x"}},"stacks":{}}
{"version":1,"environments":{},"stacks":{"a":{}}}
{"version":1,"environments":{},"stacks":{"a":{"containers":"x"}}}
{"version":1,"environments":{},"stacks":{"a":{"containers":["x"],"health":[{"status":200}]}}}
{"version":1,"environments":{},"stacks":{"a":{"containers":["x"],"base_url":{"file":"/a/../b","key":"k"}}}}
{"version":1,"environments":{},"stacks":{"a":{"containers":["x"],"bootstrap":{"containers":{"x":{"Image":"y"}}}}}}
{"version":1,"environments":{"p":{"destination":"h"}},"stacks":{"a":{"containers":["x"],"environments":{"p":{"environments":{}}}}}}
BAD
else
	skip "the schema takes every example" "python3-jsonschema is not installed"
fi
done_testing
