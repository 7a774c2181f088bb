# shellcheck shell=sh
# Removes the directory of a run.
#
# $1 the run's directory. It is moved away first: what still tries to start a job there finds nothing.
# Leftovers of a removal that was cut short go with the next one. Exits with 46: a job runs, and its
# directory is said on standard error; else with the status of mv or rm.
. ./lib_alive.sh
set +f
for job in "$1"/jobs/*/*/; do
	job=${job%/}
	set -f
	if [ -e "$job/pid" ] && ! [ -e "$job/status" ] && alive "$job"; then
		echo "$job" >&2
		exit 46
	fi
	set +f
done
if [ -d "$1" ]; then mv "$1" "${1%/*}/.removed.$$" || exit; fi
rm -rf "${1%/*}"/.removed.*
