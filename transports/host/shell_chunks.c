/*
 * How an archive is cut into the chunks of a vault, so that what did not change is not stored
 * again.
 *
 * Cuts follow the members of the tar, never a count of bytes from its beginning: a file of 1 MiB or
 * more begins a chunk, is cut every 4 MiB from there, and its end begins another. Among smaller
 * ones a chunk ends, once it has 256 KiB, before a member whose name says so, by a checksum, the
 * likelier the larger the member is (on average every 512 KiB), and before 8 MiB in any case. So a
 * member that comes, goes or grows moves the cuts up to the next such name, and no further.
 */
#include "transports/host/shell.h"

#include <string.h>

/*
 * $1 the vault, $2 the backup, $3 the member, $4 the archive. Says "BYTES SHA-256 CHUNKS NEW".
 *
 * Block numbers are those of a member's own header; extended headers before it are its too, and
 * begin where the one before ended, which its size tells but for a sparse file, whose stored size
 * is not shown: there the next member's number is the bound. What is no tar is cut every 4 MiB.
 *
 * A chunk of an earlier backup is compared before it is linked: what rotted there is not inherited.
 *
 * The archive is read once: each chunk goes to a file, to its own digest, and to that of the whole
 * (descriptor 6). `stored` says that the loop, which a pipe makes a process of its own, came to its
 * end.
 */
static const char store_text[] =
    "vault=$1 dir=$1/$2 member=$3 archive=$4\n"
    "need tar awk sha256sum dd tee\n"
    "total=$(size \"$archive\") || exit\n"
    "[ -n \"$total\" ] || die 44 \"${archive##*/}\"\n"
    "! there \"$dir/manifest.json\" || die 45 \"backup $2 is complete\"\n"
    "mkdir -p -- \"$dir/chunks\" || exit\n"
    "new=$dir/.new.$member\n"
    "trap 'rm -rf -- \"$new\"' EXIT\n"
    "rm -rf -- \"$new\" && mkdir -- \"$new\" || exit\n"
    "members() {\n"
    "	if [ -d \"$archive\" ]; then\n"
    "		part \"$archive\" 0 \"$total\" | tar -tvR --numeric-owner --quoting-style=c -f -\n"
    "	else\n"
    "		tar -tvR --numeric-owner --quoting-style=c -f \"$archive\"\n"
    "	fi 2>/dev/null\n"
    "}\n"
    "members | awk -v total=\"$total\" '\n"
    "function emit(to) {\n"
    "	if (to > limit) to = limit\n"
    "	if (to <= cut) return\n"
    "	printf \"%.0f %.0f\\n\", cut * 512, (to - cut) * 512\n"
    "	cut = to\n"
    "}\n"
    "function checksum(name, i, n, sum) {\n"
    "	n = length(name)\n"
    "	for (i = n > 96 ? n - 95 : 1; i <= n; i++)\n"
    "		sum = (sum * 65599 + code[substr(name, i, 1)]) % 16777213\n"
    "	return int((sum * 65599) % 16777213 / 16384)\n"
    "}\n"
    "function member(next_one) {\n"
    "	if (!open) return\n"
    "	if (end > next_one) end = next_one\n"
    "	if (end - data >= 2048) {\n"
    "		emit(begin)\n"
    "		while (end - cut > 8192 && cut + 8192 < limit) emit(cut + 8192)\n"
    "		emit(end)\n"
    "	} else if (begin - cut >= 512 &&\n"
    "		(end - cut > 16384 || checksum(name) < end - begin)) emit(begin)\n"
    "	begin = end\n"
    "}\n"
    "BEGIN {\n"
    "	for (i = 1; i < 128; i++) code[sprintf(\"%c\", i)] = i\n"
    "	limit = int(total / 512)\n"
    "	cut = begin = open = 0\n"
    "}\n"
    "$1 != \"block\" { exit }\n"
    "{\n"
    "	header = $2 + 0\n"
    "	member(header)\n"
    "	if ($3 == \"**\") { open = 0; exit }\n"
    "	data = header + 1\n"
    "	end = data + (substr($3, 1, 1) == \"-\" ? int(($5 + 511) / 512) : 0)\n"
    "	name = substr($0, index($0, \"\\\"\"))\n"
    "	open = 1\n"
    "}\n"
    "END {\n"
    "	while (limit - cut > 16384) emit(cut + 8192)\n"
    "	if (total > cut * 512) printf \"%.0f %.0f\\n\", cut * 512, total - cut * 512\n"
    "}' >\"$new/plan\" || exit\n"
    "newest= newer= oldest=\n"
    "set +f\n"
    "for other in \"$vault\"/*/; do\n"
    "	other=${other%/}\n"
    "	[ \"$other\" != \"$dir\" ] && [ -f \"$other/manifest.json\" ] &&\n"
    "		[ -f \"$other/$member.chunks\" ] || continue\n"
    "	oldest=$newer newer=$newest newest=$other\n"
    "done\n"
    "set -f\n"
    "command -v cmp >/dev/null && compare=cmp || compare=\n"
    "same() {\n"
    "	if [ -n \"$compare\" ]; then\n"
    "		cmp -s \"$new/chunk\" \"$1\"\n"
    "	else\n"
    "		[ \"$(sha256sum <\"$1\")\" = \"$sum  -\" ]\n"
    "	fi\n"
    "}\n"
    "{ while read -r from bytes; do\n"
    "	to=$((from + bytes))\n"
    "	sum=$({ part \"$archive\" \"$from\" \"$to\" || : >\"$new/failed\"; } |\n"
    "		{ tee -- \"$new/chunk\" /dev/fd/6 || : >\"$new/failed\"; } | sha256sum) || exit\n"
    "	! [ -e \"$new/failed\" ] || exit\n"
    "	sum=${sum%% *}\n"
    "	two=${sum%\"${sum#??}\"}\n"
    "	chunk=chunks/$two/$sum\n"
    "	echo \"$sum $bytes\" >&4\n"
    "	have=\n"
    "	for other in \"$dir\" \"$newest\" \"$newer\" \"$oldest\"; do\n"
    "		[ -n \"$other\" ] && [ -f \"$other/$chunk\" ] && same \"$other/$chunk\" || "
    "continue\n"
    "		[ -d \"$dir/chunks/$two\" ] || mkdir -- \"$dir/chunks/$two\" || exit\n"
    "		[ \"$other\" = \"$dir\" ] || ln -f -- \"$other/$chunk\" \"$dir/$chunk\" "
    "2>/dev/null ||\n"
    "			continue\n"
    "		have=1\n"
    "		break\n"
    "	done\n"
    "	if [ -n \"$have\" ]; then\n"
    "		rm -f -- \"$new/chunk\"\n"
    "	else\n"
    "		[ -d \"$dir/chunks/$two\" ] || mkdir -- \"$dir/chunks/$two\" || exit\n"
    "		mv -f -- \"$new/chunk\" \"$dir/$chunk\" || exit\n"
    "	fi\n"
    "	[ \"$dir/$chunk\" -ef \"$newest/$chunk\" ] || [ \"$dir/$chunk\" -ef \"$newer/$chunk\" ] "
    "||\n"
    "		[ \"$dir/$chunk\" -ef \"$oldest/$chunk\" ] || echo \"$sum $bytes\" >&5\n"
    "done <\"$new/plan\" 4>\"$new/list\" 5>\"$new/fresh\" 6>&1 >&2 && : >\"$new/stored\"; } |\n"
    "	sha256sum >\"$new/sum\" && [ -e \"$new/stored\" ] || exit 1\n"
    "read -r whole rest <\"$new/sum\"\n"
    "fresh=$(sort -u \"$new/fresh\" | awk '{ n += $2 } END { printf \"%.0f\", n }')\n"
    "sums=$(awk '{ n += $2 } END { printf \"%.0f %d\", n, NR }' \"$new/list\")\n"
    "[ \"${sums% *}\" = \"$total\" ] || die 1 'the archive changed while it was read'\n"
    "sync -f -- \"$dir\" 2>/dev/null || sync\n"
    "mv -f -- \"$new/list\" \"$dir/$member.chunks\" || exit\n"
    "onto_disk \"$dir/$member.chunks\" \"$dir\" \"$vault\"\n"
    "echo \"$total $whole ${sums#* } $fresh\"\n";

