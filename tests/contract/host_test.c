/*
 * The host contract over the shell host: with a docker command that verifies its calls, and with a
 * real engine where there is one. RFA_CONTRACT_SSH names a destination (lab: "test"), or
 * RFA_CONTRACT_VIA says how to run a command there ("lab exec test"). RFA_CONTRACT_SSH2 and
 * RFA_CONTRACT_VIA2 are a second machine, else the first one is both.
 */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a transport that puts words before every command -----------------------------------------
 */

struct via {
	struct rfa_transport base;
	struct rfa_transport *inner;
	char text[512], *words[16];
};

static int via_connect(struct rfa_transport *t, struct rfa_error *err)
{
	struct via *v = (struct via *)t;

	return v->inner->ops->connect(v->inner, err);
}

static int via_exec(struct rfa_transport *t, const char *const argv[], struct rfa_stream **out,
		    struct rfa_error *err)
{
	struct via *v = (struct via *)t;
	const char *all[64];
	size_t n = 0, i;

	for (i = 0; v->words[i]; i++)
		all[n++] = v->words[i];
	for (i = 0; argv[i] && n < 63; i++)
		all[n++] = argv[i];
	all[n] = NULL;
	return v->inner->ops->exec(v->inner, all, out, err);
}

static void via_disconnect(struct rfa_transport *t)
{
	struct via *v = (struct via *)t;

	v->inner->ops->disconnect(v->inner);
}

static void via_free(struct rfa_transport *t)
{
	struct via *v = (struct via *)t;

	rfa_transport_free(v->inner);
	free(v);
}

static const struct rfa_transport_ops via_ops = {
	RFA_TRANSPORT_OPS_VERSION, "via", via_connect, via_exec, NULL, via_disconnect, via_free,
};

static int via_new(struct rfa_transport **out, const char *words, struct rfa_error *err)
{
	struct via *v = calloc(1, sizeof(*v));
	char *save = NULL, *word;
	size_t n = 0;

	if (!v)
		return rfa_fail_nomem(err);
	v->base.ops = &via_ops;
	snprintf(v->base.name, sizeof(v->base.name), "via");
	snprintf(v->text, sizeof(v->text), "%s", words);
	for (word = strtok_r(v->text, " ", &save); word && n < 15;
	     word = strtok_r(NULL, " ", &save))
		v->words[n++] = word;
	*out = &v->base;
	return rfa_transport_local(&v->inner, "via", err);
}

/* ---- the fake engine --------------------------------------------------------------------------
 */

struct sandbox {
	char root[64], state[2][128], engine[2][640];
};

static int sandbox_open(struct host_world *w, int machine, struct rfa_host **out,
			struct rfa_error *err)
{
	struct sandbox *s = w->data;
	struct rfa_host_options options = { .name = machine ? "prod" : "test",
					    .state_dir = s->state[machine],
					    .docker = s->engine[machine] };
	struct rfa_transport *t = NULL;
	int rc = rfa_transport_local(&t, options.name, err);

	return rc ? rc : rfa_host_shell(out, t, &options, err);
}

static void sandbox_hold(struct host_world *w, int held)
{
	struct sandbox *s = w->data;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/engine0/hold", s->root);
	if (!held) {
		unlink(path);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
}

static int count_calls(struct sandbox *s, const char *file, const char *begin)
{
	char path[128], line[1024];
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "%s/%s", s->root, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		n += strncmp(line, begin, strlen(begin)) == 0;
	if (f)
		fclose(f);
	return n;
}

static int sandbox_stops(struct host_world *w)
{
	return count_calls(w->data, "engine0/calls", "container stop");
}

static int run_fake(void)
{
	struct host_world world = { 0 };
	struct sandbox s = { .root = "/tmp/rfa-host-XXXXXX" };
	char command[1024];
	int i, failed;

	if (!mkdtemp(s.root))
		return 1;
	for (i = 0; i < 2; i++) {
		snprintf(s.state[i], sizeof(s.state[i]), "%s/state %d/it's", s.root, i);
		snprintf(command, sizeof(command), "%s/engine%d", s.root, i);
		if (mkdir(command, 0700))
			return 1;
		snprintf(s.engine[i], sizeof(s.engine[i]), RFA_FAKEDOCKER " %s/engine%d", s.root,
			 i);
	}
	snprintf(command, sizeof(command), "%s seed", s.engine[0]);
	snprintf(world.dir, sizeof(world.dir), "%s/files here", s.root);
	if (mkdir(world.dir, 0700) || system(command) != 0)
		return 1;
	world.data = &s;
	world.open = sandbox_open;
	world.hold = sandbox_hold;
	world.stops = sandbox_stops;
	world.real_files = 1;
	snprintf(world.tag, sizeof(world.tag), "contract");
	failed = host_contract_run("host over a fake engine", &world);
	/* No call was made that docker does not promise to understand. */
	for (i = 0; i < 2; i++) {
		char file[32];

		snprintf(file, sizeof(file), "engine%d/bad", i);
		if (count_calls(&s, file, "")) {
			print_error("%s/%s names calls that should not have been made\n", s.root,
				    file);
			return failed + 1;
		}
	}
	snprintf(command, sizeof(command), "rm -rf %s", s.root);
	return failed ? failed : system(command);
}

/* ---- a real engine ----------------------------------------------------------------------------
 */

static int real_open(struct host_world *w, int machine, struct rfa_host **out,
		     struct rfa_error *err)
{
	const char *via = getenv(machine && getenv("RFA_CONTRACT_VIA2") ? "RFA_CONTRACT_VIA2"
									: "RFA_CONTRACT_VIA");
	const char *ssh = getenv(machine && getenv("RFA_CONTRACT_SSH2") ? "RFA_CONTRACT_SSH2"
									: "RFA_CONTRACT_SSH");
	struct rfa_host_options options = { .name = machine ? "prod" : "test" };
	struct rfa_ssh_options how = RFA_SSH_OPTIONS_INIT;
	struct rfa_transport *t = NULL;
	int rc;

	(void)w;
	how.destination = ssh;
	rc = ssh ? rfa_transport_ssh(&t, options.name, &how, err) : via_new(&t, via, err);
	return rc ? rc : rfa_host_shell(out, t, &options, err);
}

static int run_real(void)
{
	struct host_world world = { .open = real_open, .real_files = 1 };

	snprintf(world.dir, sizeof(world.dir), "/srv");
	snprintf(world.tag, sizeof(world.tag), "contract");
	return host_contract_run("host over a real engine", &world);
}

int main(void)
{
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = run_fake();
	if (getenv("RFA_CONTRACT_VIA") || getenv("RFA_CONTRACT_SSH"))
		failed += run_real();
	return failed != 0;
}
