/*
 * Making the same container again, from what any engine shows of it: with another image it is what
 * the operator's own words make of that image, and back with the first one what it was.
 */
#include "fsm/steps/images/spec.h"

#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/steps/images/spec_fields.h"
#include "tests/contract/host_contract.h"
#include "tests/contract/host_fixture.h"

/* New: JSON written with ' for ", and of " in it nothing. */
static json_t *js(const char *text)
{
	char copy[4096];
	char *at;

	snprintf(copy, sizeof(copy), "%s", text);
	for (at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return json_loads(copy, JSON_DECODE_ANY, NULL);
}

json_t *host_spec_image(int version)
{
	/* tests/live/engine.sh says the same to `docker build`. */
	return js(
	    version == 1
		? "{'Env':['PATH=/bin','LANG=C','PORT=8000','OLD=1'],'ExposedPorts':{'8000/tcp':{},"
		  "'8001/udp':{}},'User':'1000','WorkingDir':'/data','Entrypoint':['/bin/env'],"
		  "'Cmd':['/bin/server'],'Volumes':{'/cache':{}},'StopSignal':'SIGQUIT',"
		  "'Healthcheck':{'Test':['CMD','/bin/true'],'Interval':7000000000,"
		  "'Timeout':5000000000,'Retries':4},'Labels':{'a':'1','b':'1'},"
		  "'Shell':['/bin/sh','-e']}"
		: "{'Env':['PATH=/bin:/sbin','LANG=de','NEW=1'],'ExposedPorts':{'9000/tcp':{}},"
		  "'User':'1001','WorkingDir':'/tmp','Entrypoint':['/bin/nice'],"
		  "'Cmd':['/bin/sleep','9'],'Volumes':{'/other':{}},'StopSignal':'SIGINT',"
		  "'Healthcheck':{'Test':['CMD','/bin/false'],'Interval':8000000000,"
		  "'Timeout':6000000000,'Retries':5},'Labels':{'a':'2','c':'1'},"
		  "'Shell':['/bin/sh','-x']}");
}

/*
 * What operators say of a container, but for its image: create bodies. Each is several subjects at
 * once that have nothing to do with one another, for making one takes real engines a while.
 */
static const char *const said[] = {
	"{}",
	/* a command, as docker run, --entrypoint and --entrypoint "" give one */
	"{'Cmd':['/bin/server','--check'],"
	/* -e, of which one unsets and two are the images' own */
	"'Env':['MODE=x=y','LANG=C','NEW','EMPTY='],"
	/* -p: what the old image exposes, the new one, neither; any port, a range; -P, --expose */
	"'ExposedPorts':{'8000/tcp':{}},"
	"'Healthcheck':{'Interval':2000000000},"
	"'HostConfig':{'PortBindings':{'8000/tcp':[{'HostIp':'','HostPort':'18002'}]},"
	"'NetworkMode':'default','Privileged':true,'Init':false}}",

	"{'Entrypoint':['/bin/server'],"
	"'Env':['OLD=2','PORT=1','LANG=fr','PATH=/usr/bin'],"
	"'ExposedPorts':{'9000/tcp':{},'8001/udp':{}},"
	"'Healthcheck':{'Test':['NONE']},"
	"'User':'7:7','WorkingDir':'/srv/','StopSignal':'SIGTERM','StopTimeout':0,"
	"'Labels':{'a':'3','own':''},'Hostname':'h','Domainname':'d.example',"
	"'HostConfig':{'PortBindings':{'9000/tcp':[{'HostIp':'127.0.0.1','HostPort':''}],"
	"'8001/udp':[{'HostIp':'127.0.0.1','HostPort':'18001'},{'HostIp':'::1','HostPort':''}]},"
	"'MaskedPaths':[],'ReadonlyPaths':[],'Init':true}}",

	"{'Entrypoint':['/bin/server'],'Cmd':['--check'],"
	"'Env':['LANG=C'],"
	"'ExposedPorts':{'8000/tcp':{}},"
	"'Healthcheck':{'Test':['CMD-SHELL','exit 0'],'Retries':9,'StartPeriod':1000000000},"
	"'User':'0','WorkingDir':'/','StopSignal':'SIGUSR1',"
	"'Tty':true,'OpenStdin':true,'StdinOnce':true,'AttachStdin':true,'AttachStderr':true,"
	"'Volumes':{'/own':{}},"
	"'HostConfig':{'PortBindings':{'8000/tcp':[{'HostIp':'','HostPort':'18010-18019'}]},"
	"'Tmpfs':{'/run':'size=1m'},"
	"'IpcMode':'none','UsernsMode':'host','CgroupnsMode':'private'},"
	/* networks: in which it is, and in which it is not */
	"'x-rfa-networks':{'bridge':null,'spec-a':{'IPAMConfig':{'IPv4Address':'172.29.5.8'}}}}",

	"{'Entrypoint':[''],'Cmd':['/bin/server'],"
	"'ExposedPorts':{'7000/sctp':{}},"
	"'Healthcheck':{'Test':['CMD','/bin/ls'],'Timeout':9000000000},"
	"'HostConfig':{'PublishAllPorts':true,"
	"'CapAdd':['CAP_NET_ADMIN'],'CapDrop':['ALL'],'SecurityOpt':"
	"['no-new-privileges'],'ReadonlyRootfs':true,'GroupAdd':['9'],'OomScoreAdj':7,"
	"'ShmSize':1048576,'Sysctls':{'net.core.somaxconn':'99'},'Dns':['10.9.8.7'],"
	"'DnsOptions':['ndots:3'],'DnsSearch':['.'],'ExtraHosts':['db:10.9.8.7',"
	"'up:host-gateway'],'Ulimits':[{'Name':'nofile','Soft':64,'Hard':128}],"
	"'RestartPolicy':{'Name':'on-failure','MaximumRetryCount':3},"
	"'LogConfig':{'Type':'json-file','Config':{'max-size':'1m'}},"
	"'DeviceCgroupRules':['c 1:3 r'],'Devices':[{'PathOnHost':'/dev/null',"
	"'PathInContainer':'/dev/nil','CgroupPermissions':'r'}],"
	"'Annotations':{'org.example.a':'b'},'NetworkMode':'spec-a'},"
	"'NetworkingConfig':{'EndpointsConfig':{'spec-a':"
	"{'IPAMConfig':{'IPv4Address':'172.29.5.9'},'Aliases':['one','two'],"
	"'DriverOpts':{'org.example.o':'1'},'Links':['spec-x:x']}}},"
	"'x-rfa-networks':{'spec-b':{'Aliases':['three']},'bridge':{}}}",

	"{'Entrypoint':[''],'Cmd':['/bin/sleep','9'],'MacAddress':'02:42:0a:09:08:07',"
	"'HostConfig':{'IpcMode':'shareable','PidMode':'host','UTSMode':'host',"
	"'CgroupnsMode':'host','NetworkMode':'bridge',"
	"'Binds':['spec-named:/named/:ro','spec-cache:/cache'],'Mounts':["
	"{'Type':'volume','Source':'spec-more','Target':'/more','ReadOnly':true},"
	"{'Type':'volume','Target':'/anonymous'},"
	"{'Type':'tmpfs','Target':'/scratch','TmpfsOptions':{'SizeBytes':1048576}}]}}",

	"{'Entrypoint':[],'Cmd':['/bin/sleep','1'],'x-rfa-networks':{'bridge':null}}",
	"{'HostConfig':{'NetworkMode':'spec-b'},'x-rfa-networks':{'spec-b':null,'spec-a':{}}}",
	"{'HostConfig':{'NetworkMode':'none'},'x-rfa-networks':{'none':null,'spec-a':{}}}",
	"{'HostConfig':{'NetworkMode':'host'}}",
	"{'NetworkDisabled':true,'HostConfig':{'NetworkMode':'none'}}",
};

static void drop(struct fixture *x, const char *container)
{
	struct rfa_error ignored;
	int rc = x->h->engine->container_remove(x->h, KEY("remove"), container, &ignored);

	(void)rc;
}

/* Creates it (body stolen); new: what the engine shows of it. */
static json_t *make(struct fixture *x, const char *name, json_t *body)
{
	json_t *out = NULL;

	assert_non_null(body);
	assert_ok(x->h->engine->container_create(x->h, KEY("create"), name, body, &x->err));
	assert_ok(x->h->engine->inspect(x->h, RFA_CONTAINER, name, &out, &x->err));
	json_decref(body);
	return out;
}

static json_t *image_of(struct fixture *x, const char *ref)
{
	json_t *out = NULL;

	assert_ok(x->h->engine->inspect(x->h, RFA_IMAGE, ref, &out, &x->err));
	return out;
}

static json_t *again(struct fixture *x, const json_t *shown, const json_t *image, const char *ref)
{
	json_t *body = NULL;

	assert_ok(rfa_spec_body(shown, image, ref, &body, &x->err));
	return body;
}

/* Every mount of the one is the other's: the same volume or path, at the same place. */
static void assert_files_are_kept(const char *of, const json_t *was, const json_t *is)
{
	json_t *old, *new;
	size_t i, j;

	json_array_foreach (json_object_get(was, "Mounts"), i, old) {
		int found = 0;

		json_array_foreach (json_object_get(is, "Mounts"), j, new) {
			found |= !strcmp(rfa_facts_str(old, "Destination", ""),
					 rfa_facts_str(new, "Destination", "?")) &&
				 !strcmp(rfa_facts_str(old, "Name", ""),
					 rfa_facts_str(new, "Name", "")) &&
				 rfa_facts_bool(old, "RW", 0) == rfa_facts_bool(new, "RW", 0);
		}
		if (!found)
			fail_msg("%s: %s is not mounted as it was", of,
				 rfa_facts_str(old, "Destination", ""));
	}
}

static int says_nothing(const json_t *v)
{
	return json_is_null(v) || (json_is_string(v) && !json_string_length(v)) ||
	       (json_is_array(v) && !json_array_size(v)) ||
	       (json_is_object(v) && !json_object_size(v));
}

/* What the operator's words made of it: without what each container has of its own. New. */
static json_t *essence(const json_t *shown)
{
	json_t *config = json_deep_copy(json_object_get(shown, "Config"));
	json_t *host = json_deep_copy(json_object_get(shown, "HostConfig"));
	json_t *networks = json_deep_copy(rfa_facts_at(shown, "NetworkSettings/Networks"));
	const char *id = rfa_facts_str(shown, "Id", "");
	const char *name;
	json_t *network;

	if (strlen(id) > 12 && !strncmp(rfa_facts_str(config, "Hostname", ""), id, 12))
		json_object_set_new(config, "Hostname", json_string("own"));
	json_object_del(config, "Image");
	/* A volume that had no name is mounted by its name: told by the mounts. */
	json_object_del(host, "Binds");
	json_object_del(host, "Mounts");
	json_object_foreach (networks, name, network) {
		json_t *kept = json_object();
		const struct rfa_spec_field *row;
		const char *key;
		json_t *value;

		json_object_foreach (network, key, value) {
			row = rfa_spec_field(RFA_SPEC_ENDPOINT, key);
			if (row && row->rule != RFA_SPEC_MADE && !says_nothing(value))
				json_object_set(kept, key, value);
		}
		json_object_set_new(networks, name, kept);
	}
	return json_pack("{s:o, s:o, s:o}", "config", config, "host", host, "networks", networks);
}

/* What the engine would be asked for, but for the volumes of the images, which stay by their names.
 */
static json_t *wish(struct fixture *x, const json_t *shown, const json_t *image)
{
	json_t *body = again(x, shown, image, "spec:1");

	json_object_del(json_object_get(body, "HostConfig"), "Binds");
	return body;
}

static void assert_same(const char *of, const char *when, json_t *is, json_t *want)
{
	char *a, *b;

	if (!json_equal(is, want)) {
		a = json_dumps(is, JSON_SORT_KEYS | JSON_COMPACT);
		b = json_dumps(want, JSON_SORT_KEYS | JSON_COMPACT);
		fail_msg("%s, %s:\nis   %s\nwant %s", of, when, a, b);
	}
	json_decref(is);
	json_decref(want);
}

static void assert_known(enum rfa_spec_part part, const json_t *object, int *unknown)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		if (rfa_spec_field(part, key))
			continue;
		print_error("no row for %s\n", key);
		++*unknown;
	}
}

