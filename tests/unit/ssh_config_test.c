/* What `ssh -G` tells: keys, lists, expansions, jumps; and output that makes no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/sshd.h"
#include "transports/ssh/config.h"

static const struct rfa_ssh_place place = { "/home/me", "/run/agent.1", "me" };

static struct rfa_ssh_settings *parse(const char *text)
{
	struct rfa_ssh_settings *s = NULL;
	struct rfa_error err;

	if (rfa_ssh_settings_parse(&s, text, strlen(text), "prod", &place, &err))
		fail_msg("%s", err.msg);
	return s;
}

static void reads_what_matters(void **state)
{
	struct rfa_ssh_settings *s =
	    parse("host prod\nuser root\nhostname 10.0.0.7\nport 2222\nidentitiesonly yes\n"
		  "hostkeyalias blue\nconnecttimeout 7\nproxyjump a,b\nsetenv X=hostname y\n"
		  "identityfile ~/.ssh/id one\nidentityfile /k_%h_%p_%r_%u_%n_%k_%%\n"
		  "identityfile none\nuserknownhostsfile /a /b\nglobalknownhostsfile /c  /d\n");

	(void)state;
	assert_string_equal(s->host, "10.0.0.7");
	assert_string_equal(s->user, "root");
	assert_int_equal(s->port, 2222);
	assert_int_equal(s->identities_only, 1);
	assert_string_equal(s->alias, "blue");
	assert_int_equal(s->timeout_ms, 7000);
	assert_string_equal(s->proxy_jump, "a,b");
	assert_null(s->proxy_command);
	assert_string_equal(s->agent, "/run/agent.1");
	assert_int_equal(s->identities.count, 2);
	assert_string_equal(s->identities.path[0], "/home/me/.ssh/id one");
	assert_string_equal(s->identities.path[1], "/k_10.0.0.7_2222_root_me_prod_blue_%");
	assert_int_equal(s->known_hosts.count, 2);
	assert_string_equal(s->known_hosts.path[1], "/b");
	assert_int_equal(s->global_hosts.count, 2);
	assert_string_equal(s->global_hosts.path[0], "/c");
	rfa_ssh_settings_free(s);
}

static void agents(void **state)
{
	static const struct {
		const char *line, *agent;
	} cases[] = {
		{ "", "/run/agent.1" },
		{ "identityagent none\n", NULL },
		{ "identityagent SSH_AUTH_SOCK\n", "/run/agent.1" },
		{ "identityagent $RFA_TEST_AGENT\n", "/run/other" },
		{ "identityagent $RFA_TEST_UNSET\n", NULL },
		{ "identityagent ${RFA_TEST_AGENT}/%r\n", "/run/other/u" },
		{ "identityagent ~/a/%r\n", "/home/me/a/u" },
	};
	size_t i;

	(void)state;
	setenv("RFA_TEST_AGENT", "/run/other", 1);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_ssh_settings *s;
		char text[256];

		snprintf(text, sizeof(text), "hostname h\nuser u\nport 22\n%s", cases[i].line);
		s = parse(text);
		if (cases[i].agent)
			assert_string_equal(s->agent, cases[i].agent);
		else
			assert_null(s->agent);
		rfa_ssh_settings_free(s);
	}
	unsetenv("RFA_TEST_AGENT");
}

/* `ssh -G` expands none of this, and prints lists without quotes. */
static void what_is_left_to_the_client(void **state)
{
	const char *shell[] = { "sh", "-c", NULL, NULL };
	struct rfa_ssh_settings *s;
	struct sshd d = { .pid = 0 };
	char text[1024], name[256];

	(void)state;
	snprintf(d.dir, sizeof(d.dir), "/tmp/rfa-config-XXXXXX");
	assert_non_null(mkdtemp(d.dir));
	snprintf(text, sizeof(text), "cd %s && touch 'a b' 'a  c' plain", d.dir);
	shell[2] = text;
	sshd_command(shell);
	setenv("RFA_TEST_DIR", d.dir, 1);
	snprintf(text, sizeof(text),
		 "hostname h\nuser u\nport 22\nidentityfile ${RFA_TEST_DIR}/id_%%r\n"
		 "certificatefile ~/c%%p\nrevokedhostkeys ${RFA_TEST_DIR}/revoked\n"
		 "userknownhostsfile %s/a b %s/a  c ${RFA_TEST_DIR}/plain /none %s/a\n"
		 "globalknownhostsfile ~/g ~root/g %%d/g %s/a b\n",
		 d.dir, d.dir, d.dir, d.dir);
	s = parse(text);
	snprintf(name, sizeof(name), "%s/id_u", d.dir);
	assert_string_equal(s->identities.path[0], name);
	assert_string_equal(s->certificates.path[0], "/home/me/c22");
	snprintf(name, sizeof(name), "%s/revoked", d.dir);
	assert_string_equal(s->revoked_keys, name);
	assert_int_equal(s->known_hosts.count, 5);
	snprintf(name, sizeof(name), "%s/a b", d.dir);
	assert_string_equal(s->known_hosts.path[0], name);
	assert_string_equal(s->global_hosts.path[3], name);
	snprintf(name, sizeof(name), "%s/a  c", d.dir);
	assert_string_equal(s->known_hosts.path[1], name);
	snprintf(name, sizeof(name), "%s/plain", d.dir);
	assert_string_equal(s->known_hosts.path[2], name);
	assert_string_equal(s->known_hosts.path[3], "/none");
	assert_int_equal(s->global_hosts.count, 4);
	assert_string_equal(s->global_hosts.path[0], "/home/me/g");
	assert_string_equal(s->global_hosts.path[1], "/root/g");
	assert_string_equal(s->global_hosts.path[2], "%d/g");
	rfa_ssh_settings_free(s);
	unsetenv("RFA_TEST_DIR");
	sshd_stop(&d);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"hostname h\n",
		"hostname h\nuser u\n",
		"hostname h\nuser u\nport 0\n",
		"hostname h\nuser u\nport 22x\n",
		"hostname h\nuser u\nport 65536\n",
		"hostname h\nuser u\nport -1\n",
		/* ssh refuses these as well, but only when it connects. */
		"hostname h\nuser u\nport 1\nidentityfile /%z\n",
		"hostname h\nuser u\nport 1\nidentityfile ${RFA_TEST_UNSET}/id\n",
		"hostname h\nuser u\nport 1\nuserknownhostsfile ${RFA\n",
	};
	struct rfa_ssh_settings *s = NULL;
	struct rfa_buf many = RFA_BUF_INIT(1 << 16);
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    rfa_ssh_settings_parse(&s, bad[i], strlen(bad[i]), "x", &place, &err),
		    -RFA_ECONFIG);
	rfa_buf_puts(&many, "hostname h\nuser u\nport 1\n");
	for (i = 0; i < 20; i++)
		rfa_buf_puts(&many, "identityfile /x\n");
	assert_int_equal(rfa_ssh_settings_parse(&s, many.data, many.len, "x", &place, &err),
			 -RFA_ECONFIG);
	assert_null(s);
	rfa_buf_release(&many);
}

