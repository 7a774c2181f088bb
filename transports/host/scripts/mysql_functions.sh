# shellcheck shell=sh
# Functions for the host, over dumps of MySQL and MariaDB; shell_servers.h says what they answer.
# The last line that is written, and no line of the data: those have none of their own.
whole() {
	case $(tail -c 300 -- "$1" | tail -n 1 | tr -d '\000') in
	'-- Dump completed'*) ;;
	*) echo 'its last line is not "-- Dump completed": it was cut'; return 1 ;;
	esac
}
reads() { whole "$1"; }
