#!/usr/bin/env bash
# Backups come out again: archives, dumps and single files, from a vault on this machine that was made
# here by the description of its format (transports/host/host_vault.h), not by rfa.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP/home
mkdir -p "$HOME"
cat >rfa.json <<JSON
{"version":1,"environments":{"prod":{"destination":"ssh://nobody@127.0.0.1:1"}},
 "stacks":{"shop":{"containers":["web"],
  "data":{"members":{"auth":{"sqlite":"/opt/auth.db"},"files":{"volume":"shop_files"}}},
  "backup":{"where":"operator"}}},
 "timeouts":{"attempts":1,"connect_s":2}}
JSON
"$RFA" init >/dev/null 2>&1
vault=$TMP/backups/shop

backup() { # ID MEMBER:KIND:ARCHIVE...: a whole backup, of chunks of 700 bytes
	python3 - "$vault" "$@" <<'PY'
import hashlib, json, os, sys
vault, name, members = sys.argv[1], sys.argv[2], sys.argv[3:]
folder, manifest = os.path.join(vault, name), []
for member, kind, path in (m.split(":") for m in members):
    data, lines = open(path, "rb").read(), []
    for at in range(0, len(data), 700):
        part = data[at:at + 700]
        digest = hashlib.sha256(part).hexdigest()
        os.makedirs(os.path.join(folder, "chunks", digest[:2]), exist_ok=True)
        open(os.path.join(folder, "chunks", digest[:2], digest), "wb").write(part)
        lines.append("%s %d\n" % (digest, len(part)))
    open(os.path.join(folder, member + ".chunks"), "w").write("".join(lines))
    manifest.append({"name": member, "kind": kind, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
text = json.dumps({"backup": name, "stack": "shop", "members": manifest})
for file in ("manifest.json", "replication_manifest.json"):
    open(os.path.join(folder, file), "w").write(text)
PY
}
pack() { # DIRECTORY ARCHIVE: as rfa packs a copy (transports/host/scripts/tree_pack.sh)
	tar -c -f "$2" -C "$1" --sort=name --format=posix --numeric-owner --sparse --sparse-version=0.0 \
		--xattrs --xattrs-include='*' --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' .
}
long=$(printf 'a-long-name-%.0s' $(seq 15))
mkdir -p tree/img "tree/$long/$long" db lite lite2 one
echo logo >tree/img/logo.png
ln tree/img/logo.png tree/img/zz-same.png
ln -s logo.png tree/img/link.png
echo far >"tree/$long/$long/far"
echo umlaut >"tree/zwölf \"it's\" ; \$(x)"
: >tree/nothing
python3 -c '
f = open("tree/sparse", "wb")
for at in (0, 1 << 20, 3 << 20):
    f.seek(at); f.write(b"here %d" % at)
f.truncate((5 << 20) + 17)'
head -c 200000 /dev/urandom >tree/large
echo PGDMP-and-more >db/dump
echo 'SQLite format 3' >lite/db
cp lite/db lite2/db && echo log >lite2/db-wal
echo '{"base_url":"x"}' >one/db
for name in tree db lite lite2 one; do pack $name $name.tar; done
tar -c -f gnu.tar -C tree --format=gnu --sort=name img "$long"
# A size that only the extended header has, as that of a file of 8 GiB and more.
python3 - <<'PY'
import tarfile
def block(name, kind, size):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.USTAR_FORMAT)
extra = b"10 size=6\n"
open("big.tar", "wb").write(block("x", b"x", len(extra)) + extra.ljust(512, b"\0") +
                            block("big", b"0", 0) + b"large\n".ljust(512, b"\0") + b"\0" * 1024)
PY
new=$(id_ago '3 hours')-prod-data old=$(id_ago '2 days')-prod-data images=$(id_ago '1 hour')-prod-images
backup "$new" auth:sqlite:lite.tar files:volume:tree.tar pg:postgres:db.tar my:mysql:db.tar file.conf:file:one.tar \
	gnu:volume:gnu.tar big:volume:big.tar
backup "$old" auth:sqlite:lite2.tar files:directory:one.tar
backup "$images" images:images:tree.tar
get() { "$RFA" backup get shop --env prod "$@"; }
same() { cmp "$1" "$2"; }

# ---- whole members

ok "a volume is a tar archive" exits 0 get --member files
ok "as it is in the backup" same "$new-files.tar" tree.tar
ok "tar unpacks it" sh -c "mkdir back && tar -xf $new-files.tar -C back && diff -r --no-dereference back tree"
ok "only its owner can read it" is "$(stat -c %a "$new-files.tar")" 600
ok "1: it is not replaced" exits 1 get --member files
ok "a dump of PostgreSQL" exits 0 get --member pg
ok "is what pg_restore reads" same "$new-pg.dump" db/dump
ok "one of MySQL is SQL" sh -c "'$RFA' backup get shop --env prod --member my && cmp $new-my.sql db/dump"
ok "a database of SQLite" sh -c "'$RFA' backup get shop --env prod --member auth && cmp $new-auth.db lite/db"
ok "a single file" sh -c "'$RFA' backup get shop --env prod --member file.conf --out conf && cmp conf one/db"
ok "images are an archive" sh -c "'$RFA' backup get shop --env prod --member images && cmp $images-images.tar tree.tar"
ok "--tar: the archive of a database" sh -c "'$RFA' backup get shop --env prod --member pg --tar --out pg.tar && cmp pg.tar db.tar"
ok "another backup" sh -c "'$RFA' backup get shop --env prod --member files --backup $old --out old.tar && cmp old.tar one.tar"
ok "4: a log beside a database is not left behind" exits 4 get --member auth --backup "$old"
ok "it says what to do" says "--tar gets all of it" get --member auth --backup "$old"
ok "no file is left" is "$(find . -maxdepth 1 -name "$old*" | wc -l)" 0
ok "to standard output" sh -c "'$RFA' backup get shop --env prod --member files --out - 2>/dev/null | cmp - tree.tar"

# ---- one file

one() { get --member files --out - -q --file "$@"; }
ok "--file" is "$(one img/logo.png)" logo
ok "it is called as in the archive" sh -c "'$RFA' backup get shop --env prod --member files --file img/logo.png && cmp logo.png tree/img/logo.png"
ok "with a slash or a dot in front" is "$(one /img/logo.png)$(one ./img/logo.png)" logologo
ok "a second name of it" is "$(one img/zz-same.png)" logo
ok "a long name" is "$(one "$long/$long/far")" far
ok "an odd name" is "$(one "zwölf \"it's\" ; \$(x)")" umlaut
ok "an empty one" is "$(one nothing | wc -c)" 0
ok "one with holes" sh -c "'$RFA' backup get shop --env prod --member files --file sparse && cmp sparse tree/sparse"
ok "a large one" sh -c "'$RFA' backup get shop --env prod --member files --file large --out large2 && cmp large2 tree/large"
ok "a long name in GNU's form" is "$(get --member gnu --out - -q --file "$long/$long/far")" far
ok "a size in the extended header" is "$(get --member big --out - -q --file big)" large
ok "9: it is not there" exits 9 one img/logo.gif
ok "it says how to see all" says "| tar -t" one img/logo.gif
ok "9: a directory is no file" exits 9 one img
ok "9: a link is no file" exits 9 one img/link.png
ok "64: a file and all of them" exits 64 get --member files --file x --tar
ok "9: no such member" exits 9 get --member fils
ok "it says which there are" says "it holds: auth, files, pg, my, file.conf, gnu, big" get --member fils
ok "64: which member?" exits 64 get
ok "9: no such backup" exits 9 get --member files --backup 20200101-000000-prod-data
ok "1: no such folder" exits 1 get --member files --out none/x

