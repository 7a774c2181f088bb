/*
 * Copies of trees and databases, in two passes, so that what writes stands still only for the
 * second one.
 *
 * What changed between the passes is told by ctime, which nobody can set: every write, rename, link
 * and change of an attribute moves it, for all names of a file alike. The bulk pass leaves beside
 * the copy (in COPY.bulk) what it saw before it began:
 *
 *     since   a file whose time is a little before everything that it may have missed
 *     ids     "TYPE INODE CTIME/./PATH" of all there is, NUL-terminated, sorted
 *
 * A page that a process has mapped and dirtied can be written to again without any trace, until it
 * is written back. So the file system is synced after the moment in `since`: what was dirty then is
 * clean, and its next write is seen. Where that is not so (memory, the network), there is no bulk.
 *
 * The final pass does not believe that this was enough: it compares all that find shows of both
 * sides, and brings what differs, until nothing does. So a bulk pass that was cut short anywhere is
 * only a slow one.
 */
#include "transports/host/shell.h"

#include <string.h>

/*
 * $1 "d" or "f", $2 from, $3 to, $4 "bulk" or "final". Says "REFLINK BYTES APPARENT INODES".
 *
 * source, copied: write the lists of either side. A name comes last in each line, after the first
 *   slash; "./" is the tree itself. The size of a directory is its file system's own affair, and
 *   sockets are left out.
 * probe: a reflink for real, from the first file that is large enough to have a block of its own.
 * bring LIST: these paths, without what is in them. ACLs are tar's to set, so that a default ACL of
 *   a directory gives none to a file that has none.
 */
static const char copy_lists[] =
    "kind=$1 from=$2 to=$3 pass=$4\n"
    "work=$to.bulk\n"
    "need find awk tar sort comm cut xargs cp\n"
    "there \"$from\" || die 44 \"$from\"\n"
    "[ -d \"${to%/*}/\" ] || die 44 \"${to%/*}\"\n"
    "TMPDIR=$work; export TMPDIR\n"
    "source() {\n"
    "	rm -f -- \"$work\"/s.ids \"$work\"/s.all \"$work\"/s.types || exit\n"
    "	find \"$from\" -xdev ! -type s \\\n"
    "		\\( -cnewer \"$1\" -fprintf \"$work/s.ids\" + -o -true \\) \\\n"
    "		-fprintf \"$work/s.ids\" '%y%i %C@/./%P\\0' -fprintf \"$work/s.types\" "
    "'%y/./%P\\0' \\\n"
    "		\\( -type d -fprintf \"$work/s.all\" '%y %m %U %G %T@ -/./%P\\0' -o \\\n"
    "		-fprintf \"$work/s.all\" '%y %m %U %G %T@ %s/./%P\\0' \\) || exit\n"
    "	sort -z -o \"$work/s.ids\" -- \"$work/s.ids\" &&\n"
    "		sort -z -o \"$work/s.all\" -- \"$work/s.all\" &&\n"
    "		sort -z -o \"$work/s.types\" -- \"$work/s.types\" || exit\n"
    "}\n"
    "copied() {\n"
    "	find \"$to\" -fprintf \"$work/c.types\" '%y/./%P\\0' \\\n"
    "		-fprintf \"$work/c.sums\" '%y %n %i %b %s\\n' \\\n"
    "		\\( -type d -fprintf \"$work/c.all\" '%y %m %U %G %T@ -/./%P\\0' -o \\\n"
    "		-fprintf \"$work/c.all\" '%y %m %U %G %T@ %s/./%P\\0' \\) || exit\n"
    "	sort -z -o \"$work/c.all\" -- \"$work/c.all\" &&\n"
    "		sort -z -o \"$work/c.types\" -- \"$work/c.types\" || exit\n"
    "}\n"
    "probe() {\n"
    "	reflink=0\n"
    "	find \"$from\" -xdev -type f -size +16 \\( -exec cp --reflink=always -- {} \"$work/probe\" "
    "\\; \\\n"
    "		-o -true \\) -quit 2>/dev/null\n"
    "	[ -s \"$work/probe\" ] && reflink=1\n"
    "	rm -f -- \"$work/probe\"\n"
    "}\n"
    "fresh() {\n"
    "	rm -rf --one-file-system -- \"$to\" \"$work\" && mkdir -m 700 -- \"$work\" || exit\n"
    "}\n"
    "bring() {\n"
    "	set -- \"$1\" $({ {\n"
    "		tar -c -f - -C \"$from\" -P --format=posix --numeric-owner --xattrs \\\n"
    "			--xattrs-include='*' --acls --sparse --no-recursion --null --no-unquote "
    "\\\n"
    "			-T \"$1\"\n"
    "		echo $? >&3\n"
    "	} | tar -x -f - -C \"$to\" -p -P --same-owner --numeric-owner --xattrs \\\n"
    "		--xattrs-include='*' --acls --delay-directory-restore --warning=no-timestamp >&2\n"
    "	echo $? >&3; } 3>&1)\n"
    "	[ \"$2$3\" = 00 ] || exit 1\n"
    "}\n";

