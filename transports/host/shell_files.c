/* Small files on a host, and the space that there is. */
#include "transports/host/shell.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * $1 the path. The kernel's words come last in what stat says, so a name that holds them cannot
 * pretend. Type, owner and size are those of a symlink itself.
 */
static const char stat_text[] =
    "if words=$(stat -c '%f %u %g %s %Y' -- \"$1\" 2>&1); then\n"
    "	echo \"$words\"\n"
    "	exit 0\n"
    "fi\n"
    "case $words in\n"
    "*': No such file or directory' | *': Not a directory') echo none ;;\n"
    "*) echo \"$words\" >&2; exit 1 ;;\n"
    "esac\n";

/* $1 the path, $2 the most bytes. One more is asked for, since it may grow meanwhile. */
static const char read_text[] =
    "size=$(stat -L -c %s -- \"$1\" 2>&1) || {\n"
    "	echo \"$size\" >&2\n"
    "	case $size in\n"
    "	*': No such file or directory' | *': Not a directory') exit 44 ;;\n"
    "	*) exit 1 ;;\n"
    "	esac\n"
    "}\n"
    "[ -d \"$1\" ] && { echo 'it is a directory' >&2; exit 1; }\n"
    "[ \"$size\" -le \"$2\" ] || exit 49\n"
    "head -c $(($2 + 1)) <\"$1\"\n";

/*
 * $1 the path, $2 the mode of a new file, $3 how many bytes come, $4 the state directory. A
 * connection that breaks ends the input early: what is short is never renamed into place.
 *
 * The new file is made in a directory that nobody else can look into, whose name nobody can guess,
 * and gets there all that the old one has but its content. A file with several names must stay one
 * file: it is written over, and is not followed if it has become a symbolic link.
 */
static const char write_text[] =
    "path=$1 hops=0\n"
    "case $path in \"$4\"/*) mkdir -p -- \"${path%/*}\" || exit ;; esac\n"
    "while :; do\n"
    "	case $path in */*) walk \"${path%/*}/\" || exit 44 ;; esac\n"
    "	name=${path##*/}\n"
    "	[ -L \"./$name\" ] || break\n"
    "	! shared || die 53 \"$name is a symbolic link in a directory that others can change "
    "($(who))\"\n"
    "	hops=$((hops + 1))\n"
    "	[ $hops -le 40 ] || die 1 'too many symbolic links'\n"
    "	path=$(readlink -- \"./$name\"; echo x)\n"
    "	path=${path%??}\n"
    "done\n"
    "[ -d \"./$name\" ] && die 1 'it is a directory'\n"
    "! there \"./$name\" || [ -f \"./$name\" ] || die 1 'it is no plain file'\n"
    "dir=$(mktemp -d ./.rfa-new.XXXXXXXXXX) || exit\n"
    "step \"${dir#./}\"\n"
    "[ \"$owner\" = \"$me\" ] && [ \"${mode#2}\" = 700 ] || die 53 'a directory was exchanged'\n"
    "trap 'rm -f new; cd -P .. && rmdir -- \"$dir\" 2>/dev/null' EXIT\n"
    "plain\n"
    "(set -C; cat >new) || exit\n"
    "[ \"$(stat -c %s new)\" = \"$3\" ] || exit 47\n"
    "links=1\n"
    "if there \"../$name\"; then\n"
    "	is=$(stat -c '%a %u:%g %h' -- \"../$name\") || exit\n"
    "	links=${is##* } is=${is% *}\n"
    "	if ! cp -aT --attributes-only -- \"../$name\" new 2>/dev/null; then\n"
    "		chown -h \"${is#* }\" new && chmod \"${is% *}\" new || exit\n"
    "	fi\n"
    "	[ -f new ] && ! [ -L new ] && [ \"$(stat -c %s new)\" = \"$3\" ] ||\n"
    "		die 53 'it was exchanged while it was written'\n"
    "else\n"
    "	chmod \"$2\" new || exit\n"
    "fi\n"
    "sync new 2>/dev/null || sync\n"
    "if [ \"$links\" = 1 ] || ! dd if=new of=\"../$name\" oflag=nofollow conv=fsync status=none "
    "\\\n"
    "	2>/dev/null; then\n"
    "	mv -fT -- new \"../$name\" || exit\n"
    "else\n"
    "	touch -h -r new -- \"../$name\" || exit\n"
    "fi\n"
    "sync .. 2>/dev/null || sync\n";

