/* The tables of a `shell` host's operations, and how such a host is made. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/quote.h"

#define DEFAULT_STATE_DIR "/var/lib/rfa"
#define DEFAULT_IDLE_MS 30000

/*
 * Words in one language; nothing we make is for others to read; no argument is ever a pattern.
 */
static const char prologue_text[] =
    "LC_ALL=C; export LC_ALL; umask 077; set -f; me= gnu= within=\n";

static struct shell_host *self(struct rfa_host *host)
{
	return (struct shell_host *)host;
}

static int shell_connect(struct rfa_host *host, struct rfa_error *err)
{
	struct shell_host *h = self(host);
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	static const char *const nothing[] = { ":\n", NULL };
	const struct shell_call call = { nothing, NULL, NULL, 0 };
	int rc = h->transport->ops->connect(h->transport, err);

	/* Who is let in may still be given no sh: that is to be known before a run begins. */
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	rfa_shell_answer_release(&answer);
	return rc == 0 ? 0 : rfa_error_where(err, "%s", host->name);
}

/* What is asked from this machine needs no host. *out is borrowed. */
static int asks_from(struct shell_host *h, int here, struct rfa_transport **out,
		     struct rfa_error *err)
{
	int rc = 0;

	if (here && !h->here) {
		rc = rfa_transport_local(&h->here, "this machine", err);
		if (!rc) {
			h->here->clock = h->clock;
			h->here->cancel = h->cancel;
		}
	}
	*out = here ? h->here : h->transport;
	return rc;
}

static int shell_http_ask(struct rfa_host *host, const struct rfa_http_request *request,
			  struct rfa_http_reply *reply, struct rfa_error *err)
{
	struct rfa_transport *from;
	int rc = asks_from(self(host), request->here, &from, err);

	return rc ? rc : rfa_http_ask(from, request, reply, err);
}

static int shell_knock(struct rfa_host *host, const char *address, unsigned port, int here,
		       struct rfa_error *err)
{
	struct rfa_transport *from;
	int rc = asks_from(self(host), here, &from, err);

	return rc ? rc : rfa_knock(from, address, port, err);
}

static void shell_free(struct rfa_host *host)
{
	struct shell_host *h = self(host);

	rfa_engine_free(h->engine);
	rfa_shell_free(h->shell);
	rfa_transport_free(h->transport);
	rfa_transport_free(h->here);
	rfa_buf_release(&h->prologue);
	free(h);
}

static const struct rfa_host_ops shell_ops = {
	.connect = shell_connect,
	.info = rfa_shell_info,
	.disk = rfa_shell_disk,
	.http_ask = shell_http_ask,
	.knock = shell_knock,
	.free = shell_free,
};
static const struct rfa_host_engine shell_engine = {
	.inspect = rfa_shell_inspect,
	.inspect_all = rfa_shell_inspect_all,
	.list = rfa_shell_list,
	.logs = rfa_shell_logs,
	.logs_since = rfa_shell_logs_since,
	.exec = rfa_shell_exec,
	.builder_version = rfa_shell_builder_version,
	.compose_version = rfa_shell_compose_version,
	.compose_files = rfa_shell_compose_files,
	.compose_config = rfa_shell_compose_config,
	.compose_hash = rfa_shell_compose_hash,
	.container_create = rfa_shell_container_create,
	.container_start = rfa_shell_container_start,
	.container_stop = rfa_shell_container_stop,
	.container_policy = rfa_shell_container_policy,
	.container_rename = rfa_shell_container_rename,
	.container_remove = rfa_shell_container_remove,
	.image_tag = rfa_shell_image_tag,
	.image_untag = rfa_shell_image_untag,
	.image_export = rfa_shell_image_export,
	.image_load = rfa_shell_image_load,
	.image_build = rfa_shell_image_build,
	.compose_up = rfa_shell_compose_up,
	.compose_run = rfa_shell_compose_run,
	.container_wait = rfa_shell_container_wait,
};
static const struct rfa_host_files shell_files = {
	.stat = rfa_shell_file_stat,
	.read = rfa_shell_file_read,
	.write = rfa_shell_file_write,
	.worktree = rfa_shell_worktree,
	.remove = rfa_shell_file_remove,
	.list = rfa_shell_file_list,
	.put = rfa_shell_file_put,
	.get = rfa_shell_file_get,
	.drop = rfa_shell_file_drop,
};
static const struct rfa_host_runs shell_runs = {
	.command = rfa_shell_command,
	.jobs_running = rfa_shell_jobs_running,
	.spool_read = rfa_shell_spool_read,
	.spool_write = rfa_shell_spool_write,
	.spool_digests = rfa_shell_spool_digests,
	.list = rfa_shell_runs_list,
	.unpack = rfa_shell_source_unpack,
	.remove = rfa_shell_run_remove,
	.forget = rfa_shell_memory_forget,
	.lock_claim = rfa_shell_lock_claim,
	.lock_read = rfa_shell_lock_read,
	.lock_release = rfa_shell_lock_release,
};
static const struct rfa_host_trees shell_trees = {
	.observe = rfa_shell_tree_observe,
	.where = rfa_shell_tree_where,
	.holders = rfa_shell_tree_holders,
	.sqlite_check = rfa_shell_sqlite_check,
	.copy = rfa_shell_tree_copy,
	.known = rfa_shell_tree_known,
	.pack = rfa_shell_tree_pack,
	.unpack = rfa_shell_tree_unpack,
	.empty = rfa_shell_tree_empty,
	.swap = rfa_shell_tree_swap,
	.remove = rfa_shell_tree_remove,
};
static const struct rfa_host_databases shell_databases = {
	.observe = rfa_shell_database_observe,
	.access = rfa_shell_database_access,
	.tables = rfa_shell_database_tables,
	.check = rfa_shell_database_check,
	.dump = rfa_shell_database_dump,
	.load = rfa_shell_database_load,
	.init = rfa_shell_database_init,
	.swap = rfa_shell_database_swap,
	.open = rfa_shell_database_open,
	.drop = rfa_shell_database_drop,
};
static const struct rfa_host_vault shell_vault = {
	.store = rfa_shell_vault_store,
	.seal = rfa_shell_vault_seal,
	.list = rfa_shell_vault_list,
	.verify = rfa_shell_vault_verify,
	.open = rfa_shell_vault_open,
	.remove = rfa_shell_vault_remove,
};
static const struct rfa_host_registry shell_registry = {
	.ping = rfa_shell_registry_ping,
	.resolve = rfa_shell_registry_resolve,
	.fetch = rfa_shell_registry_fetch,
	.pull = rfa_shell_registry_pull,
};
static const struct rfa_host_router shell_router = {
	.look = rfa_shell_router_look,
	.set = rfa_shell_router_set,
};

