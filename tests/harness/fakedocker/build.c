/*
 * `docker build` of the fake: Dockerfiles of FROM (scratch, or a stage), COPY of a file, ENV and
 * ARG, that lead to the same image as long as nothing differs.
 */
#include "tests/harness/fakedocker/fakedocker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the options say. */
struct build {
	const char *ref, *file, *target, *id, *context;
	json_t *args, *labels, *secrets;
};

static const char *value_of(const char *word, const char *flag)
{
	size_t n = strlen(flag);

	return strncmp(word, flag, n) == 0 ? word + n : NULL;
}

static void put(struct fake *f, json_t *map, const char *pair)
{
	const char *equals = strchr(pair, '=');
	char name[256];

	if (!equals || equals == pair)
		fake_bad(f, "build: a pair without a name");
	snprintf(name, sizeof(name), "%.*s", (int)(equals - pair), pair);
	json_object_set_new(map, name, json_string(equals + 1));
}

/* ID,src=FILE */
static void put_secret(struct fake *f, json_t *map, const char *pair)
{
	const char *src = strstr(pair, ",src=/");
	char id[128];

	if (!src)
		fake_bad(f, "build: a secret without a file");
	snprintf(id, sizeof(id), "%.*s", (int)(src - pair), pair);
	json_object_set_new(map, id, json_string(src + 5));
}

static void read_options(struct fake *f, char *const w[], struct build *b)
{
	int plain = 0, bare = 0;
	const char *value;
	size_t i;

	for (i = 0; w[i] && strcmp(w[i], "--"); i++) {
		if ((value = value_of(w[i], "--tag=")))
			b->ref = value;
		else if ((value = value_of(w[i], "--file=")))
			b->file = value;
		else if ((value = value_of(w[i], "--target=")))
			b->target = value;
		else if ((value = value_of(w[i], "--iidfile=")))
			b->id = value;
		else if ((value = value_of(w[i], "--build-arg=")))
			put(f, b->args, value);
		else if ((value = value_of(w[i], "--label=")))
			put(f, b->labels, value);
		else if ((value = value_of(w[i], "--secret=id=")))
			put_secret(f, b->secrets, value);
		else if (!strcmp(w[i], "--progress=plain"))
			plain = 1;
		else if (!strcmp(w[i], "--provenance=false") || !strcmp(w[i], "--sbom=false"))
			bare++;
		else if (!value_of(w[i], "--platform="))
			fake_bad(f, w[i]);
	}
	if (!w[i] || !w[i + 1] || w[i + 1][0] != '/' || w[i + 2])
		fake_bad(f, "build without -- CONTEXT");
	b->context = w[i + 1];
	if (!b->ref || !b->file || !b->id || !plain || bare != 2)
		fake_bad(f, "build without an option that it needs");
	if (!getenv("DOCKER_BUILDKIT") || strcmp(getenv("DOCKER_BUILDKIT"), "1"))
		fake_bad(f, "build without BuildKit");
}

static _Noreturn void unsolved(const char *what)
{
	fprintf(stderr, "------\nERROR: failed to solve: %s\n", what);
	exit(1);
}

static json_t *new_stage(void)
{
	return json_pack("{s:s, s:s, s:{s:[s], s:{}}, s:{s:s, s:[]}}", "architecture", "amd64",
			 "os", "linux", "config", "Env", "PATH=/bin", "Labels", "rootfs", "type",
			 "layers", "diff_ids");
}

static void copy(struct fake *f, const struct build *b, json_t *stage, const char *name)
{
	char path[2048], text[4096], what[400], id[72];
	FILE *in;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", b->context, name);
	snprintf(what, sizeof(what), "failed to compute cache key: \"/%s\": not found", name);
	in = fopen(path, "r");
	if (!in)
		unsolved(what);
	n = fread(text, 1, sizeof(text), in);
	fclose(in);
	fake_layer(f, text, n, id);
	json_array_append_new(json_object_get(json_object_get(stage, "rootfs"), "diff_ids"),
			      json_string(id));
}

