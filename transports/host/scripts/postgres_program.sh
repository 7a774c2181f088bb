# shellcheck shell=sh
# The program that sh runs in a container of PostgreSQL; shell_servers.h says what it is asked.
#
# $1 the verb, $2 the user, $3 the database, $4 and $5 databases of rfa's own, or "".
#
# The database to be connected to is another one, since who is connected to one cannot rename it. The
# highest version of the programs comes first, since one can read what lower ones wrote. What is said of
# a commit is true only once it is on disk.
#
# A name is an argument of its own up to psql, which quotes it (:"in"), or the server does (%I): nothing
# of rfa's ever writes one into SQL.
#
# Exits with 97: the container has none of the programs; 2: the server cannot be reached, or lets nobody
# in; else with the program's status.
verb=$1 PGUSER=$2 base=$3 in=$4 out=$5 PGDATABASE=postgres more=
[ "$base" != postgres ] || PGDATABASE=template1
for d in /usr/local/pgsql/bin /usr/lib/postgresql/*/bin; do
	! [ -x "$d/psql" ] || more=$d:$more
done
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:$more
for t in psql pg_dump pg_restore; do
	command -v $t >/dev/null || { echo "there is no $t in the container" >&2; exit 97; }
done
if [ -z "$PGHOST" ]; then
	for d in /var/run/postgresql /run/postgresql /tmp; do
		! [ -S "$d/.s.PGSQL.${PGPORT:-5432}" ] || { PGHOST=$d; break; }
	done
fi
if [ -z "$PGPASSWORD" ] && [ -n "$POSTGRES_PASSWORD_FILE" ]; then
	PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
elif [ -z "$PGPASSWORD" ]; then
	PGPASSWORD=$POSTGRES_PASSWORD
fi
PGOPTIONS='-c synchronous_commit=local -c client_min_messages=warning -c statement_timeout=0'
PGAPPNAME=rfa PGCONNECT_TIMEOUT=10 LC_ALL=C
[ -n "$PGPASSWORD" ] || unset PGPASSWORD
[ -n "$PGHOST" ] || unset PGHOST
export PGUSER PGDATABASE PGHOST PGPASSWORD PGOPTIONS PGAPPNAME PGCONNECT_TIMEOUT LC_ALL
unset PGSERVICE PGSERVICEFILE PGCLIENTENCODING
case $verb in
dump) PGDATABASE=$base exec pg_dump -F c -w ;;
check) exec pg_restore -f /dev/null ;;
fill) ;;
init) PGDATABASE=$base exec psql -X -q -w -v ON_ERROR_STOP=1 -1 -f - ;;
# An empty name is none: so the one in the environment holds, which is never taken apart.
load)
	PGDATABASE=$in
	pg_restore -d '' -1 -e -w && exec psql -X -q -w -c ANALYZE </dev/null ;;
*)
	[ "$verb" != look ] || PGDATABASE=$base
	exec psql -X -q -A -t -w -v ON_ERROR_STOP=1 -v "base=$base" -v "in=$in" \
		-v "out=$out" ;;
esac
[ "$verb" = fill ]
