/*
 * What an SSH server does not let us do, and how it is told: each cause by its own error, with the
 * server's words and what mends it; and what only looks like a refusal, and has to work.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/dial.h"
#include "tests/harness/fakehost.h"
#include "tests/harness/slow.h"
#include "tests/harness/web.h"
#include "transports/host/host.h"
#include "transports/http.h"

/* The second list of methods is libssh2's to free (tests/harness/sshd.c): its name is looked for.
 */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}

#define assert_ok(call)                                                                      \
	do {                                                                                 \
		rfa_error_clear(&err);                                                       \
		if ((call) != 0)                                                             \
			fail_msg("%s: %s: %s [%s]", #call, rfa_code_word(err.code), err.msg, \
				 err.hint);                                                  \
	} while (0)

/* Connections from there. */

static int get(struct rfa_transport *t, unsigned port, struct rfa_error *err)
{
	struct rfa_http_request request = { .timeout_ms = 20000 };
	struct rfa_http_reply reply;
	char url[64];
	int rc;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok", port);
	request.url = url;
	rc = rfa_http_ask(t, &request, &reply, err);
	if (!rc)
		rfa_http_reply_release(&reply);
	return rc;
}

static void forwarding(void **state)
{
	static const char *const refusing[] = { "AllowTcpForwarding no",
						"AllowTcpForwarding remote",
						"DisableForwarding yes", "PermitOpen 127.0.0.1:1" };
	struct rfa_transport *t;
	struct rfa_error err;
	struct web web;
	struct sshd s;
	size_t i;

	(void)state;
	web_start(&web);
	for (i = 0; i < sizeof(refusing) / sizeof(refusing[0]); i++) {
		sshd_start(&s, refusing[i]);
		t = ssh_to(&s, "there");
		assert_int_equal(get(t, web.port, &err), -RFA_EFORWARDING);
		assert_int_equal(err.severity, RFA_DENIED);
		assert_false(rfa_http_is_service(&err));
		told(err.msg, "opens no connection to 127.0.0.1 port");
		told(err.hint, "AllowTcpForwarding");
		rfa_transport_free(t);
		sshd_stop(&s);
	}
	/* Nobody listens: that is the service's affair, and so is what it answers. */
	sshd_start(&s, NULL);
	t = ssh_to(&s, "there");
	assert_ok(get(t, web.port, &err));
	assert_int_equal(get(t, web_closed_port(), &err), -RFA_EUNREACHABLE);
	assert_true(rfa_http_is_service(&err));
	/* The host itself is gone: nothing is known of the service. */
	t->ops->disconnect(t);
	sshd_deafen(&s);
	assert_int_equal(get(t, web.port, &err), -RFA_EUNREACHABLE);
	assert_false(rfa_http_is_service(&err));
	rfa_transport_free(t);
	sshd_stop(&s);
	web_stop(&web);
}

/* With one session, the shell, the engine's connection and a stream take turns. */
static void take_turns(const char *sessions)
{
	struct rfa_host_options options = { .name = "prod" };
	struct rfa_transport *t;
	struct rfa_stream *stream = NULL;
	struct rfa_host *host = NULL;
	struct rfa_file_stat st;
	struct rfa_error err;
	struct fakehosts f;
	json_t *image = NULL;
	char dir[128];
	struct sshd s;
	size_t put = 0;
	struct rfa_clock *clock = rfa_clock_system();
	int64_t since;
	int i;

	assert_int_equal(fakehosts_make(&f), 0);
	options.docker = f.engine[0];
	sshd_start(&s, sessions);
	snprintf(dir, sizeof(dir), "%s/state", s.dir);
	options.state_dir = dir;
	t = ssh_to(&s, "there");
	assert_ok(rfa_host_shell(&host, t, &options, &err));
	since = clock->mono_ms(clock);
	for (i = 0; i < 2; i++) {
		assert_ok(host->files->stat(host, s.key, &st, &err));
		assert_int_equal(st.type, 'f');
		assert_ok(host->engine->inspect(host, RFA_IMAGE, "app:1", &image, &err));
		json_decref(image);
		assert_ok(host->runs->spool_write(host, "20261122_000000_abcdef", "images", 0,
						  &stream, &err));
		while (!put)
			assert_ok(stream->ops->write(stream, "x", 1, &put, &err));
		assert_ok(rfa_host_stream_end(host, &stream, 20000, NULL, &err));
		put = 0;
		assert_ok(host->engine->inspect(host, RFA_IMAGE, "app:1", &image, &err));
		json_decref(image);
	}
	assert_ok(host->files->stat(host, s.key, &st, &err));
	/* Ten seconds for a place that may come are waited in vain once, not for each of them. */
	assert_in_range(clock->mono_ms(clock) - since, 0, slow_ms(25000));
	rfa_host_free(host);
	sshd_stop(&s);
	assert_int_equal(fakehosts_end(&f), 0);
}