/* RUN --mount=type=secret,id=ID cat: the builder shows what the command writes; true: nothing. */
static void use_secret(const struct build *b, int n, const char *id, int shows)
{
	const char *path = json_string_value(json_object_get(b->secrets, id));
	char line[512], what[200];
	FILE *in = path ? fopen(path, "r") : NULL;

	snprintf(what, sizeof(what), "secret %s: not found", id);
	if (!in)
		unsolved(what);
	while (shows && fgets(line, sizeof(line), in))
		fprintf(stderr, "#%d 0.100 %s%s", n, line, strchr(line, '\n') ? "" : "\n");
	fclose(in);
}

/* ENV NAME="${NAME}" */
static void env(const struct build *b, json_t *stage, const char *name)
{
	const char *value = json_string_value(json_object_get(b->args, name));
	char text[2048];

	snprintf(text, sizeof(text), "%s=%s", name, value ? value : "");
	json_array_append_new(json_object_get(json_object_get(stage, "config"), "Env"),
			      json_string(text));
}

/* Reads the file; the stage that is wanted, new. */
static json_t *solve(struct fake *f, const struct build *b)
{
	json_t *stages = json_object(), *stage = NULL, *found;
	char line[512], name[128], as[128], what[300];
	FILE *in = fopen(b->file, "r");
	int n = 0;

	if (!in)
		unsolved("failed to read dockerfile");
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "FROM %100s AS %100s", name, as) >= 1) {
			found = json_object_get(stages, name);
			stage = found ? json_deep_copy(found) : new_stage();
			if (sscanf(line, "FROM %100s AS %100s", name, as) == 1)
				snprintf(as, sizeof(as), "%d", n);
			json_object_set_new(stages, as, stage);
			n++;
		} else if (stage && (sscanf(line, "COPY [\"%100[^\"]", name) == 1 ||
				     sscanf(line, "COPY %100s", name) == 1)) {
			copy(f, b, stage, name);
			fprintf(stderr, "#%d COPY %s\n", ++n, name);
		} else if (stage && sscanf(line, "ENV %100[A-Z]", name) == 1) {
			env(b, stage, name);
		} else if (stage && sscanf(line, "RUN --mount=type=secret,id=%100s", name) == 1) {
			use_secret(b, ++n, name, strstr(line, " cat") != NULL);
		} else if (stage && !strncmp(line, "RUN say ", 8)) {
			fprintf(stderr, "#%d 0.100 %s", ++n, line + 8);
		} else if (strncmp(line, "ARG ", 4) != 0) {
			unsolved("dockerfile parse error: unknown instruction");
		}
	}
	fclose(in);
	if (b->target)
		stage = json_object_get(stages, b->target);
	snprintf(what, sizeof(what), "target stage \"%s\" could not be found",
		 b->target ? b->target : "");
	if (!stage)
		unsolved(what);
	return json_deep_copy(stage);
}

static void move_tag(struct fake *f, json_t *image, const char *ref)
{
	json_t *old = fake_find(f, "image", ref), *tags = json_object_get(old, "RepoTags"), *tag;
	size_t i;

	json_array_foreach (tags, i, tag)
		if (!strcmp(json_string_value(tag), ref))
			break;
	if (old)
		json_array_remove(tags, i);
	json_array_append_new(json_object_get(image, "RepoTags"), json_string(ref));
}

int fake_build(struct fake *f, char *const w[])
{
	struct build b = { .args = json_object(),
			   .labels = json_object(),
			   .secrets = json_object() };
	json_t *stage, *image;
	FILE *id;

	if (w[0] && !strcmp(w[0], "--help") && !w[1])
		return puts("--progress string\n--provenance string\n--sbom string"), 0;
	read_options(f, w, &b);
	fputs("#1 [internal] load build definition from Dockerfile\n", stderr);
	fake_wait(f);
	stage = solve(f, &b);
	json_object_update(json_object_get(json_object_get(stage, "config"), "Labels"), b.labels);
	image = fake_image(f, stage);
	move_tag(f, image, b.ref);
	fake_store(f);
	id = fopen(b.id, "w");
	if (!id || fputs(json_string_value(json_object_get(image, "Id")), id) < 0 || fclose(id))
		exit(70);
	fprintf(stderr, "#9 DONE\n");
	return 0;
}
