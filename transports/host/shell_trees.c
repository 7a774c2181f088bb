/*
 * Trees and databases on a host: what is there, who holds it, and what SQLite says of it. Also what
 * all scripts over trees begin with.
 *
 * Names of files never pass through a line: find, sort, comm and tar hand them on NUL-terminated.
 */
#include "transports/host/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Most holders that are told of. */
#define HOLDERS_MAX 20
/* Longest text of SQLite's that is passed on. */
#define SAYS_MAX 4000

/*
 * need TOOL…: these are there, and are GNU's own where that matters.
 * patience: lets a script that only reads be silent for as long as it takes: an empty line now and
 *   then, which no message keeps.
 * mounted PATH: says where something is mounted: "on" it, "in" it, both, or nothing. Bind mounts do
 *   not show in device numbers, only in mountinfo, which writes blanks and backslashes in octal.
 * The path has no symbolic link. place NAME: its path, if the working directory is where it lies.
 * tally [more]: adds up lines "TYPE LINKS INODE BLOCKS SIZE" to "BYTES APPARENT INODES"; with
 *   `more`, then: how many lines "long" there were, files of which not all names were, and FIFOs
 *   and devices with several names. A file with
 *   several names counts once.
 * onto_disk PATH…: what was renamed into these directories stays there.
 */
const char rfa_shell_trees[] =
    "need() {\n"
    "	for tool; do\n"
    "		command -v \"$tool\" >/dev/null || die 51 \"$tool\"\n"
    "		case $tool:$gnu in\n"
    "		tar:*tar* | find:*find*) ;;\n"
    "		tar:* | find:*)\n"
    "			case $($tool --version 2>&1) in\n"
    "			*'GNU findutils'* | *'GNU tar'*) ;;\n"
    "			*) die 51 \"GNU $tool\" ;;\n"
    "			esac ;;\n"
    "		esac\n"
    "	done\n"
    "}\n"
    "patience() {\n"
    "	(while sleep 5 </dev/null >/dev/null 2>&1; do echo >&2; done) &\n"
    "	patient=$!\n"
    "	trap 'kill $patient 2>/dev/null' EXIT\n"
    "}\n"
    "mounted() {\n"
    "	RFA_PATH=$1 awk '\n"
    "	BEGIN {\n"
    "		text = ENVIRON[\"RFA_PATH\"]\n"
    "		n = length(text)\n"
    "		for (i = 1; i <= n; i++) {\n"
    "			c = substr(text, i, 1)\n"
    "			if (c == \"\\\\\") c = \"\\\\134\"\n"
    "			else if (c == \" \") c = \"\\\\040\"\n"
    "			else if (c == \"\\t\") c = \"\\\\011\"\n"
    "			else if (c == \"\\n\") c = \"\\\\012\"\n"
    "			path = path c\n"
    "		}\n"
    "		if (path == \"/\") path = \"\"\n"
    "	}\n"
    "	{ gsub(/\\\\043/, \"#\", $5) }\n"
    "	$5 == path { on = 1 }\n"
    "	index($5, path \"/\") == 1 && $5 != \"/\" { inside = 1 }\n"
    "	END { print (on ? \"on\" : \"\") (inside ? \"in\" : \"\") }' /proc/self/mountinfo\n"
    "}\n"
    "place() {\n"
    "	here=$(pwd -P; echo x)\n"
    "	here=${here%??}\n"
    "	printf '%s' \"${here%/}/$1\"\n"
    "}\n"
    "tally() {\n"
    "	awk -v more=\"$1\" '$1 == \"long\" { long++; next }\n"
    "	$2 > 1 && $1 != \"d\" { type[$3] = $1; names[$3] = $2; if (seen[$3]++) next }\n"
    "	{ n++; bytes += $4 * 512 }\n"
    "	$1 == \"f\" { apparent += $5 }\n"
    "	END {\n"
    "		for (i in seen) {\n"
    "			if (names[i] > seen[i]) apart++\n"
    "			if (type[i] !~ /[fl]/) special++\n"
    "		}\n"
    "		printf \"%.0f %.0f %.0f\", bytes, apparent, n\n"
    "		if (more) printf \" %.0f %.0f %.0f\", long, apart, special\n"
    "		print \"\"\n"
    "	}'\n"
    "}\n"
    "onto_disk() { sync -- \"$@\" 2>/dev/null || sync; }\n";

