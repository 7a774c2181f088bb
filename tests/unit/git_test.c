/* Repositories of git: which commit a tag is, its files as a list and as a tar, and what is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "tests/harness/sshd.h"
#include "transports/git/git.h"

static char dir[128];

/* How many packs were synced, by whichever process: libgit2 finds this fsync() before that of libc.
 */
static volatile unsigned *packs_synced;

RFA_API int fsync(int fd)
{
	char link[64], path[512];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	if (packs_synced && strstr(path, "/objects/pack/"))
		(*packs_synced)++;
	return (int)syscall(SYS_fsync, fd);
}

/* A line of sh in the directory; its output, without the last newline. */
static const char *sh(const char *line, char out[4096])
{
	char command[8192];
	FILE *p;
	size_t n;

	snprintf(command, sizeof(command),
		 "cd %s && export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null "
		 "GIT_AUTHOR_NAME=o GIT_AUTHOR_EMAIL=o@e.org GIT_COMMITTER_NAME=o "
		 "GIT_COMMITTER_EMAIL=o@e.org GIT_AUTHOR_DATE='2026-01-02T03:04:05Z' "
		 "GIT_COMMITTER_DATE='2026-01-02T03:04:05Z'; %s",
		 dir, line);
	p = popen(command, "r");
	assert_non_null(p);
	n = fread(out, 1, 4095, p);
	out[n && out[n - 1] == '\n' ? n - 1 : n] = '\0';
	if (pclose(p))
		fail_msg("%s: %s", line, out);
	return out;
}
#define SH(line) sh(line, (char[4096]){ 0 })

static int fetch(const char *url, const char *tag, char commit[RFA_GIT_ID_MAX],
		 struct rfa_error *err)
{
	char cache[200], whole[300];
	struct rfa_git_source source = { .cache = cache,
					 .url = whole,
					 .idle_timeout_ms = *url == '/' ? 20000 : 600 };

	snprintf(cache, sizeof(cache), "%s/cache.git", dir);
	snprintf(whole, sizeof(whole), "%s%s", *url == '/' ? dir : "", url);
	rfa_error_clear(err);
	return rfa_git_fetch(&source, tag, commit, err);
}

static struct rfa_repository *open_tag(const char *tag)
{
	struct rfa_repository *out = NULL;
	char commit[RFA_GIT_ID_MAX], cache[200];
	struct rfa_error err;

	if (fetch("/repo", tag, commit, &err))
		fail_msg("%s: %s", tag, err.msg);
	snprintf(cache, sizeof(cache), "%s/cache.git", dir);
	if (rfa_git_open(&out, cache, commit, &err))
		fail_msg("%s: %s", tag, err.msg);
	assert_string_equal(out->commit, commit);
	return out;
}

/* Reads so many bytes at a time. */
static void read_tar(struct rfa_repository *r, size_t step, struct rfa_buf *out)
{
	struct rfa_stream *s = NULL;
	struct rfa_error err;
	char block[8192];
	int eof = 0;

	assert_int_equal(r->ops->tar(r, &s, &err), 0);
	while (!eof) {
		size_t got = 0;

		assert_int_equal(s->ops->read(s, block, step, &got, &eof, &err), 0);
		rfa_buf_add(out, block, got);
	}
	rfa_stream_close(s);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/rfa-git-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir) || system("git --version >/dev/null 2>&1"))
		return 1;
	SH("git init -q -b main repo && cd repo && mkdir -p web/deep conf && "
	   "printf one >web/main && chmod 755 web/main && printf two >web/deep/-x && "
	   "printf 'k: 1\\n' >conf/app.yml && ln -s ../../../../etc web/away && "
	   "n=$(printf '%0150d' 7) && mkdir \"$n\" && printf long >\"$n/$n\" && ln -s \"$n/$n\" to "
	   "&& "
	   "printf 'nl' >\"a\nb\" && : >empty && "
	   "git add -A && git commit -q -m 1 && git tag plain && git tag -a -m x annotated");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	SH("cd / && rm -rf -- \"$OLDPWD\"");
	return 0;
}