# ---- what is not whole

left() { find . -maxdepth 1 -name 'bad*' | wc -l; }
chunk=$(find "$vault/$new/chunks" -type f -size 700c | sort | head -n 1)
flip() { printf 'X' | dd of="$1" conv=notrunc bs=1 seek=99 status=none; }
cp "$chunk" kept
python3 - "$chunk" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[99] ^= 1
open(sys.argv[1], "wb").write(data)
PY
hit=0
for member in files auth pg my file.conf gnu big; do get --member $member --out bad >/dev/null 2>err || { hit=1; grep -q "${chunk##*/}" err && hit=2; break; }; rm -f bad; done
ok "a flipped byte is found, and its chunk named" is $hit 2
ok "nothing has its name" is "$(left)" 0
cp kept "$chunk"
ok "then it comes" exits 0 get --member files --out bad
rm -f bad
# The sums of the chunks are right, that of the whole is another one.
cp -r "$vault/$new" kept.backup
sed -i 's/"sha256": "[0-9a-f]\{8\}/"sha256": "00000000/g' "$vault/$new/manifest.json" "$vault/$new/replication_manifest.json"
ok "1: another sum" exits 1 get --member files --out bad
ok "nothing has its name, either" is "$(left)" 0
rm -r "${vault:?}/$new" && mv kept.backup "$vault/$new"
# A byte that changes on the way here: dd is what the host writes an archive with.
mkdir bin
cat >bin/dd <<'SH'
#!/bin/sh
case "$*" in *skip_bytes*) exec python3 -c 'import subprocess, sys
data = bytearray(subprocess.run(["/bin/dd"] + sys.argv[1:], stdout=subprocess.PIPE).stdout)
data[-1] ^= 1
sys.stdout.buffer.write(data)' "$@" ;; esac
exec /bin/dd "$@"
SH
chmod +x bin/dd
ok "1: another byte on the way" exits 1 env PATH="$TMP/bin:$PATH" "$RFA" backup get shop --env prod --member files --out bad
ok "it says so" says "what arrived of files is not what the backup has" \
	env PATH="$TMP/bin:$PATH" "$RFA" backup get shop --env prod --member files --out bad
ok "no file has its name then" is "$(left)" 0
cut=$(id_ago '1 minute')-prod-data
head -c 1500 tree.tar >cut.tar
backup "$cut" files:volume:cut.tar
ok "10: an archive that is cut short" exits 10 get --member files --file img/logo.png --backup "$cut" --out bad
head -c 5000 /dev/urandom >cut.tar
rm -r "${vault:?}/$cut" && backup "$cut" files:volume:cut.tar
ok "10: what is no archive" exits 10 get --member files --file img/logo.png --backup "$cut" --out bad
ok "nothing is left of them" is "$(left)" 0
ok "nor in the spool" is "$(find .rfa -path '*runs/*' | grep -c operator)" 0
ok "nothing is kept of it" is "$("$RFA" runs)" "no run yet"

done_testing
