# shellcheck shell=sh
# Library: what a script over one database begins with.
#
# $1 the program, $2 the container, $3 the user, $4 the database, $5 the SQL; then what is the script's
# own.
. ./lib_database.sh
program=$1 container=$2 user=$3 base=$4 ask=$5
shift 5