/* As `git ls-remote` says it, and nothing is fetched. */
static void all_tags_and_their_commits(void **state)
{
	char whole[300];
	struct rfa_git_source source = { .cache = "/nowhere/at/all", .url = whole };
	json_t *tags = NULL;
	struct rfa_error err;

	(void)state;
	snprintf(whole, sizeof(whole), "%s/repo", dir);
	SH("cd repo && git update-ref \"$(printf 'refs/tags/no\\377utf')\" HEAD && git tag 'a/b'");
	assert_int_equal(rfa_git_tags(&source, &tags, &err), 0);
	assert_int_equal(json_object_size(tags), 3);
	assert_string_equal(rfa_facts_str(tags, "plain", ""), SH("git -C repo rev-parse HEAD"));
	assert_string_equal(rfa_facts_str(tags, "annotated", ""), SH("git -C repo rev-parse HEAD"));
	assert_non_null(json_object_get(tags, "a/b"));
	json_decref(tags);
	SH("cd repo && git update-ref -d \"$(printf 'refs/tags/no\\377utf')\" && git tag -d a/b");
	snprintf(whole, sizeof(whole), "%s/none", dir);
	assert_int_equal(rfa_git_tags(&source, &tags, &err), -RFA_ENOTFOUND);
}

static void a_tag_is_its_commit(void **state)
{
	char plain[RFA_GIT_ID_MAX], annotated[RFA_GIT_ID_MAX];
	struct rfa_error err;

	(void)state;
	assert_int_equal(fetch("/repo", "plain", plain, &err), 0);
	assert_int_equal(fetch("/repo", "annotated", annotated, &err), 0);
	assert_string_equal(plain, annotated);
	assert_string_equal(plain, SH("git -C repo rev-parse HEAD"));
	assert_int_equal(fetch("/repo", "plai", plain, &err), -RFA_ENOTFOUND);
	assert_non_null(strstr(err.hint, "plain"));
	assert_int_equal(fetch("/none", "plain", plain, &err), -RFA_ENOTFOUND);
	assert_int_equal(fetch("/repo", "../x", plain, &err), -RFA_EUSAGE);
	/* A tag that is moved is fetched as it is now. */
	SH("cd repo && git tag moves && git commit -q --allow-empty -m 2 && git tag -f moves");
	assert_int_equal(fetch("/repo", "moves", plain, &err), 0);
	assert_string_equal(plain, SH("git -C repo rev-parse moves"));
	SH("cd repo && git tag -f moves plain && git reset -q --hard plain");
	assert_int_equal(fetch("/repo", "moves", plain, &err), 0);
	assert_string_equal(plain, annotated);
	/* What is no commit. */
	SH("git -C repo tag blob $(git -C repo rev-parse plain:web/main)");
	assert_int_equal(fetch("/repo", "blob", plain, &err), -RFA_EREFUSED);
}

/* What git itself would check out, whoever unpacks it. */
static void a_tar_is_the_commit(void **state)
{
	static const char *const tars[] = { "tar", "busybox tar" };
	struct rfa_repository *r = open_tag("plain");
	struct rfa_buf one = RFA_BUF_INIT(1 << 20), two = RFA_BUF_INIT(1 << 20);
	char line[600], path[200], sha256[RFA_DIGEST_HEX];
	struct rfa_error err;
	json_t *described = NULL;
	FILE *f;

	(void)state;
	read_tar(r, 8192, &one);
	read_tar(r, 7, &two);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
	rfa_digest_of(RFA_SHA256, one.data, one.len, sha256);
	assert_int_equal(r->ops->describe(r, &described, &err), 0);
	assert_string_equal(rfa_facts_str(described, "sha256", ""), sha256);
	assert_int_equal(rfa_facts_int(described, "bytes", 0), one.len);
	assert_int_equal(rfa_facts_int(described, "files", 0), 8);
	assert_string_equal(rfa_facts_str(described, "at", ""), "2026-01-02T03:04:05Z");
	snprintf(path, sizeof(path), "%s/one.tar", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(one.data, 1, one.len, f), one.len);
	fclose(f);
	SH("rm -rf is && git -C repo worktree prune; git clone -q repo is && git -C is checkout -q "
	   "plain && "
	   "rm -rf is/.git");
	for (size_t i = 0; i < 2; i++) {
		if (i && system("busybox true 2>/dev/null"))
			continue;
		snprintf(line, sizeof(line),
			 "rm -rf out && mkdir out && %s -x -p -f one.tar -C out && diff -r "
			 "--no-dereference is out && stat -c %%a out/web/main out/web out/empty && "
			 "readlink out/web/away && stat -c %%Y out/web/main",
			 tars[i]);
		assert_string_equal(SH(line), "755\n755\n644\n../../../../etc\n1767323045");
	}
	json_decref(described);
	rfa_buf_release(&one);
	rfa_buf_release(&two);
	rfa_repository_free(r);
}

