/* The inside of the fake docker command of the tests. */
#ifndef RFA_TESTS_FAKEDOCKER_H
#define RFA_TESTS_FAKEDOCKER_H

#include <jansson.h>
#include <stddef.h>

/* All of the engine's objects, as inspect shows them; a file in the state directory. */
struct fake {
	char dir[512];
	int lock;      /* descriptor; the whole command runs under it, but for waiting */
	json_t *state; /* {"containers":[],"images":[],"networks":[],"volumes":[],"next":N} */
};

void fake_load(struct fake *f);
/* Gives up the lock, and what was loaded under it. */
void fake_unload(struct fake *f);
void fake_store(struct fake *f);
json_t *fake_list(struct fake *f, const char *type); /* "container" → the array; borrowed */
/* By id, its beginning, or name; for an image a reference too. Borrowed; NULL: none. */
json_t *fake_find(struct fake *f, const char *type, const char *name);
/* Is the file there that says how the engine behaves? */
int fake_is(const struct fake *f, const char *name);
/* Appends a line to a file in the state directory. */
void fake_note(const struct fake *f, const char *file, const char *text);
/* Waits while the file "hold" is there, without the lock. */
void fake_wait(struct fake *f);
/* A call that docker would not understand, or that rfa promised never to make. */
_Noreturn void fake_bad(struct fake *f, const char *why);
/* The engine's no. */
_Noreturn void fake_no(const char *text, const char *name);

/* images.c */
void fake_seed(struct fake *f, int first, int last);
int fake_save(struct fake *f, const char *file, char *const ids[]);
int fake_load_archive(struct fake *f, const char *file); /* NULL: standard input */
/* A layer of these bytes, an image of a configuration with no reference yet (borrowed). */
void fake_layer(struct fake *f, const void *data, size_t len, char id[72]);
json_t *fake_image(struct fake *f, const json_t *config);
/* The same of a configuration as it is written. */
json_t *fake_image_text(struct fake *f, const char *text, size_t len);
/* Keeps a layer that may be compressed by gzip; it has to be the one of this diff id. */
void fake_unpacked(struct fake *f, const char *data, size_t len, const char *diff_id);

/* store.c */
/* Keeps the text of a configuration where the engine would. */
void fake_store_config(struct fake *f, const char *text, const char *hex);
/* The same of a layer with this chain id, without "sha256:": a tar archive of files. */
void fake_store_layer(struct fake *f, const char *tar, size_t len, const char *chain);

/* pull.c */
/* config: a directory; NULL: the user's own. */
int fake_pull(struct fake *f, const char *config, char *const w[]);
/* build.c */
int fake_build(struct fake *f, char *const w[]);
/* compose.c */
int fake_compose(struct fake *f, char *const w[]);
/* once.c: containers that do one thing and end */
/* Runs the container's command, which is a program of this machine, to its end. */
int fake_wait_for(struct fake *f, const char *name);
/* main.c */
void fake_running(json_t *container, int running);
/* http.c */
int fake_dial(struct fake *f);

#endif
