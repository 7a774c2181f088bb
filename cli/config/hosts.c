/* Turns the sides of a plan into hosts. */
#include "cli/config/hosts.h"

#include <string.h>

static const char *text_or_null(const json_t *side, const char *key)
{
	const char *text = rfa_facts_str(side, key, "");
	return *text ? text : NULL;
}

static int make_transport(struct rfa_cli *cli, const json_t *side, const json_t *options,
			  struct rfa_transport **out, struct rfa_error *err)
{
	const char *env = rfa_facts_str(side, "env", "");
	struct rfa_ssh_options ssh = RFA_SSH_OPTIONS_INIT;

	if (strcmp(rfa_facts_str(side, "transport", "ssh"), "local") == 0)
		return rfa_transport_local(out, env, err);
	ssh.destination = rfa_facts_str(side, "destination", "");
	ssh.config_file = text_or_null(side, "ssh_config");
	if (ssh.config_file && rfa_owner_check_ssh(ssh.config_file, &cli->trust, err) < 0)
		return -(int)err->code;
	ssh.connect_timeout_ms =
	    rfa_facts_int(options, "connect_timeout_ms", ssh.connect_timeout_ms);
	ssh.idle_timeout_ms = rfa_facts_int(options, "idle_timeout_ms", ssh.idle_timeout_ms);
	ssh.connect_attempts =
	    (unsigned)rfa_facts_int(options, "attempts", (int64_t)ssh.connect_attempts);
	ssh.clock = cli->clock;
	ssh.cancel = cli->cancel;
	return rfa_transport_ssh(out, env, &ssh, err);
}

int rfa_hosts_make(struct rfa_cli *cli, const json_t *side, const json_t *options,
		   struct rfa_host **out, struct rfa_error *err)
{
	struct rfa_transport *transport = NULL;
	struct rfa_host_options host = {
		.name = rfa_facts_str(side, "env", ""),
		.state_dir = text_or_null(side, "state_dir"),
		.docker = text_or_null(side, "docker"),
		.idle_timeout_ms = rfa_facts_int(options, "idle_timeout_ms", 0),
		.clock = cli->clock,
		.cancel = cli->cancel,
	};
	int rc = make_transport(cli, side, options, &transport, err);
	return rc < 0 ? rc : rfa_host_shell(out, transport, &host, err);
}

static int connect_host(struct rfa_host *host, struct rfa_error *err)
{
	if (!host)
		return 0;
	int rc = host->ops->connect(host, err);
	return rc < 0 ? rfa_error_where(err, "%s", host->name) : 0;
}

int rfa_hosts_connect(struct rfa_cli *cli, const json_t *side, struct rfa_host **out,
		      struct rfa_error *err)
{
	json_t *options = NULL;
	struct rfa_host *host = NULL;
	int rc = rfa_config_options(cli->config, &options, err);

	if (rc == 0)
		rc = rfa_hosts_make(cli, side, options, &host, err);
	if (rc == 0)
		rc = connect_host(host, err);
	if (rc == 0)
		*out = host;
	else
		rfa_host_free(host);
	json_decref(options);
	return rc;
}

int rfa_hosts_open(struct rfa_cli *cli, const char *env, struct rfa_host **out,
		   struct rfa_error *err)
{
	json_t *side = NULL;
	int rc = rfa_config_side(cli->config, env, NULL, &side, err);

	if (rc == 0)
		rc = rfa_hosts_connect(cli, side, out, err);
	json_decref(side);
	return rc;
}

/* A flow may be about an environment, and ask nothing of its host. */
static int is_needed(const json_t *plan, enum rfa_role_id id)
{
	const struct rfa_flow *flow = rfa_flow_by_name(rfa_facts_str(plan, "flow", ""));

	for (const struct rfa_role *role = flow ? flow->roles : NULL; role && role->id; role++)
		if (role->id == id)
			return role->needs != 0;
	return 1;
}

int rfa_hosts_of_plan(struct rfa_cli *cli, const json_t *plan, int connect, struct rfa_hosts *out,
		      struct rfa_error *err)
{
	const json_t *options = json_object_get(plan, "options");
	const json_t *source = json_object_get(plan, "source");
	const json_t *target = json_object_get(plan, "target");
	int rc = 0;

	out->source = out->target = NULL;
	if (json_is_object(source) && is_needed(plan, RFA_SOURCE))
		rc = rfa_hosts_make(cli, source, options, &out->source, err);
	if (rc == 0 && json_is_object(target) && is_needed(plan, RFA_TARGET))
		rc = rfa_hosts_make(cli, target, options, &out->target, err);
	if (rc == 0 && connect)
		rc = connect_host(out->source, err);
	if (rc == 0 && connect)
		rc = connect_host(out->target, err);
	return rc;
}

void rfa_hosts_release(struct rfa_hosts *hosts)
{
	rfa_host_free(hosts->source);
	rfa_host_free(hosts->target);
	hosts->source = hosts->target = NULL;
}
