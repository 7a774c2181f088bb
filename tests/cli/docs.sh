#!/usr/bin/env bash
# The generated pages in docs/ are what the tables say; the examples fit the schema.
. "$(dirname "$0")/../harness/tap.sh"

same() { # FILE ARGUMENTS...: the committed copy is what the command prints
	local file=$SRC/docs/$1
	shift
	"$RFA" "$@" | diff -u "$file" - || {
		echo "renew it: rfa $* > ${file#"$SRC"/}"
		return 1
	}
}
ok "docs/cli.md is what the commands' table says" same cli.md help --markdown
ok "docs/errors.md is what the list of codes says" same errors.md help --errors
ok "docs/states.md is what the flows' tables say" same states.md flows --format markdown
ok "docs/rfa.schema.json is what the table of keys says" same rfa.schema.json config schema

examples=("$SRC"/fixtures/apps/*/rfa.json)
ok "there are examples" test "${#examples[@]}" -ge 4
for file in "${examples[@]}"; do
	ok "${file#"$SRC"/} is right" "$RFA" -c "$file" check
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