static void few_sessions_are_enough(void **state)
{
	(void)state;
	take_turns("MaxSessions 1");
	take_turns("MaxSessions 2");
}

/* Login shells. */

/* A forced command stands for the login shell: sshd hands both the command in the same way. */
static void login_shells(void **state)
{
	static const char *const shells[] = { "sh", "bash", "rbash", "tcsh", "csh", "fish" };
	struct rfa_buf out = RFA_BUF_INIT(65536);
	char force[256], script[512];
	struct rfa_transport *t;
	struct rfa_error err;
	struct sshd s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (!sshd_installed(shells[i]))
			continue;
		snprintf(force, sizeof(force), "ForceCommand exec %s -c \"$SSH_ORIGINAL_COMMAND\"",
			 shells[i]);
		sshd_start(&s, force);
		rfa_buf_clear(&out);
		assert_ok(ssh_shell(&s, "printf '%s\\n' 'one!' \"it's\" \"\\\\\" '$x'; exit 0",
				    &out, &err));
		assert_string_equal(rfa_buf_str(&out), "one!\nit's\n\\\n$x\n");
		/* A command of its own, with everything that one of them takes for its own. */
		t = ssh_to(&s, "there");
		rfa_buf_clear(&out);
		snprintf(
		    script, sizeof(script),
		    "# it's!\nprintf '%%s|' 'a!b' 'c\\\\d' \"\\$HOME\" '~' '{x,y}' '[z]' '%%j' "
		    "'\303\244'; exit 7");
		assert_int_equal(ssh_run(t, script, &out, &err), 7);
		assert_string_equal(rfa_buf_str(&out), "a!b|c\\\\d|$HOME|~|{x,y}|[z]|%j|\303\244|");
		rfa_transport_free(t);
		sshd_stop(&s);
	}
	rfa_buf_release(&out);
}

static void no_shell(void **state)
{
	static const struct {
		const char *config, *words;
	} cases[] = {
		{ "ForceCommand /usr/sbin/nologin", "This account is currently not available." },
		{ "ForceCommand printf 'only \\033[31mbackups\\n' >&2; exit 3",
		  "status 3, after these words: only \\x1b[31mbackups" },
		{ "ForceCommand true", "without a word" },
		{ "ForceCommand internal-sftp", "runs no sh" },
	};
	struct rfa_host_options options = { .name = "prod" };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_host *host = NULL;
	struct rfa_error err;
	struct sshd s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sshd_start(&s, cases[i].config);
		rfa_error_clear(&err);
		assert_int_equal(ssh_shell(&s, "echo 1", &out, &err), -RFA_ENOSHELL);
		assert_int_equal(err.severity, RFA_DENIED);
		assert_int_not_equal(rfa_code_status(err.code), 75);
		told(err.msg, cases[i].words);
		told(err.hint, "ForceCommand");
		/* A host is not connected where it runs nothing: no run begins there. */
		options.state_dir = s.dir;
		assert_ok(rfa_host_shell(&host, ssh_to(&s, "there"), &options, &err));
		assert_int_equal(host->ops->connect(host, &err), -RFA_ENOSHELL);
		told(err.msg, cases[i].words);
		rfa_host_free(host);
		sshd_stop(&s);
	}
	rfa_buf_release(&out);
}

static void a_proxy_command_speaks(void **state)
{
	struct rfa_error err;
	char text[512];
	struct sshd s;

	(void)state;
	sshd_start(&s, NULL);
	snprintf(
	    text, sizeof(text),
	    " IdentityFile %s\n UserKnownHostsFile %s\n"
	    " ProxyCommand sh -c 'echo \"bastion: \033[1maccess denied for u1\" >&2; exit 1'\n",
	    s.key, s.known_hosts);
	ssh_configure(&s, text);
	assert_int_equal(ssh_connect(&s, &err), -RFA_EUNREACHABLE);
	told(err.msg, "ProxyCommand said: bastion: \\x1b[1maccess denied for u1");
	sshd_stop(&s);
}

