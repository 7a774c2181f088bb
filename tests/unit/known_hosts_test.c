/* known_hosts files: names, hashes, patterns, markers, damaged lines; and bytes that make no sense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/base64.h"
#include "tests/harness/sshd.h"
#include "transports/ssh/hostkeys.h"

/* Wire forms of public keys, made up: a type and some bytes. */
struct key {
	unsigned char wire[128];
	size_t len;
	char line[256]; /* "type base64" */
};

static void put(struct key *k, const void *data, size_t len)
{
	k->wire[k->len] = k->wire[k->len + 1] = k->wire[k->len + 2] = 0;
	k->wire[k->len + 3] = (unsigned char)len;
	memcpy(k->wire + k->len + 4, data, len);
	k->len += 4 + len;
}

static struct key make_key(const char *type, char fill)
{
	struct rfa_buf text = RFA_BUF_INIT(256);
	char bytes[32];
	struct key k = { .len = 0 };

	memset(bytes, fill, sizeof(bytes));
	put(&k, type, strlen(type));
	put(&k, bytes, sizeof(bytes));
	rfa_base64_put(&text, k.wire, k.len);
	snprintf(k.line, sizeof(k.line), "%s %s", type, rfa_buf_str(&text));
	rfa_buf_release(&text);
	return k;
}

static struct rfa_ssh_settings at(const char *host, unsigned port, const char *alias)
{
	struct rfa_ssh_settings s = { .port = port };

	/* Only read; the strings stay the caller's. */
	s.host = (char *)(uintptr_t)host;
	s.alias = (char *)(uintptr_t)alias;
	return s;
}

static struct rfa_ssh_known judge(const char *text, const struct rfa_ssh_settings *host,
				  const struct key *key)
{
	struct rfa_ssh_verdict v = { .all.trust = RFA_SSH_UNKNOWN };
	struct rfa_error err;

	assert_int_equal(rfa_ssh_known_judge(&v, text, strlen(text), "kh", host,
					     key ? key->wire : NULL, key ? key->len : 0, &err),
			 0);
	return v.all;
}

static enum rfa_ssh_trust trust(const char *hosts, const struct key *listed, const char *host,
				unsigned port, const struct key *key)
{
	const struct rfa_ssh_settings s = at(host, port, NULL);
	char text[1024];

	snprintf(text, sizeof(text), "%s %s comment with words\n", hosts, listed->line);
	return judge(text, &s, key).trust;
}

static void names_and_ports(void **state)
{
	const struct key a = make_key("ssh-ed25519", 'a');
	const struct key b = make_key("ssh-ed25519", 'b');
	const struct key c = make_key("ecdsa-sha2-nistp256", 'c');
	const struct rfa_ssh_settings port = at("prod", 2222, NULL);
	char text[1024];

	(void)state;
	assert_int_equal(trust("prod", &a, "prod", 22, &a), RFA_SSH_KNOWN);
	assert_int_equal(trust("PROD", &a, "prod", 22, &a), RFA_SSH_KNOWN);
	assert_int_equal(trust("prod", &a, "prod", 22, &b), RFA_SSH_CHANGED);
	assert_int_equal(trust("prod", &a, "prod", 22, &c), RFA_SSH_OTHERTYPE);
	assert_int_equal(trust("prod", &a, "test", 22, &a), RFA_SSH_UNKNOWN);
	assert_int_equal(trust("prod", &a, "prod.example", 22, &a), RFA_SSH_UNKNOWN);
	assert_int_equal(trust("x,prod,10.0.0.7", &a, "10.0.0.7", 22, &a), RFA_SSH_KNOWN);
	assert_int_equal(trust("[prod]:2222", &a, "prod", 2222, &a), RFA_SSH_KNOWN);
	assert_int_equal(trust("[prod]:2222", &a, "prod", 2222, &b), RFA_SSH_CHANGED);
	assert_int_equal(trust("[prod]:2222", &a, "prod", 22, &a), RFA_SSH_UNKNOWN);
	assert_int_equal(trust("[prod]:2222", &a, "prod", 2223, &a), RFA_SSH_UNKNOWN);
	/* A key known for the bare name is the host's on a port that has no line of its own. */
	assert_int_equal(trust("prod", &a, "prod", 2222, &a), RFA_SSH_KNOWN);
	assert_int_equal(trust("prod", &a, "prod", 2222, &b), RFA_SSH_UNKNOWN);
	snprintf(text, sizeof(text), "[prod]:2222 %s\nprod %s\n", a.line, b.line);
	assert_int_equal(judge(text, &port, &b).trust, RFA_SSH_CHANGED);
	assert_int_equal(judge(text, &port, &a).trust, RFA_SSH_KNOWN);
	snprintf(text, sizeof(text), "prod %s\n[prod]:2222 %s\n", b.line, c.line);
	assert_int_equal(judge(text, &port, &b).trust, RFA_SSH_OTHERTYPE);
}