/* What an engine shows is in the table: a field that a newer one has is judged by somebody. */
static void each_field_that_is_shown_is_known(void **state)
{
	struct fixture *x = begin(state, "known");
	json_t *shown = make(x, NAME("known"), js("{'Image':'spec:1'}"));
	const char *name;
	json_t *network;
	int unknown = 0;

	assert_known(RFA_SPEC_CONFIG, json_object_get(shown, "Config"), &unknown);
	assert_known(RFA_SPEC_HOST_CONFIG, json_object_get(shown, "HostConfig"), &unknown);
	json_object_foreach (rfa_facts_at(shown, "NetworkSettings/Networks"), name, network) {
		assert_known(RFA_SPEC_ENDPOINT, network, &unknown);
	}
	assert_int_equal(unknown, 0);
	json_decref(shown);
	drop(x, NAME("known"));
	end(x);
}

/* The engine does not look whether a network exists, and whoever is in "none" is in no other. */
static void taken_out_of_no_network_is_refused(void **state)
{
	struct fixture *x = begin(state, "out");
	json_t *body = js("{'Image':'spec:1','x-rfa-networks':{'spec-a':null}}");
	json_t *out = NULL;

	assert_fails(REMOTE, x->h->engine->container_create(x->h, KEY("create"), NAME("out"), body,
							    &x->err));
	assert_fails(NOTFOUND,
		     x->h->engine->inspect(x->h, RFA_CONTAINER, NAME("out"), &out, &x->err));
	json_decref(body);
	body = js("{'Image':'spec:1','HostConfig':{'NetworkMode':'none'},"
		  "'x-rfa-networks':{'spec-a':{}}}");
	assert_fails(REMOTE, x->h->engine->container_create(x->h, KEY("create"), NAME("out"), body,
							    &x->err));
	assert_fails(NOTFOUND,
		     x->h->engine->inspect(x->h, RFA_CONTAINER, NAME("out"), &out, &x->err));
	json_decref(body);
	end(x);
}