/* What tally adds up. */
#define TALLY "-printf '%y %n %i %b %s\\n'"

/*
 * $1 the path, $2 what else belongs to it: nothing, or "db". Says "none", or "MODE UID GID DEVICE
 * DEVICE:INODE", 1 if something is mounted there or 0, 1 if it is a file of SQLite's or 0, and the
 * sums of `tally more`; then how many entries have flags of the file system, 0 where no lsattr is.
 * What vanishes while it is counted is no error.
 */
static const char look_text[] =
    "need find awk stat\n"
    "hold \"${1%/*}/\" || { echo none; exit 0; }\n"
    "name=${1##*/}\n"
    "if ! words=$(stat -c '%f %u %g %d %d:%i' -- \"./$name\" 2>&1); then\n"
    "	case $words in *': No such file or directory') echo none; exit 0 ;; esac\n"
    "	die 1 \"$words\"\n"
    "fi\n"
    "patience\n"
    "mount=$(mounted \"$(place \"$name\")\")\n"
    "sqlite=0\n"
    "[ \"$2\" != db ] || ! [ -f \"./$name\" ] || [ -L \"./$name\" ] ||\n"
    "	[ \"$(head -c 15 -- \"./$name\" 2>/dev/null | tr -d '\\000')\" != 'SQLite format 3' ] ||\n"
    "	sqlite=1\n"
    "echo \"$words $((${#mount} > 0)) $sqlite\"\n"
    "set -- \"./$name\" ${2:+\"./$name-wal\" \"./$name-journal\"}\n"
    "exec 3>&1\n"
    "long=????????????????????????????????????????????????????????????????\n"
    "long=$long$long$long$long$long$long\n"
    "long=$long$long$long$long$long$long$long$long$long$long\n"
    "words=$({ find \"$@\" -xdev " TALLY " -path \"$long*\" -printf 'long\\n' 2>&4 | tally more "
    ">&3; } 4>&1 |\n"
    "	grep -v ': No such file or directory$')\n"
    "[ -z \"$words\" ] || die 1 \"$words\"\n"
    /* Extents, inline data, indexed directories and the like are the file system's own affair. */
    "flags=$(lsattr -R -a -- \"$@\" 2>/dev/null |\n"
    "	awk '$1 ~ /^[-A-Za-z]+$/ && length($1) > 9 && $1 ~ /[aAcCdDijsSTtux]/ { n++ }\n"
    "		END { print n + 0 }')\n"
    "echo \"${flags:-0}\"\n";

/*
 * $1 the ids of containers whose processes are not told, then pairs of a kind ("d", "f") and a
 * path. A container's id is a part of its cgroup's path, in v1 and v2 and with each cgroup driver.
 * First all that any process holds, as "H DEVICE:INODE PATH" (a look through /proc sees the same
 * numbers from any mount or process namespace), then what is in the trees, as "T NUMBER
 * DEVICE:INODE": only the first is kept in memory. Says "PID NUMBER COMMAND" a line. To read the
 * link itself needs the same right as to look through it, but no file system of the user's own can
 * refuse it. The first process may be shut to root as well; it holds no data.
 */
