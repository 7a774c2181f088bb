/* `rfa logs`: what the containers of a stack write. It only looks: no lock, no record. */
#include <stdlib.h>
#include <string.h>

#include "cli/config/hosts.h"
#include "cli/frame/moment.h"
#include "cli/report/observe.h"
#include "fsm/base/suggest.h"

/*
 * A line can be written later than one with a later time: what is asked for again goes so far back.
 */
enum { WINDOW_MS = 2000, REST_MS = 1000, LINES_ALL = 100000 };
enum { TEXT_MAX_BYTES = 2 << 20, CUT_BYTES = 1 << 20 };

/* One container. */
struct tail {
	char name[256];
	char label[256];          /* in front of its lines; "": there is one container only */
	char since[RFA_TIME_MAX]; /* older lines are not asked for */
	char first[40];           /* lines before the first that was shown are never shown */
	char newest[40];          /* the time of the newest that was shown */
	json_t *shown;            /* "TIME LINE": how often, since `since`; owned */
	struct rfa_buf text;      /* the newest answer */
	int asked;                /* it has answered before */
	int missed;               /* that it is not there was told */
};

struct line {
	struct tail *of;
	const char *time, *text; /* in of->text */
	size_t time_len, len;
	size_t order;
};

struct lines {
	struct line *at;
	size_t n, cap;
};

struct logs {
	struct rfa_cli *cli;
	struct rfa_host *host;
	struct tail *tails;
	size_t n;
	unsigned most; /* lines of a container, at first */
	int cut_off;   /* the line is broken, and that was told */
};

/* Which containers. */

static int count_of(const json_t *containers, const char *key)
{
	json_t *one;
	size_t i;
	int n = 0;

	json_array_foreach ((json_t *)(uintptr_t)containers, i, one)
		n += strcmp(rfa_facts_str(one, "key", ""), key) == 0;
	return n;
}

static int no_service(const json_t *containers, const char *service, const char *stack,
		      struct rfa_error *err)
{
	struct rfa_suggestion s = { service, NULL, 0 };
	struct rfa_buf all = RFA_BUF_INIT(4096);
	const char *last = "";
	json_t *one;
	size_t i;
	int rc;

	json_array_foreach ((json_t *)(uintptr_t)containers, i, one) {
		const char *key = rfa_facts_str(one, "key", "");
		rfa_suggest_offer(&s, key);
		if (strcmp(key, last) != 0)
			rfa_buf_printf(&all, "%s%s", *last ? ", " : "", key);
		last = key;
	}
	rfa_fail(err, RFA_ENOTFOUND, "cli", "%s has no container or service \"%.60s\"", stack,
		 service);
	rc = s.best    ? rfa_error_hint(err, "did you mean %s?", s.best)
	     : all.len ? rfa_error_hint(err, "there is: %s", rfa_buf_str(&all))
		       : -(int)err->code;
	rfa_buf_release(&all);
	return rc;
}

/* service NULL: all. */
static int make_tails(struct logs *l, const json_t *containers, const char *service,
		      struct rfa_error *err)
{
	json_t *one;
	size_t i;

	l->tails = calloc(json_array_size(containers) + 1, sizeof(*l->tails));
	if (!l->tails)
		return rfa_fail_nomem(err);
	json_array_foreach ((json_t *)(uintptr_t)containers, i, one) {
		const char *key = rfa_facts_str(one, "key", "");
		const char *name = rfa_facts_str(one, "container", key);
		struct tail *t = &l->tails[l->n];

		if (service && strcmp(service, key) != 0 && strcmp(service, name) != 0)
			continue;
		snprintf(t->name, sizeof(t->name), "%s", name);
		snprintf(t->label, sizeof(t->label), "%s",
			 count_of(containers, key) > 1 ? name : key);
		t->text = (struct rfa_buf)RFA_BUF_INIT(TEXT_MAX_BYTES);
		t->shown = json_object();
		if (!t->shown)
			return rfa_fail_nomem(err);
		l->n++;
	}
	if (l->n == 0 && service)
		return no_service(containers, service, rfa_cli_word(l->cli, 0), err);
	if (l->n == 0) {
		rfa_fail(err, RFA_ENOTFOUND, "cli", "%s has no container on %s",
			 rfa_cli_word(l->cli, 0), l->host->name);
		return rfa_error_hint(err, "rfa plan shows what is missing there");
	}
	if (l->n == 1)
		l->tails[0].label[0] = '\0';
	return 0;
}

static void release(struct logs *l)
{
	for (size_t i = 0; i < l->n; i++) {
		json_decref(l->tails[i].shown);
		rfa_buf_release(&l->tails[i].text);
	}
	free(l->tails);
	rfa_host_free(l->host);
}

/* Lines. */

static int add_line(struct lines *all, const struct line *line, struct rfa_error *err)
{
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 256;
		struct line *at = realloc(all->at, cap * sizeof(*at));

		if (!at)
			return rfa_fail_nomem(err);
		all->at = at;
		all->cap = cap;
	}
	all->at[all->n] = *line;
	all->at[all->n].order = all->n;
	all->n++;
	return 0;
}

