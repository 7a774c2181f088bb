/*
 * `docker system dial-stdio` of the fake: requests of the Engine API on standard input, one after
 * the other. What is read keeps the connection, and may be asked for before the reply to the one
 * before; what changes something ends it. DIR/posts gets a line for each of these.
 */
#include "tests/harness/fakedocker/fakedocker.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE (8u << 20)
/* Go's server writes chunks when it cannot hold the reply back. */
#define HELD 2048u

/* What has come of the requests, and where the next one begins. */
static char in[SIZE + 1];
static size_t in_len, in_at;

static void say(int status, const char *body)
{
	size_t len = strlen(body), n;

	printf("HTTP/1.1 %d X\r\nApi-Version: 1.45\r\nContent-Type: application/json\r\n", status);
	if (len <= HELD) {
		printf("Content-Length: %zu\r\n\r\n%s", len, body);
	} else {
		printf("Transfer-Encoding: chunked\r\n\r\n");
		for (; len; body += n, len -= n) {
			n = len < HELD ? len : HELD;
			printf("%zx\r\n%.*s\r\n", n, (int)n, body);
		}
		printf("0\r\n\r\n");
	}
	if (fflush(stdout))
		exit(1);
}

static int reply(int status, const char *message)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"message\":\"%s\"}\n", message);
	say(status, body);
	return 0;
}

/* 0: the client has ended its side, between two requests. */
static int more(struct fake *f)
{
	ssize_t got;

	if (in_at == in_len)
		in_at = in_len = 0;
	if (in_len == SIZE)
		fake_bad(f, "too many requests at once");
	got = read(0, in + in_len, SIZE - in_len);
	if (got <= 0 && in_at < in_len)
		fake_bad(f, "the request ended early");
	if (got > 0)
		in_len += (size_t)got;
	in[in_len] = '\0';
	return got > 0;
}

/* The next request, its head ended by a NUL, and its body. NULL: there is none. */
static char *request(struct fake *f, char **body, size_t *body_len)
{
	char *head, *end, *length;

	while (!(end = strstr(in + in_at, "\r\n\r\n")))
		if (!more(f))
			return NULL;
	*end = '\0';
	length = strstr(in + in_at, "\r\nContent-Length: ");
	*body_len = length ? strtoul(length + 18, NULL, 10) : 0;
	*body = end + 4;
	while ((size_t)(in + in_len - *body) < *body_len)
		if (!more(f))
			fake_bad(f, "the request ended early");
	head = in + in_at;
	in_at = (size_t)(*body + *body_len - in);
	if (!strstr(head, "\r\nHost: "))
		fake_bad(f, "a request without Host");
	return head;
}

/* A change: the client keeps its side open until it has the answer, and asks no more. */
static void last(struct fake *f, const char *head)
{
	struct pollfd end = { 0, POLLIN, 0 };

	if (!strstr(head, "\r\nConnection: close"))
		fake_bad(f, "a change without Connection: close");
	/* End of file means: the client has gone, and the request is cancelled. */
	if (in_at != in_len || poll(&end, 1, 20) > 0)
		fake_bad(f, "standard input ended before the answer");
}

static json_t *take(json_t *body, const char *key)
{
	json_t *value = json_incref(json_object_get(body, key));

	json_object_del(body, key);
	return value ? value : json_object();
}

/* Without endpoints a container is in the network that its mode names, as dockerd makes it. */
static json_t *endpoints(json_t *networking, const json_t *host_config)
{
	json_t *all = take(networking, "EndpointsConfig");
	const char *mode = json_string_value(json_object_get(host_config, "NetworkMode"));

	if (!mode || !*mode || !strcmp(mode, "default"))
		mode = "bridge";
	if (!json_object_size(all) && strcmp(mode, "host") && strncmp(mode, "container:", 10))
		json_object_set_new(all, mode, json_object());
	return all;
}

static int create(struct fake *f, const char *name, json_t *body)
{
	const char *ref = json_string_value(json_object_get(body, "Image"));
	json_t *image = ref ? fake_find(f, "image", ref) : NULL, *c, *net, *nets;
	json_int_t next = json_integer_value(json_object_get(f->state, "next"));
	char id[65], slash[300];

	if (fake_find(f, "container", name))
		return reply(409, "Conflict. The container name is already in use by container x");
	if (!image)
		return reply(404, "No such image");
	snprintf(id, sizeof(id), "%016llx%048x", 0xfeed000000000000ull + (unsigned long long)next,
		 0u);
	snprintf(slash, sizeof(slash), "/%s", name);
	net = take(body, "NetworkingConfig");
	nets = endpoints(net, json_object_get(body, "HostConfig"));
	c = json_pack("{s:s, s:s, s:O, s:o, s:{s:s, s:b}, s:{s:o}}", "Id", id, "Name", slash,
		      "Image", json_object_get(image, "Id"), "HostConfig", take(body, "HostConfig"),
		      "State", "Status", "created", "Running", 0, "NetworkSettings", "Networks",
		      nets);
	json_object_set(c, "Config", body);
	json_array_append_new(fake_list(f, "container"), c);
	json_object_set_new(f->state, "next", json_integer(next + 1));
	json_decref(net);
	fake_store(f);
	snprintf(slash, sizeof(slash), "{\"Id\":\"%s\"}", id);
	say(201, slash);
	return 0;
}

