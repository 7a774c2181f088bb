# shellcheck shell=sh
# Saves images into the spool.
#
# $1 the archive's directory, $2 how the engine stores images, $3 where, $4 the layers that need not be in it
# (diff ids), the rest are ids. If there are such layers, the others are taken out of the store, and only
# if that cannot be done the engine is asked for all of them: then it says why.
#
# What is not there is found out by inspect, whose words are always the same. What is half written is
# not left to fill the disk. Exits with 48: the state directory cannot be written; else with docker's
# status.
. ./lib_store.sh
dir=$1 store=$2 root=$3 omit=$4
shift 4
mkdir -p "$dir" || exit 48
# lean ID...: in a shell of its own.
lean() (
	case $store in overlay2 | containerd) ;; *) no "it stores images with $store" ;; esac
	mkdir -p "$dir/store/lean/blobs/sha256" "$dir/store/sizes" && cd "$dir/store" || exit
	"$store" "$root" "$@" || exit
	tar -chf ../save.new -C lean .
)
if [ -n "$omit" ]; then
	rm -rf "$dir/store"
	why=$(lean "$@" 2>&1)
	done=$?
	rm -rf "$dir/store"
	[ $done != 0 ] || { mv "$dir/save.new" "$dir/save"; exit; }
	printf '%s\n' "${why:-it cannot be read}"
fi
engine image save -o "$dir/save.new" -- "$@" || {
	status=$?
	rm -f "$dir/save.new"
	exit $status
}
mv "$dir/save.new" "$dir/save"