/* Through the real ssh. */

static void ask_route(const char *config, const char *destination, struct rfa_ssh_route *route)
{
	struct rfa_error err;

	if (rfa_ssh_route_ask(route, destination, config, NULL, &err))
		fail_msg("%s [%s]", err.msg, err.hint);
}

static void asks_ssh(void **state)
{
	struct rfa_ssh_route route = { .count = 0 };
	struct sshd s = { .pid = 0 };
	char config[128];
	struct rfa_error err;

	(void)state;
	snprintf(s.dir, sizeof(s.dir), "/tmp/rfa-config-XXXXXX");
	assert_non_null(mkdtemp(s.dir));
	snprintf(config, sizeof(config), "%s/c", s.dir);
	sshd_write(&s, "c",
		   "Host far\n HostName 10.0.0.1\n ProxyJump one,u@two:2200\n"
		   "Host one\n HostName 10.0.0.2\n Port 2201\n ProxyJump zero\n"
		   "Host two\n ProxyJump nonsense\n"
		   "Host zero\n ProxyCommand nc %h %p\n"
		   "Host loop\n ProxyJump pool\nHost pool\n ProxyJump loop\n"
		   "Host six\n ProxyJump v@[::1]:2203,one\n"
		   "Host *\n User nobody\n",
		   0);
	ask_route(config, "far", &route);
	assert_int_equal(route.count, 4);
	assert_string_equal(route.hop[0]->host, "zero");
	assert_string_equal(route.hop[0]->proxy_command, "nc zero 22");
	assert_string_equal(route.hop[1]->host, "10.0.0.2");
	assert_int_equal(route.hop[1]->port, 2201);
	assert_string_equal(route.hop[2]->host, "two");
	assert_string_equal(route.hop[2]->user, "u");
	assert_int_equal(route.hop[2]->port, 2200);
	assert_string_equal(route.hop[3]->host, "10.0.0.1");
	assert_string_equal(route.hop[3]->user, "nobody");
	rfa_ssh_route_release(&route);
	ask_route(config, "ssh://me@[::1]:2222", &route);
	assert_int_equal(route.count, 1);
	assert_string_equal(route.hop[0]->host, "::1");
	assert_string_equal(route.hop[0]->user, "me");
	assert_int_equal(route.hop[0]->port, 2222);
	rfa_ssh_route_release(&route);
	ask_route(config, "w@six", &route);
	assert_int_equal(route.count, 3);
	assert_string_equal(route.hop[0]->host, "::1");
	assert_string_equal(route.hop[0]->user, "v");
	assert_int_equal(route.hop[0]->port, 2203);
	assert_string_equal(route.hop[1]->host, "10.0.0.2");
	assert_string_equal(route.hop[2]->user, "w");
	rfa_ssh_route_release(&route);
	assert_int_equal(rfa_ssh_route_ask(&route, "ssh://-x@-oProxyCommand=x", config, NULL, &err),
			 -RFA_ECONFIG);
	assert_int_equal(rfa_ssh_route_ask(&route, "loop", config, NULL, &err), -RFA_ECONFIG);
	assert_int_equal(rfa_ssh_route_ask(&route, "-oProxyCommand=x", config, NULL, &err),
			 -RFA_ECONFIG);
	assert_int_equal(rfa_ssh_route_ask(&route, "", config, NULL, &err), -RFA_ECONFIG);
	sshd_write(&s, "c", "Nonsense yes\n", 0);
	assert_int_equal(rfa_ssh_route_ask(&route, "far", config, NULL, &err), -RFA_ECONFIG);
	assert_non_null(strstr(err.msg, "onsense"));
	assert_int_equal(route.count, 0);
	sshd_stop(&s);
}

