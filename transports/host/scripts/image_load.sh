# shellcheck shell=sh
# Loads the images of an archive into the engine.
#
# $1 the archive. One that was made here is put together on the way in. Exits with 44: it is not there;
# else with docker's status.
. ./lib_spool.sh
if [ -f "$1" ]; then
	engine image load -i "$1"
elif [ -e "$1/segments" ]; then
	part "$1" 0 "$(size "$1")" | engine image load
else
	exit 44
fi