/* Connects a container to a network, or takes it out. */
static int join(struct fake *f, const char *network, json_t *body, int leaves)
{
	json_t *net = fake_find(f, "network", network), *c, *networks;
	const char *name = json_string_value(json_object_get(body, "Container"));

	c = name ? fake_find(f, "container", name) : NULL;
	networks = json_object_get(json_object_get(c, "NetworkSettings"), "Networks");
	if (leaves && json_object_get(networks, network))
		json_object_del(networks, network);
	else if (!leaves && net && c)
		json_object_set(networks, json_string_value(json_object_get(net, "Name")),
				json_object_get(body, "EndpointConfig"));
	else
		return reply(404, "network or container not found");
	fake_store(f);
	say(200, "");
	return 0;
}

static void decode(char *text)
{
	unsigned byte;
	char *out = text;

	for (; *text; text++) {
		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1)
			*out++ = (char)byte, text += 2;
		else
			*out++ = *text;
	}
	*out = '\0';
}

static int post(struct fake *f, const char *head, const char *body, size_t len)
{
	json_t *json = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	char name[300] = "", line[64];
	int status;

	last(f, head);
	if (!json)
		fake_bad(f, "a request without JSON");
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(head, "?"), head);
	fake_note(f, "posts", line);
	if (sscanf(head, "POST /v1.45/containers/create?name=%299s HTTP/1.1", name) == 1) {
		decode(name);
		status = create(f, name, json);
	} else if (sscanf(head, "POST /v1.45/networks/%299[^/]/connect HTTP/1.1", name) == 1) {
		decode(name);
		status = join(f, name, json, strstr(head, "/disconnect HTTP/1.1") != NULL);
	} else {
		fake_bad(f, "a request that is not known");
	}
	json_decref(json);
	return status;
}

/* Reads. */

static void show(const json_t *json)
{
	char *text = json_dumps(json, 0);

	if (!text)
		exit(70);
	say(200, text);
	free(text);
}

/* What a list has of an object. */
static void list(struct fake *f, const char *type)
{
	json_t *all = json_array(), *object;
	size_t i;

	json_array_foreach (fake_list(f, type), i, object)
		json_array_append_new(all,
				      json_pack("{s:O?, s:O?}", "Id", json_object_get(object, "Id"),
						"Name", json_object_get(object, "Name")));
	if (strcmp(type, "volume") == 0)
		all = json_pack("{s:o, s:n}", "Volumes", all, "Warnings");
	show(all);
	json_decref(all);
}

static void inspect(struct fake *f, const char *type, char *name)
{
	json_t *object;
	char text[400];

	decode(name);
	object = fake_find(f, type, name);
	snprintf(text, sizeof(text), "No such %s", type);
	if (object)
		show(object);
	else
		reply(404, strcmp(type, "network") ? text : "network not found");
}

/* The name of "/v1.45/containers/NAME/json"; 0: it is another path. */
static int named(char *path, const char *begin, const char *end, char **name)
{
	size_t n = strlen(path), a = strlen(begin), z = strlen(end);

	if (n <= a + z || strncmp(path, begin, a) != 0 || strcmp(path + n - z, end) != 0)
		return 0;
	path[n - z] = '\0';
	*name = path + a;
	return 1;
}

static void info(const struct fake *f)
{
	char text[800];

	snprintf(text, sizeof(text),
		 "{\"Driver\":\"overlay2\",\"DriverStatus\":[[\"Backing Filesystem\",\"extfs\"]],"
		 "\"DockerRootDir\":\"%s/docker\"}\n",
		 f->dir);
	say(200, text);
}

static void get(struct fake *f, char *path)
{
	char *name;

	if (strcmp(path, "/version") == 0)
		say(200,
		    "{\"Version\":\"26.1.5\",\"ApiVersion\":\"1.45\",\"MinAPIVersion\":\"1.24\","
		    "\"Os\":\"linux\",\"Arch\":\"amd64\"}\n");
	else if (strcmp(path, "/v1.45/info") == 0)
		info(f);
	else if (strcmp(path, "/v1.45/containers/json?all=1") == 0)
		list(f, "container");
	else if (strcmp(path, "/v1.45/images/json") == 0)
		list(f, "image");
	else if (strcmp(path, "/v1.45/networks") == 0)
		list(f, "network");
	else if (strcmp(path, "/v1.45/volumes") == 0)
		list(f, "volume");
	else if (named(path, "/v1.45/containers/", "/json", &name))
		inspect(f, "container", name);
	else if (named(path, "/v1.45/images/", "/json", &name))
		inspect(f, "image", name);
	else if (named(path, "/v1.45/networks/", "", &name))
		inspect(f, "network", name);
	else if (named(path, "/v1.45/volumes/", "", &name))
		inspect(f, "volume", name);
	else
		fake_bad(f, "a path that is not known");
}

/* The lock is held for one request, so that other commands run between two. */
int fake_dial(struct fake *f)
{
	char *head, *body, *end;
	size_t len;

	for (;;) {
		fake_unload(f);
		head = request(f, &body, &len);
		fake_load(f);
		if (!head)
			return 0;
		/* The engine was ended: so ends what is connected to it. */
		if (fake_is(f, "down"))
			return 0;
		if (strncmp(head, "POST ", 5) == 0)
			return post(f, head, body, len);
		end = strstr(head, " HTTP/1.1\r\n");
		if (strncmp(head, "GET /", 5) != 0 || !end || len)
			fake_bad(f, "a request that is not known");
		*end = '\0';
		get(f, head + 4);
	}
}
