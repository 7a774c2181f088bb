/*
 * Where a script stands. Root works in directories that other users can write to, and they may put
 * another directory or a symbolic link in the place of a name between any two steps of a script. So
 * no path is followed twice: a script goes into a directory once, part by part, and from there on
 * names only what lies in it, or above it ("..").
 *
 * What root makes there lies in a directory that is root's alone: mode 0700, without what the
 * directory above it would hand down (a default ACL, its group). Nobody else can look into it, and
 * nobody can move it to another directory, since that takes the right to write to it: so ".." of it
 * is always the directory in which it was made. A file `.rfa` in it, which only root could write,
 * has its name, and tells it from any other.
 */
#include "transports/host/shell.h"

/*
 * die STATUS WORDS…: says no.
 * there PATH: something has this name, if only a symlink to nowhere.
 * stand: looks at the working directory: $at (device:inode), $owner, $group, $mode, and $above, the
 *   one that it lies in.
 * shared: others than root and this user can change what is in the working directory.
 * who: whose it is, in words.
 * walk PATH: goes there from the working directory; 1: it is not there. A symbolic link is followed
 *   only where nobody else could have made it. $chain: all directories on the way.
 * hold PATH: the same from the root. $hops bounds a circle of links.
 * straight PATH: the same in one look, where root and this user alone can change anything on the
 * way: nothing there is exchanged by anybody else. 1: not so, or no look could tell. step NAME:
 * into a directory that lies in the working directory.
 */
const char rfa_shell_paths[] =
    "unset TAR_OPTIONS TAPE POSIXLY_CORRECT TMPDIR CDPATH\n"
    "[ -n \"$me\" ] || me=$(id -u)\n"
    "die() { s=$1; shift; printf '%s\\n' \"$*\" >&2; exit \"$s\"; }\n"
    "there() { [ -e \"$1\" ] || [ -L \"$1\" ]; }\n"
    "stand() {\n"
    "	set -- $(stat -c '%d:%i %u %g %a' . ..)\n"
    "	[ $# = 8 ] || die 1 'the working directory cannot be looked at'\n"
    "	at=$1 owner=$2 group=$3 mode=$4 above=$5\n"
    "}\n"
    "shared() {\n"
    "	[ \"$owner\" = 0 ] || [ \"$owner\" = \"$me\" ] || return 0\n"
    "	case $mode in\n"
    "	*[2367]) return 0 ;;\n"
    "	*[2367]?) [ \"$group\" != 0 ] ;;\n"
    "	*) return 1 ;;\n"
    "	esac\n"
    "}\n"
    "who() { echo \"owner $(id -nu \"$owner\" 2>/dev/null || echo \"$owner\"), mode $mode\"; }\n"
    "step() {\n"
    "	from_here=$at\n"
    "	cd -P \"./$1\" || exit\n"
    "	stand\n"
    "	[ \"$above\" = \"$from_here\" ] || die 53 \"$1 was exchanged while it was looked at\"\n"
    "}\n"
    "straight() {\n"
    "	left=$1 way=\n"
    "	set -- /\n"
    "	while [ -n \"$left\" ]; do\n"
    "		part=${left%%/*}\n"
    "		case $left in */*) left=${left#*/} ;; *) left= ;; esac\n"
    "		case $part in\n"
    "		'') continue ;;\n"
    "		. | ..) return 1 ;;\n"
    "		esac\n"
    "		way=$way/$part\n"
    "		set -- \"$@\" \"$way\"\n"
    "	done\n"
    "	left=$#\n"
    "	set -- / $(stat -c '%f %u %g %a %d:%i' -- \"$@\" 2>/dev/null)\n"
    "	[ $# = $((left * 5 + 1)) ] || return 1\n"
    "	at=$6 chain=' '\n"
    "	while :; do\n"
    "		case $2 in 4*) ;; *) return 1 ;; esac\n"
    "		owner=$3 group=$4 mode=$5 above=$at at=$6 chain=\"$chain$6 \"\n"
    "		shift 5\n"
    "		[ $# -gt 1 ] || break\n"
    "		[ \"$owner\" = 0 ] || [ \"$owner\" = \"$me\" ] || return 1\n"
    "		case $mode in *[2367] | *[2367]?) return 1 ;; esac\n"
    "	done\n"
    "	cd -P \"${way:-/}\" 2>/dev/null\n"
    "}\n"
    "walk() {\n"
    "	case $1 in /*) ! straight \"$1\" || return 0 ;; esac\n"
    "	left=$1\n"
    "	case $left in /*) cd / && stand && chain=\" $at \" || exit ;; esac\n"
    "	while [ -n \"$left\" ]; do\n"
    "		part=${left%%/*}\n"
    "		case $left in */*) left=${left#*/} ;; *) left= ;; esac\n"
    "		case $part in\n"
    "		'' | .) continue ;;\n"
    "		..) cd -P .. && stand && chain=\"${chain% * } \" || exit; continue ;;\n"
    "		esac\n"
    "		if [ -L \"./$part\" ]; then\n"
    "			! shared ||\n"
    "				die 53 \"$part is a symbolic link in a directory that others can "
    "change\" \\\n"
    "					\"($(who))\"\n"
    "			hops=$((hops + 1))\n"
    "			[ $hops -le 40 ] || die 1 \"$part: too many symbolic links\"\n"
    "			link=$(readlink -- \"./$part\"; echo x)\n"
    "			link=${link%??}\n"
    "			case $link in /*) cd / && stand && chain=\" $at \" || exit ;; esac\n"
    "			left=$link/$left\n"
    "			continue\n"
    "		fi\n"
    "		[ -d \"./$part\" ] || return 1\n"
    "		step \"$part\"\n"
    "		chain=\"$chain$at \"\n"
    "	done\n"
    "}\n"
    "hold() { hops=0; walk \"$1\"; }\n";

