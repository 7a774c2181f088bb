/* The same container again: what is carried over, what the new image gives, and what cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/steps/images/spec.h"
#include "tests/unit/data.h"

static const char ref[] = "shop/api:1.5.0";

struct world {
	json_t *container, *image;
};

static int set_up(void **state)
{
	static struct world w;

	w.container = data("container");
	w.image = data("image");
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	json_decref(w->container);
	json_decref(w->image);
	return 0;
}

static json_t *body_of(const struct world *w)
{
	json_t *container = json_deep_copy(w->container);
	json_t *image = json_deep_copy(w->image);
	struct rfa_error err;
	json_t *body = NULL;

	if (rfa_spec_body(w->container, w->image, ref, &body, &err))
		fail_msg("%s", err.msg);
	assert_true(json_equal(container, w->container)); /* it only looks */
	assert_true(image ? json_equal(image, w->image) : !w->image);
	json_decref(container);
	json_decref(image);
	return body;
}

/* The value at path is this JSON (' for "); NULL: there is none. */
static void is(const json_t *v, const char *path, const char *want)
{
	const json_t *found = rfa_facts_at(v, path);
	json_t *expected = want ? js(want) : NULL;

	if (want ? !found || !json_equal(found, expected) : found != NULL) {
		char *text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);

		fail_msg("%s is %s, not %s", path, text ? text : "absent", want ? want : "absent");
	}
	json_decref(expected);
}

static void body_is(const struct world *w, const char *path, const char *want)
{
	json_t *body = body_of(w);

	is(body, path, want);
	json_decref(body);
}

/* What the new image gives. */

static void the_image_is_the_desired_one(void **state)
{
	body_is(*state, "Image", "'shop/api:1.5.0'");
}

static void only_the_operators_environment_is_carried_over(void **state)
{
	struct world *w = *state;

	body_is(w, "Env", "['MODE=prod','LANG=de_DE.UTF-8']");
	put(w->container, "Config/Env", json_null());
	body_is(w, "Env", "null");
}

static void labels_ports_and_volumes_of_the_image_are_its_own(void **state)
{
	struct world *w = *state;

	body_is(w, "Labels", "{'team':'shop'}");
	body_is(w, "ExposedPorts", "{'9090/tcp':{},'8080/tcp':{}}");
	body_is(w, "Volumes", NULL);
	put(w->container, "Config/Labels/maintainer", json_string("us"));
	body_is(w, "Labels", "{'team':'shop','maintainer':'us'}");
}

/* -p 18080:8080, and EXPOSE 8080 in the old image only: the port was the operator's as well. */
static void what_is_published_stays_exposed(void **state)
{
	struct world *w = *state;

	put(w->container, "Config/ExposedPorts", js("{'8080/tcp':{}}"));
	body_is(w, "ExposedPorts", "{'8080/tcp':{}}");
	put(w->container, "HostConfig/PortBindings",
	    js("{'8080/tcp':[{'HostIp':'127.0.0.1','HostPort':''}],'9/udp':[],"
	       "'7000/tcp':[{'HostIp':'','HostPort':'7000-7009'}]}"));
	body_is(w, "ExposedPorts", "{'8080/tcp':{},'7000/tcp':{}}");
	put(w->container, "HostConfig/PortBindings", js("{}"));
	body_is(w, "ExposedPorts", NULL);
	put(w->container, "Config/ExposedPorts", json_null());
	body_is(w, "ExposedPorts", "null");
}

/* --health-interval alone is no choice of a test. */
static void a_health_check_is_the_operators_by_its_parts(void **state)
{
	struct world *w = *state;

	put(w->container, "Config/Healthcheck/Interval", json_integer(2000000000));
	body_is(w, "Healthcheck", "{'Interval':2000000000}");
	put(w->container, "Config/Healthcheck/Test", js("['NONE']"));
	body_is(w, "Healthcheck", "{'Test':['NONE'],'Interval':2000000000}");
	put(w->image, "Config/Healthcheck", json_null());
	body_is(w, "Healthcheck",
		"{'Test':['NONE'],'Interval':2000000000,'Timeout':5000000000,'Retries':3}");
}