static const char holders_text[] =
    "need find awk stat xargs readlink\n"
    "[ -d /proc/1 ] || die 52 'processes of other users are hidden'\n"
    "without=$1\n"
    "shift\n"
    "cd / || exit\n"
    "patience\n"
    "held() {\n"
    "	set +f\n"
    "	printf '%s\\0' /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe \\\n"
    "		/proc/[0-9]*/fd/* /proc/[0-9]*/map_files/* |\n"
    "		xargs -0 stat -L -c 'H %d:%i %n' -- 2>&4\n"
    "	set -f\n"
    "}\n"
    "owned() {\n"
    "	i=0\n"
    "	while [ $# -ge 2 ]; do\n"
    "		if [ \"$1\" = f ]; then\n"
    "			find \"$2\" \"$2-wal\" \"$2-journal\" \"$2-shm\" -maxdepth 0 \\\n"
    "				-printf \"T $i %D:%i\\n\" 2>/dev/null\n"
    "		else\n"
    "			find \"$2\" -xdev -printf \"T $i %D:%i\\n\" 2>/dev/null\n"
    "		fi\n"
    "		i=$((i + 1))\n"
    "		shift 2\n"
    "	done\n"
    "}\n"
    "exec 3>&1\n"
    "words=$({ {\n"
    "	held\n"
    "	owned \"$@\"\n"
    "} | awk -v me=$$ -v parent=$PPID -v without=\"$without\" '\n"
    "	function left_out(pid,    file, line, got, i) {\n"
    "		if (!ids || pid in out) return ids && out[pid]\n"
    "		file = \"/proc/\" pid \"/cgroup\"\n"
    "		out[pid] = 0\n"
    "		while ((got = (getline line <file)) > 0)\n"
    "			for (i = 1; i <= ids; i++)\n"
    "				if (index(line, id[i])) out[pid] = 1\n"
    "		if (got < 0) out[pid] = 1\n"
    "		close(file)\n"
    "		return out[pid]\n"
    "	}\n"
    "	BEGIN { ids = split(without, id, \" \") }\n"
    "	$1 == \"H\" {\n"
    "		split($3, part, \"/\")\n"
    "		pid = part[3]\n"
    "		if (pid == me || pid == parent || ($2, pid) in known) next\n"
    "		known[$2, pid] = 1\n"
    "		pids[$2] = pids[$2] \" \" pid\n"
    "	}\n"
    "	$1 == \"T\" && $3 in pids {\n"
    "		n = split(pids[$3], list, \" \")\n"
    "		for (i = 1; i <= n && told < 20; i++) {\n"
    "			if ((list[i], $2) in said || left_out(list[i])) continue\n"
    "			said[list[i], $2] = 1\n"
    "			told++\n"
    "			print list[i], $2\n"
    "		}\n"
    "	}' | while read -r pid i; do\n"
    "	name=$(tr -d '\\000-\\037\\177' 2>/dev/null <\"/proc/$pid/comm\")\n"
    "	echo \"$pid $i $name\"\n"
    "done >&3; } 4>&1 | sed -n \"s|.*'/proc/\\([0-9]*\\)/.*Permission denied\\$|\\1|p\" | sort "
    "-u)\n"
    "for pid in $words; do\n"
    "	[ $pid$(id -u) != 10 ] || continue\n"
    "	readlink \"/proc/$pid/cwd\" >/dev/null 2>&1 || ! [ -d \"/proc/$pid\" ] ||\n"
    "		die 52 \"process $pid cannot be looked at\"\n"
    "done\n";

/*
 * $1 the copy. SQLite recovers what it opens, and so changes it: it gets a copy of the copy, which
 * costs nothing where there are reflinks. One that a lost connection left behind goes with the
 * next.
 */
