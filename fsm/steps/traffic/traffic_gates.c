/* The gate of traffic: a second container can stand in for each one, and its router answers. */
#include <string.h>

#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/traffic/traffic.h"

static int routed(const struct rfa_stand *stand)
{
	return !strcmp(stand->of->how, "blue-green");
}

/* Whoever comes by a port of the host comes to the first container only. */
static void judge_ports(struct rfa_gates *c, const struct rfa_stand *stand, const json_t *container)
{
	const char *port;
	json_t *bindings, *one;
	size_t i;

	json_object_foreach (rfa_facts_at(container, "HostConfig/PortBindings"), port, bindings) {
		json_array_foreach (bindings, i, one) {
			const char *on = rfa_facts_str(one, "HostPort", "");

			if (*on && strcmp(on, "0") != 0)
				rfa_deny_unless_forced(c,
						       "put a router in front and publish the "
						       "router's port; or \"how\": "
						       "\"replace\"",
						       "%s publishes port %.20s of the host: who "
						       "comes by it waits while it "
						       "is replaced",
						       stand->before->container, on);
		}
	}
}

/* A name in a network is what both ways need. */
static void judge_network(struct rfa_gates *c, const struct rfa_stand *stand,
			  const json_t *container)
{
	const char *mode = rfa_facts_str(container, "HostConfig/NetworkMode", "");
	json_t *networks = rfa_container_networks(container);
	const char *name;
	json_t *network;

	json_object_foreach (networks, name, network) {
		if (strcmp(name, "bridge") != 0 && strcmp(name, "host") != 0 &&
		    strcmp(name, "none") != 0)
			return;
	}
	rfa_deny(c,
		 "put it into a network of its own: docker network create; or \"how\": \"replace\"",
		 "%s has no name in any network (%.60s): nobody would find its stand-in",
		 stand->before->container, mode);
}

static void judge_mounts(struct rfa_gates *c, const struct rfa_stand *stand,
			 const json_t *container)
{
	const struct rfa_texts *may = &rfa_traffic_of(c->ctx)->shared_ok;
	json_t *mount;
	size_t i;

	json_array_foreach (rfa_container_mounts(container), i, mount) {
		const char *volume = rfa_mount_volume(mount);
		const char *name = *volume ? volume : rfa_mount_source(mount);

		if (rfa_mount_writes(mount) && *name && !rfa_texts_have(may, name))
			rfa_deny(c,
				 "if two versions may write to it at once, name it in "
				 "traffic.shared_ok; else \"how\": \"replace\"",
				 "%s writes to %.200s, and its stand-in would, too",
				 stand->before->container, name);
	}
}

static void judge_name(struct rfa_gates *c, const struct rfa_stand *stand, const json_t *there)
{
	if (there)
		rfa_deny(c, "if nobody needs it: docker rm -f it",
			 "there is a container %s already", stand->green);
	else if (rfa_before_of(c->ctx, stand->alias) || rfa_desired_of(c->ctx, stand->alias))
		rfa_deny(
		    c, "give that service another name; or \"how\": \"replace\"",
		    "there is a service %s already: in the networks the stand-in of %s has this "
		    "name",
		    stand->alias, stand->of->service);
	if (rfa_count_before(c->ctx, stand->of->service, 0) > 1)
		rfa_deny(c, "scale it to one, or \"how\": \"replace\"",
			 "%s has several containers: only one can have a stand-in",
			 stand->of->service);
}

