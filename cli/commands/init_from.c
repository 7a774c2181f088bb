/* Describes what runs on a host, so that somebody who begins has to correct and not to write. */
#include "cli/commands/init_from.h"

#include <string.h>

#include "cli/config/hosts.h"
#include "fsm/run/describe.h"

/* A host name counts without its user and port; so do all addresses that rfa.json gives it. */
enum { MOST_NAMES = 16 };

int rfa_init_observe(struct rfa_cli *cli, const char *env, json_t **out, struct rfa_error *err)
{
	const char *own[MOST_NAMES + 2] = { NULL };
	struct rfa_host *host = NULL;
	json_t *side = NULL, *one;
	size_t n = 0, i;
	int rc = rfa_config_side(cli->config, env, NULL, &side, err);

	if (rc == 0)
		rc = rfa_hosts_open(cli, env, &host, err);
	if (rc == 0) {
		own[n++] = rfa_facts_str(side, "address", "");
		json_array_foreach (json_object_get(side, "own_addresses"), i, one) {
			if (n < MOST_NAMES)
				own[n++] = json_string_value(one);
		}
		rc = rfa_describe(host, own, out, err);
	}
	rfa_host_free(host);
	json_decref(side);
	return rc;
}

json_t *rfa_init_root(const char *from, const char *to)
{
	return json_pack("{s:s,s:i,s:{s:{s:s},s:{s:s}},s:{}}", "$schema", RFA_INIT_SCHEMA,
			 "version", 1, "environments", "test", "destination", from, "prod",
			 "destination", to, "stacks");
}

/* "containers web, api" or "the Compose project shop in /srv/shop". */
static void put_stack(struct rfa_buf *into, const json_t *stack)
{
	const json_t *containers = json_object_get(stack, "containers");
	json_t *one;
	size_t i;

	if (rfa_facts_at(stack, "compose"))
		rfa_buf_printf(into, "%sthe Compose project in %s",
			       json_array_size(containers) ? "and " : "",
			       rfa_facts_str(stack, "compose/directory", "?"));
	json_array_foreach ((json_t *)containers, i, one)
		rfa_buf_printf(into, "%s%s", i ? ", " : "containers ", json_string_value(one));
}

void rfa_init_say(const struct rfa_cli *cli, const char *env, const json_t *found)
{
	const struct rfa_out *o = &cli->out;
	struct rfa_buf text = RFA_BUF_INIT(64 * 1024), safe = RFA_BUF_INIT(64 * 1024);
	const json_t *notes = json_object_get(found, "notes");
	const char *name;
	json_t *stack, *one;
	size_t i;

	rfa_out_note(o, "\non %s there %s", env,
		     json_object_size(json_object_get(found, "stacks")) ? "are:"
									: "is nothing that runs");
	json_object_foreach (json_object_get(found, "stacks"), name, stack) {
		rfa_buf_clear(&text);
		put_stack(&text, stack);
		rfa_out_note(o, "  %-20s %s", name, rfa_out_safe(&safe, rfa_buf_str(&text), 0));
		json_array_foreach (rfa_facts_at(stack, "bootstrap/requires"), i, one)
			rfa_out_note(o, "    needs there: %s",
				     rfa_out_safe(&safe, json_string_value(one), 300));
	}
	if (json_array_size(notes))
		rfa_out_note(o, "\nto fill in, in bootstrap.containers:");
	json_array_foreach ((json_t *)notes, i, one)
		rfa_out_note(o, "  %s, %s: %s", rfa_facts_str(one, "stack", ""),
			     rfa_facts_str(one, "about", ""),
			     rfa_out_safe(&safe, rfa_facts_str(one, "summary", ""), 300));
	rfa_buf_release(&text);
	rfa_buf_release(&safe);
}