/* settle LIST: makes the copy what the source is; the list is brought whatever it looks like. */
static const char copy_text[] =
    "settle() {\n"
    "	rounds=0\n"
    "	while :; do\n"
    "		copied\n"
    "		comm -z -13 -- \"$work/s.types\" \"$work/c.types\" | cut -z -d/ -f2- "
    ">\"$work/gone\" &&\n"
    "			comm -z -23 -- \"$work/s.all\" \"$work/c.all\" | cut -z -d/ -f2- |\n"
    "			sort -z -u -- - \"$1\" >\"$work/differ\" || exit\n"
    "		[ -s \"$work/gone\" ] || [ -s \"$work/differ\" ] || return 0\n"
    "		rounds=$((rounds + 1))\n"
    "		[ $rounds -le 4 ] ||\n"
    "			die 1 \"the copy does not become what the source is: $(tr '\\0\\n' '\\n ' "
    "\\\n"
    "				<\"$work/differ\" | head -n 1)\"\n"
    "		(cd \"$to\" && xargs -0 -r rm -rf --one-file-system -- <\"$work/gone\") || exit\n"
    "		bring \"$work/differ\"\n"
    "		set -- /dev/null\n"
    "	done\n"
    "}\n"
    /* tar sets attributes of a directory that is there, and takes none away. */
    "attributes() {\n"
    "	tar -c -f - -C \"$1\" -P --format=posix --xattrs --xattrs-include='*' --no-recursion "
    "--null \\\n"
    "		--no-unquote -T \"$work/dirs\" |\n"
    "		tar -tvv -f - -P --xattrs --xattrs-include='*' --quoting-style=c |\n"
    "		awk '/^  x: /{ print name, $0; next } { name = substr($0, index($0, \"\\\"\")) }' "
    "|\n"
    "		sort | sha256sum\n"
    "}\n"
    "stripped() {\n"
    "	sort -z -- \"$work/changed\" >\"$work/names\" &&\n"
    "		tr '\\n\\0' '\\0\\n' <\"$work/s.types\" | sed -n 's|^d/||p' | tr '\\n\\0' '\\0\\n' "
    "|\n"
    "		sort -z | comm -z -12 -- - \"$work/names\" >\"$work/dirs\" || exit\n"
    "	[ -s \"$work/dirs\" ] && [ \"$(attributes \"$from\")\" != \"$(attributes \"$to\")\" ]\n"
    "}\n"
    "database() {\n"
    "	[ -f \"$from\" ] && ! [ -L \"$from\" ] || die 1 \"$from is no plain file\"\n"
    "	[ \"$pass\" = final ] || { echo 0 0 0 0; exit 0; }\n"
    "	rm -rf --one-file-system -- \"$to\" && mkdir -m 700 -- \"$to\" || exit\n"
    "	reflink=1\n"
    "	for s in '' -wal -journal; do\n"
    "		there \"$from$s\" || continue\n"
    "		[ -f \"$from$s\" ] && ! [ -L \"$from$s\" ] || die 1 \"$from$s is no plain file\"\n"
    "		cp -aT --preserve=xattr --reflink=always -- \"$from$s\" \"$to/db$s\" 2>/dev/null "
    "&& continue\n"
    "		reflink=0\n"
    "		cp -aT --preserve=xattr --remove-destination -- \"$from$s\" \"$to/db$s\" || exit\n"
    "	done\n"
    /* The same bytes in an archive as long as the database is the same. */
    "	touch -r \"$to/db\" -- \"$to\" || exit\n"
    "	echo \"$reflink $(find \"$to\" -printf '%y %n %i %b %s\\n' | tally)\"\n"
    "}\n"
    "bulk() {\n"
    "	fresh\n"
    "	probe\n"
    "	case $reflink$(stat -f -c %T -- \"$from\") in\n"
    "	0ext* | 0xfs | 0btrfs | 0f2fs | 0bcachefs | 0overlayfs) ;;\n"
    "	*) rm -rf -- \"$work\"; echo $reflink 0 0 0; exit 0 ;;\n"
    "	esac\n"
    "	touch -d \"@$(($(date +%s) - 3))\" -- \"$work/since\" || exit\n"
    "	sync -f -- \"$from\" 2>/dev/null || sync\n"
    "	find \"$from\" -xdev ! -type s -printf '%y%i %C@/./%P\\0' 2>\"$work/words\" | sort -z "
    ">\"$work/new\"\n"
    "	cp -aTx --preserve=xattr -- \"$from\" \"$to\" 2>>\"$work/words\"\n"
    /* What went away meanwhile is no trouble: the final pass sees it. These would be its, too. */
    "	if grep -e ': No space left on device$' -e ': Disk quota exceeded$' \\\n"
    "		-e ': Permission denied$' -e ': Operation not permitted$' -e ': Input/output "
    "error$' \\\n"
    "		-e ': Read-only file system$' -e ': Operation not supported$' -e ': File too "
    "large$' \\\n"
    "		-e 'without xattr support' \"$work/words\" >&2; then exit 1; fi\n"
    "	[ -d \"$to\" ] || { cat \"$work/words\" >&2; exit 1; }\n"
    "	mv -- \"$work/new\" \"$work/ids\" || exit\n"
    "	echo \"0 $(find \"$to\" -printf '%y %n %i %b %s\\n' | tally)\"\n"
    "}\n"
    "whole() {\n"
    "	fresh\n"
    "	probe\n"
    "	: >\"$work/changed\"\n"
    "	source \"$work/changed\"\n"
    "	cp -aTx --preserve=xattr --reflink=auto -- \"$from\" \"$to\" || exit\n"
    "	settle /dev/null\n"
    "}\n"
    "final() {\n"
    "	reflink=0\n"
    "	if [ -s \"$work/ids\" ] && [ -e \"$work/since\" ] && [ -d \"$to\" ] && ! [ -L \"$to\" ]; "
    "then\n"
    "		source \"$work/since\"\n"
    "		comm -z -23 -- \"$work/s.ids\" \"$work/ids\" | cut -z -d/ -f2- >\"$work/changed\" "
    "|| exit\n"
    "		settle \"$work/changed\"\n"
    "		! stripped || whole\n"
    "	else\n"
    "		whole\n"
    "	fi\n"
    "	sums=$(tally <\"$work/c.sums\") && rm -rf -- \"$work\" || exit\n"
    "	echo \"$reflink $sums\"\n"
    "}\n"
    "[ \"$kind\" = d ] || { database; exit; }\n"
    "[ -d \"$from\" ] && ! [ -L \"$from\" ] || die 1 \"$from is no directory\"\n"
    "case $(mounted \"$from\") in *in) die 1 \"something is mounted in $from\" ;; esac\n"
    "$pass\n";