/* $1 the path. */
static const char remove_text[] =
    "hold \"${1%/*}/\" || exit 0\n"
    "name=${1##*/}\n"
    "[ -d \"./$name\" ] && [ ! -L \"./$name\" ] && die 1 'it is a directory'\n"
    "rm -f -- \"./$name\"\n";

/*
 * $1 the path. Says "DEVICE", "INODES FREE" and what df says. Some file systems do not count
 * inodes. Memory and layered file systems share one name, so that the device number must tell them
 * apart.
 */
static const char disk_text[] =
    "path=$1\n"
    "while ! [ -e \"$path\" ]; do path=${path%/*}; [ -n \"$path\" ] || path=/; done\n"
    "stat -c %d -- \"$path\" && stat -f -c '%c %d' -- \"$path\" && df -P -k -- \"$path\"\n";

static int absolute(const struct shell_host *h, const char *path, struct rfa_error *err)
{
	if (path[0] == '/')
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "the path of a file is not absolute");
	return rfa_error_where(err, "%s", h->host.name);
}

/* Runs a script over a path; a status that is not 0 becomes an error that names it. */
static int over(struct shell_host *h, const struct shell_call *call, struct shell_answer *answer,
		struct rfa_error *err)
{
	struct rfa_buf what = RFA_BUF_INIT(1024), text = RFA_BUF_INIT(65536);
	struct shell_call whole = *call;
	int rc = absolute(h, call->args[0], err);

	(void)rfa_buf_puts(&text, rfa_shell_paths);
	(void)rfa_buf_puts(&text, rfa_shell_private);
	(void)rfa_buf_puts(&text, call->text);
	whole.text = rfa_buf_str(&text);
	/* Those that only read may follow a link of anybody's: as the engine and Compose do. */
	if (call->text != write_text && call->text != remove_text)
		whole.text = call->text;
	if (rc == 0)
		rc = rfa_buf_check(&text, err);
	if (rc == 0)
		rc = call->text == write_text ? rfa_shell_host_run(h, &whole, answer, err)
					      : rfa_shell_host_read(h, &whole, answer, err);
	if (rc == 0 && answer->status != 0) {
		(void)rfa_buf_put_printable(&what, call->args[0], strlen(call->args[0]), 200);
		rc = rfa_shell_host_fail(h, answer, rfa_buf_str(&what), err);
	}
	rfa_buf_release(&what);
	rfa_buf_release(&text);
	return rc;
}

