# shellcheck shell=bash
# What tests of data on the command line share: a ledger's files made by hand, and times.

# Standard input becomes that file of main, in a commit as rfa's own.
ledger_put() { # LEDGER PATH
	local blob tree
	blob=$(git -C "$1" hash-object -w --stdin)
	export GIT_INDEX_FILE=$TMP/index
	git -C "$1" read-tree main
	git -C "$1" update-index --add --cacheinfo "100644,$blob,$2"
	tree=$(git -C "$1" write-tree)
	git -C "$1" update-ref refs/heads/main \
		"$(git -C "$1" -c user.name=rfa -c user.email=rfa@localhost commit-tree -p main -m x "$tree")"
}
ago() { date -u -d "-$1" +%Y-%m-%dT%H:%M:%SZ; }
id_ago() { date -u -d "-$1" +%Y%m%d-%H%M%S; }