int rfa_shell_vault_store(struct rfa_host *host, const struct rfa_job_key *key, const char *vault,
			  const char *backup, const char *member, const char *archive, json_t **out,
			  struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048), text = RFA_BUF_INIT(65536);
	const char *args[] = { vault, backup, member, NULL, NULL };
	struct shell_call call = { NULL, args, NULL, 0 };
	int64_t bytes = 0, chunks = 0, fresh = 0;
	const char *p, *sum;
	int rc = rfa_shell_vault_ok(h, vault, backup, member, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &path, key->run, archive, err);
	(void)rfa_buf_puts(&text, rfa_shell_parts);
	(void)rfa_buf_puts(&text, store_text);
	if (rc == 0)
		rc = rfa_buf_check(&text, err);
	args[3] = rfa_buf_str(&path);
	call.text = rfa_buf_str(&text);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "storing a backup", &answer, err);
	p = rfa_buf_str(&answer.out);
	sum = p;
	if (rc == 0 && rfa_shell_number(&p, &bytes) == 0)
		sum = p;
	if (rc == 0 && (!rfa_shell_sha256_ok(sum) || sum[64] != ' '))
		rc = rfa_shell_host_nonsense(h, "a digest of a backup", err);
	if (rc == 0) {
		p = sum + 65;
		if (rfa_shell_number(&p, &chunks) || rfa_shell_number(&p, &fresh) || *p ||
		    fresh > bytes)
			rc = rfa_shell_host_nonsense(h, "what was stored", err);
	}
	if (rc == 0) {
		*out = json_pack("{s:I, s:s%, s:I, s:I}", "bytes", (json_int_t)bytes, "sha256", sum,
				 (size_t)64, "chunks", (json_int_t)chunks, "new_bytes",
				 (json_int_t)fresh);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_buf_release(&path);
	rfa_buf_release(&text);
	rfa_shell_answer_release(&answer);
	return rc;
}