/* What no connection can be blamed for is told; the rest is an error as ever. */
static int judge_router(struct rfa_gates *c, const struct rfa_stand *stand, struct rfa_error *err)
{
	struct rfa_router_seen seen = { 0 };
	int rc = rfa_traffic_ask(c->ctx, stand, &seen, err);

	if (rc && err->severity == RFA_FATAL && rc != -RFA_ECANCELLED) {
		rfa_deny(c, "rfa init --router says what it needs; look at the router's own log",
			 "the router of %s: %s", stand->of->service,
			 rfa_pool_text(c->ctx->pool, err->msg));
		rfa_error_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	if (seen.live || seen.kept)
		rfa_deny(
		    c, "see whose it is; then set it to 0",
		    "%lld %% of the requests go to %s already, and no run of this ledger is under "
		    "way",
		    (long long)(seen.live ? seen.live : seen.kept), stand->alias);
	if (!seen.blue.up)
		rfa_deny(c, "look at its check in the router's configuration",
			 "the router does not find %s up", stand->of->service);
	if (seen.green.requests < 0)
		rfa_warn(c, "haproxy tells, and needs no reload",
			 "this router tells no errors by version: no soak can find any; and it is "
			 "reloaded, which may reset idle connections");
	return 0;
}

/* The stand-in knows nothing of files that have changed: Compose makes the first container only. */
static void judge_files(struct rfa_gates *c, const struct rfa_stand *stand)
{
	const struct rfa_file_change *one;
	int change = !c->in_force;

	RFA_EACH (one, *rfa_files_changes(c->ctx))
		change |= rfa_file_change_acts(one);
	if (!change || strcmp(stand->before->kind, "compose") != 0)
		return;
	rfa_warn(
	    c,
	    "if the new version does not run without them: \"how\": \"replace\", or bring them "
	    "first, with the version of now",
	    "Compose may change more than the image of %s: its stand-in is made as its "
	    "container is now, with the new image; new variables, mounts and so on hold once "
	    "%s itself is made anew",
	    stand->of->service, stand->of->service);
}

static int judge(struct rfa_gates *c, const struct rfa_stand *stand, struct rfa_error *err)
{
	const struct rfa_object_name names[] = { { RFA_CONTAINER, stand->before->container },
						 { RFA_CONTAINER, stand->green } };
	json_t *all = NULL;
	const json_t *container;
	int rc = c->ctx->host->engine->inspect_all(c->ctx->host, names, 2, &all, err);

	if (rc)
		return rc;
	container = json_array_get(all, 0);
	judge_ports(c, stand, container);
	judge_network(c, stand, container);
	judge_mounts(c, stand, container);
	judge_files(c, stand);
	judge_name(c, stand, json_is_object(json_array_get(all, 1)) ? container : NULL);
	json_decref(all);
	return routed(stand) ? judge_router(c, stand, err) : 0;
}

/* Of a service that is not there nobody would notice that its traffic does not move. */
static void judge_known(struct rfa_gates *c)
{
	const struct rfa_traffic *traffic = rfa_traffic_of(c->ctx);
	const struct rfa_container *one;
	const struct rfa_switched *of;
	const char *names = "";

	RFA_EACH (one, c->ctx->own->containers)
		names =
		    rfa_pool_printf(c->ctx->pool, "%s%s%.60s", names, *names ? ", " : "", one->key);
	if (!traffic)
		return;
	RFA_EACH (of, traffic->services)
		if (!rfa_before_of(c->ctx, of->service) && !rfa_desired_of(c->ctx, of->service))
			rfa_deny_unless_forced(
			    c, "correct its name in traffic.services of the stack in rfa.json",
			    "traffic.services names %s, and the stack has no such service on %s: "
			    "%s",
			    of->service, c->ctx->host->name, *names ? names : "none");
}

/* What was asked for has to be possible: else nobody would notice that it was not done. */
static void judge_options(struct rfa_gates *c, const struct rfa_stand_list *stands)
{
	const struct rfa_options *options = rfa_ctx_options(c->ctx);
	const struct rfa_stand *stand;
	size_t by_share = 0;

	RFA_EACH (stand, *stands)
		by_share += routed(stand) != 0;
	if (options->pause_at && !by_share)
		rfa_deny(c, "leave --pause-at out",
			 "no service of this run moves its traffic in shares");
	if (options->at_once && !stands->n)
		rfa_deny(c, "leave --switch out", "no service of this run moves its traffic");
	if (options->at_once && c->ctx->own->missing.n)
		rfa_deny(c, "leave --switch out: then they are fetched first",
			 "images are not on %s any more", c->ctx->host->name);
}

int rfa_gate_traffic(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_stand *stand;
	struct rfa_stand_list stands;
	int rc = rfa_stands(c->ctx, &stands, err);

	RFA_EACH (stand, stands)
		if (!rc)
			rc = judge(c, stand, err);
	if (!rc && rfa_traffic_of(c->ctx) && rfa_traffic_rests(c->ctx))
		rfa_warn(c, "a migration that the version before can live with is \"expand\"",
			 "the migration is a breaking one: what uses the data stops meanwhile, and "
			 "no traffic moves");
	if (!rc)
		judge_known(c);
	if (!rc)
		judge_options(c, &stands);
	return rc;
}