static void names_of(struct rfa_repository *r, const char *directory, const char *const *only,
		     const char *const *without, char out[512])
{
	struct rfa_file_list list;
	struct rfa_error err;

	if (r->ops->list(r, directory, only, without, &list, &err))
		fail_msg("%s", err.msg);
	*out = '\0';
	for (size_t i = 0; i < list.n; i++)
		snprintf(out + strlen(out), 512 - strlen(out), "%s%s", i ? " " : "",
			 list.at[i].path);
	rfa_file_list_release(&list);
}

static void files_are_listed(void **state)
{
	static const char *const some[] = { "conf", "web/deep/*", NULL }, *const none[] = { NULL },
				 *const deep[] = { "deep", NULL };
	struct rfa_repository *r = open_tag("plain");
	struct rfa_buf text = RFA_BUF_INIT(100);
	struct rfa_file_list list;
	struct rfa_file_stat st;
	struct rfa_error err;
	char names[512];

	(void)state;
	names_of(r, ".", some, none, names);
	assert_string_equal(names, "conf conf/app.yml web web/deep web/deep/-x");
	names_of(r, "web", none, deep, names);
	assert_string_equal(names, "away main");
	assert_int_equal(r->ops->list(r, "nowhere", none, none, &list, &err), -RFA_ENOTFOUND);
	/* A link is a link, and no way to anything. */
	assert_int_equal(r->ops->stat(r, "web/away", &st, &err), 0);
	assert_int_equal(st.type, 'l');
	assert_int_equal(r->ops->stat(r, "web/away/passwd", &st, &err), 0);
	assert_int_equal(st.type, 0);
	assert_int_equal(r->ops->read(r, "web/away", 100, &text, &err), -RFA_ENOTFOUND);
	assert_int_equal(r->ops->read(r, "./web/main", 2, &text, &err), -RFA_ETOOBIG);
	assert_int_equal(r->ops->read(r, "./web/main", 3, &text, &err), 0);
	assert_string_equal(rfa_buf_str(&text), "one");
	rfa_buf_release(&text);
	rfa_repository_free(r);
}

static void what_is_elsewhere_is_told(void **state)
{
	struct rfa_repository *r;
	json_t *described = NULL;
	struct rfa_error err;

	(void)state;
	SH("cd repo && printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:0\\nsize "
	   "1\\n' "
	   ">big.bin && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib/other "
	   "&& "
	   "git add big.bin && git commit -q -m lfs && git tag elsewhere && git reset -q --hard "
	   "plain");
	r = open_tag("elsewhere");
	assert_int_equal(r->ops->describe(r, &described, &err), 0);
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(described, "submodules"), 0)),
	    "lib/other");
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(described, "pointers"), 0)),
	    "big.bin");
	json_decref(described);
	rfa_repository_free(r);
}

/* Trees that git would not make. */
static void names_that_lead_out_are_refused(void **state)
{
	static const char *const trees[] = {
		"100644 blob $b\\t..",
		"040000 tree $t\\t.git",
		"100644 blob $b\\t.GIT",
		"120000 blob $b\\tx\\n040000 tree $t\\tx",
		"120000 blob $b\\tx\\n100644 blob $b\\tx.y\\n040000 tree $t\\tx",
	};
	char commit[RFA_GIT_ID_MAX], cache[200], line[1024];
	struct rfa_repository *r = NULL;
	struct rfa_error err;

	(void)state;
	snprintf(cache, sizeof(cache), "%s/cache.git", dir);
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		snprintf(
		    line, sizeof(line),
		    "cd repo && b=$(git rev-parse plain:web/main) t=$(git rev-parse plain:conf) && "
		    "tree=$(printf \"%s\\n\" | git mktree) && "
		    "git tag -f bad $(git commit-tree -m bad $tree)",
		    trees[i]);
		SH(line);
		assert_int_equal(fetch("/repo", "bad", commit, &err), 0);
		rfa_error_clear(&err);
		if (rfa_git_open(&r, cache, commit, &err) != -RFA_ECORRUPT)
			fail_msg("%s: %s", trees[i], err.msg);
	}
	assert_int_equal(rfa_git_open(&r, cache, "0123456789012345678901234567890123456789", &err),
			 -RFA_ENOTFOUND);
}

