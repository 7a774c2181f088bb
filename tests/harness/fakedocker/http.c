/* `docker system dial-stdio` of the fake: one HTTP request of the Engine API on standard input. */
#include "tests/harness/fakedocker/fakedocker.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int reply(int status, const char *message)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"message\":\"%s\"}\n", message);
	/* Chunked, as the real one may. */
	printf("HTTP/1.1 %d X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
	       "\r\n%zx\r\n%s\r\n0\r\n\r\n",
	       status, strlen(body), body);
	return 0;
}

/* Reads the whole request; the client must keep its side open until it has the answer. */
static char *request(struct fake *f, char **body)
{
	size_t size = 4u << 20, n = 0, want = 0;
	char *data = calloc(1, size), *length;
	struct pollfd end = { 0, POLLIN, 0 };

	for (*body = NULL; data && n + 1 < size && (!*body || n < want);) {
		ssize_t got = read(0, data + n, *body ? want - n : 1);

		if (got <= 0)
			fake_bad(f, "the request ended early");
		n += (size_t)got;
		if (!*body && (*body = strstr(data, "\r\n\r\n"))) {
			length = strstr(data, "\r\nContent-Length: ");
			*body += 4;
			want = n + (length ? strtoul(length + 18, NULL, 10) : 0);
		}
	}
	if (!strstr(data, "\r\nConnection: close\r\n") || !strstr(data, "\r\nHost: "))
		fake_bad(f, "a request without Connection: close and Host");
	/* End of file means: the client has gone, and the request is cancelled. */
	if (poll(&end, 1, 20) > 0)
		fake_bad(f, "standard input ended before the answer");
	return data;
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
	printf(
	    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
	    "{\"Id\":\"%s\"}",
	    strlen(id) + 9, id);
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
	printf("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
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

int fake_dial(struct fake *f)
{
	char name[300] = "", *body, *text = request(f, &body);
	json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
	int status;

	if (!json)
		fake_bad(f, "a request without JSON");
	if (sscanf(text, "POST /v1.45/containers/create?name=%299s HTTP/1.1", name) == 1) {
		decode(name);
		status = create(f, name, json);
	} else if (sscanf(text, "POST /v1.45/networks/%299[^/]/connect HTTP/1.1", name) == 1) {
		decode(name);
		status = join(f, name, json, strstr(text, "/disconnect HTTP/1.1") != NULL);
	} else {
		fake_bad(f, "a request that is not known");
	}
	json_decref(json);
	free(text);
	return status;
}