static const char check_text[] =
    "with=\n"
    "if command -v sqlite3 >/dev/null; then\n"
    "	with=sqlite3\n"
    "elif command -v python3 >/dev/null && python3 -I -c 'import sqlite3' 2>/dev/null; then\n"
    "	with=python3\n"
    "fi\n"
    "[ -n \"$with\" ] || die 51 sqlite3\n"
    "own find \"$1\" && [ -f tree/db ] && ! [ -L tree/db ] || exit 44\n"
    "patience\n"
    "scratch=check.$$\n"
    "trap 'kill $patient 2>/dev/null; rm -rf -- \"$scratch\"' EXIT\n"
    "trap 'exit 1' HUP INT TERM\n"
    "set +f\n"
    "for old in check.*; do\n"
    "	kill -0 \"${old##*.}\" 2>/dev/null || rm -rf -- \"$old\"\n"
    "done\n"
    "set -f\n"
    "rm -rf -- \"$scratch\"\n"
    "mkdir -m 700 -- \"$scratch\" || exit\n"
    "for file in db db-wal db-journal; do\n"
    "	[ -f \"tree/$file\" ] && ! [ -L \"tree/$file\" ] || continue\n"
    "	cp --reflink=auto -- \"tree/$file\" \"$scratch/$file\" || exit\n"
    "done\n"
    "if [ $with = sqlite3 ]; then\n"
    "	says=$(sqlite3 -batch -init /dev/null \"$scratch/db\" 'PRAGMA integrity_check;' 2>&1 \\\n"
    "		</dev/null | head -c 4000)\n"
    "else\n"
    "	says=$(python3 -I -c 'import sqlite3, sys\n"
    "try:\n"
    "	for row in sqlite3.connect(sys.argv[1]).execute(\"PRAGMA integrity_check\"):\n"
    "		print(row[0])\n"
    "except Exception as e:\n"
    "	print(e)' \"$scratch/db\" 2>&1 </dev/null | head -c 4000)\n"
    "fi\n"
    "case $says in *'disk is full'*) die 1 'No space left on device' ;; esac\n"
    "printf '%s' \"$says\"\n";

/* ---- running --------------------------------------------------------------------------------- */

static int with_functions(const struct shell_call *call, struct rfa_buf *text,
			  struct rfa_error *err)
{
	(void)rfa_buf_puts(text, rfa_shell_paths);
	(void)rfa_buf_puts(text, rfa_shell_private);
	(void)rfa_buf_puts(text, rfa_shell_trees);
	(void)rfa_buf_puts(text, call->text);
	return rfa_buf_check(text, err);
}

static int failed(struct shell_host *h, const struct shell_answer *answer, const char *what,
		  struct rfa_error *err)
{
	static const struct {
		int status;
		enum rfa_code code;
	} sure[] = { { RFA_SAYS_NOTFOUND, RFA_ENOTFOUND },
		     { RFA_SAYS_EXISTS, RFA_EEXISTS },
		     { RFA_SAYS_MISMATCH, RFA_EMISMATCH } };
	struct rfa_buf words = RFA_BUF_INIT(2048);
	size_t i;
	int rc;

	/* Their words hold names, and names may say anything: nothing is looked for in them. */
	for (i = 0; i < sizeof(sure) / sizeof(sure[0]); i++) {
		if (sure[i].status != answer->status)
			continue;
		if (answer->words.len)
			(void)rfa_buf_put_printable(&words, answer->words.data,
						    strcspn(rfa_buf_str(&answer->words), "\n"),
						    360);
		rc = rfa_fail(err, sure[i].code, "host", "%s: %s: %s", what,
			      rfa_code_word(sure[i].code), rfa_buf_str(&words));
		rfa_buf_release(&words);
		return rc < 0 ? rfa_error_where(err, "%s", h->host.name) : rc;
	}
	rc = rfa_shell_host_fail(h, answer, what, err);

	if (answer->status == RFA_SAYS_NO_TOOL &&
	    rfa_words_have(answer->words.data, answer->words.len, "sqlite3"))
		(void)rfa_error_mend(err, "install sqlite3 on the host");
	else if (answer->status == RFA_SAYS_NO_TOOL || answer->status == 127)
		(void)rfa_error_mend(err, "install coreutils, findutils, GNU tar and awk on the "
					  "host");
	return rc;
}

