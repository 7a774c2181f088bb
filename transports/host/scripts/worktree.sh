# shellcheck shell=sh
# Says what the git working tree that holds a directory is made of.
#
# $1 the directory. Says "COMMIT TREE TREE": what HEAD is, its tree, and the tree of all that is there;
# or nothing: no git, no repository, none of this user's own, or no commit yet.
#
# git runs programs that a repository's configuration names. So no repository counts that another user
# could have written to: git itself refuses those of another owner, if it is not told otherwise, and
# so does this script, which also looks at the modes. Of one that is this user's own, hooks and the
# filters of its own configuration are not run either, and nothing is fetched.
#
# Nothing in the repository changes: the index is a copy, and new tree objects go to a directory that
# is removed. The copy keeps the time of the index, by which git tells which files may have changed
# since. Content is hashed, not stored. Of a split index git renews the time of the shared half, as all
# of its commands do.
#
# Exits with 44: there is no such directory; 1: git cannot tell, and says why.
. ./lib_paths.sh
cd -P -- "$1" 2>/dev/null || die 44 'there is no such directory'
command -v git >/dev/null || exit 0
# shellcheck disable=SC2046  # words are wanted
unset $(git rev-parse --local-env-vars 2>/dev/null) SUDO_UID GIT_TRACE
export GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1 GIT_TERMINAL_PROMPT=0
set -- -c safe.directory= -c core.fsmonitor= -c core.hooksPath=/dev/null -c core.splitIndex=false \
	-c core.untrackedCache=false -c protocol.allow=never -c core.sshCommand=false
ask() { git "$@" 2>/dev/null; }
# A path's last bytes may be newlines.
path() { ask "$@" && echo x; }
[ "$(ask "$@" rev-parse --is-inside-work-tree)" = true ] || exit 0
up=$(ask "$@" rev-parse --show-cdup) || exit 0
cd -P "./$up" || exit
# ours: nobody else can change what is in the working directory.
ours() {
	stand
	[ "$owner" = "$me" ] || return
	case $mode in
	*[2367]) return 1 ;;
	*[2367]?) [ "$me" != 0 ] || [ "$group" = 0 ] ;;
	esac
}
ours || exit 0
there=$(path "$@" rev-parse --git-common-dir) index=$(path "$@" rev-parse --git-path index) \
	objects=$(path "$@" rev-parse --git-path objects) || exit 0
(cd -P -- "${there%??}" && ours) || exit 0
commit=$(ask "$@" rev-parse -q --verify 'HEAD^{commit}') || exit 0
tree=$(ask "$@" rev-parse -q --verify 'HEAD^{tree}') || exit 0
filters=$(ask "$@" config --local --includes --name-only --get-regexp '^filter\..*\.(clean|process|required)$')
nl='
'
while [ -n "$filters" ]; do
	name=${filters%%"$nl"*}
	case $name in
	*.required) set -- "$@" -c "$name=false" ;;
	*) set -- "$@" -c "$name=" ;;
	esac
	case $filters in
	*"$nl"*) filters=${filters#*"$nl"} ;;
	*) filters= ;;
	esac
done
tmp=$(mktemp -d) || exit
look() {
	index=${index%??} objects=${objects%??}
	case $objects in /*) ;; *) objects=$PWD/$objects ;; esac
	! [ -f "$index" ] || cp -p -- "$index" "$tmp/index" || return
	# Its own name could not stand in a list.
	ln -s "$objects" "$tmp/there" && mkdir "$tmp/objects" || return
	export GIT_INDEX_FILE="$tmp/index" GIT_OBJECT_DIRECTORY="$tmp/objects" \
		GIT_ALTERNATE_OBJECT_DIRECTORIES="$tmp/there"
	# What is gone makes room for what has its name now.
	for which in '--deleted --modified' '--others --exclude-standard'; do
		# shellcheck disable=SC2086  # words are wanted
		git "$@" ls-files -z $which >"$tmp/list" &&
			git "$@" update-index -z --info-only --add --remove --replace --stdin <"$tmp/list" || return
	done
	now=$(git "$@" write-tree --missing-ok) && printf '%s %s %s\n' "$commit" "$tree" "$now"
}
look "$@"
status=$?
rm -rf "$tmp"
[ $status = 0 ] || exit 1
