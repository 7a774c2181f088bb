/*
 * How the engine makes a container's Config out of the create body and the image's Config, read
 * backwards (Docker Engine API, ContainerCreate; moby, daemon/commit.go: merge, daemon/create.go:
 * mergeAndVerifyConfig).
 */
#include "fsm/steps/images/spec_fields.h"

#include <string.h>

#include "fsm/base/facts.h"

#define CONFIG(name, rule, why)                              \
	{                                                    \
		RFA_SPEC_CONFIG, name, RFA_SPEC_##rule, why, \
	}
#define HOST(name, rule, why)                                     \
	{                                                         \
		RFA_SPEC_HOST_CONFIG, name, RFA_SPEC_##rule, why, \
	}
#define ENDPOINT(name, rule, why)                              \
	{                                                      \
		RFA_SPEC_ENDPOINT, name, RFA_SPEC_##rule, why, \
	}

static const struct rfa_spec_field fields[] = {
	CONFIG("Hostname", WRITTEN, "the engine's own is the id's first 12 digits"),
	CONFIG("Domainname", AS_SHOWN, NULL),
	CONFIG("User", CHOSEN, NULL),
	CONFIG("AttachStdin", AS_SHOWN, NULL),
	CONFIG("AttachStdout", AS_SHOWN, NULL),
	CONFIG("AttachStderr", AS_SHOWN, NULL),
	CONFIG("ExposedPorts", PORTS, "the engine ignores the binding of a port not exposed"),
	CONFIG("Tty", AS_SHOWN, NULL),
	CONFIG("OpenStdin", AS_SHOWN, NULL),
	CONFIG("StdinOnce", AS_SHOWN, NULL),
	CONFIG("Env", VARIABLES, NULL),
	CONFIG("Cmd", COMMAND, "the image's goes where an entrypoint is given"),
	CONFIG("Healthcheck", MEMBERS, "--health-interval alone leaves the image's test"),
	CONFIG("ArgsEscaped", AS_SHOWN, "Windows"),
	CONFIG("Image", WRITTEN, "the new one"),
	CONFIG("Volumes", MEMBERS, NULL),
	CONFIG("WorkingDir", DIRECTORY, NULL),
	CONFIG("Entrypoint", COMMAND, "null after --entrypoint \"\"; sent, null is the image's"),
	CONFIG("NetworkDisabled", AS_SHOWN, NULL),
	CONFIG("MacAddress", WRITTEN,
	       "before API 1.44 of the container, since then of an endpoint"),
	CONFIG("OnBuild", MADE, "of the image"),
	CONFIG("Labels", MEMBERS, NULL),
	CONFIG("StopSignal", CHOSEN, NULL),
	CONFIG("StopTimeout", AS_SHOWN, "no image has one"),
	CONFIG("Shell", AS_SHOWN, "the engine takes none of the image's"),

	HOST("Binds", WRITTEN, "with the volumes that only Mounts names"),
	HOST("ContainerIDFile", AS_SHOWN, NULL),
	HOST("LogConfig", AS_SHOWN, "shown with the engine's defaults of that day"),
	HOST("NetworkMode", AS_SHOWN, "\"default\" is \"bridge\"; the endpoints say the rest"),
	HOST("PortBindings", AS_SHOWN, "an empty HostPort is a new one at each start; ranges stay"),
	HOST("RestartPolicy", AS_SHOWN, NULL),
	HOST("AutoRemove", AS_SHOWN, "an obstacle: it would be gone when it stops"),
	HOST("VolumeDriver", AS_SHOWN, NULL),
	HOST("VolumesFrom", AS_SHOWN, "an obstacle"),
	HOST("ConsoleSize", AS_SHOWN, NULL),
	HOST("CapAdd", AS_SHOWN, NULL),
	HOST("CapDrop", AS_SHOWN, NULL),
	HOST("CgroupnsMode", AS_SHOWN, NULL),
	HOST("Dns", AS_SHOWN, NULL),
	HOST("DnsOptions", AS_SHOWN, NULL),
	HOST("DnsSearch", AS_SHOWN, NULL),
	HOST("ExtraHosts", AS_SHOWN, "host-gateway is not resolved"),
	HOST("GroupAdd", AS_SHOWN, NULL),
	HOST("IpcMode", AS_SHOWN, "container:… is an obstacle"),
	HOST("Cgroup", AS_SHOWN, NULL),
	HOST("Links", AS_SHOWN, "an obstacle: shown as /other:/this/alias"),
	HOST("OomScoreAdj", AS_SHOWN, NULL),
	HOST("PidMode", AS_SHOWN, "container:… is an obstacle"),
	HOST("Privileged", AS_SHOWN, NULL),
	HOST("PublishAllPorts", AS_SHOWN, "then the ports that the image exposes are its own"),
	HOST("ReadonlyRootfs", AS_SHOWN, NULL),
	HOST("SecurityOpt", AS_SHOWN, "shown with what --privileged adds"),
	HOST("StorageOpt", AS_SHOWN, NULL),
	HOST("Tmpfs", AS_SHOWN, NULL),
	HOST("UTSMode", AS_SHOWN, "\"host\" takes no host name"),
	HOST("UsernsMode", AS_SHOWN, NULL),
	HOST("ShmSize", AS_SHOWN, NULL),
	HOST("Sysctls", AS_SHOWN, NULL),
	HOST("Runtime", AS_SHOWN, NULL),
	HOST("Isolation", AS_SHOWN, NULL),
	HOST("CpuShares", AS_SHOWN, NULL),
	HOST("Memory", AS_SHOWN, NULL),
	HOST("NanoCpus", AS_SHOWN, NULL),
	HOST("CgroupParent", AS_SHOWN, NULL),
	HOST("BlkioWeight", AS_SHOWN, NULL),
	HOST("BlkioWeightDevice", AS_SHOWN, NULL),
	HOST("BlkioDeviceReadBps", AS_SHOWN, NULL),
	HOST("BlkioDeviceWriteBps", AS_SHOWN, NULL),
	HOST("BlkioDeviceReadIOps", AS_SHOWN, NULL),
	HOST("BlkioDeviceWriteIOps", AS_SHOWN, NULL),
	HOST("CpuPeriod", AS_SHOWN, NULL),
	HOST("CpuQuota", AS_SHOWN, NULL),
	HOST("CpuRealtimePeriod", AS_SHOWN, NULL),
	HOST("CpuRealtimeRuntime", AS_SHOWN, NULL),
	HOST("CpusetCpus", AS_SHOWN, NULL),
	HOST("CpusetMems", AS_SHOWN, NULL),
	HOST("Devices", AS_SHOWN, NULL),
	HOST("DeviceCgroupRules", AS_SHOWN, NULL),
	HOST("DeviceRequests", AS_SHOWN, NULL),
	HOST("KernelMemory", AS_SHOWN, "before API 1.42"),
	HOST("KernelMemoryTCP", AS_SHOWN, NULL),
	HOST("MemoryReservation", AS_SHOWN, NULL),
	HOST("MemorySwap", AS_SHOWN, "shown as twice the memory where it was not given"),
	HOST("MemorySwappiness", AS_SHOWN, "null is the kernel's; 0 is none at all"),
	HOST("OomKillDisable", AS_SHOWN, "null where the kernel cannot"),
	HOST("PidsLimit", AS_SHOWN, NULL),
	HOST("Ulimits", AS_SHOWN, NULL),
	HOST("CpuCount", AS_SHOWN, "Windows"),
	HOST("CpuPercent", AS_SHOWN, "Windows"),
	HOST("IOMaximumIOps", AS_SHOWN, "Windows"),
	HOST("IOMaximumBandwidth", AS_SHOWN, "Windows"),
	HOST("Mounts", WRITTEN, "volumes without a name become Binds"),
	HOST("MaskedPaths", AS_SHOWN, "null is the engine's list; [] is none of them"),
	HOST("ReadonlyPaths", AS_SHOWN, "null is the engine's list; [] is none of them"),
	HOST("Init", AS_SHOWN, "null is the engine's default; false is none"),
	HOST("Annotations", AS_SHOWN, "since API 1.43"),

	ENDPOINT("IPAMConfig", AS_SHOWN, NULL),
	ENDPOINT("Links", AS_SHOWN, NULL),
	ENDPOINT("Aliases", WRITTEN, "engines before 25 add the id's first 12 digits"),
	ENDPOINT("DriverOpts", AS_SHOWN, NULL),
	ENDPOINT("GwPriority", AS_SHOWN, "since API 1.48"),
	ENDPOINT("MacAddress", WRITTEN, "shown whether it was given or made"),
	ENDPOINT("NetworkID", MADE, NULL),
	ENDPOINT("EndpointID", MADE, NULL),
	ENDPOINT("Gateway", MADE, NULL),
	ENDPOINT("IPAddress", MADE, "a fixed one stands in IPAMConfig"),
	ENDPOINT("IPPrefixLen", MADE, NULL),
	ENDPOINT("IPv6Gateway", MADE, NULL),
	ENDPOINT("GlobalIPv6Address", MADE, NULL),
	ENDPOINT("GlobalIPv6PrefixLen", MADE, NULL),
	ENDPOINT("DNSNames", MADE, "the name, the aliases and the id"),
};