int rfa_shell_tree_read(struct shell_host *h, const struct shell_call *call, const char *what,
			struct shell_answer *answer, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);
	int rc = with_functions(call, &text, err);
	struct shell_call whole = { rfa_buf_str(&text), call->args, call->input, call->input_len };

	if (rc == 0)
		rc = rfa_shell_host_read(h, &whole, answer, err);
	if (rc == 0 && answer->status != 0)
		rc = failed(h, answer, what, err);
	rfa_buf_release(&text);
	return rc;
}

int rfa_shell_tree_job(struct shell_host *h, const struct rfa_job_key *key,
		       const struct shell_call *call, const char *what, struct shell_answer *answer,
		       struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);
	int rc = with_functions(call, &text, err);
	struct shell_call whole = { rfa_buf_str(&text), call->args, call->input, call->input_len };

	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &whole, answer, err);
	if (rc == 0 && answer->status != 0)
		rc = failed(h, answer, what, err);
	rfa_buf_release(&text);
	return rc;
}

int rfa_shell_tree_path(const struct shell_host *h, const char *path, struct rfa_error *err)
{
	const char *p = path, *end;
	int ok = path && path[0] == '/' && path[1];

	for (; ok && *p; p = end) {
		size_t n;

		end = p + 1 + strcspn(p + 1, "/");
		n = (size_t)(end - p) - 1;
		ok = n > 0 && !(n == 1 && p[1] == '.') && !(n == 2 && p[1] == '.' && p[2] == '.');
	}
	if (ok)
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "the path of a tree is not absolute and plain");
	return rfa_error_where(err, "%s", h->host.name);
}

static int no_copy(const struct shell_host *h, struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "this is not the path of a copy");
	return rfa_error_where(err, "%s", h->host.name);
}

/* Does the last name of a path of this length begin with ".rfa-"? */
static int is_own(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 && strncmp(path + len - 1, "/.rfa-", 6) == 0;
}

int rfa_shell_tree_own(const struct shell_host *h, const char *path, struct rfa_error *err)
{
	int rc = rfa_shell_tree_path(h, path, err);
	size_t len = rc == 0 ? strlen(path) : 0;

	if (rc == 0 && (len < 5 || strcmp(path + len - 5, "/tree") != 0 || !is_own(path, len - 5)))
		rc = no_copy(h, err);
	return rc;
}

int rfa_shell_tree_any(const struct shell_host *h, const char *path, struct rfa_error *err)
{
	int rc = rfa_shell_tree_path(h, path, err);

	return rc || is_own(path, strlen(path)) ? rc : rfa_shell_tree_own(h, path, err);
}

int rfa_shell_sha256_ok(const char *text)
{
	return strspn(text, "0123456789abcdef") == 64;
}

int rfa_shell_tree_archive(const struct shell_host *h, const char *archive, const char *text,
			   json_t **out, struct rfa_error *err)
{
	int64_t bytes = 0;
	const char *p = text;

	if (rfa_shell_number(&p, &bytes) || !rfa_shell_sha256_ok(p) || strcmp(p + 64, "\n") != 0)
		return rfa_shell_host_nonsense(h, "an archive's size and digest", err);
	*out = json_pack("{s:s, s:I, s:s%}", "archive", archive, "bytes", (json_int_t)bytes,
			 "sha256", p, (size_t)64);
	return *out ? 0 : rfa_fail_nomem(err);
}

/* ---- looks ----------------------------------------------------------------------------------- */

struct look {
	unsigned long mode;
	int64_t uid, gid, device, inode, mount, sqlite, bytes, apparent, inodes, too_long, apart,
	    special, flags;
};

/*
 * "MODE UID GID DEVICE DEVICE:INODE MOUNTED SQLITE", "BYTES APPARENT INODES LONG APART SPECIAL" and
 * "FLAGS"; 0 or -1.
 */