static void patterns(void **state)
{
	static const struct {
		const char *patterns, *name;
		int matches;
	} cases[] = {
		{ "*", "x", 1 },
		{ "*.example", "a.example", 1 },
		{ "*.example", "example", 0 },
		{ "10.0.0.?", "10.0.0.7", 1 },
		{ "10.0.0.?", "10.0.0.17", 0 },
		{ "*,!prod", "prod", 0 },
		{ "!prod,*", "prod", 0 },
		{ "!prod,*", "test", 1 },
		{ "!prod", "test", 0 },
		{ "a*b*c", "aXbYbZc", 1 },
		{ "a*b*c", "aXbYbZ", 0 },
		{ "", "", 0 },
		{ "", "x", 0 },
		{ ",,x", "x", 1 },
		{ "[*]:2222", "[prod]:2222", 1 },
		{ "**a", "bba", 1 },
		{ "prod", "prodx", 0 },
		{ "prodx", "prod", 0 },
		{ "*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (rfa_ssh_known_matches(cases[i].patterns, cases[i].name) != cases[i].matches)
			fail_msg("\"%s\" and \"%s\"", cases[i].patterns, cases[i].name);
}

static void aliases(void **state)
{
	const struct key a = make_key("ssh-ed25519", 'a');
	const struct rfa_ssh_settings s = at("10.0.0.7", 2222, "blue");
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "blue %s\n", a.line);
	assert_int_equal(judge(text, &s, &a).trust, RFA_SSH_KNOWN);
	snprintf(text, sizeof(text), "[10.0.0.7]:2222 %s\n10.0.0.7 %s\n", a.line, a.line);
	assert_int_equal(judge(text, &s, &a).trust, RFA_SSH_UNKNOWN);
}

static void markers(void **state)
{
	const struct key a = make_key("ssh-ed25519", 'a');
	const struct key b = make_key("ssh-ed25519", 'b');
	const struct rfa_ssh_settings s = at("prod", 22, NULL);
	struct rfa_ssh_known v;
	char text[1024];

	(void)state;
	/* A revoked key is refused although another line knows it, whichever comes first. */
	snprintf(text, sizeof(text), "prod %s\n@revoked * %s\n", a.line, a.line);
	v = judge(text, &s, &a);
	assert_int_equal(v.trust, RFA_SSH_REVOKED);
	assert_int_equal(v.line, 2);
	assert_string_equal(v.file, "kh");
	snprintf(text, sizeof(text), "@revoked * %s\nprod %s\n", a.line, a.line);
	assert_int_equal(judge(text, &s, &a).trust, RFA_SSH_REVOKED);
	/* One that is not this key says nothing about it. */
	snprintf(text, sizeof(text), "@revoked * %s\nprod %s\n", b.line, a.line);
	assert_int_equal(judge(text, &s, &a).trust, RFA_SSH_KNOWN);
	snprintf(text, sizeof(text), "@cert-authority * %s\n", b.line);
	assert_int_equal(judge(text, &s, &a).trust, RFA_SSH_AUTHORITY);
	assert_int_equal(judge(text, &s, &b).trust, RFA_SSH_AUTHORITY);
	snprintf(text, sizeof(text), "@cert-authority * %s\nprod %s\n", b.line, a.line);
	assert_int_equal(judge(text, &s, &a).trust, RFA_SSH_KNOWN);
	snprintf(text, sizeof(text), "@future * %s\n", a.line);
	assert_int_equal(judge(text, &s, &a).trust, RFA_SSH_UNKNOWN);
}

static void bad_lines_hide_nothing(void **state)
{
	const struct key a = make_key("ssh-ed25519", 'a');
	const struct rfa_ssh_settings s = at("prod", 22, NULL);
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_ssh_verdict v = { .all.trust = RFA_SSH_UNKNOWN };
	struct rfa_error err;
	int i;

	(void)state;
	rfa_buf_puts(&text, "# a comment\n\n   \nprod\nprod ssh-ed25519\nprod ssh-ed25519 !!!!\n"
			    "prod 1024 35 1234567\nprod ssh-ed25519 AAAA\n@revoked\n@\n"
			    "|1|x|y ssh-ed25519 AAAA\n|1| ssh-ed25519 AAAA\n\xff\xfe\n");
	/* The right type's name around another type's key, and a truncated key. */
	rfa_buf_printf(&text, "prod ssh-rsa %s\n", strchr(a.line, ' ') + 1);
	rfa_buf_printf(&text, "prod %.30s\n", a.line);
	for (i = 0; i < 20000; i++)
		rfa_buf_putc(&text, 'x');
	rfa_buf_add(&text, "\nprod \0\n", 8);
	rfa_buf_printf(&text, "\t prod\t%s\r\n", a.line);
	assert_int_equal(text.failed, 0);
	assert_int_equal(
	    rfa_ssh_known_judge(&v, text.data, text.len, "kh", &s, a.wire, a.len, &err), 0);
	assert_int_equal(v.all.trust, RFA_SSH_KNOWN);
	/* Without a newline at the end. */
	memset(&v, 0, sizeof(v));
	text.len--;
	assert_int_equal(
	    rfa_ssh_known_judge(&v, text.data, text.len, "kh", &s, a.wire, a.len, &err), 0);
	assert_int_equal(v.all.trust, RFA_SSH_KNOWN);
	rfa_buf_release(&text);
}

static void types_in_order(void **state)
{
	const struct key e = make_key("ssh-ed25519", 'a');
	const struct key c = make_key("ecdsa-sha2-nistp256", 'c');
	const struct key r = make_key("ssh-rsa", 'r');
	const struct rfa_ssh_settings s = at("prod", 22, NULL);
	struct rfa_ssh_known v;
	char text[4096];

	(void)state;
	snprintf(text, sizeof(text), "prod %s\nother %s\nprod %s\nprod %s\n@revoked * %s\n", c.line,
		 r.line, e.line, c.line, r.line);
	v = judge(text, &s, NULL);
	assert_string_equal(v.types, "ecdsa-sha2-nistp256,ssh-ed25519");
	v = judge(text, &s, &r);
	assert_int_equal(v.trust, RFA_SSH_REVOKED);
	v = judge(text, &s, &e);
	assert_int_equal(v.trust, RFA_SSH_KNOWN);
	assert_int_equal(v.line, 3);
}

/* The judges of the truth: ssh-keygen makes the hashes and the fingerprint. */
static void agrees_with_openssh(void **state)
{
	const struct rfa_ssh_settings hosts[] = { at("prod", 22, NULL), at("prod", 2222, NULL),
						  at("10.0.0.7", 22, NULL), at("test", 22, NULL) };
	char print[RFA_SSH_FINGERPRINT_MAX];
	struct sshd s = { .pid = 0 };
	const char *hash[] = { "ssh-keygen", "-q", "-H", "-f", NULL, NULL };
	char line[512], path[128], command[512];
	const char *sh[] = { "sh", "-c", command, NULL };
	unsigned char wire[256];
	struct key k = { .len = 0 };
	char *pub, *text;
	size_t i;

	(void)state;
	snprintf(s.dir, sizeof(s.dir), "/tmp/rfa-known-XXXXXX");
	assert_non_null(mkdtemp(s.dir));
	sshd_keygen(&s, "k", "ed25519", "");
	pub = sshd_read(&s, "k.pub");
	snprintf(line, sizeof(line), "prod,10.0.0.7 %s[prod]:2222 %s", pub, pub);
	sshd_write(&s, "kh", line, 0);
	snprintf(path, sizeof(path), "%s/kh", s.dir);
	hash[4] = path;
	sshd_command(hash);
	text = sshd_read(&s, "kh");
	assert_int_equal(strncmp(text, "|1|", 3), 0);
	assert_null(strstr(text, "prod"));
	/* The wire form, by coreutils rather than by our own code. */
	snprintf(command, sizeof(command),
		 "cd %s && cut -d' ' -f2 k.pub | base64 -d > wire && ssh-keygen -lf k.pub | "
		 "cut -d' ' -f2 | tr -d '\\n' > print",
		 s.dir);
	sshd_command(sh);
	snprintf(path, sizeof(path), "%s/wire", s.dir);
	{
		FILE *f = fopen(path, "rb");

		assert_non_null(f);
		k.len = fread(wire, 1, sizeof(wire), f);
		fclose(f);
	}
	memcpy(k.wire, wire, k.len);
	for (i = 0; i < 4; i++)
		assert_int_equal(judge(text, &hosts[i], &k).trust,
				 i == 3 ? RFA_SSH_UNKNOWN : RFA_SSH_KNOWN);
	k.wire[k.len - 1] ^= 1;
	assert_int_equal(judge(text, &hosts[1], &k).trust, RFA_SSH_CHANGED);
	k.wire[k.len - 1] ^= 1;
	free(text);
	text = sshd_read(&s, "print");
	rfa_ssh_fingerprint(k.wire, k.len, print);
	assert_string_equal(print, text);
	free(text);
	free(pub);
	sshd_stop(&s);
}

/* Damage to a good file may cost lines, never a crash, and never make a wrong key right. */
static void survives_noise(void **state)
{
	const struct key a = make_key("ssh-ed25519", 'a');
	const struct key b = make_key("ssh-ed25519", 'b');
	const struct rfa_ssh_settings s = at("prod", 2222, NULL);
	uint64_t seed = 0x9e3779b97f4a7c15u;
	char good[1024], text[1024];
	size_t len;
	int round;

	(void)state;
	snprintf(good, sizeof(good),
		 "# x\nprod,[prod]:2222 %s c\n@revoked *,!z %s\n"
		 "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= %s\n",
		 a.line, b.line, a.line);
	len = strlen(good);
	for (round = 0; round < 20000; round++) {
		struct rfa_ssh_verdict v = { .all.trust = RFA_SSH_UNKNOWN };
		struct rfa_error err;
		int hits;

		memcpy(text, good, len);
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		for (hits = (int)(seed >> 61); hits >= 0; hits--) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			text[(seed >> 33) % len] = (char)(seed >> 20);
		}
		assert_int_equal(rfa_ssh_known_judge(&v, text, (size_t)((seed >> 40) % (len + 1)),
						     "kh", &s, b.wire, b.len, &err),
				 0);
		if (v.all.trust == RFA_SSH_KNOWN)
			fail_msg("round %d made a wrong key right", round);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_ports),
		cmocka_unit_test(patterns),
		cmocka_unit_test(aliases),
		cmocka_unit_test(markers),
		cmocka_unit_test(bad_lines_hide_nothing),
		cmocka_unit_test(types_in_order),
		cmocka_unit_test(agrees_with_openssh),
		cmocka_unit_test(survives_noise),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("known_hosts", tests, NULL, NULL);
}