/*
 * plain: takes from the working directory what the one above it has handed down.
 * private NAME: into a directory of rfa's own that lies in the working directory.
 * leave NAME: out of it; it goes if nothing is in it any more.
 * own make|find COPY: into the directory of a copy; 1: there is none.
 */
const char rfa_shell_private[] =
    "plain() {\n"
    "	{ setfacl -b -k . || tar -c -f - --no-recursion . | tar -x -f - -p --acls; } 2>/dev/null\n"
    "}\n"
    "private() {\n"
    "	[ -d \"./$1\" ] && ! [ -L \"./$1\" ] || die 45 \"$1 is something else\"\n"
    "	step \"$1\"\n"
    "	if [ \"$owner\" = \"$me\" ] && [ \"${mode#2}\" = 700 ]; then\n"
    "		case $(ls -A) in '' | .rfa)\n"
    "			chmod u=rwx,go=,g-s . && printf '%s\\n' \"$1\" >.rfa && plain ||\n"
    "				die 1 \"$1 cannot be made private\" ;;\n"
    "		esac\n"
    "		[ \"$(cat .rfa 2>/dev/null)\" != \"$1\" ] || return 0\n"
    "	fi\n"
    "	die 53 \"$1 is not a directory that rfa has made ($(who)): remove it\"\n"
    "}\n"
    "leave() {\n"
    "	case $(ls -A) in\n"
    "	'' | .rfa) rm -f .rfa; cd -P .. && rmdir -- \"./$1\" 2>/dev/null ;;\n"
    "	*) cd -P .. ;;\n"
    "	esac\n"
    "	stand\n"
    "}\n"
    "lies() {\n"
    "	dir=${2%/*}\n"
    "	dir=${dir##*/}\n"
    "	if ! there \"./$dir\"; then\n"
    "		[ \"$1\" = make ] || return 1\n"
    "		mkdir -m 700 -- \"./$dir\" || exit\n"
    "	fi\n"
    "	private \"$dir\"\n"
    "}\n"
    "own() {\n"
    "	if ! hold \"${2%/*/*}/\"; then\n"
    "		[ \"$1\" = make ] || return 1\n"
    "		die 44 \"${2%/*/*}\"\n"
    "	fi\n"
    "	lies \"$@\"\n"
    "}\n";

/*
 * The working directory once more, mounted so that the kernel follows no symbolic link in it,
 * whoever makes one and when: there every tool is safe. Mounted for this script and its children
 * only, over a folder of the job's: the script starts itself again with mounts of its own, once it
 * has seen that the host can do all of this (root, Linux 5.10, util-linux 2.38).
 *
 * view: goes there, and sets $strict; or does nothing, where it cannot be had.
 */
const char rfa_shell_view[] =
    "job=$PWD\n"
    "if [ -z \"$RFA_VIEW\" ]; then\n"
    "	RFA_VIEW=no\n"
    "	export RFA_VIEW\n"
    "	mkdir -p -m 700 -- view && ln -sfn . view/link || exit\n"
    "	if unshare -m --propagation slave sh -c 'mount -n -c --bind -o nosymfollow view view &&\n"
    "		[ -L view/link ] && ! [ -e view/link ]' >/dev/null 2>&1; then\n"
    "		RFA_VIEW=yes\n"
    "		exec unshare -m --propagation slave sh ./cmd\n"
    "	fi\n"
    "fi\n"
    "strict=\n"
    "view() {\n"
    "	[ \"$RFA_VIEW\" = yes ] || return 0\n"
    "	mount -n -c --bind -o nosymfollow . \"$job/view\" && cd -P \"$job/view\" ||\n"
    "		die 1 'the directory cannot be mounted once more'\n"
    "	was=$at\n"
    "	stand\n"
    "	[ \"$at\" = \"$was\" ] || die 1 'another directory was mounted'\n"
    "	strict=1\n"
    "}\n";