/* The engine puts the operator's variables first: so a value that the image has too can be his. */
static void variables_are_told_by_their_order(void **state)
{
	struct world *w = *state;
	static const char path[] =
	    "'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'";
	char all[512];

	snprintf(all, sizeof(all), "['VERSION=1.4.0','MODE',%s,'LANG=C.UTF-8']", path);
	put(w->container, "Config/Env", js(all));
	body_is(w, "Env", "['VERSION=1.4.0','MODE']");
	snprintf(all, sizeof(all), "[%s,'LANG=C.UTF-8','VERSION=1.4.0']", path);
	put(w->container, "Config/Env", js(all));
	body_is(w, "Env", NULL);
	/* All of them given: the last is not taken for the image's because it has its value. */
	put(w->container, "Config/Env", js("['VERSION=1.4.0','LANG=x','PATH=/bin']"));
	body_is(w, "Env", "['VERSION=1.4.0','LANG=x','PATH=/bin']");
	/* One that the image has is missing: no engine has put this together. */
	put(w->container, "Config/Env", js("['VERSION=1.4.0','A=b']"));
	body_is(w, "Env", "['A=b']");
}

/* The engine cleans the path. */
static void a_directory_is_the_images_however_spelled(void **state)
{
	struct world *w = *state;

	put(w->image, "Config/WorkingDir", json_string("/srv/"));
	body_is(w, "WorkingDir", NULL);
	put(w->image, "Config/WorkingDir", json_string("/srv2"));
	body_is(w, "WorkingDir", "'/srv'");
	put(w->image, "Config/WorkingDir", json_string(""));
	body_is(w, "WorkingDir", "'/srv'");
}

static void defaults_go_and_choices_stay(void **state)
{
	static const char *const fields[] = { "User", "WorkingDir", "StopSignal", "Healthcheck" };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		body_is(w, fields[i], NULL);
	put(w->container, "Config/User", json_string("1000:1000"));
	put(w->container, "Config/WorkingDir", json_string("/elsewhere"));
	put(w->container, "Config/StopSignal", json_string("SIGINT"));
	put(w->container, "Config/Healthcheck", js("{'Test':['NONE']}"));
	body_is(w, "User", "'1000:1000'");
	body_is(w, "WorkingDir", "'/elsewhere'");
	body_is(w, "StopSignal", "'SIGINT'");
	body_is(w, "Healthcheck", "{'Test':['NONE']}");
}

static void without_the_old_image_its_defaults_stay(void **state)
{
	struct world *w = *state;

	json_decref(w->image);
	w->image = NULL;
	body_is(w, "Cmd", "['serve','--port','8080']");
	body_is(w, "Entrypoint", "['/usr/bin/entry']");
	body_is(w, "User", "'app'");
	body_is(w, "Labels/maintainer", "'somebody'");
	body_is(w, "Env/3", "'VERSION=1.4.0'");
	put(w->container, "Config/Entrypoint", json_null());
	body_is(w, "Entrypoint", "['']");
}

/*
 * The engine fills in the image's command only where neither an entrypoint nor a command was
 * asked for (moby, daemon/commit.go, merge).
 */
static void entrypoint_and_command_follow_the_engines_rule(void **state)
{
	struct world *w = *state;

	body_is(w, "Entrypoint", NULL);
	body_is(w, "Cmd", NULL);
	/* a command of its own */
	put(w->container, "Config/Cmd", js("['work']"));
	body_is(w, "Entrypoint", NULL);
	body_is(w, "Cmd", "['work']");
	/* an entrypoint of its own, with a command that is by chance the image's */
	put(w->container, "Config/Entrypoint", js("['/bin/other']"));
	put(w->container, "Config/Cmd", js("['serve','--port','8080']"));
	body_is(w, "Entrypoint", "['/bin/other']");
	body_is(w, "Cmd", "['serve','--port','8080']");
	/* an entrypoint of its own, which empties the command */
	put(w->container, "Config/Cmd", json_null());
	body_is(w, "Entrypoint", "['/bin/other']");
	body_is(w, "Cmd", "null");
	/* the same when it is, by chance, the image's */
	put(w->container, "Config/Entrypoint", js("['/usr/bin/entry']"));
	body_is(w, "Entrypoint", "['/usr/bin/entry']");
	body_is(w, "Cmd", "null");
	/* none, by --entrypoint "": null would be the new image's */
	put(w->container, "Config/Entrypoint", json_null());
	put(w->container, "Config/Cmd", js("['work']"));
	body_is(w, "Entrypoint", "['']");
	body_is(w, "Cmd", "['work']");
	put(w->container, "Config/Cmd", js("['serve','--port','8080']"));
	body_is(w, "Entrypoint", "['']");
	body_is(w, "Cmd", "['serve','--port','8080']");
	/* an image without either */
	put(w->container, "Config/Cmd", json_null());
	put(w->image, "Config/Entrypoint", json_null());
	put(w->image, "Config/Cmd", json_null());
	put(w->container, "Config/Entrypoint", json_null());
	body_is(w, "Entrypoint", NULL);
	body_is(w, "Cmd", NULL);
}

