# shellcheck shell=sh
# Library of jobs: images out of the engine's own store, in the form of `docker save`, without some layers.
#
# The engine packs all of an image, however little of it is wanted. What is in a store is named by digests, and
# what is taken is compared with them: what is read half, or is not what the engine has, does not count.
#
# It works in a folder of its own, the working directory, and leaves the archive's content in lean/. $omit
# are the layers that are left out. Why it cannot be done is said in words, and ends the script.
#
# Where the engine unpacks layers (overlay2), layerdb/sha256/CHAIN has of each what its archive was made of
# (tar-split): headers and padding as they are, and the names of the files whose content is between them.
# With containerd's store the layers lie there as they came.
omit=
no() { printf '%s\n' "$*"; exit 1; }
# has_digest FILE HEX.
has_digest() {
	[ -f "$1" ] && sum=$(sha256sum <"$1") && [ "${sum%% *}" = "$2" ]
}
# omitted DIFF-ID.
omitted() { case " $omit " in *" $1 "*) return 0 ;; esac; return 1; }

# What follows reads tar-split, a line for each piece in JSON. It says the size of the layer's archive; with
# `want` it leaves batches: the file tN, the raw pieces in base64, one after the other, and lN, the
# names of the files that give the archive when they are put together. Raw pieces are named as `split`
# names blocks of 512 bytes: so each is given zeros in front, until it begins where a block does behind
# the padding of the content before. So that all of them are decoded at once, these are multiples of three
# bytes, and what base64 fills up with is zeros too.
# shellcheck disable=SC2016  # of awk
split_reader='
function bad(why) { print why; failed = 1; exit 1 }
function block(i, k, s) {
	for (k = 0; k < 4; k++) { s = substr("abcdefghijklmnopqrstuvwxyz", i % 26 + 1, 1) s; i = int(i / 26) }
	return "x" s
}
function put(name) { print name >("l" batch) }
function raw(text, n, filled, gap, k) {
	if (n < pad || (n - pad) % 512) bad("the headers of a layer are not where they should be")
	if (at > 4000000) { close("t" batch); close("l" batch); batch++; at = 0 }
	gap = (512 - (at + pad) % 512) % 512
	while (gap % 3) gap += 512
	print substr(zeros, 1, gap / 3 * 4) substr(text, 1, length(text) - filled) substr("AA", 1, filled) >("t" batch)
	at += gap + pad
	for (k = 0; k < n - pad; k += 512) put(block((at + k) / 512))
	at += n - pad + filled
}
BEGIN {
	FS = "\""
	batch = 0
	for (zeros = "AAAA"; length(zeros) < 4096; ) zeros = zeros zeros
	while (want && (getline name <"files") > 0) is[substr(name, 3)]
}
$2 != "type" || $7 != "," && $5 == ":" { bad("what the store says of a layer is not understood") }
$3 == ":2," && $5 == ":" {
	filled = $6 ~ /==$/ ? 2 : $6 ~ /=$/
	n = length($6) / 4 * 3 - filled
	total += n
	if (want) raw($6, n, filled)
	pad = 0
}
$3 == ":1," && $8 == "size" {
	size = substr($9, 2) + 0
	total += size
	pad = (512 - size % 512) % 512
	if (!want) next
	name = $6
	sub(/^(\.?\/)+/, "", name)
	if ($4 != "name" || !(name in is)) bad("a file of a layer is not where its name says")
	put(dir "/" name)
	if (pad) put("z/" pad)
}
$3 == ":1," && $8 != "size" && $8 != "payload" { bad("what the store says of a layer is not understood") }
END {
	if (failed) exit 1
	printf "%.0f\n", total
}'
# read_split LAYER [DIRECTORY]: of a layer in the store; the second is where its files are.
read_split() {
	{ gzip -dc "$1/tar-split.json.gz" || echo cut; } | sed 's/\\u0026/\&/g; s/\\u003c/</g; s/\\u003e/>/g' |
		LC_ALL=C awk -v want="${2:+1}" -v dir="$2" "$split_reader"
}
# All the paddings that there are: z/N has N zeros.
paddings() {
	mkdir z || exit
	n=0 zeros=
	while [ $n -lt 511 ]; do
		n=$((n + 1)) zeros="$zeros\\0000"
		printf %b "$zeros" >z/$n
	done
}
# unsplit LAYER DIRECTORY OUT: puts a layer's archive together. Only regular files that no link leads to are
# read, and none whose name has a newline; and no more than the archive has.
unsplit() {
	[ -d "$2" ] && [ -r "$2" ] || no "$2 cannot be read"
	[ -d z ] || paddings
	(cd -P -- "$2" && find . -type f ! -path '*
*') >files || no "$2 cannot be read"
	size=$(read_split "$1" "$2") || no "$size"
	n=0
	while [ -e l$n ]; do
		base64 -d <t$n | split -b 512 -a 4 - x
		tr '\n' '\0' <l$n | xargs -0 cat --
		rm -f -- x???? t$n l$n
		n=$((n + 1))
	done | head -c "$size" >"$3"
}
# overlay2 ROOT ID...
overlay2() {
	from=$1/image/overlay2 layers=$1/overlay2
	shift
	[ -r "$from/layerdb/sha256" ] || no "$from cannot be read"
	engine inspect --type image --format '{{.Id}}{{range .RootFS.Layers}} {{.}}{{end}}' -- "$@" >images 2>&1 ||
		no "$(cat images)"
	rows=
	while read -r id diffs; do
		name=blobs/sha256/${id#sha256:}
		cat <"$from/imagedb/content/sha256/${id#sha256:}" >"lean/$name" 2>/dev/null
		has_digest "lean/$name" "${id#sha256:}" || no "the store has no image ${id#sha256:}"
		chain='' paths='' sources=''
		for diff in $diffs; do
			hex=${diff#sha256:}
			sum=$hex
			[ -z "$chain" ] || sum=$(printf 'sha256:%s %s' "$chain" "$diff" | sha256sum)
			chain=${sum%% *}
			overlay2_layer
			paths="$paths,\"blobs/sha256/$hex\""
			sources="$sources,\"$diff\":{\"size\":$size}"
		done
		rows="$rows,{\"Config\":\"$name\",\"Layers\":[${paths#,}],\"LayerSources\":{${sources#,}}}"
	done <images
	printf '[%s]' "${rows#,}" >lean/manifest.json
}
# Of $diff, whose chain is $chain: sets $size, and has it in lean/ if it is wanted; once.
overlay2_layer() {
	out=lean/blobs/sha256/$hex
	if [ -e "sizes/$hex" ]; then
		read -r size <"sizes/$hex"
		return
	fi
	at=$from/layerdb/sha256/$chain
	[ -r "$at/tar-split.json.gz" ] || no "the store has no layer $hex"
	if omitted "$diff"; then
		size=$(read_split "$at") || no "$size"
	else
		cache=$(cat "$at/cache-id")
		unsplit "$at" "$layers/$cache/diff" "$out"
		has_digest "$out" "$hex" || no "what the store has of layer $hex is not that layer"
	fi
	echo "$size" >"sizes/$hex"
}
# digests: those that standard input names, a line each.
digests() { grep -o '"digest":"sha256:[0-9a-f]\{64\}"' | sed 's/^"digest":"//; s/"$//'; }
# one_line FILE: JSON without blanks. Nothing that is looked for in it has any.
one_line() { tr -d ' \t\r\n' <"$1"; }
# blob DIGEST: takes a blob along, once; it fails if it is not there.
blob() {
	hex=${1#sha256:}
	[ -n "$hex" ] && [ -f "$blobs/$hex" ] || return
	[ ! -e "lean/blobs/sha256/$hex" ] || return 0
	has_digest "$blobs/$hex" "$hex" || no "what the store has as $hex is something else"
	ln -s "$blobs/$hex" "lean/blobs/sha256/$hex"
}
# containerd ROOT ID...
containerd() {
	for blobs in "$1/containerd/daemon" /var/lib/containerd ''; do
		[ -n "$blobs" ] || no "the store of containerd is not there, or cannot be read"
		blobs=$blobs/io.containerd.content.v1.content/blobs/sha256
		[ ! -e "$blobs/${2#sha256:}" ] || break
	done
	shift
	rows=
	for id; do
		blob "$id" || no "the store has no image ${id#sha256:}"
		type=$(described "$id")
		rows="$rows,{\"mediaType\":\"$type\",\"digest\":\"$id\"}"
		case $type in
		*index* | *list*)
			for manifest in $(one_line "$blobs/${id#sha256:}" | digests); do
				[ ! -e "$blobs/${manifest#sha256:}" ] || manifest_of "$manifest"
			done ;;
		*) manifest_of "$id" ;;
		esac
	done
	printf '{"manifests":[%s]}' "${rows#,}" >lean/index.json
}
# described DIGEST: the media type of an index or a manifest. OCI's need not say theirs, Docker's have to.
described() {
	text=$(one_line "$blobs/${1#sha256:}")
	docker=application/vnd.docker.distribution.manifest oci=application/vnd.oci.image
	case $text in
	*"\"$docker.list.v2+json\""*) echo $docker.list.v2+json ;;
	*'"manifests":['*) echo $oci.index.v1+json ;;
	*"\"$docker.v2+json\""*) echo $docker.v2+json ;;
	*) echo $oci.manifest.v1+json ;;
	esac
}
# manifest_of DIGEST: what it names, of its layers those that are wanted.
manifest_of() {
	text=$(one_line "$blobs/${1#sha256:}")
	config=$(printf %s "$text" | sed -n 's/.*"config":{\([^}]*\)}.*/\1/p' | digests)
	blob "$1" && blob "$config" || no "the store has no configuration of ${1#sha256:}"
	diffs=$(one_line "$blobs/${config#sha256:}" | sed -n 's/.*"diff_ids":\[\([^]]*\)\].*/\1/p' | tr '",' '  ')
	# shellcheck disable=SC2046  # words are wanted
	set -- $(printf %s "$text" | sed -n 's/.*"layers":\[\([^]]*\)\].*/\1/p' | digests)
	for diff in $diffs; do
		[ $# != 0 ] && { omitted "$diff" || blob "$1"; } || no "the store has no layer $diff"
		shift
	done
	[ $# = 0 ] || no "what the store says of an image is not understood"
}
