# shellcheck shell=sh
# Functions for the host, over dumps of PostgreSQL; shell_servers.h says what they answer.
whole() { :; }
reads() { inside check '' '' <"$1" 2>&1; }