/* Where the last line's time, which the engine says, is missing, it is the beginning of one. */
static void split_line(struct tail *t, const char *at, size_t len, struct line *out)
{
	const char *blank = memchr(at, ' ', len < 40 ? len : 40);
	int64_t unused;

	*out = (struct line){ .of = t, .time = at, .text = at, .len = len };
	if (!blank || blank - at < 20 || rfa_time_parse(at, &unused) < 0)
		return;
	out->time_len = (size_t)(blank - at);
	out->text = blank + 1;
	out->len = len - out->time_len - 1;
}

/* How often a line was seen, in what was asked for before (t->shown) or now (seen). */
static json_int_t count_line(json_t *counts, const char *at, size_t len, json_int_t add)
{
	json_int_t n;
	char key[80];
	uint64_t hash = 1469598103934665603u; /* FNV-1a: two equal ones have the same time, too */

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)at[i]) * 1099511628211u;
	snprintf(key, sizeof(key), "%.*s %016llx", len < 30 ? (int)len : 30, at,
		 (unsigned long long)hash);
	for (char *c = key; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	n = json_integer_value(json_object_get(counts, key)) + add;
	if (add)
		json_object_set_new(counts, key, json_integer(n));
	return n;
}

static int is_before(const struct line *line, const char *time)
{
	size_t len = strlen(time);

	return len && line->time_len == len && strncmp(line->time, time, len) < 0;
}

static int take_line(struct tail *t, json_t *seen, const char *at, size_t len, struct lines *out,
		     struct rfa_error *err)
{
	struct line line;
	json_int_t before = count_line(t->shown, at, len, 0);
	json_int_t now = count_line(seen, at, len, 1);

	split_line(t, at, len, &line);
	/* One without a time goes on where the one before it ended. */
	if (!line.time_len && out->n && out->at[out->n - 1].of == t) {
		line.time = out->at[out->n - 1].time;
		line.time_len = out->at[out->n - 1].time_len;
	}
	if (now <= before || is_before(&line, t->first))
		return 0;
	if (line.time_len && line.time_len < sizeof(t->first)) {
		if (!t->first[0])
			snprintf(t->first, sizeof(t->first), "%.*s", (int)line.time_len, line.time);
		if (!is_before(&line, t->newest))
			snprintf(t->newest, sizeof(t->newest), "%.*s", (int)line.time_len,
				 line.time);
	}
	return add_line(out, &line, err);
}

/* What was cut at its beginning begins with a part of a line. */
static const char *begin_of(struct logs *l, const struct tail *t)
{
	const char *text = rfa_buf_str(&t->text);
	const char *stop = memchr(text, '\n', t->text.len);

	if (t->text.len < CUT_BYTES || !stop)
		return text;
	rfa_out_warn(&l->cli->out, "%s writes more than can be shown: older lines are left out",
		     t->name);
	return stop + 1;
}

static int take_text(struct logs *l, struct tail *t, struct lines *out, struct rfa_error *err)
{
	json_t *seen = json_object();
	const char *at = begin_of(l, t), *end = rfa_buf_str(&t->text) + t->text.len;
	int64_t newest;
	int rc = seen ? 0 : rfa_fail_nomem(err);

	while (rc == 0 && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		rc = take_line(t, seen, at, (size_t)(stop - at), out, err);
		at = stop + 1;
	}
	json_decref(t->shown);
	t->shown = seen;
	if (rfa_time_parse(t->newest, &newest) == 0)
		rfa_time_iso(newest - WINDOW_MS, t->since);
	return rc;
}

/* Telling. */