#define N (sizeof(fields) / sizeof(fields[0]))

const struct rfa_spec_field *rfa_spec_fields(size_t *n)
{
	*n = N;
	return fields;
}

const struct rfa_spec_field *rfa_spec_field(enum rfa_spec_part part, const char *name)
{
	size_t i;

	for (i = 0; i < N; i++)
		if (fields[i].part == part && !strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

/* One rule each. */

static int is_none(const json_t *v)
{
	return !v || json_is_null(v);
}

static int same(const json_t *a, const json_t *b)
{
	return is_none(a) || is_none(b) ? is_none(a) && is_none(b) : json_equal(a, b);
}

/* Two paths, however many slashes they end with. */
static int same_directory(const json_t *a, const json_t *b)
{
	const char *x = json_string_value(a);
	const char *y = json_string_value(b);
	size_t n = x ? strlen(x) : 0;
	size_t m = y ? strlen(y) : 0;

	if (!n || !m)
		return n == m;
	while (n > 1 && x[n - 1] == '/')
		n--;
	while (m > 1 && y[m - 1] == '/')
		m--;
	return n == m && !strncmp(x, y, n);
}

/* Drops the members that the image has with an equal value; what has none left goes. */
static void drop_members(json_t *body, const char *name, const json_t *image)
{
	json_t *object = json_object_get(body, name);
	const char *key;
	json_t *value;
	void *tmp;

	json_object_foreach_safe (object, tmp, key, value) {
		const json_t *theirs = json_object_get(image, key);

		if (theirs && json_equal(theirs, value))
			json_object_del(object, key);
	}
	if (json_is_object(object) && !json_object_size(object) && json_object_size(image))
		json_object_del(body, name);
}

int rfa_spec_expose(json_t *body, struct rfa_error *err)
{
	const char *port;
	json_t *bound;

	json_object_foreach (rfa_facts_at(body, "HostConfig/PortBindings"), port, bound) {
		json_t *exposed = json_object_get(body, "ExposedPorts");

		if (!json_array_size(bound))
			continue;
		if (!json_is_object(exposed)) {
			exposed = json_object();
			if (!exposed || json_object_set_new(body, "ExposedPorts", exposed))
				return rfa_fail_nomem(err);
		}
		if (json_object_set_new(exposed, port, json_object()))
			return rfa_fail_nomem(err);
	}
	return 0;
}

/* Do "K=V" and "K=W" (or "K", which unsets) speak of the same variable? */
static int same_variable(const json_t *a, const json_t *b)
{
	const char *x = json_string_value(a);
	const char *y = json_string_value(b);
	size_t n = x ? strcspn(x, "=") : 0;

	return x && y && n == strcspn(y, "=") && !strncmp(x, y, n);
}

static int is_given(const json_t *all, size_t n, const json_t *variable)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (same_variable(json_array_get(all, i), variable))
			return 1;
	return 0;
}

/* Is what follows the first n just what the engine adds to those n? */
static int image_follows(const json_t *all, size_t n, const json_t *image)
{
	size_t at = n;
	json_t *theirs;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)image, i, theirs) {
		if (is_given(all, n, theirs))
			continue;
		if (at == json_array_size(all) || !json_equal(json_array_get(all, at), theirs))
			return 0;
		at++;
	}
	return at == json_array_size(all);
}