/* Host name and networks. */

static void only_a_chosen_host_name_stays(void **state)
{
	struct world *w = *state;

	body_is(w, "Hostname", NULL); /* the engine's: the old container's id */
	put(w->container, "Config/Hostname", json_string("api.example.test"));
	body_is(w, "Hostname", "'api.example.test'");
	/* An id that is another container's was chosen. */
	put(w->container, "Config/Hostname", json_string("aaaaaaaaaaaa"));
	body_is(w, "Hostname", "'aaaaaaaaaaaa'");
}

static void networks_keep_what_was_asked_for(void **state)
{
	json_t *body = body_of(*state);

	is(body, "NetworkingConfig",
	   "{'EndpointsConfig':{'shop':{'IPAMConfig':{'IPv4Address':'172.28.0.10'},"
	   "'Aliases':['backend','api-v1']}}}");
	is(body, "x-rfa-networks",
	   "{'monitoring':{'Aliases':['metrics'],'DriverOpts':{'com.example.opt':'1'}},"
	   "'plain':{'IPAMConfig':{}}}");
	is(body, "HostConfig/NetworkMode", "'shop'");
	json_decref(body);
}

static void one_network_needs_no_further_ones(void **state)
{
	struct world *w = *state;

	put(w->container, "NetworkSettings/Networks",
	    js("{'bridge':{'IPAMConfig':null,'Aliases':null,'NetworkID':'12'}}"));
	put(w->container, "HostConfig/NetworkMode", json_string("default"));
	body_is(w, "NetworkingConfig", "{'EndpointsConfig':{'bridge':{}}}");
	body_is(w, "x-rfa-networks", NULL);
	put(w->container, "HostConfig/NetworkMode", json_string("bridge"));
	body_is(w, "NetworkingConfig", "{'EndpointsConfig':{'bridge':{}}}");
	body_is(w, "x-rfa-networks", NULL);
}

/* `docker run --network <id>`: the mode is the id, the endpoint has the name. */
static void a_network_by_id_is_the_main_one(void **state)
{
	struct world *w = *state;
	json_t *body;

	put(w->container, "HostConfig/NetworkMode", json_string("8d1f5d2c3b4a"));
	body = body_of(w);
	is(body, "NetworkingConfig/EndpointsConfig/shop/Aliases", "['backend','api-v1']");
	is(body, "x-rfa-networks/shop", NULL);
	is(body, "x-rfa-networks/monitoring/Aliases", "['metrics']");
	is(body, "HostConfig/NetworkMode", "'8d1f5d2c3b4a'");
	json_decref(body);
}

static void modes_without_networks_have_none(void **state)
{
	static const char *const modes[] = { "host", "none", "container:0123456789ab" };
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		json_t *body;

		put(w->container, "HostConfig/NetworkMode", json_string(modes[i]));
		put(w->container, "NetworkSettings/Networks",
		    js(i == 1 ? "{'none':{'Aliases':null}}" : "{'host':{'Aliases':null}}"));
		put(w->container, "Config/Hostname", json_string("chosen"));
		body = body_of(w);
		is(body, "NetworkingConfig", NULL);
		is(body, "x-rfa-networks", NULL);
		/* The engine refuses a host name in another container's network only. */
		is(body, "Hostname", i == 2 ? NULL : "'chosen'");
		json_decref(body);
	}
	/* ... and where the host's own name is used. */
	put(w->container, "HostConfig/NetworkMode", json_string("host"));
	put(w->container, "HostConfig/UTSMode", json_string("host"));
	body_is(w, "Hostname", NULL);
}

/* docker network disconnect: it is not in the network that its mode names. */
static void what_was_taken_out_of_a_network_is_not_in_it(void **state)
{
	static const char *const modes[] = { "default", "bridge", "none", "gone" };
	static const char *const nulls[] = { "bridge", "bridge", "none", "gone" };
	struct world *w = *state;
	char want[128];
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		put(w->container, "HostConfig/NetworkMode", json_string(modes[i]));
		put(w->container, "NetworkSettings/Networks",
		    js("{'shop':{'IPAMConfig':{'IPv4Address':'172.28.0.10'}}}"));
		body_is(w, "NetworkingConfig", NULL);
		snprintf(want, sizeof(want),
			 "{'%s':null,'shop':{'IPAMConfig':{'IPv4Address':'172.28.0.10'}}}",
			 nulls[i]);
		body_is(w, "x-rfa-networks", want);
		/* and in none at all */
		put(w->container, "NetworkSettings/Networks", js("{}"));
		snprintf(want, sizeof(want), "{'%s':null}", nulls[i]);
		body_is(w, "x-rfa-networks", want);
	}
	put(w->container, "Config/NetworkDisabled", json_true());
	body_is(w, "x-rfa-networks", NULL);
}

