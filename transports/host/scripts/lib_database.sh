# shellcheck shell=sh disable=SC2154  # whoever names this library sets them
# Library: how the server of a database is asked, from outside of its container.
#
# $program is run by sh in $container, for $user and $base (the database); $ask is SQL.
. ./lib_trees.sh
# inside VERB IN OUT: runs the program.
inside() {
	engine exec -i -- "$container" sh -c "$program" sh "$1" "$user" "$base" \
		"$2" "$3"
}
# sql VERB IN OUT: the same, with the SQL on its standard input.
sql() { printf '%s\n' "$ask" | inside "$@"; }
