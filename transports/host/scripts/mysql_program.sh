# shellcheck shell=sh
# The program that sh runs in a container of MySQL or MariaDB; shell_servers.h says what it is asked.
#
# $1 the verb, $2 the user, $3 the database, $4 and $5 databases of rfa's own, or "".
#
# What of option files might make a dump another one is left out, but for the socket. The password is
# what the container was given for this user, and gets to the client by its environment. Whoever is let
# in by the socket alone needs none.
#
# Exits with 97: the container has none of the programs; 2: the server cannot be reached, or lets nobody
# in; else with the program's status.
# shellcheck disable=SC2034  # ask takes $base and $out by their names
verb=$1 user=$2 base=$3 in=$4 out=$5
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/mysql/bin:/opt/mysql/bin
first() {
	for t; do command -v "$t" && return; done
	echo "there is no $1 and no $2 in the container" >&2
	exit 97
}
client=$(first mariadb mysql) && dumper=$(first mariadb-dump mysqldump) || exit
if [ -z "$MYSQL_UNIX_PORT" ]; then
	for s in $(my_print_defaults client mysqld server mariadb mariadbd 2>/dev/null |
		sed -n 's/^--socket=//p') /run/mysqld/mysqld.sock \
		/var/run/mysqld/mysqld.sock /var/lib/mysql/mysql.sock /tmp/mysql.sock; do
		! [ -S "$s" ] || { MYSQL_UNIX_PORT=$s; break; }
	done
fi
secret() {
	if [ -n "$1" ]; then MYSQL_PWD=$1
	elif [ -n "$2" ]; then MYSQL_PWD=$(cat "$2")
	else return 1
	fi
}
case $user in
root)
	secret "$MARIADB_ROOT_PASSWORD" "$MARIADB_ROOT_PASSWORD_FILE" ||
		secret "$MYSQL_ROOT_PASSWORD" "$MYSQL_ROOT_PASSWORD_FILE" ;;
"$MARIADB_USER") secret "$MARIADB_PASSWORD" "$MARIADB_PASSWORD_FILE" ;;
"$MYSQL_USER") secret "$MYSQL_PASSWORD" "$MYSQL_PASSWORD_FILE" ;;
esac
unset MYSQL_HOST MYSQL_TCP_PORT LC_ALL
export MYSQL_PWD MYSQL_UNIX_PORT
[ -n "$MYSQL_PWD" ] || unset MYSQL_PWD
[ -n "$MYSQL_UNIX_PORT" ] || unset MYSQL_UNIX_PORT
run() {
	"$client" --no-defaults --protocol=socket --user="$user" --connect-timeout=10 \
		--default-character-set=utf8mb4 --max-allowed-packet=1G --batch --raw \
		--skip-column-names "$@"
}
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
# ask: what is asked knows the names as @base, @in and @out, which differ as bytes do.
#
# A name gets into SQL as the hexadecimal digits of its bytes, and from there into a statement by the
# server, which doubles its quotes: so what is asked says statements, and they are run then. Those that
# end sessions may find nobody any more.
ask() {
	{
		echo "SET SESSION sql_mode = '', group_concat_max_len = 16777216;"
		for v in base in out; do
			eval "x=\$$v"
			x=$(hex "$x")
			echo "SET @$v = CONVERT(x'$x' USING utf8) COLLATE utf8_bin;"
		done
		cat
	} | run --database=information_schema
}
case $verb in
observe | look)
	run -e 'SELECT 1' </dev/null >/dev/null || exit 2
	ask ;;
stage | open) ask ;;
dump)
	more=
	! "$dumper" --no-defaults --help 2>/dev/null | grep -q set-gtid-purged ||
		more='--set-gtid-purged=OFF --loose-column-statistics=0'
	# shellcheck disable=SC2086  # words are wanted
	exec "$dumper" --no-defaults --protocol=socket --user="$user" \
		--default-character-set=utf8mb4 --max-allowed-packet=1G --single-transaction \
		--quick --hex-blob --comments --no-tablespaces $more -- "$base" ;;
init) { cat && echo 'COMMIT;'; } | run --init-command='SET autocommit = 0' --database="$base" ;;
load | fill)
	# No line of a dump is a command to the client then.
	run --binary-mode --database="$in" &&
		run --database="$in" -e 'RENAME TABLE rfa_loading TO rfa_whole' </dev/null ;;
*)
	text=$(ask) || exit 1
	printf '%s\n' "$text" | grep '^KILL [0-9]*;$' | run --force 2>/dev/null
	{
		echo "SET SESSION sql_mode = '', lock_wait_timeout = 20;"
		printf '%s\n' "$text" | grep -v '^KILL [0-9]*;$'
	} | run ;;
esac