static void an_address_that_was_given_is_kept(void **state)
{
	struct world *w = *state;
	json_t *body;

	put(w->container, "Config/MacAddress", json_string("02:42:0a:00:00:01"));
	put(w->container, "NetworkSettings/Networks/shop/MacAddress",
	    json_string("02:42:0a:00:00:01"));
	put(w->container, "NetworkSettings/Networks/monitoring/MacAddress",
	    json_string("92:d0:c6:0a:29:33"));
	put(w->container, "NetworkSettings/Networks/plain/GwPriority", json_integer(7));
	body = body_of(w);
	is(body, "MacAddress", "'02:42:0a:00:00:01'");
	is(body, "NetworkingConfig/EndpointsConfig/shop/MacAddress", "'02:42:0a:00:00:01'");
	is(body, "x-rfa-networks/monitoring/MacAddress", "'92:d0:c6:0a:29:33'");
	is(body, "x-rfa-networks/plain", "{'IPAMConfig':{},'GwPriority':7}");
	json_decref(body);
	/* Engine 25.0 shows the one that it made as if it had been asked for. */
	put(w->container, "Config/MacAddress", json_string("02:42:ac:1c:00:0a"));
	body_is(w, "MacAddress", NULL);
}

/* Volumes. */

static void volumes_without_a_name_are_bound_by_it(void **state)
{
	body_is(*state, "HostConfig/Binds",
		"['/srv/api/conf:/etc/app:ro','api-data:/data','/srv/api/logs:/logs:rw,z',"
		"'6f0c0de0c0ffee00000000000000000000000000000000000000000000000001:/var/lib/app']");
}

static void a_read_only_volume_stays_so(void **state)
{
	struct world *w = *state;

	put(w->container, "HostConfig/Binds", json_null());
	put(w->container, "Mounts",
	    js("[{'Type':'volume','Name':'v1','Destination':'/a','RW':false},"
	       "{'Type':'volume','Name':'v2','Destination':'/a/b','RW':true},"
	       "{'Type':'tmpfs','Destination':'/t','RW':true}]"));
	body_is(w, "HostConfig/Binds", "['v1:/a:ro','v2:/a/b']");
}

/* The engine tells a list without entries from no list, and shows what it was given. */
static void no_binds_stay_no_binds(void **state)
{
	struct world *w = *state;

	put(w->container, "HostConfig/Binds", json_null());
	put(w->container, "Mounts", js("[]"));
	body_is(w, "HostConfig/Binds", NULL);
	put(w->container, "HostConfig/Binds", js("[]"));
	body_is(w, "HostConfig/Binds", "[]");
}

static void a_mount_that_names_its_volume_is_not_bound_again(void **state)
{
	struct world *w = *state;

	put(w->container, "HostConfig/Binds", js("[]"));
	put(w->container, "HostConfig/Mounts",
	    js("[{'Type':'volume','Source':'named','Target':'/n'},"
	       "{'Type':'volume','Target':'/anonymous','VolumeOptions':{'NoCopy':true}},"
	       "{'Type':'volume','Source':'slash','Target':'/s/'}]"));
	put(w->container, "Mounts",
	    js("[{'Type':'volume','Name':'named','Destination':'/n','RW':true},"
	       "{'Type':'volume','Name':'v9','Destination':'/anonymous','RW':true},"
	       "{'Type':'volume','Name':'slash','Destination':'/s','RW':true}]"));
	body_is(w, "HostConfig/Binds", "['v9:/anonymous']");
	body_is(w, "HostConfig/Mounts",
		"[{'Type':'volume','Source':'named','Target':'/n'},"
		"{'Type':'volume','Source':'slash','Target':'/s/'}]");
}