static int parse_look(const char *p, struct look *l)
{
	char *end = NULL;
	int64_t again;

	l->mode = strspn(p, "0123456789abcdef") > 0 ? strtoul(p, &end, 16) : 0;
	if (!end || *end != ' ' || l->mode > 0177777)
		return -1;
	p = end + 1;
	if (rfa_shell_number(&p, &l->uid) || rfa_shell_number(&p, &l->gid) || l->uid > UINT32_MAX ||
	    l->gid > UINT32_MAX || rfa_shell_number(&p, &l->device))
		return -1;
	again = (int64_t)strtoll(p, &end, 10);
	if (again != l->device || *end != ':')
		return -1;
	p = end + 1;
	if (rfa_shell_number(&p, &l->inode) || rfa_shell_number(&p, &l->mount) || l->mount > 1 ||
	    rfa_shell_number(&p, &l->sqlite) || l->sqlite > 1 || rfa_shell_number(&p, &l->bytes) ||
	    rfa_shell_number(&p, &l->apparent) || rfa_shell_number(&p, &l->inodes))
		return -1;
	return rfa_shell_number(&p, &l->too_long) || rfa_shell_number(&p, &l->apart) ||
		       rfa_shell_number(&p, &l->special) || rfa_shell_number(&p, &l->flags) || *p
		   ? -1
		   : 0;
}

static json_t *look_json(const struct look *l)
{
	static const struct {
		unsigned long format;
		const char *type;
	} types[] = { { 0040000, "d" }, { 0100000, "f" }, { 0120000, "l" } };
	const char *type = "o";
	char device[24], entry[48];
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((l->mode & 0170000) == types[i].format)
			type = types[i].type;
	(void)snprintf(device, sizeof(device), "%lld", (long long)l->device);
	(void)snprintf(entry, sizeof(entry), "%lld:%lld", (long long)l->device,
		       (long long)l->inode);
	return json_pack(
	    "{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "type",
	    type, "mount", (int)l->mount, "sqlite", (int)l->sqlite, "uid", (json_int_t)l->uid,
	    "gid", (json_int_t)l->gid, "mode", (json_int_t)(l->mode & 07777), "bytes",
	    (json_int_t)l->bytes, "apparent", (json_int_t)l->apparent, "inodes",
	    (json_int_t)l->inodes, "too_long", (json_int_t)l->too_long, "apart",
	    (json_int_t)l->apart, "special", (json_int_t)l->special, "flags", (json_int_t)l->flags,
	    "device", device, "entry", entry);
}

int rfa_shell_tree_look(struct rfa_host *host, enum rfa_tree_kind kind, const char *path,
			json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { path, kind == RFA_TREE_SQLITE ? "db" : "", NULL };
	struct shell_call call = { look_text, args, NULL, 0 };
	struct look l = { 0 };
	int rc = rfa_shell_tree_path(h, path, err);

	if (rc == 0)
		rc = rfa_shell_tree_read(h, &call, "looking at a tree", &answer, err);
	if (rc == -RFA_EREFUSED && answer.status == RFA_SAYS_UNSAFE) {
		struct rfa_buf words = RFA_BUF_INIT(2048);

		(void)rfa_buf_put_printable(&words, answer.words.data,
					    strcspn(rfa_buf_str(&answer.words), "\n"), 360);
		*out = json_pack("{s:s, s:s}", "type", "", "unsafe", rfa_buf_str(&words));
		rfa_buf_release(&words);
		rfa_shell_answer_release(&answer);
		if (!*out)
			return rfa_fail_nomem(err);
		rfa_error_clear(err);
		return 0;
	}
	if (rc == 0 && strcmp(rfa_buf_str(&answer.out), "none\n") == 0) {
		*out = json_pack("{s:s}", "type", "");
		rc = *out ? 0 : rfa_fail_nomem(err);
	} else if (rc == 0 && parse_look(rfa_buf_str(&answer.out), &l)) {
		rc = rfa_shell_host_nonsense(h, "a look at a tree", err);
	} else if (rc == 0) {
		*out = look_json(&l);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

/* ---- holders --------------------------------------------------------------------------------- */

/* "PID NUMBER COMMAND" a line. */
static int parse_holders(struct shell_host *h, const char *p, const json_t *paths, json_t *list,
			 struct rfa_error *err)
{
	while (*p) {
		struct rfa_buf command = RFA_BUF_INIT(1024);
		int64_t pid = 0, number = 0;
		const char *end;
		json_t *one;

		if (rfa_shell_number(&p, &pid) || rfa_shell_number(&p, &number) ||
		    pid > INT32_MAX || number >= (int64_t)json_array_size(paths) || p[-1] != ' ' ||
		    !(end = strchr(p, '\n')) || json_array_size(list) == HOLDERS_MAX)
			return rfa_shell_host_nonsense(h, "a process that holds a tree", err);
		(void)rfa_buf_put_printable(&command, p, (size_t)(end - p), 64);
		one = json_pack("{s:I, s:s, s:O}", "pid", (json_int_t)pid, "command",
				rfa_buf_str(&command), "path",
				json_object_get(json_array_get(paths, (size_t)number), "path"));
		rfa_buf_release(&command);
		if (json_array_append_new(list, one))
			return rfa_fail_nomem(err);
		p = end + 1;
	}
	return 0;
}

/* The ids with blanks between them. */
static int put_ids(struct shell_host *h, const json_t *without, struct rfa_buf *out,
		   struct rfa_error *err)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)without, i, one) {
		if (!rfa_shell_sha256_ok(json_string_value(one))) {
			(void)rfa_fail(err, RFA_EINTERNAL, "host", "this is no id of a container");
			return rfa_error_where(err, "%s", h->host.name);
		}
		(void)rfa_buf_puts(out, i ? " " : "");
		(void)rfa_buf_puts(out, json_string_value(one));
	}
	return rfa_buf_check(out, err);
}

