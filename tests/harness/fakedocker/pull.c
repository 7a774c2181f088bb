/*
 * Pulling, as docker does it: with the login of the configuration that it is given, or as nobody.
 * It verifies that nobody else can read a login, and that no disk has it.
 */
#include "tests/harness/fakedocker/fakedocker.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "fsm/base/facts.h"
#include "fsm/base/imageref.h"
#include "transports/registry/inside.h"

struct login {
	char user[256], secret[256];
	char token[1024]; /* instead of both; "" */
};

static int digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* "USER:SECRET" from base64. */
static void decode(struct fake *f, const char *text, struct login *out)
{
	char plain[512] = "", *colon;
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (; digit(*text) >= 0 && n < sizeof(plain) - 1; text++) {
		bits = bits << 6 | (unsigned)digit(*text);
		have += 6;
		if (have >= 8) {
			have -= 8;
			plain[n++] = (char)(bits >> have);
		}
	}
	colon = strchr(plain, ':');
	if (!colon || strspn(text, "=") != strlen(text))
		fake_bad(f, "an auth that is no base64 of USER:SECRET");
	snprintf(out->user, sizeof(out->user), "%.*s", (int)(colon - plain), plain);
	snprintf(out->secret, sizeof(out->secret), "%s", colon + 1);
}

/* Only this user may look into what has a login, and it is in memory. */
static void check_private(struct fake *f, const char *directory, const char *file)
{
	struct statfs where;
	struct stat is;

	if (lstat(directory, &is) || !S_ISDIR(is.st_mode) || (is.st_mode & 07777) != 0700 ||
	    is.st_uid != geteuid())
		fake_bad(f, "the directory of a login is not 0700");
	if (lstat(file, &is) || !S_ISREG(is.st_mode) || is.st_mode & 0077)
		fake_bad(f, "the file of a login can be read by others");
	if (statfs(file, &where) || where.f_type != TMPFS_MAGIC)
		fake_bad(f, "a login is on a disk");
}

static void read_login(struct fake *f, const char *directory, const char *domain, struct login *out)
{
	char file[600];
	const json_t *auths, *one;
	json_t *config;

	snprintf(file, sizeof(file), "%s/config.json", directory);
	check_private(f, directory, file);
	config = json_load_file(file, JSON_REJECT_DUPLICATES, NULL);
	auths = json_object_get(config, "auths");
	one = json_object_get(auths, domain);
	if (json_object_size(auths) != 1 || !one)
		fake_bad(f, "a config.json without the one login that is asked for");
	memset(out, 0, sizeof(*out));
	if (json_object_size(one) != 1)
		fake_bad(f, "a login that is more than one");
	snprintf(out->token, sizeof(out->token), "%s", rfa_facts_str(one, "registrytoken", ""));
	if (!*out->token)
		decode(f, json_string_value(json_object_get(one, "auth")), out);
	json_decref(config);
}

/* The registry's no in the words of docker 26. */
static int no(const struct rfa_error *err, const char *ref)
{
	const char *words = err->msg;

	if (err->code == RFA_ENOTFOUND)
		words = "manifest unknown: manifest unknown";
	else if (err->code == RFA_EAUTH)
		words = "no basic auth credentials";
	else if (err->code == RFA_EUNREACHABLE)
		words = "dial tcp: connect: connection refused";
	else if (err->code == RFA_EMISMATCH)
		words = "filesystem layer verification failed for digest sha256:0";
	else if (err->code == RFA_EUNSUPPORTED)
		words = "no matching manifest for linux/s390x in the manifest list entries";
	fflush(stdout);
	fprintf(stderr, "Error response from daemon: %s: %s\n", ref, words);
	return 1;
}

struct taken {
	struct rfa_buf bytes;
	struct rfa_registry_check check;
};

static int take(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct taken *t = user;

	rfa_registry_check_add(&t->check, data, len);
	return rfa_buf_add(&t->bytes, data, len) ? rfa_buf_check(&t->bytes, err) : 0;
}

