# shellcheck shell=sh
# Library of jobs: a mount of a directory in which no symbolic link is followed.
#
# It is the working directory once more, mounted so that the kernel follows no symbolic link in it,
# whoever makes one and when: there every tool is safe. It is mounted for this script and its children
# only, over a folder of the job's: the script starts itself again, with mounts of its own, once it
# has seen that the host can do all of this (root, Linux 5.10, util-linux 2.38).
#
# The working directory is the job's, and `cmd` in it is the script. RFA_VIEW: not set in the first
# start; then "yes" or "no".
. ./lib_trees.sh
job=$PWD
if [ -z "$RFA_VIEW" ]; then
	RFA_VIEW=no
	export RFA_VIEW
	mkdir -p -m 700 -- view && ln -sfn . view/link || exit
	if unshare -m --propagation slave sh -c 'mount -n -c --bind -o nosymfollow view view &&
		[ -L view/link ] && ! [ -e view/link ]' >/dev/null 2>&1; then
		RFA_VIEW=yes
		exec unshare -m --propagation slave sh ./cmd
	fi
fi
strict=
# view: goes there, and sets $strict; or does nothing, where it cannot be had.
view() {
	[ "$RFA_VIEW" = yes ] || return 0
	mount -n -c --bind -o nosymfollow . "$job/view" && cd -P "$job/view" ||
		die 1 'the directory cannot be mounted once more'
	was=$at
	stand
	[ "$at" = "$was" ] || die 1 'another directory was mounted'
	# shellcheck disable=SC2034  # for the scripts
	strict=1
}