/* The engine keeps the operator's spelling in Binds, and shows a clean path in Mounts. */
static void a_bind_is_known_by_its_place_however_spelled(void **state)
{
	struct world *w = *state;

	put(w->container, "HostConfig/Binds", js("['v1:/data/','v2:/logs/:ro','v3:/data2']"));
	put(w->container, "Mounts",
	    js("[{'Type':'volume','Name':'v1','Destination':'/data','RW':true},"
	       "{'Type':'volume','Name':'v2','Destination':'/logs','RW':false},"
	       "{'Type':'volume','Name':'v3','Destination':'/data2','RW':true},"
	       "{'Type':'volume','Name':'v4','Destination':'/log','RW':true}]"));
	body_is(w, "HostConfig/Binds", "['v1:/data/','v2:/logs/:ro','v3:/data2','v4:/log']");
}

static void a_long_place_is_not_cut(void **state)
{
	struct world *w = *state;
	char to[3001], want[3100];

	memset(to, 'd', sizeof(to) - 1);
	to[0] = '/';
	to[sizeof(to) - 1] = '\0';
	put(w->container, "HostConfig/Binds", js("[]"));
	put(w->container, "Mounts", js("[{'Type':'volume','Name':'v','RW':false}]"));
	json_object_set_new(json_array_get(json_object_get(w->container, "Mounts"), 0),
			    "Destination", json_string(to));
	snprintf(want, sizeof(want), "['v:%s:ro']", to);
	body_is(w, "HostConfig/Binds", want);
}

/* Nothing is dropped. */

static int is_one_of(const char *const list[], const char *key)
{
	for (; *list; list++)
		if (!strcmp(*list, key))
			return 1;
	return 0;
}

static void check_keys(const json_t *in, const json_t *out, const char *const other[])
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)in, key, value) {
		const json_t *now = json_object_get(out, key);

		if (is_one_of(other, key))
			continue;
		if (!now || !json_equal(now, value))
			fail_msg("%s was not carried over", key);
	}
	json_object_foreach ((json_t *)(uintptr_t)out, key, value) {
		if (!json_object_get(in, key) && !is_one_of(other, key))
			fail_msg("%s was made up", key);
	}
}

static void every_other_field_goes_in_as_it_came_out(void **state)
{
	/* What the tests above judge. */
	static const char *const of_config[] = {
		"Image",      "Env",        "Labels",     "ExposedPorts",     "Volumes",
		"User",       "WorkingDir", "StopSignal", "Healthcheck",      "Entrypoint",
		"Cmd",        "Hostname",   "OnBuild",    "NetworkingConfig", "x-rfa-networks",
		"HostConfig", NULL
	};
	static const char *const of_host_config[] = { "Binds", NULL };
	struct world *w = *state;
	json_t *body;

	/* Fields that no engine has yet are the engine's business too. */
	put(w->container, "Config/FromTheFuture", js("{'a':[1,2.5,null]}"));
	put(w->container, "HostConfig/FromTheFuture", js("['x']"));
	body = body_of(w);
	check_keys(json_object_get(w->container, "Config"), body, of_config);
	check_keys(json_object_get(w->container, "HostConfig"), json_object_get(body, "HostConfig"),
		   of_host_config);
	is(body, "FromTheFuture", "{'a':[1,2.5,null]}");
	is(body, "StopTimeout", "45");
	is(body, "HostConfig/Memory", "536870912");
	is(body, "HostConfig/LogConfig",
	   "{'Type':'json-file','Config':{'max-size':'10m','max-file':'3'}}");
	is(body, "HostConfig/ExtraHosts", "['db:10.0.0.7','host.docker.internal:host-gateway']");
	is(body, "HostConfig/CapAdd", "['NET_ADMIN']");
	is(body, "HostConfig/Ulimits", "[{'Name':'nofile','Hard':65536,'Soft':32768}]");
	json_decref(body);
}

/* Each field, changed by itself, arrives changed: none is overwritten with a constant. */
static void each_field_of_host_config_arrives_changed(void **state)
{
	struct world *w = *state;
	json_t *host_config = json_object_get(w->container, "HostConfig");
	json_t *keys = json_deep_copy(host_config);
	const char *key;
	json_t *unused;

	json_object_foreach (keys, key, unused) {
		json_t *mark;
		json_t *body;

		if (!strcmp(key, "Binds") || !strcmp(key, "Mounts") || !strcmp(key, "NetworkMode"))
			continue;
		mark = json_pack("{s:s}", "changed", key);
		put(host_config, key, json_incref(mark));
		body = body_of(w);
		if (!json_equal(json_object_get(json_object_get(body, "HostConfig"), key), mark))
			fail_msg("%s was not carried over", key);
		json_decref(body);
		json_decref(mark);
	}
	json_decref(keys);
}

