# shellcheck shell=sh
# The wrapper of a job: claims it, runs its program, and keeps its output and its status.
#
# $0 is its own path; the working directory is the job's. See shell_jobs.c for the files there. Exits
# with 0 if another process has the claim.
[ -e pid ] && exit 0
trap '' HUP INT QUIT
set -f
read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id
read -r line </proc/$$/stat
line=${line##*) }
# shellcheck disable=SC2086  # words are wanted
set -- $line
# An old file of this name may be linked elsewhere: never write into it.
[ -e pid.$$ ] || [ -e status.$$ ] && rm -f pid.$$ status.$$
printf '%s %s %s\n' $$ "${20}" "$boot" >pid.$$ || exit
# Has its block on disk now, so that a full disk cannot swallow the result.
printf '    \n' >status.$$ || exit
ln pid.$$ pid 2>/dev/null || { rm -f pid.$$ status.$$; exit 0; }
mkfifo end 2>/dev/null && exec 8<>end
sync pid status.$$ . 2>/dev/null || sync
true >out && true >err && sh ./cmd </dev/null >out 2>err 8>&-
printf '%-4s' $? 1<>status.$$
mv status.$$ status
exec 8>&-
rm -f pid.$$