/* Proofs. */

static void shell(const struct sshd *s, const char *script)
{
	char command[1024];
	const char *argv[] = { "sh", "-c", command, NULL };

	snprintf(command, sizeof(command), "cd %s && { %s; }", s->dir, script);
	sshd_command(argv);
}

static void a_second_proof(void **state)
{
	struct rfa_error err;
	char socket[128], text[512];
	struct sshd s;
	pid_t agent;

	(void)state;
	sshd_start(&s, "AuthenticationMethods publickey,password\nPasswordAuthentication yes");
	assert_int_equal(ssh_connect(&s, &err), -RFA_ESECONDFACTOR);
	told(err.msg, s.key);
	told(err.msg, "password");
	told(err.hint, "AuthenticationMethods publickey");
	assert_null(strstr(err.hint, "ssh-copy-id"));
	/* The same with the key in an agent, among others that would use up the attempts. */
	agent = ssh_agent(&s, socket, sizeof(socket));
	shell(&s, "export SSH_AUTH_SOCK=$PWD/agent; for i in 1 2 3 4 5 6 7; do "
		  "ssh-keygen -q -t ed25519 -N '' -f k$i; [ $i -lt 4 ] || ssh-add -q k$i; "
		  "[ $i != 3 ] || ssh-add -q id_ed25519; done");
	snprintf(text, sizeof(text),
		 " IdentityFile %s/none\n IdentityAgent %s\n UserKnownHostsFile %s\n", s.dir,
		 socket, s.known_hosts);
	ssh_configure(&s, text);
	assert_int_equal(ssh_connect(&s, &err), -RFA_ESECONDFACTOR);
	kill(agent, SIGTERM);
	waitpid(agent, NULL, 0);
	sshd_stop(&s);
	/* No key is asked for at all. */
	sshd_start(&s, "PubkeyAuthentication no\nPasswordAuthentication yes");
	assert_int_equal(ssh_connect(&s, &err), -RFA_EAUTH);
	told(err.hint, "PubkeyAuthentication");
	sshd_stop(&s);
}

static void too_many_keys(void **state)
{
	struct rfa_error err;
	char socket[128], text[512];
	struct sshd s;
	pid_t agent;

	(void)state;
	sshd_start(&s, "MaxAuthTries 3");
	agent = ssh_agent(&s, socket, sizeof(socket));
	shell(&s, "export SSH_AUTH_SOCK=$PWD/agent; for i in 1 2 3 4 5; do "
		  "ssh-keygen -q -t ed25519 -N '' -f k$i && ssh-add -q k$i; done; "
		  "ssh-add -q id_ed25519");
	snprintf(text, sizeof(text),
		 " IdentityFile %s/none\n IdentityAgent %s\n UserKnownHostsFile %s\n", s.dir,
		 socket, s.known_hosts);
	ssh_configure(&s, text);
	assert_int_equal(ssh_connect(&s, &err), -RFA_EMANYKEYS);
	told(err.msg, "Too many authentication failures");
	told(err.hint, "IdentitiesOnly yes");
	/* The one that is named comes first, and it alone with IdentitiesOnly. */
	snprintf(text, sizeof(text),
		 " IdentityFile %s\n IdentityAgent %s\n UserKnownHostsFile %s\n", s.key, socket,
		 s.known_hosts);
	ssh_configure(&s, text);
	assert_ok(ssh_connect(&s, &err));
	kill(agent, SIGTERM);
	waitpid(agent, NULL, 0);
	sshd_stop(&s);
}