static void drop_variables(json_t *body, const char *name, const json_t *image)
{
	json_t *all = json_object_get(body, name);
	size_t size = json_array_size(all);
	json_t *theirs;
	size_t n = 0;
	size_t i, j;

	while (n <= size && !image_follows(all, n, image))
		n++;
	if (n <= size) {
		while (json_array_size(all) > n)
			json_array_remove(all, n);
	} else {
		/* In no order of the engine's: by what they are. */
		for (i = size; i-- > 0;) {
			json_array_foreach ((json_t *)(uintptr_t)image, j, theirs) {
				if (!json_equal(json_array_get(all, i), theirs))
					continue;
				json_array_remove(all, i);
				break;
			}
		}
	}
	if (size && !json_array_size(all))
		json_object_del(body, name);
}

/*
 * What was given, by what is shown:
 *
 *	entrypoint	command		given
 *	the image's	the image's	neither
 *	the image's	another		the command
 *	the image's	none		both: an entrypoint empties the image's command
 *	another		any		both
 *	none		any		both: [""] is how the engine is told "none"
 */
static int take_command(json_t *body, const json_t *image, struct rfa_error *err)
{
	json_t *entrypoint = json_object_get(body, "Entrypoint");
	json_t *cmd = json_object_get(body, "Cmd");
	int same_cmd = image && same(cmd, json_object_get(image, "Cmd"));

	if (!image || !same(entrypoint, json_object_get(image, "Entrypoint"))) {
		if (is_none(entrypoint) && json_array_size(cmd))
			return rfa_facts_set(body, "Entrypoint", json_pack("[s]", ""), err);
		return 0;
	}
	if (!json_array_size(cmd) && !same_cmd)
		return 0;
	if (same_cmd)
		json_object_del(body, "Cmd");
	json_object_del(body, "Entrypoint");
	return 0;
}