static void survives_noise(void **state)
{
	static const char good[] =
	    "host prod\nuser root\nhostname 10.0.0.7\nport 2222\nidentitiesonly yes\n"
	    "hostkeyalias blue\nproxyjump a,b\nidentityfile ~/x\nidentityagent ${X}\n"
	    "userknownhostsfile /a /b\nproxycommand nc %h %p\n";
	uint64_t seed = 88172645463325252u;
	char text[sizeof(good)];
	int round;

	(void)state;
	setenv("X", "/run/x", 1);
	for (round = 0; round < 20000; round++) {
		struct rfa_ssh_settings *s = NULL;
		struct rfa_error err;
		int hits;

		memcpy(text, good, sizeof(good));
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		for (hits = (int)(seed >> 61); hits >= 0; hits--) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			text[(seed >> 33) % sizeof(good)] = (char)(seed >> 20);
		}
		if (!rfa_ssh_settings_parse(&s, text, sizeof(text), "x", &place, &err)) {
			assert_true(s->host && s->user && s->port > 0 && s->port < 65536);
			rfa_ssh_settings_free(s);
		} else {
			assert_null(s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_matters),
		cmocka_unit_test(agents),
		cmocka_unit_test(what_is_left_to_the_client),
		cmocka_unit_test(refuses),
		cmocka_unit_test(asks_ssh),
		cmocka_unit_test(survives_noise),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ssh_config", tests, NULL, NULL);
}