int rfa_shell_tree_copy(struct rfa_host *host, const struct rfa_job_key *key,
			enum rfa_tree_kind kind, const char *from, const char *to,
			enum rfa_copy_pass pass, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { kind == RFA_TREE_SQLITE ? "f" : "d", from, to,
			       pass == RFA_COPY_BULK ? "bulk" : "final", NULL };
	struct rfa_buf text = RFA_BUF_INIT(65536);
	struct shell_call call = { NULL, args, NULL, 0 };
	int64_t reflink = 0, bytes = 0, apparent = 0, inodes = 0;
	size_t len = strlen(from);
	const char *p;
	int rc = rfa_shell_tree_path(h, from, err);

	if (rc == 0)
		rc = rfa_shell_tree_own(h, to, err);
	if (rc == 0 && strncmp(from, to, len) == 0 && to[len] == '/')
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "a copy of a tree into itself");
	(void)rfa_buf_puts(&text, copy_lists);
	(void)rfa_buf_puts(&text, copy_text);
	if (rc == 0)
		rc = rfa_buf_check(&text, err);
	call.text = rfa_buf_str(&text);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "copying data", &answer, err);
	p = rfa_buf_str(&answer.out);
	if (rc == 0 &&
	    (rfa_shell_number(&p, &reflink) || rfa_shell_number(&p, &bytes) ||
	     rfa_shell_number(&p, &apparent) || rfa_shell_number(&p, &inodes) || *p || reflink > 1))
		rc = rfa_shell_host_nonsense(h, "what was copied", err);
	if (rc == 0) {
		*out = json_pack("{s:b, s:I, s:I}", "reflink", (int)reflink, "bytes",
				 (json_int_t)bytes, "inodes", (json_int_t)inodes);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_buf_release(&text);
	rfa_shell_answer_release(&answer);
	return rc;
}
