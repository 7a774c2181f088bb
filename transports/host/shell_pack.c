/*
 * Copies as archives: the same tar every time for the same copy, and back.
 *
 * Extended attributes are taken as they are, ACLs among them: tar's own text of an ACL names users,
 * who are others on another host. Sparse files are in the oldest of the three forms, since the
 * others have a process id in them.
 */
#include "transports/host/shell.h"

#include <string.h>

/* $1 the copy, $2 the archive. Says "BYTES SHA-256". */
static const char pack_text[] =
    "spool=${2%/*} name=${2##*/}\n"
    "need tar tee sha256sum\n"
    "own find \"$1\" && [ -d tree ] && ! [ -L tree ] || die 44 \"$1\"\n"
    "mkdir -p -- \"$spool\" || exit 48\n"
    "! [ -d \"$spool/$name\" ] || die 1 \"$name is an archive of images\"\n"
    "new=$spool/.new.$name\n"
    "trap 'rm -f -- \"$new\"' EXIT\n"
    /* How much of a file is allocated is certain only then. */
    "sync -f -- tree 2>/dev/null || sync\n"
    "set -- $({ { {\n"
    "	tar -c -f - -C tree --sort=name --format=posix --numeric-owner --sparse \\\n"
    "		--sparse-version=0.0 --xattrs --xattrs-include='*' \\\n"
    "		--pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' .\n"
    "	echo tar $? >&3\n"
    "} | {\n"
    "	tee -- \"$new\"\n"
    "	echo tee $? >&3\n"
    "}; } | sha256sum >&3; } 3>&1)\n"
    "well=\n"
    "while [ $# -ge 2 ]; do\n"
    "	case $1 in\n"
    "	tar | tee) [ \"$2\" != 0 ] || well=$well$1 ;;\n"
    "	*) sum=$1 ;;\n"
    "	esac\n"
    "	shift 2\n"
    "done\n"
    "[ ${#well} = 6 ] || exit 1\n"
    "sync -- \"$new\" 2>/dev/null || sync\n"
    "mv -fT -- \"$new\" \"$spool/$name\" || exit\n"
    "onto_disk \"$spool\"\n"
    "echo \"$(stat -c %s -- \"$spool/$name\") $sum\"\n";

/*
 * $1 the archive, $2 the copy. What tar says of the archive is read first: only headers, it seeks
 * over the rest. Each name is quoted as in C, so it has no quotation mark or line of its own. Every
 * member lies in a directory that came before it and that nothing replaces, so no symlink can lead
 * out; a hard link's other name is held to the same. The end mark must be there: an archive that is
 * cut between two members is whole to tar.
 */
