/*
 * Data takes the place of other data by rename; and copies are removed. tree_swap.sh says what the
 * stages of a swap are.
 */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

static int own_or_null(const struct shell_host *h, const json_t *value, const char **out,
		       struct rfa_error *err)
{
	*out = "";
	if (!value || json_is_null(value))
		return 0;
	*out = json_string_value(value);
	return rfa_shell_tree_any(h, *out ? *out : "", err);
}

static int swap_args(const struct shell_host *h, const json_t *items, const char **args,
		     struct rfa_error *err)
{
	json_t *item;
	size_t i;
	int rc = 0;

	json_array_foreach (items, i, item) {
		const char **a = args + 4 * i;
		const char *kind = rfa_facts_str(item, "kind", "");

		a[0] = strcmp(kind, "sqlite") == 0 ? "f" : "d";
		a[1] = rfa_facts_str(item, "place", "");
		rc = rfa_shell_tree_path(h, a[1], err);
		if (rc == 0)
			rc = own_or_null(h, json_object_get(item, "in"), &a[2], err);
		if (rc == 0)
			rc = own_or_null(h, json_object_get(item, "out"), &a[3], err);
		if (rc == 0 && ((!a[2][0] && !a[3][0]) || strcmp(a[2], a[3]) == 0 ||
				(a[0][0] == 'd' && strcmp(kind, "directory") != 0)))
			rc = rfa_fail(err, RFA_EINTERNAL, "host", "a swap of nothing");
		if (rc != 0)
			return rc;
	}
	return 0;
}

int rfa_shell_tree_swap(struct rfa_host *host, const struct rfa_job_key *key, const json_t *items,
			struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char **args = calloc(4 * json_array_size(items) + 1, sizeof(*args));
	struct shell_call call = { rfa_script_tree_swap, args, NULL, 0 };
	int rc = args ? swap_args(h, items, args, err) : rfa_fail_nomem(err);

	/* The words name the path: it need not be the first one's. */
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "swapping data", &answer, err);
	rfa_shell_answer_release(&answer);
	free(args);
	return rc;
}

int rfa_shell_tree_remove(struct rfa_host *host, const struct rfa_job_key *key,
			  const json_t *copies, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	size_t n = json_array_size(copies), i;
	const char **args = calloc(n + 1, sizeof(*args));
	struct shell_call call = { rfa_script_tree_remove, args, NULL, 0 };
	int rc = args ? 0 : rfa_fail_nomem(err);

	for (i = 0; rc == 0 && i < n; i++) {
		args[i] = json_string_value(json_array_get(copies, i));
		rc = rfa_shell_tree_any(h, args[i] ? args[i] : "", err);
	}
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "removing copies", &answer, err);
	rfa_shell_answer_release(&answer);
	free(args);
	return rc;
}