/* By time; lines of one time in the order in which they came. */
static int by_time(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	size_t least = x->time_len < y->time_len ? x->time_len : y->time_len;
	int order = strncmp(x->time, y->time, least);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void say_lines(const struct rfa_cli *cli, struct lines *all, size_t n_tails)
{
	if (n_tails > 1)
		qsort(all->at, all->n, sizeof(*all->at), by_time);
	for (size_t i = 0; i < all->n; i++)
		rfa_out_line(&cli->out, all->at[i].of->label, all->at[i].text, all->at[i].len);
	fflush(cli->out.out);
}

/* Asking. */

static int fetch(struct logs *l, struct tail *t, struct lines *out, struct rfa_error *err)
{
	unsigned lines = t->asked ? LINES_ALL : l->most;

	rfa_buf_clear(&t->text);
	int rc = l->host->engine->logs_since(l->host, t->name, t->since, lines, &t->text, err);
	if (rc == 0) {
		t->missed = l->cut_off = 0;
		t->asked = 1;
		return take_text(l, t, out, err);
	}
	if (rc != -(int)RFA_ENOTFOUND)
		return rc;
	if (!t->missed)
		rfa_out_warn(&l->cli->out, "%s is not there", t->name);
	t->missed = 1;
	return 0;
}

/* One look at all of them. */
static int look(struct logs *l, struct rfa_error *err)
{
	struct lines all = { NULL, 0, 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->n; i++)
		rc = fetch(l, &l->tails[i], &all, err);
	say_lines(l->cli, &all, l->n);
	free(all.at);
	return rc;
}

/* Who goes on may wait for one that is not there yet. */
static int someone_is_there(const struct logs *l, struct rfa_error *err)
{
	for (size_t i = 0; i < l->n; i++)
		if (!l->tails[i].missed)
			return 0;
	rfa_fail(err, RFA_ENOTFOUND, "docker", "there is no container of %s to ask",
		 rfa_cli_word(l->cli, 0));
	return rfa_error_where(err, "%s", l->host->name);
}

static int is_stopped(const struct logs *l)
{
	return (l->cli->cancel && *l->cli->cancel) || ferror(l->cli->out.out) ||
	       rfa_out_gone(&l->cli->out);
}

/* Ctrl-C ends it, and so does a reader that goes away. A line that breaks is taken up again. */
static int follow(struct logs *l, struct rfa_error *err)
{
	while (!is_stopped(l)) {
		l->cli->clock->sleep_ms(l->cli->clock, REST_MS);
		if (is_stopped(l))
			break;
		int rc = look(l, err);
		if (rc == 0 || is_stopped(l))
			continue;
		if (err->severity != RFA_RETRY && err->severity != RFA_UNKNOWN)
			return rc;
		if (!l->cut_off)
			rfa_out_warn(&l->cli->out, "%s; it is asked again", err->msg);
		l->cut_off = 1;
	}
	rfa_error_clear(err);
	return 0;
}

static int open_logs(struct logs *l, const char *stack, const char *env, struct rfa_error *err)
{
	json_t *side = NULL, *containers = NULL;
	int rc = rfa_config_side(l->cli->config, env, stack, &side, err);

	/* What its secrets are has to be known, to be hidden. */
	if (rc == 0)
		rc = rfa_cli_secrets(l->cli, side, err);
	if (rc == 0)
		rc = rfa_hosts_connect(l->cli, side, &l->host, err);
	if (rc == 0)
		rc = rfa_observe_stack(l->host, json_object_get(side, "stack"), &containers, err);
	if (rc == 0)
		rc = make_tails(l, containers, rfa_cli_word(l->cli, 1), err);
	json_decref(containers);
	json_decref(side);
	return rc;
}

static int run_logs(struct rfa_cli *cli, struct rfa_error *err)
{
	struct logs l = { .cli = cli };
	const char *stack = NULL, *env = NULL;
	int64_t lines = 100, since = 0;
	int rc = rfa_args_number(&cli->args, "lines", 1, LINES_ALL, &lines, err);

	if (rc == 0)
		rc = rfa_cli_moment(cli, "since", 0, &since, err);
	if (rc == 0)
		rc = rfa_cli_stack_env(cli, &stack, &env, err);
	if (rc == 0)
		rc = open_logs(&l, stack, env, err);
	/* All of what is younger, unless somebody wants less. */
	if (rfa_cli_option(cli, "since") && !rfa_cli_option(cli, "lines"))
		lines = LINES_ALL;
	l.most = (unsigned)lines;
	for (size_t i = 0; i < l.n; i++)
		rfa_time_iso(since > 0 ? since : 0, l.tails[i].since);
	if (rc == 0)
		rc = look(&l, err);
	if (rc == 0)
		rc = rfa_cli_option(cli, "follow") ? follow(&l, err) : someone_is_there(&l, err);
	release(&l);
	return rc;
}

static const struct rfa_option logs_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment" },
	{ "follow", 'f', NULL, NULL, NULL, "go on until Ctrl-C" },
	{ "lines", 'n', "LINES", NULL, NULL,
	  "the last so many of each container; default 100, with --since all" },
	{ "since", 0, "TIME", NULL, NULL, "not older: " RFA_MOMENT_FORMS },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_logs = {
	.name = "logs",
	.group = "look",
	.words = "STACK --env ENV [SERVICE]",
	.summary = "what the containers of a stack write, now and before",
	.details =
	    "Of all containers, those of Compose services too, or of one. Where there are "
	    "several,\n"
	    "each line begins with the name of its service (of its container, where a service has\n"
	    "several), and they are in the order of their times. Escapes of terminals are made\n"
	    "harmless; values of `secrets`, `secret_files` and `secret_commands` are hidden.\n"
	    "It takes no lock, and nothing is kept. `rfa log RUN` is the log of a run.",
	.options = logs_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa logs shop --env prod", "the last 100 lines of each container" },
		{ "rfa logs shop --env prod web -f", "one service, until Ctrl-C" },
		{ "rfa logs shop --env prod --since 30m", "of the last half hour" },
		{ NULL, NULL },
	    },
	.min_words = 1,
	.max_words = 2,
	.run = run_logs,
};
