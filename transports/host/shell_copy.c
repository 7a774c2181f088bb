/*
 * Copies of trees and databases, in two passes, so that what writes stands still only for the
 * second one.
 *
 * What changed between the passes is told by ctime, which nobody can set: every write, rename, link
 * and change of an attribute moves it, for all names of a file alike. The bulk pass leaves beside
 * the copy (in `work`) what it saw before it began:
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
 * Everything is done in the directory of the copy, which nobody else can look into: `tree` is the
 * copy, `work` has the lists. The parent of the place is descriptor 7, the tree itself 8: whatever
 * becomes of their names, these stay what they are. Within the tree names are followed again and
 * again, by cp and by lists: so only where no symbolic link is followed (view). Else tar walks
 * through all of it, from directory to directory, and there is no bulk pass.
 *
 * listed s|c DIR: writes the lists of the source or the copy. A name comes last in each line, after
 *   the first slash; "./" is the tree itself. The size of a directory is its file system's own
 *   affair; sockets of the source are left out.
 * attributes DIR NAME: says the ACLs and extended attributes there. tar shows the names and sizes
 *   of these without reading a file, and if there are any:
 * values DIR NAME: says what they are, by getfattr or python3; nothing where the host has neither,
 *   for then ctime alone tells a value that was changed to one of the same length. What the file
 *   system itself makes of an entry (system.*, security.evm) may differ from copy to copy.
 * compared s|c DIR: writes which names are one file, and the attributes.
 * worded: without the values, which are nobody's to read in a message.
 * probe: a reflink for real, from the first file that is large enough to have a block of its own.
 * bring LIST: these paths, without what is in them. ACLs are tar's to set, so that a default ACL of
 *   a directory gives none to a file that has none.
 */
static const char copy_lists[] =
    "kind=$1 from=$2 to=$3 pass=$4 name=${2##*/}\n"
    "need find awk tar sort comm cut xargs cp\n"
    "TMPDIR=work; export TMPDIR\n"
    "listed() {\n"
    "	find \"$2\" -xdev -fprintf work/$1.types '%y/./%P\\0' \\\n"
    "		-fprintf work/$1.sums '%y %n %i %b %s\\n' \\\n"
    "		\\( -type d -fprintf work/$1.all '%y %m %U %G %T@ -/./%P\\0' -o \\\n"
    "		-fprintf work/$1.all '%y %m %U %G %T@ %s/./%P\\0' \\) || exit\n"
    "	sort -z -o work/$1.all -- work/$1.all && sort -z -o work/$1.types -- work/$1.types || "
    "exit\n"
    "}\n"
    "seen() {\n"
    "	find \"$source\" -xdev ! -type s \\\n"
    "		\\( -cnewer \"$1\" -fprintf work/s.ids + -o -true \\) \\\n"
    "		-fprintf work/s.ids '%y%i %C@/./%P\\0' -fprintf work/s.types '%y/./%P\\0' \\\n"
    "		\\( -type d -fprintf work/s.all '%y %m %U %G %T@ -/./%P\\0' -o \\\n"
    "		-fprintf work/s.all '%y %m %U %G %T@ %s/./%P\\0' \\) || exit\n"
    "	sort -z -o work/s.ids -- work/s.ids && sort -z -o work/s.all -- work/s.all &&\n"
    "		sort -z -o work/s.types -- work/s.types || exit\n"
    "}\n"
    "values() {\n"
    "	cd \"$1\" || exit\n"
    "	case $(getfattr --version 2>/dev/null) in\n"
    "	getfattr*)\n"
    "		find \"$2\" -xdev ! -type s -print0 |\n"
    "			xargs -0 getfattr -h -d -m '^(user|trusted|security)[.]' -e hex -- |\n"
    "			awk '/^# file: /{ name = substr($0, 9); next }\n"
    "				NF && !/^security[.]evm=/ { print \"\\\"\" name \"\\\"  x: \" $0 "
    "}' ;;\n"
    "	*)\n"
    "		find \"$2\" -xdev ! -type s -print0 | python3 -I -c 'import os, sys\n"
    "for name in sys.stdin.buffer.read().split(b\"\\0\")[:-1]:\n"
    "	try:\n"
    "		for key in os.listxattr(name, follow_symlinks=False):\n"
    "			if key.startswith((\"user.\", \"trusted.\", \"security.\")) and \\\n"
    "					key != \"security.evm\":\n"
    "				value = os.getxattr(name, key, follow_symlinks=False)\n"
    "				print(\"\\\"%s\\\"  x: %s=%s\" %\n"
    "					(ascii(os.fsdecode(name)), ascii(key), value.hex()))\n"
    "	except OSError:\n"
    "		pass' ;;\n"
    "	esac 2>/dev/null\n"
    "}\n"
    "attributes() {\n"
    "	{\n"
    "		tar -c -f /dev/null -C \"$1\" --one-file-system --format=posix --numeric-owner \\\n"
    "			--xattrs --xattrs-include='*' --acls --quoting-style=c -vvv -- \"$2\" \\\n"
    "			2>/dev/null |\n"
    "			awk '/^  [xa]: /{ print name, $0; if (/^  x/) some = 1; next }\n"
    "				{ name = substr($0, index($0, \"\\\"\")) }\n"
    "				END { exit !some }' && (values \"$1\" \"$2\")\n"
    "	} | sort\n"
    "}\n"
    "worded() { sed 's/\\(\"  x: [^=]*\\)=.*/\\1/'; }\n"
    "compared() {\n"
    "	find \"$2\" -xdev \\( -type f -o -type l \\) -links +1 -printf '%i %P\\0' |\n"
    "		tr '\\n\\0' '\\001\\n' | sort -k 2 | awk '{\n"
    "			name = substr($0, length($1) + 2)\n"
    "			if ($1 in first) print first[$1] \"\\t\" name\n"
    "			else first[$1] = name\n"
    "		}' | sort >work/$1.also\n"
    "	attributes \"$2\" . >>work/$1.also\n"
    "	sort -o work/$1.also -- work/$1.also || exit\n"
    "}\n"
    "probe() {\n"
    "	reflink=0\n"
    "	[ -n \"$strict\" ] || return 0\n"
    "	find \"$source\" -xdev -type f -size +16 \\( -exec cp --reflink=always -- {} work/probe "
    "\\; \\\n"
    "		-o -true \\) -quit 2>/dev/null\n"
    "	[ -s work/probe ] && reflink=1\n"
    "	rm -f -- work/probe\n"
    "}\n"
    "fresh() {\n"
    "	rm -rf --one-file-system -- tree work && mkdir -m 700 -- work || exit\n"
    "}\n"
    "bring() {\n"
    "	[ -n \"$strict\" ] && set -- --no-recursion --null --no-unquote -T \"$1\" ||\n"
    "		set -- --one-file-system .\n"
    "	set -- $({ {\n"
    "		tar -c -f - -C \"$source\" --format=posix --numeric-owner --xattrs \\\n"
    "			--xattrs-include='*' --acls --sparse \"$@\"\n"
    "		echo $? >&3\n"
    "	} | tar -x -f - -C tree -p -P --same-owner --numeric-owner --xattrs \\\n"
    "		--xattrs-include='*' --acls --delay-directory-restore --warning=no-timestamp >&2\n"
    "	echo $? >&3; } 3>&1)\n"
    "	[ \"$1$2\" = 00 ] || exit 1\n"
    "}\n";