int rfa_shell_file_stat(struct rfa_host *host, const char *path, struct rfa_file_stat *out,
			struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { path, NULL }, *p;
	struct shell_call call = { stat_text, args, NULL, 0 };
	struct rfa_file_stat st = { 0 };
	int64_t uid = 0, gid = 0;
	unsigned long mode = 0;
	char *end = NULL;
	int rc = over(h, &call, &answer, err);

	p = rfa_buf_str(&answer.out);
	if (rc == 0 && strcmp(p, "none\n") != 0) {
		mode = strtoul(p, &end, 16);
		p = *end == ' ' ? end + 1 : "";
		if (rfa_shell_number(&p, &uid) || rfa_shell_number(&p, &gid) ||
		    rfa_shell_number(&p, &st.size) || uid > UINT32_MAX || gid > UINT32_MAX)
			rc = rfa_shell_host_nonsense(h, "stat", err);
	}
	if (rc == 0) {
		/* A time before 1970 is no reason to fail. */
		if (p[0] && p[0] != '-' && strcmp(p, "none\n") != 0 &&
		    rfa_shell_number(&p, &st.mtime_s))
			st.mtime_s = 0;
		if (end)
			st.type = S_ISREG(mode)   ? 'f'
				  : S_ISDIR(mode) ? 'd'
				  : S_ISLNK(mode) ? 'l'
						  : 'o';
		st.mode = (unsigned)(mode & 07777);
		st.uid = (uint32_t)uid;
		st.gid = (uint32_t)gid;
		*out = st;
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_file_read(struct rfa_host *host, const char *path, size_t max, struct rfa_buf *out,
			struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(max + 1);
	char most[24];
	const char *args[] = { path, most, NULL };
	struct shell_call call = { read_text, args, NULL, 0 };
	int rc;

	(void)snprintf(most, sizeof(most), "%zu", max);
	rc = over(h, &call, &answer, err);
	if (rc == 0 && answer.out.len > max)
		rc = rfa_fail(err, RFA_ETOOBIG, "host", "%.200s grew over %zu bytes", path, max);
	if (rc == 0) {
		(void)rfa_buf_add(out, answer.out.data, answer.out.len);
		rc = rfa_buf_check(out, err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_file_write(struct rfa_host *host, const char *path, unsigned mode, const void *data,
			 size_t len, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	char octal[16], bytes[24];
	const char *args[] = { path, octal, bytes, host->state_dir, NULL };
	struct shell_call call = { write_text, args, data, len };
	int rc;

	(void)snprintf(octal, sizeof(octal), "%o", mode & 07777u);
	(void)snprintf(bytes, sizeof(bytes), "%zu", len);
	rc = over(h, &call, &answer, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_file_remove(struct rfa_host *host, const char *path, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { path, NULL };
	struct shell_call call = { remove_text, args, NULL, 0 };
	int rc = over(h, &call, &answer, err);

	rfa_shell_answer_release(&answer);
	return rc;
}

/*
 * "FILESYSTEM BLOCKS USED FREE CAPACITY MOUNT": names may hold blanks, so the row is recognised by
 * its three numbers and what follows them. *name_len is 0 when there is no such row.
 */
static void parse_df(const char *line, size_t *name_len, int64_t *total, int64_t *available)
{
	const char *p = line, *end = strchr(line, '\n'), *q;
	int64_t a, used, b;

	*name_len = 0;
	for (; p && *p && p != end; p = strchr(p, ' ')) {
		while (*p == ' ')
			p++;
		for (q = p; *q == ' '; q++)
			;
		if (p == line)
			continue;
		if (rfa_shell_number(&q, &a))
			continue;
		q += strspn(q, " ");
		if (rfa_shell_number(&q, &used))
			continue;
		q += strspn(q, " ");
		if (rfa_shell_number(&q, &b))
			continue;
		q += strspn(q, " ");
		q += strspn(q, "0123456789");
		if (*q != '%' && *q != '-')
			continue;
		*name_len = (size_t)(p - line);
		while (*name_len > 0 && line[*name_len - 1] == ' ')
			--*name_len;
		*total = a;
		*available = b;
		return;
	}
}

int rfa_shell_disk(struct rfa_host *host, const char *path, struct rfa_disk *out,
		   struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { path, NULL }, *p;
	struct shell_call call = { disk_text, args, NULL, 0 };
	struct rfa_disk disk = { .bytes_total = 0 };
	int64_t device = 0, total = 0, available = 0;
	size_t name = 0;
	int rc = over(h, &call, &answer, err);

	p = rfa_buf_str(&answer.out);
	if (rc == 0 && rfa_shell_number(&p, &device) == 0 &&
	    rfa_shell_number(&p, &disk.inodes_total) == 0 &&
	    rfa_shell_number(&p, &disk.inodes_free) == 0) {
		p += strcspn(p, "\n"); /* the heading */
		p += *p == '\n';
		parse_df(p, &name, &total, &available);
	}
	if (rc == 0 && (name == 0 || total > INT64_MAX / 1024 || available > total))
		rc = rfa_shell_host_nonsense(h, "df", err);
	if (rc == 0) {
		disk.bytes_total = total * 1024;
		disk.bytes_free = available * 1024;
		if (p[0] == '/')
			(void)snprintf(disk.filesystem, sizeof(disk.filesystem), "%.*s",
				       (int)(name < 127 ? name : 127), p);
		else
			(void)snprintf(disk.filesystem, sizeof(disk.filesystem),
				       "%.*s (device %lld)", (int)(name < 64 ? name : 64), p,
				       (long long)device);
		*out = disk;
	}
	rfa_shell_answer_release(&answer);
	return rc;
}