/* Only a registry gives an image a digest. */
static void no_tag_has_a_digest(void **state)
{
	struct fixture *x = begin(state, "digest");

	assert_fails(REMOTE,
		     x->h->engine->image_tag(x->h, KEY("tag"), "spec:1",
					     "spec:3@sha256:0123456789abcdef0123456789abcdef"
					     "0123456789abcdef0123456789abcdef",
					     &x->err));
	end(x);
}

/* A binding alone opens no port. */
static void only_what_is_exposed_is_published(void **state)
{
	struct fixture *x = begin(state, "ports");
	json_t *shown;
	int i;

	for (i = 0; i < 2; i++) {
		json_t *body = js(i ? "{'ExposedPorts':{'7000/tcp':{}}}" : "{}");

		json_object_set_new(body, "Image", json_string("spec:1"));
		json_object_set_new(body, "Entrypoint", js("['']"));
		json_object_set_new(body, "Cmd", js("['/bin/sleep','600']"));
		json_object_set_new(body, "HostConfig",
				    js("{'PortBindings':{'7000/tcp':[{'HostIp':'127.0.0.1',"
				       "'HostPort':'18077'}]}}"));
		shown = make(x, NAME("ports"), body);
		json_decref(shown);
		assert_ok(
		    x->h->engine->container_start(x->h, KEY("start"), NAME("ports"), &x->err));
		assert_ok(
		    x->h->engine->inspect(x->h, RFA_CONTAINER, NAME("ports"), &shown, &x->err));
		assert_int_equal(json_array_size(json_object_get(
				     rfa_facts_at(shown, "NetworkSettings/Ports"), "7000/tcp")) > 0,
				 i);
		json_decref(shown);
		assert_ok(x->h->engine->container_stop(x->h, KEY("stop"), NAME("ports"), &x->err));
		drop(x, NAME("ports"));
	}
	end(x);
}