int rfa_shell_tree_holders(struct rfa_host *host, const json_t *paths, const json_t *without,
			   json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf ids = RFA_BUF_INIT(65536);
	size_t n = json_array_size(paths), i;
	const char **args = calloc(2 * n + 2, sizeof(*args));
	struct shell_call call = { holders_text, args, NULL, 0 };
	json_t *list = json_array();
	int rc = args && list ? put_ids(h, without, &ids, err) : rfa_fail_nomem(err);

	if (rc == 0)
		args[0] = rfa_buf_str(&ids);
	for (i = 0; rc == 0 && i < n; i++) {
		const json_t *one = json_array_get(paths, i);

		args[2 * i + 1] = strcmp(rfa_facts_str(one, "kind", ""), "sqlite") == 0 ? "f" : "d";
		args[2 * i + 2] = rfa_facts_str(one, "path", "");
		rc = rfa_shell_tree_path(h, args[2 * i + 2], err);
	}
	if (rc == 0)
		rc = rfa_shell_tree_read(h, &call, "looking for processes that hold data", &answer,
					 err);
	if (rc == 0)
		rc = parse_holders(h, rfa_buf_str(&answer.out), paths, list, err);
	if (rc == 0)
		*out = json_incref(list);
	json_decref(list);
	free(args);
	rfa_buf_release(&ids);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* ---- databases ------------------------------------------------------------------------------- */

int rfa_shell_sqlite_check(struct rfa_host *host, const char *copy, json_t **out,
			   struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf says = RFA_BUF_INIT(8 * SAYS_MAX);
	const char *args[] = { copy, NULL };
	struct shell_call call = { check_text, args, NULL, 0 };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = rfa_shell_tree_read(h, &call, "checking a database", &answer, err);
	if (rc == 0 && (answer.out.len == 0 || answer.out.len > SAYS_MAX))
		rc = rfa_shell_host_nonsense(h, "a check of a database", err);
	if (rc == 0) {
		int ok = strcmp(rfa_buf_str(&answer.out), "ok") == 0;

		(void)rfa_buf_put_printable(&says, answer.out.data, answer.out.len, 0);
		*out = json_pack("{s:b, s:s}", "ok", ok, "says", rfa_buf_str(&says));
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_buf_release(&says);
	rfa_shell_answer_release(&answer);
	return rc;
}
