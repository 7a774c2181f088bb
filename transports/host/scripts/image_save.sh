# shellcheck shell=sh
# Saves images into the spool.
#
# $1 the archive's directory, the rest are ids. What is not there is found out by inspect, whose words
# are always the same. What is half written is not left to fill the disk. Exits with 48: the state
# directory cannot be written; else with docker's status.
dir=$1
shift
mkdir -p "$dir" || exit 48
engine image save -o "$dir/save.new" -- "$@" || {
	status=$?
	rm -f "$dir/save.new"
	exit $status
}
mv "$dir/save.new" "$dir/save"