static void the_same_container_again(void **state)
{
	struct fixture *x = begin(state, "again");
	json_t *images[] = { image_of(x, "spec:1"), image_of(x, "spec:2") };
	size_t i;

	for (i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		json_t *body = js(said[i]);
		json_t *other = js(said[i]);
		json_t *was, *want, *is;

		if (!body)
			fail_msg("no JSON: %s", said[i]);
		json_object_set_new(body, "Image", json_string("spec:1"));
		json_object_set_new(other, "Image", json_string("spec:2"));
		was = make(x, NAME("was"), body);
		want = make(x, NAME("want"), other);
		is = make(x, NAME("is"), again(x, was, images[0], "spec:2"));
		assert_same(said[i], "another image", essence(is), essence(want));
		assert_files_are_kept(said[i], was, is);
		assert_same(said[i], "and back", wish(x, is, images[1]), wish(x, was, images[0]));
		json_decref(was);
		json_decref(want);
		json_decref(is);
		drop(x, NAME("was"));
		drop(x, NAME("want"));
		drop(x, NAME("is"));
	}
	json_decref(images[0]);
	json_decref(images[1]);
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_spec_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(each_field_that_is_shown_is_known),
		cmocka_unit_test(taken_out_of_no_network_is_refused),
		cmocka_unit_test(no_tag_has_a_digest),
		cmocka_unit_test(only_what_is_exposed_is_published),
		cmocka_unit_test(the_same_container_again),
	};

	waiting = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}