static const char unpack_text[] =
    "archive=$1\n"
    "need tar awk\n"
    "[ -f \"$archive\" ] || die 44 \"${archive##*/}\"\n"
    "words=$PWD/words.$$ list=$PWD/list.$$\n"
    "own make \"$2\"\n"
    "trap 'rm -f -- \"$words\" \"$list\"; rm -rf --one-file-system -- part; leave \"$dir\"' "
    "EXIT\n"
    "rm -rf --one-file-system -- tree part || exit\n"
    "tar -tvR --numeric-owner --quoting-style=c -f \"$archive\" >\"$list\" 2>\"$words\" ||\n"
    "	die 50 \"not an archive of data: $(head -n 1 \"$words\")\"\n"
    "wrong=$(awk '\n"
    "function bad(why) { print why; failed = 1; exit }\n"
    "function parent(name) {\n"
    "	sub(/\\/$/, \"\", name)\n"
    "	sub(/[^\\/]*$/, \"\", name)\n"
    "	return name\n"
    "}\n"
    "function inside(name) {\n"
    "	return name ~ /^\\.\\// && name !~ /\\/\\.\\.(\\/|$)/ && parent(name) in dirs\n"
    "}\n"
    "/^block [0-9]+: \\*\\* Block of NULs \\*\\*$/ { ended = 1; next }\n"
    "ended { bad(\"something comes after its end\") }\n"
    "$1 != \"block\" { bad(\"a line of another kind\") }\n"
    "{\n"
    "	type = substr($3, 1, 1)\n"
    "	if (!index(\"-dlhbcp\", type)) bad(\"a member of type \" type)\n"
    "	at = index($0, \"\\\"\")\n"
    "	rest = substr($0, at + 1)\n"
    "	if (!at || !match(rest, /^([^\"\\\\]|\\\\.)*\"/)) bad(\"a member without a name\")\n"
    "	name = substr(rest, 1, RLENGTH - 1)\n"
    "	rest = substr(rest, RLENGTH + 1)\n"
    "	if (name == \"./\" && type == \"d\" && NR == 1) { dirs[name] = 1; next }\n"
    "	if (!inside(name)) bad(\"a member outside of it: \" name)\n"
    "	if (type == \"d\") {\n"
    "		if (substr(name, 1, length(name) - 1) in links)\n"
    "			bad(\"a directory that replaces a link: \" name)\n"
    "		dirs[name] = 1\n"
    "		next\n"
    "	}\n"
    "	if (type == \"l\") links[name] = 1\n"
    "	if ((name \"/\") in dirs) bad(\"a member that replaces a directory: \" name)\n"
    "	if (type == \"h\") {\n"
    "		if (!match(rest, /^ link to \"/)) bad(\"a link to nothing: \" name)\n"
    "		other = substr(rest, RLENGTH + 1)\n"
    "		sub(/\"$/, \"\", other)\n"
    "		if (!inside(other)) bad(\"a link to what is outside of it: \" name)\n"
    "	}\n"
    "}\n"
    "END {\n"
    "	if (failed) exit\n"
    "	if (!(\"./\" in dirs)) print \"it is empty\"\n"
    "	else if (!ended) print \"its end is missing\"\n"
    "}' \"$list\") || exit\n"
    "[ -z \"$wrong\" ] || die 50 \"not an archive of data: $wrong\"\n"
    "mkdir -m 700 -- part || exit\n"
    "tar -x -f \"$archive\" -C part -p --same-owner --numeric-owner --xattrs \\\n"
    "	--xattrs-include='*' --delay-directory-restore --warning=no-timestamp 2>\"$words\"\n"
    "status=$?\n"
    "if [ $status != 0 ] || [ -s \"$words\" ]; then\n"
    "	if grep -e ': Operation not permitted$' -e ': Permission denied$' \\\n"
    "		-e ': Input/output error$' -e ': Read-only file system$' \\\n"
    "		-e ': Operation not supported$' -e 'No space left on device' \\\n"
    "		-e 'Disk quota exceeded' \"$words\" >&2; then exit 1; fi\n"
    "	! grep -q 'Wrote only' \"$words\" || die 1 'No space left on device'\n"
    "	die 50 \"not an archive of data: $(head -n 1 \"$words\")\"\n"
    "fi\n"
    "sync -f -- part 2>/dev/null || sync\n"
    "mv -T -- part tree || exit\n"
    "onto_disk . ..\n";

int rfa_shell_tree_pack(struct rfa_host *host, const struct rfa_job_key *key, const char *copy,
			const char *archive, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	const char *args[] = { copy, NULL, NULL };
	struct shell_call call = { pack_text, args, NULL, 0 };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &path, key->run, archive, err);
	args[1] = rfa_buf_str(&path);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "packing data", &answer, err);
	if (rc == 0)
		rc = rfa_shell_tree_archive(h, archive, rfa_buf_str(&answer.out), out, err);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_tree_unpack(struct rfa_host *host, const struct rfa_job_key *key, const char *archive,
			  const char *to, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	const char *args[] = { NULL, to, NULL };
	struct shell_call call = { unpack_text, args, NULL, 0 };
	int rc = rfa_shell_tree_own(h, to, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &path, key->run, archive, err);
	args[0] = rfa_buf_str(&path);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "unpacking data", &answer, err);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}