static void a_certificate(void **state)
{
	char config[256], text[512];
	struct rfa_error err;
	struct sshd s;

	(void)state;
	sshd_start(&s, NULL);
	shell(&s, "ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I me -n $(id -un) "
		  "id_ed25519.pub && : >authorized_keys");
	snprintf(config, sizeof(config), "TrustedUserCAKeys %s/ca.pub\n", s.dir);
	sshd_write(&s, "sshd_config", config, 1);
	sshd_deafen(&s);
	sshd_listen(&s);
	assert_int_equal(ssh_connect(&s, &err), -RFA_ECERTIFICATE);
	told(err.msg, "id_ed25519-cert.pub");
	told(err.hint, "ssh-copy-id");
	/* One that is named by CertificateFile, of a key beside others. */
	shell(&s, "mv id_ed25519-cert.pub elsewhere.pub");
	snprintf(text, sizeof(text),
		 " IdentityFile %s\n IdentityAgent none\n CertificateFile %s/elsewhere.pub\n"
		 " UserKnownHostsFile %s\n",
		 s.key, s.dir, s.known_hosts);
	ssh_configure(&s, text);
	assert_int_equal(ssh_connect(&s, &err), -RFA_ECERTIFICATE);
	told(err.msg, "elsewhere.pub");
	sshd_stop(&s);
}

/* 1Password, hardware keys: the file has the public key, the agent the private one. */
static void only_the_public_key_is_here(void **state)
{
	struct rfa_error err;
	char socket[128], text[512];
	struct sshd s;
	pid_t agent;
	int form;

	(void)state;
	sshd_start(&s, "MaxAuthTries 2");
	agent = ssh_agent(&s, socket, sizeof(socket));
	shell(&s, "export SSH_AUTH_SOCK=$PWD/agent; for i in 1 2 3; do "
		  "ssh-keygen -q -t ed25519 -N '' -f k$i && ssh-add -q k$i; done");
	setenv("RFA_TEST_KEYS", s.dir, 1);
	snprintf(text, sizeof(text),
		 " IdentityFile ${RFA_TEST_KEYS}/id_ed25519.pub\n IdentitiesOnly yes\n"
		 " IdentityAgent %s\n UserKnownHostsFile \"%s/my hosts\"\n",
		 socket, s.dir);
	ssh_configure(&s, text);
	shell(&s, "mv known_hosts 'my hosts'");
	/* The agent has not got it yet. */
	assert_int_equal(ssh_connect(&s, &err), -RFA_EAUTH);
	told(err.hint, "id_ed25519.pub is a public key, and the agent has no such key");
	shell(&s, "SSH_AUTH_SOCK=$PWD/agent ssh-add -q id_ed25519 && mv id_ed25519 gone");
	assert_ok(ssh_connect(&s, &err));
	/*
	 * The same by the private key's name: .pub beside it, then without it, encrypted: the
	 * public half is in the file.
	 */
	shell(&s, "mv gone id_ed25519; ssh-keygen -q -p -P '' -N secret -f id_ed25519");
	snprintf(text, sizeof(text),
		 " IdentityFile %s\n IdentityAgent %s\n UserKnownHostsFile \"%s/my hosts\"\n",
		 s.key, socket, s.dir);
	ssh_configure(&s, text);
	for (form = 0; form < 2; form++) {
		assert_ok(ssh_connect(&s, &err));
		shell(&s, "rm -f id_ed25519.pub");
	}
	unsetenv("RFA_TEST_KEYS");
	kill(agent, SIGTERM);
	waitpid(agent, NULL, 0);
	sshd_stop(&s);
}

/* Host keys, as ssh judges them. */

/* %1: "[127.0.0.1]:PORT"; K: the host's key, O: another, E: another of another type. */
static const char *const known[] = {
	"%1 K",
	"%1 O",
	"%1 O\n127.0.0.1 K",
	"127.0.0.1 K\n%1 O",
	"%1 E",
	"%1 E\n127.0.0.1 K",
	"127.0.0.1 K",
	"127.0.0.1 O",
	"127.0.0.1 O\n127.0.0.1 K",
	"127.0.0.1 K\n@revoked 127.0.0.1 K",
	"%1 K\n@revoked %1 K",
	"%1 K\n@revoked 127.0.0.1 K",
	"127.0.0.1 K\n@revoked %1 K",
	"%1 K\n@revoked * K",
	"%1 K\n@revoked %1 O",
	"@cert-authority %1 O",
	"@cert-authority %1 O\n127.0.0.1 K",
	"@cert-authority * O\n%1 K",
	"%1 O\n%1 K",
	"* K",
	"* O\n127.0.0.1 K",
	"[*]:* K",
	"[127.0.0.?]:* K",
	"[127.0.0.1]:*,!%1 K",
	"!%1,127.0.0.1 K",
	"!127.0.0.1,* K",
	"other,%1 K # comment",
	"%1 ssh-ed25519\n%1 K",
	"%1 ssh-ed25519 AAAA\n127.0.0.1 K",
	"# %1 K",
	"[127.0.0.1]:1 K",
	"",
};