static int pull_layers(struct fake *f, struct rfa_registry *r, const char *repository,
		       const struct rfa_registry_image *image, struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < image->n && !rc; i++) {
		const struct rfa_registry_layer *layer = &image->layers[i];
		struct taken t = { .bytes = RFA_BUF_INIT(64u << 20) };
		struct rfa_registry_part part = { repository, layer->digest, layer->size,
						  0,          take,          &t };
		uint64_t got;

		rfa_registry_check_begin(&t.check);
		rc = rfa_registry_fetch(r, &part, &got, err);
		if (!rc)
			rc = rfa_registry_check_end(&t.check, layer->digest, layer->size, err);
		if (!rc)
			fake_unpacked(f, t.bytes.data, t.bytes.len, layer->diff_id);
		rfa_buf_release(&t.bytes);
		printf("%.12s: %s\n", layer->digest + 7, rc ? "Verifying" : "Pull complete");
		fflush(stdout);
	}
	return rc;
}

/* As an engine with a registrytoken: it is sent as it is. */
static void enter_with(struct fake *f, struct rfa_registry *r, const char *repository,
		       const char *text)
{
	struct rfa_registry_token *token = calloc(1, sizeof(*token));
	struct rfa_buf scope = RFA_BUF_INIT(1024), header = RFA_BUF_INIT(2048);

	if (!token || rfa_buf_printf(&scope, "repository:%s:pull", repository) ||
	    rfa_buf_printf(&header, "Authorization: Bearer %s", text))
		fake_bad(f, "memory");
	token->scope = scope.data;
	token->header = header.data;
	token->until_ms = INT64_MAX;
	r->tokens = token;
	r->challenge.auth = RFA_REGISTRY_BEARER;
}

static int pull(struct fake *f, const struct rfa_registry_options *options,
		const struct rfa_imageref *ref, const char *repository, const char *token,
		const struct rfa_registry_platform *platform, struct rfa_error *err)
{
	struct rfa_registry_image image = { .n = 0 };
	struct rfa_registry *r = NULL;
	char called[512];
	int rc = rfa_registry_open(&r, options, err);

	if (!rc && *token)
		enter_with(f, r, repository, token);
	if (!rc)
		rc = rfa_registry_resolve(r, repository, ref->digest, platform, &image, err);
	if (!rc)
		rc = pull_layers(f, r, repository, &image, err);
	if (!rc) {
		json_t *digests, *made;

		made = fake_image_text(f, image.config_doc.data, image.config_doc.len);
		if (!json_object_get(made, "RepoDigests"))
			json_object_set_new(made, "RepoDigests", json_array());
		digests = json_object_get(made, "RepoDigests");
		snprintf(called, sizeof(called), "%s@%s", ref->name, ref->digest);
		if (!rfa_facts_has_text(digests, called))
			json_array_append_new(digests, json_string(called));
		fake_store(f);
		printf("Digest: %s\nStatus: Downloaded newer image for %s\n", ref->digest, called);
	}
	rfa_registry_image_release(&image);
	rfa_registry_free(r);
	return rc;
}

int fake_pull(struct fake *f, const char *config, char *const w[])
{
	static const char option[] = "--platform=linux/";
	struct rfa_registry_platform platform = { "linux", "amd64", "" };
	struct rfa_registry_options options = { .idle_timeout_ms = 20000 };
	struct rfa_imageref_place place;
	struct rfa_registry_login who;
	struct rfa_imageref ref;
	struct rfa_error err;
	struct login login = { .token = "" };

	if (w[0] && !strncmp(w[0], option, sizeof(option) - 1))
		snprintf(platform.architecture, sizeof(platform.architecture), "%s",
			 *w++ + sizeof(option) - 1);
	if (!w[0] || strcmp(w[0], "--") || !w[1] || w[2])
		fake_bad(f, "pull without -- REFERENCE");
	if (!rfa_imageref_parse(&ref, w[1]) || !rfa_imageref_place(&place, &ref) || !*ref.digest)
		fake_bad(f, "pull by no digest");
	options.domain = place.domain;
	if (config) {
		read_login(f, config, place.domain, &login);
		who = (struct rfa_registry_login){ login.user, login.secret };
		options.login = *login.token ? NULL : &who;
	}
	fake_wait(f);
	if (pull(f, &options, &ref, place.path, login.token, &platform, &err))
		return no(&err, w[1]);
	return 0;
}
