# shellcheck shell=sh
# Says how much space there is where a path is, or will be.
#
# $1 the path. Says "DEVICE", "INODES FREE" and what df says. Some file systems do not count inodes.
# Memory and layered file systems share one name, so that the device number must tell them apart.
# Exits with the status of stat or df.
path=$1
while ! [ -e "$path" ]; do path=${path%/*}; [ -n "$path" ] || path=/; done
stat -c %d -- "$path" && stat -f -c '%c %d' -- "$path" && df -P -k -- "$path"