/* Waiting. */

static int listen_silent(unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)) && !listen(fd, 5));
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void a_silent_server_is_left(void **state)
{
	char commit[RFA_GIT_ID_MAX], url[100], cache[200];
	volatile int cancel = 1;
	struct rfa_git_source source = {
		.cache = cache, .url = url, .idle_timeout_ms = 60000, .cancel = &cancel
	};
	struct rfa_error err;
	unsigned port;
	int fd = listen_silent(&port);

	(void)state;
	snprintf(cache, sizeof(cache), "%s/cache.git", dir);
	snprintf(url, sizeof(url), "git://127.0.0.1:%u/x", port);
	assert_int_equal(fetch(url, "plain", commit, &err), -RFA_ESTALLED);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", port);
	assert_int_equal(fetch(url, "plain", commit, &err), -RFA_ESTALLED);
	assert_int_equal(rfa_git_fetch(&source, "plain", commit, &err), -RFA_ECANCELLED);
	close(fd);
	assert_int_equal(fetch(url, "plain", commit, &err), -RFA_EUNREACHABLE);
}

/* By ssh: the server's key has to be known, and ours to be let in. */
static void a_server_of_ssh_is_known(void **state)
{
	char commit[RFA_GIT_ID_MAX], url[400], cache[200], line[400];
	struct rfa_git_source source = { .cache = cache, .url = url, .idle_timeout_ms = 20000 };
	static const char from_home[] =
	    "python3 -c \"import os;print(os.path.relpath(os.getcwd(),os.path.expanduser('~')))\"";
	struct rfa_error err;
	struct sshd s;

	(void)state;
	if (!sshd_available())
		skip();
	sshd_start(&s, "HostKeyAlgorithms ssh-ed25519\n");
	snprintf(cache, sizeof(cache), "%s/ssh.git", dir);
	snprintf(url, sizeof(url), "ssh://%s@127.0.0.1:%u%s/repo", s.user, s.port, dir);
	source.ssh_config = s.config;
	rfa_error_clear(&err);
	if (rfa_git_fetch(&source, "plain", commit, &err))
		fail_msg("%s: %s", err.msg, err.hint);
	assert_string_equal(commit, SH("git -C repo rev-parse plain"));
	/* A path below the home of the user there, whatever the port. */
	snprintf(url, sizeof(url), "%s@127.0.0.1:%s/repo", s.user, SH(from_home));
	if (rfa_git_fetch(&source, "plain", commit, &err))
		fail_msg("%s: %s", err.msg, err.hint);
	snprintf(url, sizeof(url), "ssh://%s@127.0.0.1:%u%s/repo", s.user, s.port, dir);
	/* With a key of its own; with one that nobody lets in. */
	source.key = s.key;
	assert_int_equal(rfa_git_fetch(&source, "plain", commit, &err), 0);
	SH("ssh-keygen -q -t ed25519 -N '' -f other");
	snprintf(line, sizeof(line), "%s/other", dir);
	source.key = line;
	assert_int_equal(rfa_git_fetch(&source, "plain", commit, &err), -RFA_EAUTH);
	assert_int_equal(rfa_git_fetch(&source, "plain", commit, &err), -RFA_EAUTH);
	source.key = s.key;
	if (truncate(s.known_hosts, 0))
		fail_msg("known_hosts");
	assert_int_equal(rfa_git_fetch(&source, "plain", commit, &err), -RFA_EHOSTKEY);
	assert_non_null(strstr(err.msg, "SHA256:"));
	sshd_stop(&s);
}

static void a_login_goes_nowhere_else(void **state)
{
	static const struct {
		const char *url, *secret, *text;
	} rows[] = {
		{ "https://olga:hunter2@git.example/x", NULL, "password stands in the URL" },
		{ "ssh://olga:hunter2@git.example/x", NULL, "password stands in the URL" },
		{ "http://git.example/x", "hunter2", "anybody can read it" },
		{ "ftp://git.example/x", NULL, "no repository can be asked" },
	};
	char commit[RFA_GIT_ID_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rfa_git_source source = { .cache = "/nowhere",
						 .url = rows[i].url,
						 .secret = rows[i].secret };
		struct rfa_error err;

		assert_int_equal(rfa_git_fetch(&source, "v1", commit, &err), -RFA_ECONFIG);
		assert_non_null(strstr(err.msg, rows[i].text));
		assert_null(strstr(err.msg, "hunter2"));
	}
}