/* "sudo -n docker" → engine() { $within 'sudo' '-n' 'docker' "$@"; } */
static int make_prologue(struct shell_host *h, const char *docker, struct rfa_error *err)
{
	char words[256], *save = NULL, *word;

	(void)snprintf(words, sizeof(words), "%s", docker);
	(void)rfa_buf_puts(&h->prologue, prologue_text);
	(void)rfa_buf_puts(&h->prologue, "engine() { $within");
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!h->docker[0])
			(void)snprintf(h->docker, sizeof(h->docker), "%s", word);
		(void)rfa_buf_putc(&h->prologue, ' ');
		(void)rfa_quote(&h->prologue, word);
	}
	(void)rfa_buf_puts(&h->prologue, " \"$@\"; }\n");
	return rfa_buf_check(&h->prologue, err);
}

static int make_engine(struct shell_host *h, const char *docker, struct rfa_error *err)
{
	const struct rfa_engine_options options = { docker, SHELL_JSON_MAX, h->idle_ms, h->clock,
						    h->cancel };

	return rfa_engine_new(&h->engine, h->transport, &options, err);
}

int rfa_host_shell(struct rfa_host **out, struct rfa_transport *transport,
		   const struct rfa_host_options *options, struct rfa_error *err)
{
	const char *dir = options->state_dir ? options->state_dir : DEFAULT_STATE_DIR;
	const char *docker = options->docker ? options->docker : "docker";
	struct shell_host *h = calloc(1, sizeof(*h));
	int rc = 0;

	if (!h) {
		rfa_transport_free(transport);
		return rfa_fail_nomem(err);
	}
	h->host.ops = &shell_ops;
	h->host.engine = &shell_engine;
	h->host.files = &shell_files;
	h->host.runs = &shell_runs;
	h->host.trees = &shell_trees;
	h->host.databases = &shell_databases;
	h->host.vault = &shell_vault;
	h->host.registry = &shell_registry;
	h->host.router = &shell_router;
	h->transport = transport;
	h->prologue = (struct rfa_buf)RFA_BUF_INIT(4096);
	h->idle_ms = options->idle_timeout_ms > 0 ? options->idle_timeout_ms : DEFAULT_IDLE_MS;
	h->clock = options->clock ? options->clock : rfa_clock_system();
	h->cancel = options->cancel;
	(void)snprintf(h->host.name, sizeof(h->host.name), "%s",
		       options->name ? options->name : transport->name);
	if (dir[0] != '/' || snprintf(h->host.state_dir, sizeof(h->host.state_dir), "%s", dir) >=
				 (int)sizeof(h->host.state_dir))
		rc = rfa_fail(err, RFA_ECONFIG, "host",
			      "the state directory must be an absolute path of at most %zu bytes",
			      sizeof(h->host.state_dir) - 1);
	if (rc == 0)
		rc = make_engine(h, docker, err);
	if (rc == 0)
		rc = make_prologue(h, docker, err);
	if (rc == 0) {
		*out = &h->host;
		return 0;
	}
	shell_free(&h->host);
	return rc;
}