/*
 * settle LIST: makes the copy what the source is; the list is brought whatever it looks like. 1: it
 *   cannot, and $why. tar sets attributes of a directory that is there, and takes none away; so it
 *   may be that only a copy from the beginning can.
 */
static const char copy_text[] =
    "settle() {\n"
    "	rounds=0\n"
    "	while :; do\n"
    "		listed c tree\n"
    "		comm -z -13 -- work/s.types work/c.types | cut -z -d/ -f2- >work/gone &&\n"
    "			comm -z -23 -- work/s.all work/c.all | cut -z -d/ -f2- |\n"
    "			sort -z -u -- - \"$1\" >work/differ || exit\n"
    "		[ -s work/gone ] || [ -s work/differ ] || break\n"
    "		why=$(tr '\\0\\n' '\\n ' <work/differ | head -n 1)\n"
    "		rounds=$((rounds + 1))\n"
    "		[ $rounds -le 4 ] || return 1\n"
    "		(cd tree && xargs -0 -r rm -rf --one-file-system -- <../work/gone) || exit\n"
    "		bring work/differ\n"
    "		set -- /dev/null\n"
    "	done\n"
    "	compared s \"$source\"\n"
    "	compared c tree\n"
    "	why=$(comm -3 -- work/s.also work/c.also | tr '\\t' ' ' | head -n 1 | worded)\n"
    "	[ -z \"$why\" ]\n"
    "}\n"
    "database() {\n"
    "	{ [ -f \"./$name\" ] && ! [ -L \"./$name\" ]; } || die 1 \"$from is no plain file\"\n"
    "	[ \"$pass\" = final ] || { echo 0 0 0 0; exit 0; }\n"
    "	beside\n"
    "	rm -rf --one-file-system -- tree && mkdir -m 700 -- tree || exit\n"
    "	reflink=1\n"
    "	for s in '' -wal -journal; do\n"
    "		there \"/proc/self/fd/7/$name$s\" || continue\n"
    "		if ! cp -aT --preserve=xattr --reflink=always -- \"/proc/self/fd/7/$name$s\" \\\n"
    "			\"tree/db$s\" 2>/dev/null; then\n"
    "			reflink=0\n"
    "			rm -rf -- \"tree/db$s\"\n"
    "			cp -aT --preserve=xattr -- \"/proc/self/fd/7/$name$s\" \"tree/db$s\" || "
    "exit\n"
    "		fi\n"
    "		{ [ -f \"tree/db$s\" ] && ! [ -L \"tree/db$s\" ]; } ||\n"
    "			{ rm -rf --one-file-system -- tree; die 1 \"$from$s is no plain file\"; }\n"
    "		is=$(attributes tree \"./db$s\" | sed 's/.*\"  *\\([ax]: \\)/\\1/')\n"
    "		was=$(attributes /proc/self/fd/7 \"./$name$s\" | sed 's/.*\"  *\\([ax]: "
    "\\)/\\1/')\n"
    "		[ \"$is\" = \"$was\" ] || die 1 \"the copy of $from$s has other attributes:\" \\\n"
    "			\"$(printf '%s\\n' \"$is\" | worded)\"\n"
    "	done\n"
    "	[ -f tree/db ] || die 44 \"$from\"\n"
    /* The same bytes in an archive as long as the database is the same. */
    "	touch -r tree/db -- tree || exit\n"
    "	echo \"$reflink $(find tree -printf '%y %n %i %b %s\\n' | tally)\"\n"
    "}\n"
    "bulk() {\n"
    "	fresh\n"
    "	probe\n"
    "	case $strict$reflink$(stat -f -c %T -- \"$source\") in\n"
    "	10ext* | 10xfs | 10btrfs | 10f2fs | 10bcachefs | 10overlayfs) ;;\n"
    "	*) rm -rf -- work; echo $reflink 0 0 0; exit 0 ;;\n"
    "	esac\n"
    "	touch -d \"@$(($(date +%s) - 3))\" -- work/since || exit\n"
    "	sync -f -- \"$source\" 2>/dev/null || sync\n"
    "	find \"$source\" -xdev ! -type s -printf '%y%i %C@/./%P\\0' 2>work/words | sort -z "
    ">work/new\n"
    "	cp -aTx --preserve=xattr -- \"$source\" tree 2>>work/words\n"
    /* What went away meanwhile is no trouble: the final pass sees it. These would be its, too. */
    "	if grep -e ': No space left on device$' -e ': Disk quota exceeded$' \\\n"
    "		-e ': Permission denied$' -e ': Operation not permitted$' -e ': Input/output "
    "error$' \\\n"
    "		-e ': Read-only file system$' -e ': Operation not supported$' -e ': File too "
    "large$' \\\n"
    "		-e 'without xattr support' work/words >&2; then exit 1; fi\n"
    "	[ -d tree ] || { cat work/words >&2; exit 1; }\n"
    "	mv -- work/new work/ids || exit\n"
    "	echo \"0 $(find tree -printf '%y %n %i %b %s\\n' | tally)\"\n"
    "}\n"
    "whole() {\n"
    "	fresh\n"
    "	probe\n"
    "	: >work/changed\n"
    "	seen work/changed\n"
    "	if [ -n \"$strict\" ]; then\n"
    "		cp -aTx --preserve=xattr --reflink=auto -- \"$source\" tree || exit\n"
    "	else\n"
    "		mkdir -m 700 -- tree && bring . || exit\n"
    "	fi\n"
    "	settle /dev/null || die 1 \"the copy does not become what the source is: $why\"\n"
    "}\n"
    "final() {\n"
    "	reflink=0\n"
    "	if [ -n \"$strict\" ] && [ -s work/ids ] && [ -e work/since ] && [ -d tree ] &&\n"
    "		! [ -L tree ]; then\n"
    "		seen work/since\n"
    "		comm -z -23 -- work/s.ids work/ids | cut -z -d/ -f2- >work/changed || exit\n"
    "		settle work/changed || whole\n"
    "	else\n"
    "		whole\n"
    "	fi\n"
    "	sums=$(tally <work/c.sums) && rm -rf -- work || exit\n"
    "	echo \"$reflink $sums\"\n"
    "}\n"
    /* Into the directory of the copy; by the same mount where it can be, since reflinks want that.
     */
    "beside() {\n"
    "	if [ \"${from%/*}\" = \"${to%/*/*}\" ]; then\n"
    "		cd -P /proc/self/fd/7 && stand && lies make \"$to\"\n"
    "	else\n"
    "		own make \"$to\"\n"
    "	fi\n"
    "}\n"
    "hold \"${from%/*}/\" && there \"./$name\" || die 44 \"$from\"\n"
    "[ -z \"$(mounted \"$(place \"$name\")\")\" ] || die 1 \"something is mounted in $from\"\n"
    "view\n"
    "exec 7<. || exit\n"
    "[ \"$kind\" = d ] || { database; exit; }\n"
    "[ -d \"./$name\" ] && ! [ -L \"./$name\" ] || die 1 \"$from is no directory\"\n"
    "step \"$name\"\n"
    "exec 8<. || exit\n"
    "source=/proc/self/fd/8/.\n"
    "beside\n"
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
	(void)rfa_buf_puts(&text, rfa_shell_view);
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