static void put_known(const struct sshd *s, const char *rule, const char *keys[3], int hashed)
{
	const char *hash[] = { "ssh-keygen", "-q", "-H", "-f", s->known_hosts, NULL };
	struct rfa_buf text = RFA_BUF_INIT(8192);

	for (; *rule; rule++) {
		if (rule[0] == '%' && rule[1] == '1')
			rfa_buf_printf(&text, "[127.0.0.1]:%u", s->port), rule++;
		else if (*rule == 'K' || *rule == 'O' || *rule == 'E')
			rfa_buf_puts(&text, keys[*rule == 'K' ? 0 : *rule == 'O' ? 1 : 2]);
		else
			rfa_buf_putc(&text, *rule);
	}
	rfa_buf_putc(&text, '\n');
	sshd_write(s, "known_hosts", rfa_buf_str(&text), 0);
	if (hashed)
		sshd_command(hash);
	rfa_buf_release(&text);
}

/* A public key without its comment. */
static char *key_of(const struct sshd *s, const char *name)
{
	char *text = sshd_read(s, name);

	text[strcspn(text, " ") + 1 + strcspn(strchr(text, ' ') + 1, " \n")] = '\0';
	return text;
}

static void host_keys_as_ssh(void **state)
{
	char command[512];
	const char *ssh[] = { "sh", "-c", command, NULL };
	const char *keys[3];
	char *own[3];
	struct sshd s;
	size_t i;
	int hashed;

	(void)state;
	/* One key only: what ssh would ask for is no matter here. */
	sshd_start(&s, NULL);
	shell(&s, "sed -i /host_ecdsa/d sshd_config; ssh-keygen -q -t ecdsa -N '' -f other_ecdsa");
	sshd_deafen(&s);
	sshd_listen(&s);
	own[0] = key_of(&s, "host_ed25519.pub");
	own[1] = key_of(&s, "id_ed25519.pub");
	own[2] = key_of(&s, "other_ecdsa.pub");
	for (i = 0; i < 3; i++)
		keys[i] = own[i];
	snprintf(command, sizeof(command),
		 "ssh -F %s -o BatchMode=yes -o StrictHostKeyChecking=yes there true 2>%s/err; "
		 "echo $? >%s/status",
		 s.config, s.dir, s.dir);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		for (hashed = 0; hashed < 2; hashed++) {
			struct rfa_error err;
			char *status;
			int rc;

			/* ssh-keygen leaves patterns and markers as they are. */
			if (hashed && (strpbrk(known[i], "*?!@#") || !strchr(known[i], ' ') ||
				       strstr(known[i], "ssh-ed25519")))
				continue;
			put_known(&s, known[i], keys, hashed);
			sshd_command(ssh);
			status = sshd_read(&s, "status");
			rc = ssh_connect(&s, &err);
			if ((rc == 0) != (status[0] == '0'))
				fail_msg("%s%s: ssh ended with %s, rfa: %s", known[i],
					 hashed ? " (hashed)" : "", status, rc ? err.msg : "ok");
			free(status);
		}
	}
	for (i = 0; i < 3; i++)
		free(own[i]);
	sshd_stop(&s);
}

static void revoked_host_keys(void **state)
{
	struct rfa_error err;
	char text[512];
	struct sshd s;

	(void)state;
	sshd_start(&s, NULL);
	snprintf(text, sizeof(text),
		 " IdentityFile %s\n UserKnownHostsFile %s\n RevokedHostKeys %s/revoked\n", s.key,
		 s.known_hosts, s.dir);
	ssh_configure(&s, text);
	assert_int_equal(ssh_connect(&s, &err), -RFA_EHOSTKEY);
	told(err.msg, "cannot be read");
	shell(&s, "cp id_ed25519.pub revoked");
	assert_ok(ssh_connect(&s, &err));
	shell(&s, "cat host_ed25519.pub >>revoked");
	assert_int_equal(ssh_connect(&s, &err), -RFA_EHOSTKEY);
	told(err.msg, "is revoked by");
	shell(&s, "ssh-keygen -q -k -f revoked host_ed25519.pub");
	assert_int_equal(ssh_connect(&s, &err), -RFA_EUNSUPPORTED);
	sshd_stop(&s);
}