/* Servers that lie. */

/* How a server answers every request. */
static const char who_is_it[] =
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
    "\r\n";
static const char who_is_it_and_bye[] =
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n"
    "WWW-Authenticate: Basic realm=\"x\"\r\n\r\n";

/* Answers, and leaves; hard: so that what the other one writes next finds nobody. */
static void answer(int listener, const char *text, int hard)
{
	struct linger reset = { 1, 0 };
	char request[8192];
	size_t n = 0;
	int fd = accept(listener, NULL, NULL);

	memset(request, 0, sizeof(request));
	while (fd >= 0 && n < sizeof(request) - 1 && !strstr(request, "\r\n\r\n")) {
		ssize_t got = read(fd, request + n, sizeof(request) - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (strstr(request, "uthorization:"))
		SH("touch heard");
	(void)!write(fd, text, strlen(text));
	(void)shutdown(fd, SHUT_WR);
	if (hard)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static int fetch_http(unsigned port, struct rfa_error *err)
{
	char commit[RFA_GIT_ID_MAX], url[100], cache[200];
	struct rfa_git_source source = { .cache = cache,
					 .url = url,
					 .user = "olga",
					 .secret = "hunter2",
					 .idle_timeout_ms = 5000 };

	snprintf(cache, sizeof(cache), "%s/http.git", dir);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", port);
	rfa_error_clear(err);
	return rfa_git_fetch(&source, "plain", commit, err);
}

/* Another port is another server. */
static void a_redirect_takes_no_login_along(void **state)
{
	struct rfa_error err;
	unsigned first, second;
	int a = listen_silent(&first), b = listen_silent(&second);
	char moved_on[300];
	pid_t one, two;

	(void)state;
	snprintf(moved_on, sizeof(moved_on),
		 "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nConnection: close\r\n"
		 "Location: http://127.0.0.1:%u/x/info/refs?service=git-upload-pack\r\n\r\n",
		 second);
	one = fork();
	two = one ? fork() : 1;
	while (!one)
		answer(a, moved_on, 0);
	while (!two)
		answer(b, who_is_it_and_bye, 0);
	assert_int_not_equal(fetch_http(first, &err), 0);
	(void)kill(one, SIGKILL);
	(void)kill(two, SIGKILL);
	(void)waitpid(one, NULL, 0);
	(void)waitpid(two, NULL, 0);
	close(a);
	close(b);
	assert_string_equal(SH("ls | grep heard || :"), "");
	if (!strstr(err.msg, "sends us to another one"))
		fail_msg("%s", err.msg);
}

/* What the ledger will name is on the disk by then. */
static void what_was_fetched_is_synced(void **state)
{
	char commit[RFA_GIT_ID_MAX];
	struct rfa_error err;

	(void)state;
	packs_synced = mmap(NULL, sizeof(*packs_synced), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(packs_synced, MAP_FAILED);
	SH("cd repo && git commit -q --allow-empty -m synced && git tag synced");
	assert_int_equal(fetch("/repo", "synced", commit, &err), 0);
	assert_true(*packs_synced >= 2); /* the pack, and its index */
}

static void a_server_that_leaves_is_told(void **state)
{
	struct rfa_error err;
	unsigned port;
	int fd = listen_silent(&port);
	pid_t server = fork();

	(void)state;
	while (!server)
		answer(fd, who_is_it, 1);
	assert_int_not_equal(fetch_http(port, &err), 0);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	close(fd);
	SH("rm -f heard");
	if (err.code == RFA_EINTERNAL)
		fail_msg("%s", err.msg);
}

/* The copy. */

static void what_a_killed_one_left_is_no_obstacle(void **state)
{
	char commit[RFA_GIT_ID_MAX];
	struct rfa_error err;

	(void)state;
	SH("rm -rf cache.git && mkdir -p cache.git && cd cache.git && : >HEAD.lock && "
	   ": >config.lock");
	if (fetch("/repo", "plain", commit, &err))
		fail_msg("half made: %s", err.msg);
	SH("cd repo && git commit -q --allow-empty -m 3 && git tag left");
	SH("cd cache.git && : >FETCH_HEAD.lock && : >refs/tags/left.lock && "
	   ": >objects/pack/pack_git2_abc123");
	if (fetch("/repo", "left", commit, &err))
		fail_msg("half fetched: %s", err.msg);
	assert_string_equal(commit, SH("git -C repo rev-parse left"));
	assert_string_equal(SH("find cache.git -name '*git2_*' -o -name '*.lock'"), "");
	SH("cd repo && git reset -q --hard plain");
}

/* One waits for the other, however long it takes. */
static void two_at_once_take_turns(void **state)
{
	char commit[RFA_GIT_ID_MAX], path[200];
	struct rfa_clock *clock = rfa_clock_system();
	int64_t begun = clock->mono_ms(clock);
	struct rfa_error err;
	int ready[2];
	pid_t other;

	(void)state;
	assert_int_equal(fetch("/repo", "plain", commit, &err), 0);
	snprintf(path, sizeof(path), "%s/cache.git.lock", dir);
	assert_int_equal(pipe(ready), 0);
	other = fork();
	if (!other) {
		int fd = open(path, O_RDWR | O_CREAT, 0600);

		(void)flock(fd, LOCK_EX);
		(void)!write(ready[1], "x", 1);
		usleep(1500000);
		_exit(0);
	}
	assert_int_equal(read(ready[0], path, 1), 1);
	assert_int_equal(fetch("/repo", "plain", commit, &err), 0);
	assert_true(clock->mono_ms(clock) - begun >= 1400);
	(void)waitpid(other, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

/* CLONE_NEWNS of linux/sched.h */
enum { MOUNTS_OF_ITS_OWN = 0x20000 };

static void a_full_disk_is_told(void **state)
{
	char commit[RFA_GIT_ID_MAX], url[200], cache[200];
	struct rfa_git_source source = { .cache = cache, .url = url, .idle_timeout_ms = 20000 };
	struct rfa_error err;
	int rc;

	(void)state;
	snprintf(cache, sizeof(cache), "%s/full", dir);
	snprintf(url, sizeof(url), "%s/repo", dir);
	SH("mkdir full");
	if (syscall(SYS_unshare, MOUNTS_OF_ITS_OWN) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", cache, "tmpfs", 0, "size=1m"))
		skip();
	SH("cd repo && head -c 4000000 /dev/urandom >large && git add large && git commit -qm l && "
	   "git tag large && git reset -q --hard plain");
	snprintf(cache, sizeof(cache), "%s/full/cache.git", dir);
	rfa_error_clear(&err);
	rc = rfa_git_fetch(&source, "large", commit, &err);
	*strrchr(cache, '/') = '\0';
	(void)umount(cache);
	if (rc != -RFA_ENOSPACE)
		fail_msg("%d %s", rc, err.msg);
}

/* What rfa.json says is asked, whatever the user's git would make of it. */
static void no_other_url_is_asked_instead(void **state)
{
	char commit[RFA_GIT_ID_MAX], *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
	struct rfa_error err;
	int rc;

	(void)state;
	SH("printf '[safe]\\ndirectory = *\\n[url \"/nowhere\"]\\ninsteadOf = \"%s/repo\"\\n' "
	   "\"$PWD\" >.gitconfig");
	(void)setenv("HOME", dir, 1);
	rc = fetch("/repo", "plain", commit, &err);
	if (home)
		(void)setenv("HOME", home, 1);
	free(home);
	SH("rm .gitconfig");
	if (rc)
		fail_msg("%s", err.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_tags_and_their_commits),
		cmocka_unit_test(a_tag_is_its_commit),
		cmocka_unit_test(a_tar_is_the_commit),
		cmocka_unit_test(files_are_listed),
		cmocka_unit_test(what_is_elsewhere_is_told),
		cmocka_unit_test(names_that_lead_out_are_refused),
		cmocka_unit_test(a_silent_server_is_left),
		cmocka_unit_test(a_server_of_ssh_is_known),
		cmocka_unit_test(a_login_goes_nowhere_else),
		cmocka_unit_test(a_redirect_takes_no_login_along),
		cmocka_unit_test(a_server_that_leaves_is_told),
		cmocka_unit_test(what_a_killed_one_left_is_no_obstacle),
		cmocka_unit_test(two_at_once_take_turns),
		cmocka_unit_test(no_other_url_is_asked_instead),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(what_was_fetched_is_synced),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