int rfa_spec_take_image_away(json_t *body, const json_t *image, struct rfa_error *err)
{
	int rc = take_command(body, image, err);
	size_t i;

	for (i = 0; i < N && !rc; i++) {
		const char *name = fields[i].name;
		const json_t *mine = json_object_get(body, name);
		const json_t *theirs = json_object_get(image, name);

		if (fields[i].part != RFA_SPEC_CONFIG)
			continue;
		switch (fields[i].rule) {
		case RFA_SPEC_CHOSEN:
			if (image && same(mine, theirs))
				json_object_del(body, name);
			break;
		case RFA_SPEC_DIRECTORY:
			if (image && same_directory(mine, theirs))
				json_object_del(body, name);
			break;
		case RFA_SPEC_MEMBERS:
			drop_members(body, name, theirs);
			break;
		case RFA_SPEC_VARIABLES:
			if (image)
				drop_variables(body, name, theirs);
			break;
		case RFA_SPEC_PORTS:
			drop_members(body, name, theirs);
			rc = rfa_spec_expose(body, err);
			break;
		case RFA_SPEC_MADE:
			json_object_del(body, name);
			break;
		case RFA_SPEC_AS_SHOWN:
		case RFA_SPEC_COMMAND:
		case RFA_SPEC_WRITTEN:
			break;
		}
	}
	return rc;
}