/* Another server. */

/* dropbear reads the authorized keys of a home directory only: it gets one of its own. */
static void dropbear(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	char script[1024];
	const char *start[] = { "unshare", "-m", "sh", "-c", script, NULL };
	const char *can[] = { "sh", "-c", "unshare -m true && mkdir -p /root", NULL };
	struct rfa_transport *t;
	struct rfa_error err;
	struct web web;
	struct sshd s;
	char text[512];
	pid_t pid;
	int tries, rc = -1;

	(void)state;
	if (getuid() || !sshd_installed("dropbear") || !sshd_installed("unshare"))
		skip();
	sshd_command(can);
	sshd_start(&s, NULL);
	sshd_deafen(&s);
	shell(&s, "mkdir -p home/.ssh && chmod -R go-rwx home && cp authorized_keys home/.ssh && "
		  "dropbearkey -t ed25519 -f db >/dev/null 2>&1");
	snprintf(script, sizeof(script),
		 "cd %s && { printf '[127.0.0.1]:%u '; dropbearkey -y -f db | grep ^ssh-; } "
		 ">known_hosts",
		 s.dir, s.port);
	sshd_command((const char *[]){ "sh", "-c", script, NULL });
	snprintf(script, sizeof(script),
		 "mount --bind %s/home /root && exec dropbear -F -E -s -p 127.0.0.1:%u -r %s/db "
		 "-P %s/pid 2>%s/log",
		 s.dir, s.port, s.dir, s.dir, s.dir);
	pid = sshd_run(start);
	snprintf(text, sizeof(text), " IdentityFile %s\n UserKnownHostsFile %s\n", s.key,
		 s.known_hosts);
	ssh_configure(&s, text);
	for (tries = 0; tries < 3000 && rc; tries++) {
		rc = ssh_connect(&s, &err);
		if (rc != -RFA_EUNREACHABLE)
			break;
		usleep(10000);
	}
	assert_ok(rc);
	assert_ok(ssh_shell(&s, "echo it\\'s", &out, &err));
	assert_string_equal(rfa_buf_str(&out), "it's\n");
	web_start(&web);
	t = ssh_to(&s, "there");
	assert_ok(get(t, web.port, &err));
	assert_int_equal(get(t, web_closed_port(), &err), -RFA_EUNREACHABLE);
	assert_true(rfa_http_is_service(&err));
	rfa_buf_clear(&out);
	assert_int_equal(ssh_run(t, "head -c 700000 /dev/zero; exit 3", &out, &err), 3);
	assert_int_equal(out.len, 700000);
	rfa_transport_free(t);
	web_stop(&web);
	/* A key that it does not know. */
	shell(&s, "ssh-keygen -q -t ed25519 -N '' -f stranger");
	snprintf(text, sizeof(text), " IdentityFile %s/stranger\n UserKnownHostsFile %s\n", s.dir,
		 s.known_hosts);
	ssh_configure(&s, text);
	assert_int_equal(ssh_connect(&s, &err), -RFA_EAUTH);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rfa_buf_release(&out);
	sshd_stop(&s);
}

/* An argument, "*keys*", picks tests by name. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwarding),
		cmocka_unit_test(few_sessions_are_enough),
		cmocka_unit_test(login_shells),
		cmocka_unit_test(no_shell),
		cmocka_unit_test(a_proxy_command_speaks),
		cmocka_unit_test(a_second_proof),
		cmocka_unit_test(too_many_keys),
		cmocka_unit_test(a_certificate),
		cmocka_unit_test(only_the_public_key_is_here),
		cmocka_unit_test(host_keys_as_ssh),
		cmocka_unit_test(revoked_host_keys),
		cmocka_unit_test(dropbear),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (!sshd_available()) {
		puts("1..0 # SKIP no sshd here");
		return 0;
	}
	return cmocka_run_group_tests_name("ssh refusals", tests, NULL, NULL);
}