static void what_is_no_container_is_refused(void **state)
{
	json_t *const untouched = (json_t *)(uintptr_t)&ref;
	struct world *w = *state;
	json_t *body = untouched;
	struct rfa_error err;

	json_object_del(w->container, "HostConfig");
	assert_int_equal(rfa_spec_body(w->container, w->image, ref, &body, &err), -RFA_EPROTOCOL);
	assert_ptr_equal(body, untouched);
	assert_non_null(strstr(err.msg, "api"));
}

/* Obstacles. */

static void obstacles_are(const struct world *w, size_t n, const char *field, const char *why)
{
	struct rfa_obstacle_list list = { NULL, 0 };
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_error err;

	rfa_spec_obstacles(w->container, &pool, &list);
	assert_int_equal(rfa_pool_check(&pool, &err), 0);
	if (list.n != n)
		fail_msg("%zu obstacles of %s", list.n, field);
	if (n) {
		const struct rfa_obstacle *one = &list.at[n - 1];

		assert_string_equal(one->container, "api");
		assert_string_equal(one->field, field);
		assert_non_null(strstr(one->why, why));
		assert_true(strlen(one->hint) > 0);
	}
	rfa_pool_release(&pool);
}

static void each_obstacle_is_named(void **state)
{
	static const struct {
		const char *field, *value, *why;
	} cases[] = {
		{ "HostConfig/AutoRemove", "true", "--rm" },
		{ "HostConfig/NetworkMode", "'container:abc'", "network" },
		{ "HostConfig/IpcMode", "'container:abc'", "IPC" },
		{ "HostConfig/PidMode", "'container:abc'", "process" },
		{ "HostConfig/VolumesFrom", "['db:ro']", "volumes from" },
		{ "HostConfig/Links", "['/db:/api/db']", "--link" },
		{ "State/Paused", "true", "paused" },
	};
	struct world *w = *state;
	size_t i;

	obstacles_are(w, 0, "", "");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *was = json_deep_copy(rfa_facts_at(w->container, cases[i].field));

		put(w->container, cases[i].field, js(cases[i].value));
		obstacles_are(w, 1, cases[i].field, cases[i].why);
		put(w->container, cases[i].field, was);
		obstacles_are(w, 0, "", "");
	}
	put(w->container, "Config/Labels", js("{'com.docker.compose.project':'shop'}"));
	obstacles_are(w, 1, "Config/Labels", "Compose");
	put(w->container, "Config/Labels", js("{'com.docker.swarm.task.id':'x'}"));
	obstacles_are(w, 1, "Config/Labels", "swarm");
	/* All are told at once. */
	put(w->container, "State/Paused", json_true());
	put(w->container, "HostConfig/AutoRemove", json_true());
	obstacles_are(w, 3, "Config/Labels", "swarm");
	put(w->container, "Config/Labels", json_null());
	obstacles_are(w, 2, "State/Paused", "paused");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_image_is_the_desired_one),
		TEST(only_the_operators_environment_is_carried_over),
		TEST(labels_ports_and_volumes_of_the_image_are_its_own),
		TEST(what_is_published_stays_exposed),
		TEST(a_health_check_is_the_operators_by_its_parts),
		TEST(variables_are_told_by_their_order),
		TEST(a_directory_is_the_images_however_spelled),
		TEST(defaults_go_and_choices_stay),
		TEST(without_the_old_image_its_defaults_stay),
		TEST(entrypoint_and_command_follow_the_engines_rule),
		TEST(only_a_chosen_host_name_stays),
		TEST(networks_keep_what_was_asked_for),
		TEST(one_network_needs_no_further_ones),
		TEST(a_network_by_id_is_the_main_one),
		TEST(modes_without_networks_have_none),
		TEST(what_was_taken_out_of_a_network_is_not_in_it),
		TEST(an_address_that_was_given_is_kept),
		TEST(volumes_without_a_name_are_bound_by_it),
		TEST(a_read_only_volume_stays_so),
		TEST(no_binds_stay_no_binds),
		TEST(a_mount_that_names_its_volume_is_not_bound_again),
		TEST(a_bind_is_known_by_its_place_however_spelled),
		TEST(a_long_place_is_not_cut),
		TEST(every_other_field_goes_in_as_it_came_out),
		TEST(each_field_of_host_config_arrives_changed),
		TEST(what_is_no_container_is_refused),
		TEST(each_obstacle_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
