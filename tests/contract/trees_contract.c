/* What transports/host/host.h promises of trees and the vault, of any implementation. */
#include "tests/contract/trees_contract.h"

#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"

const char *tree_at(struct fixture *x, const char *name, char out[512])
{
	snprintf(out, 512, "%s/%s", x->world->dir, name);
	return out;
}

json_t *tree_looked(struct fixture *x, enum rfa_tree_kind kind, const char *path)
{
	json_t *out = NULL;

	assert_ok(x->h->trees->observe(x->h, kind, path, &out, &x->err));
	return out;
}

char tree_type(struct fixture *x, const char *path)
{
	json_t *look = tree_looked(x, RFA_TREE_DIRECTORY, path);
	char type = rfa_facts_str(look, "type", "?")[0];

	json_decref(look);
	return type;
}

void tree_clear(struct fixture *x, const char *const names[], size_t n)
{
	json_t *copies = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(copies, json_string(AT(names[i])));
	assert_ok(x->h->trees->remove(x->h, KEY("remove"), copies, &x->err));
	json_decref(copies);
}

void tree_copied(struct fixture *x, enum rfa_tree_kind kind, const char *from, const char *to,
		 enum rfa_copy_pass pass)
{
	json_t *out = NULL;

	assert_ok(x->h->trees->copy(x->h, KEY("copy"), kind, from, to, pass, &out, &x->err));
	assert_true(json_is_boolean(json_object_get(out, "reflink")));
	assert_true(rfa_facts_int(out, "bytes", -1) >= 0);
	assert_true(rfa_facts_int(out, "inodes", -1) >= 0);
	json_decref(out);
}

void tree_packed(struct fixture *x, const char *copy, const char *archive, char sum[RFA_DIGEST_HEX],
		 int64_t *bytes)
{
	json_t *out = NULL;

	assert_ok(x->h->trees->pack(x->h, KEY("pack"), copy, archive, NULL, &out, &x->err));
	assert_string_equal(rfa_facts_str(out, "archive", ""), archive);
	snprintf(sum, RFA_DIGEST_HEX, "%s", rfa_facts_str(out, "sha256", ""));
	assert_int_equal(strlen(sum), 64);
	*bytes = rfa_facts_int(out, "bytes", -1);
	assert_true(*bytes > 0);
	json_decref(out);
}

json_t *tree_known(struct fixture *x, enum rfa_tree_kind kind, const char *path,
		   const char *archive)
{
	json_t *out = NULL;

	assert_ok(x->h->trees->known(x->h, KEY("known"), kind, path, archive, &out, &x->err));
	assert_true(rfa_facts_int(out, "bytes", -1) > 0);
	assert_int_equal(strlen(rfa_facts_str(out, "sha256", "")), 64);
	return out;
}

int64_t tree_lacked(struct fixture *x, const char *copy, const char *archive, const char *zip,
		    const json_t *list)
{
	struct rfa_packing packing = { zip, rfa_facts_str(list, "archive", "") };
	json_t *out = NULL;
	int64_t bytes;

	assert_ok(x->h->trees->pack(x->h, KEY("pack"), copy, archive, &packing, &out, &x->err));
	assert_string_equal(rfa_facts_str(out, "archive", ""), archive);
	bytes = rfa_facts_int(out, "bytes", -1);
	json_decref(out);
	return bytes;
}

void tree_spooled(struct fixture *x, const char *archive, const char *data, size_t len)
{
	struct rfa_stream *s = NULL;
	size_t put = 0;

	assert_ok(x->h->runs->spool_write(x->h, x->run, archive, 0, &s, &x->err));
	for (; len > 0; data += put, len -= put) {
		assert_ok(s->ops->write(s, data, len < 50000 ? len : 50000, &put, &x->err));
		if (put == 0)
			assert_ok(rfa_stream_wait(&s, 1, 1000, NULL, &x->err));
	}
	assert_ok(rfa_host_stream_end(x->h, &s, 0, NULL, &x->err));
}

static json_t *item(const char *kind, const char *place, const char *in, const char *out)
{
	return json_pack("[{s:s, s:s, s:s?, s:s?}]", "kind", kind, "place", place, "in", in, "out",
			 out);
}

int tree_swapped(struct fixture *x, const char *kind, const char *place, const char *in,
		 const char *out)
{
	json_t *items = item(kind, place, in, out);
	int rc;

	rfa_error_clear(&x->err);
	rc = x->h->trees->swap(x->h, KEY("swap"), items, &x->err);
	json_decref(items);
	return rc;
}

void tree_put(struct fixture *x, const char *name, const char *content)
{
	assert_int_equal(x->world->put(x->world, AT(name), content), 0);
}

static void says(struct fixture *x, const char *name, const char *content)
{
	struct rfa_buf got = RFA_BUF_INIT(65536);

	assert_ok(x->h->files->read(x->h, AT(name), 65536, &got, &x->err));
	assert_string_equal(rfa_buf_str(&got), content);
	rfa_buf_release(&got);
}

static void gone(struct fixture *x, const char *name)
{
	struct rfa_file_stat st;

	assert_ok(x->h->files->stat(x->h, AT(name), &st, &x->err));
	assert_int_equal(st.type, 0);
}

/* Copies of either kind, and what stands for places. */
const char *const tree_leftovers[7] = { ".rfa-t.new",     ".rfa-t.old",       ".rfa-t.place",
					".rfa-t.place2",  ".rfa-t.snap/tree", ".rfa-t.new/tree",
					".rfa-t.old/tree" };

/* Trees. */

static void a_look_tells_what_is_there(void **state)
{
	struct fixture *x = begin(state, "look");
	json_t *a = tree_looked(x, RFA_TREE_DIRECTORY, AT("not here/at all")), *b;

	assert_int_equal(json_object_size(a), 1);
	assert_string_equal(rfa_facts_str(a, "type", "?"), "");
	json_decref(a);
	CLEAR_TREES();
	tree_put(x, ".rfa-t.place/a", "four");
	tree_put(x, ".rfa-t.place/sub/b", "sixsix");
	tree_put(x, ".rfa-t.place2/a", "four");
	a = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place"));
	b = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place2"));
	assert_string_equal(rfa_facts_str(a, "type", "?"), "d");
	assert_int_equal(rfa_facts_int(a, "apparent", -1), 10);
	assert_int_equal(rfa_facts_int(a, "inodes", -1), 4);
	assert_true(rfa_facts_int(a, "bytes", -1) >= 0);
	assert_true(rfa_facts_int(a, "uid", -1) >= 0 && rfa_facts_int(a, "gid", -1) >= 0);
	assert_true(rfa_facts_int(a, "mode", -1) > 0);
	assert_false(rfa_facts_bool(a, "mount", 1));
	assert_string_equal(rfa_facts_str(a, "device", "?"), rfa_facts_str(b, "device", "!"));
	assert_string_not_equal(rfa_facts_str(a, "entry", "?"), rfa_facts_str(b, "entry", "?"));
	json_decref(a);
	json_decref(b);
	a = tree_looked(x, RFA_TREE_SQLITE, AT(".rfa-t.place/a"));
	assert_string_equal(rfa_facts_str(a, "type", "?"), "f");
	assert_int_equal(rfa_facts_int(a, "apparent", -1), 4);
	assert_false(rfa_facts_bool(a, "sqlite", 1));
	json_decref(a);
	tree_put(x, ".rfa-t.place/c", "SQLite format 3, and more");
	a = tree_looked(x, RFA_TREE_SQLITE, AT(".rfa-t.place/c"));
	assert_true(rfa_facts_bool(a, "sqlite", 0));
	json_decref(a);
	CLEAR_TREES();
	end(x);
}

static void a_path_is_where_it_is(void **state)
{
	struct fixture *x = begin(state, "where");
	json_t *paths, *out = NULL, *one, *entry;
	const char *file;
	size_t i;
	int found = 0;

	CLEAR_TREES();
	tree_put(x, ".rfa-t.place/sub/a", "four");
	file = AT(".rfa-t.place/sub/a");
	paths = json_pack("[s, s, s, s]", file, AT(".rfa-t.place"), AT(".rfa-t.place/none"),
			  AT("none/at/all"));
	assert_ok(x->h->trees->where(x->h, paths, &out, &x->err));
	assert_int_equal(json_object_size(out), 4);
	one = json_object_get(out, AT(".rfa-t.place"));
	assert_string_equal(rfa_facts_str(one, "real", ""), AT(".rfa-t.place"));
	assert_true(rfa_facts_bool(one, "parent", 0));
	entry = json_object_get(one, "entry");
	assert_true(json_string_length(entry) > 0);
	json_array_foreach (json_object_get(json_object_get(out, file), "above"), i, one)
		found += json_equal(one, entry);
	assert_int_equal(found, 1);
	one = json_object_get(out, AT(".rfa-t.place/none"));
	assert_string_equal(rfa_facts_str(one, "entry", "?"), "");
	assert_true(rfa_facts_bool(one, "parent", 0));
	one = json_object_get(out, AT("none/at/all"));
	assert_string_equal(rfa_facts_str(one, "entry", "?"), "");
	assert_false(rfa_facts_bool(one, "parent", 1));
	json_decref(out);
	json_decref(paths);
	CLEAR_TREES();
	end(x);
}

static void nobody_holds_what_nobody_uses(void **state)
{
	struct fixture *x = begin(state, "nobody");
	json_t *paths, *out = NULL;

	CLEAR_TREES();
	tree_put(x, ".rfa-t.place/a", "four");
	paths = json_pack("[{s:s, s:s}, {s:s, s:s}]", "kind", "directory", "path",
			  AT(".rfa-t.place"), "kind", "sqlite", "path", AT("no such database"));
	assert_ok(x->h->trees->holders(x->h, paths, NULL, &out, &x->err));
	assert_int_equal(json_array_size(out), 0);
	json_decref(out);
	json_decref(paths);
	CLEAR_TREES();
	end(x);
}

static void a_copy_is_what_the_place_was(void **state)
{
	struct fixture *x = begin(state, "copy");
	char one[RFA_DIGEST_HEX], two[RFA_DIGEST_HEX];
	int64_t bytes, again;
	json_t *out = NULL;

	CLEAR_TREES();
	tree_put(x, ".rfa-t.place/a", "first");
	tree_put(x, ".rfa-t.place/sub/b", "second");
	tree_copied(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place"), AT(".rfa-t.snap/tree"),
		    RFA_COPY_BULK);
	tree_put(x, ".rfa-t.place/a", "other");
	tree_put(x, ".rfa-t.place/sub/c", "third");
	tree_copied(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place"), AT(".rfa-t.snap/tree"),
		    RFA_COPY_FINAL);
	says(x, ".rfa-t.snap/tree/a", "other");
	says(x, ".rfa-t.snap/tree/sub/b", "second");
	says(x, ".rfa-t.snap/tree/sub/c", "third");
	says(x, ".rfa-t.place/a", "other");
	tree_packed(x, AT(".rfa-t.snap/tree"), "one", one, &bytes);
	tree_packed(x, AT(".rfa-t.snap/tree"), "two", two, &again);
	assert_string_equal(one, two);
	assert_int_equal(bytes, again);
	assert_ok(x->h->trees->unpack(x->h, KEY("unpack"), "one", AT(".rfa-t.new/tree"), &x->err));
	says(x, ".rfa-t.new/tree/sub/c", "third");
	tree_packed(x, AT(".rfa-t.new/tree"), "two", two, &again);
	assert_string_equal(one, two);
	/* What is there under that name goes first. */
	tree_put(x, ".rfa-t.new/tree/stale", "stale");
	assert_ok(x->h->trees->unpack(x->h, KEY("unpack"), "one", AT(".rfa-t.new/tree"), &x->err));
	gone(x, ".rfa-t.new/tree/stale");
	assert_fails(NOTFOUND,
		     x->h->trees->copy(x->h, KEY("copy"), RFA_TREE_DIRECTORY, AT("nowhere"),
				       AT(".rfa-t.old/tree"), RFA_COPY_FINAL, &out, &x->err));
	assert_fails(NOTFOUND, x->h->trees->pack(x->h, KEY("pack"), AT(".rfa-t.old/tree"), "three",
						 NULL, &out, &x->err));
	assert_fails(NOTFOUND, x->h->trees->unpack(x->h, KEY("unpack"), "three",
						   AT(".rfa-t.old/tree"), &x->err));
	assert_null(out);
	CLEAR_TREES();
	assert_int_equal(tree_type(x, AT(".rfa-t.snap/tree")), 0);
	end(x);
}

static void what_is_no_archive_leaves_nothing(void **state)
{
	struct fixture *x = begin(state, "noarchive");
	static const char text[] = "this is no archive of anything";

	CLEAR_TREES();
	tree_put(x, ".rfa-t.place/stale", "stale");
	tree_copied(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place"), AT(".rfa-t.new/tree"),
		    RFA_COPY_FINAL);
	tree_spooled(x, "text", text, sizeof(text) - 1);
	assert_fails(MISMATCH, x->h->trees->unpack(x->h, KEY("unpack"), "text",
						   AT(".rfa-t.new/tree"), &x->err));
	assert_int_equal(tree_type(x, AT(".rfa-t.new")), 0);
	CLEAR_TREES();
	end(x);
}

/* Swaps. */

static void nothing_takes_the_place_of_a_tree(void **state)
{
	struct fixture *x = begin(state, "empty");
	json_t *seen;

	CLEAR_TREES();
	tree_put(x, ".rfa-t.place/v", "one");
	assert_fails(INTERNAL,
		     x->h->trees->empty(x->h, KEY("out"), AT("somewhere"), 0, 0, 0755, &x->err));
	assert_ok(
	    x->h->trees->empty(x->h, KEY("empty"), AT(".rfa-t.new/tree"), 0, 0, 0711, &x->err));
	assert_ok(
	    x->h->trees->empty(x->h, KEY("again"), AT(".rfa-t.new/tree"), 0, 0, 0711, &x->err));
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.new/tree"),
				      AT(".rfa-t.old/tree")),
			 0);
	seen = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place"));
	assert_string_equal(rfa_facts_str(seen, "type", ""), "d");
	assert_int_equal(rfa_facts_int(seen, "inodes", 0), 1);
	assert_int_equal(rfa_facts_int(seen, "mode", 0), 0711);
	json_decref(seen);
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.old/tree"),
				      AT(".rfa-t.new/tree")),
			 0);
	says(x, ".rfa-t.place/v", "one");
	CLEAR_TREES();
	end(x);
}

static void a_swap_goes_on_from_anywhere(void **state)
{
	struct fixture *x = begin(state, "swap");

	CLEAR_TREES();
	tree_put(x, ".rfa-t.place/v", "one");
	tree_put(x, ".rfa-t.new/v", "two");
	assert_int_equal(
	    tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.new"), AT(".rfa-t.old")),
	    0);
	says(x, ".rfa-t.place/v", "two");
	says(x, ".rfa-t.old/v", "one");
	assert_int_equal(tree_type(x, AT(".rfa-t.new")), 0);
	/* Done already. */
	assert_int_equal(
	    tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.new"), AT(".rfa-t.old")),
	    0);
	says(x, ".rfa-t.place/v", "two");
	/* Half-way: the place is empty. */
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-t.place"), NULL, AT(".rfa-t.new")),
			 0);
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-t.place"), NULL, AT(".rfa-t.new")),
			 0);
	assert_int_equal(tree_type(x, AT(".rfa-t.place")), 0);
	assert_int_equal(
	    tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.old"), AT(".rfa-t.new")),
	    0);
	says(x, ".rfa-t.place/v", "one");
	says(x, ".rfa-t.new/v", "two");
	/* Into an empty place. */
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-t.place2"), AT(".rfa-t.new"), NULL),
			 0);
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-t.place2"), AT(".rfa-t.new"), NULL),
			 0);
	says(x, ".rfa-t.place2/v", "two");
	CLEAR_TREES();
	end(x);
}

static void what_is_no_stage_is_not_touched(void **state)
{
	struct fixture *x = begin(state, "nostage");
	json_t *items;

	CLEAR_TREES();
	assert_int_equal(
	    tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.new"), AT(".rfa-t.old")),
	    -RFA_ENOTFOUND);
	tree_put(x, ".rfa-t.place/v", "one");
	assert_int_equal(
	    tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.new"), AT(".rfa-t.old")),
	    -RFA_ENOTFOUND);
	tree_put(x, ".rfa-t.new/v", "two");
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.new"), NULL),
			 -RFA_EEXISTS);
	tree_put(x, ".rfa-t.old/v", "three");
	assert_int_equal(tree_swapped(x, "directory", AT(".rfa-t.place"), NULL, AT(".rfa-t.old")),
			 -RFA_EEXISTS);
	assert_int_equal(
	    tree_swapped(x, "directory", AT(".rfa-t.place"), AT(".rfa-t.new"), AT(".rfa-t.old")),
	    -RFA_EEXISTS);
	says(x, ".rfa-t.place/v", "one");
	says(x, ".rfa-t.new/v", "two");
	says(x, ".rfa-t.old/v", "three");
	assert_int_equal(
	    tree_swapped(x, "directory", AT(".rfa-t.place"), AT("mine"), AT(".rfa-t.old")),
	    -RFA_EINTERNAL);
	items = json_pack("[s]", AT("mine"));
	assert_fails(INTERNAL, x->h->trees->remove(x->h, KEY("remove"), items, &x->err));
	json_decref(items);
	items = json_pack("[s]", AT("mine/../.rfa-t.old/.."));
	assert_fails(INTERNAL, x->h->trees->remove(x->h, KEY("remove"), items, &x->err));
	json_decref(items);
	CLEAR_TREES();
	CLEAR_TREES();
	end(x);
}

static void a_database_moves_with_its_companions(void **state)
{
	struct fixture *x = begin(state, "database");

	CLEAR_TREES();
	tree_put(x, ".rfa-t.place/x.db", "db one");
	tree_put(x, ".rfa-t.place/x.db-wal", "wal one");
	tree_put(x, ".rfa-t.place/x.db-shm", "shm one");
	tree_copied(x, RFA_TREE_SQLITE, AT(".rfa-t.place/x.db"), AT(".rfa-t.place/.rfa-new/tree"),
		    RFA_COPY_BULK);
	tree_copied(x, RFA_TREE_SQLITE, AT(".rfa-t.place/x.db"), AT(".rfa-t.place/.rfa-new/tree"),
		    RFA_COPY_FINAL);
	says(x, ".rfa-t.place/.rfa-new/tree/db", "db one");
	says(x, ".rfa-t.place/.rfa-new/tree/db-wal", "wal one");
	gone(x, ".rfa-t.place/.rfa-new/tree/db-shm");
	gone(x, ".rfa-t.place/.rfa-new/tree/db-journal");
	tree_put(x, ".rfa-t.place/.rfa-two/db", "db two");
	tree_put(x, ".rfa-t.place/.rfa-two/db-journal", "journal two");
	assert_int_equal(tree_swapped(x, "sqlite", AT(".rfa-t.place/x.db"),
				      AT(".rfa-t.place/.rfa-two"),
				      AT(".rfa-t.place/.rfa-old/tree")),
			 0);
	says(x, ".rfa-t.place/x.db", "db two");
	says(x, ".rfa-t.place/x.db-journal", "journal two");
	gone(x, ".rfa-t.place/x.db-wal");
	gone(x, ".rfa-t.place/x.db-shm");
	gone(x, ".rfa-t.place/.rfa-two");
	says(x, ".rfa-t.place/.rfa-old/tree/db", "db one");
	says(x, ".rfa-t.place/.rfa-old/tree/db-wal", "wal one");
	assert_int_equal(tree_swapped(x, "sqlite", AT(".rfa-t.place/x.db"),
				      AT(".rfa-t.place/.rfa-two"),
				      AT(".rfa-t.place/.rfa-old/tree")),
			 0);
	/* And back, from half-way. */
	assert_int_equal(
	    tree_swapped(x, "sqlite", AT(".rfa-t.place/x.db"), NULL, AT(".rfa-t.place/.rfa-two")),
	    0);
	gone(x, ".rfa-t.place/x.db");
	gone(x, ".rfa-t.place/x.db-journal");
	assert_int_equal(tree_swapped(x, "sqlite", AT(".rfa-t.place/x.db"),
				      AT(".rfa-t.place/.rfa-old/tree"),
				      AT(".rfa-t.place/.rfa-two")),
			 0);
	says(x, ".rfa-t.place/x.db", "db one");
	says(x, ".rfa-t.place/x.db-wal", "wal one");
	gone(x, ".rfa-t.place/x.db-journal");
	says(x, ".rfa-t.place/.rfa-two/db", "db two");
	assert_int_equal(tree_swapped(x, "sqlite", AT(".rfa-t.place/x.db"),
				      AT(".rfa-t.place/.rfa-two"),
				      AT(".rfa-t.place/.rfa-new/tree")),
			 -RFA_EEXISTS);
	assert_int_equal(tree_swapped(x, "sqlite", AT(".rfa-t.place/y.db"),
				      AT(".rfa-t.place/.rfa-none/tree"), NULL),
			 -RFA_ENOTFOUND);
	says(x, ".rfa-t.place/x.db", "db one");
	CLEAR_TREES();
	end(x);
}

/* The vault. */

json_t *vault_stored(struct fixture *x, const char *vault, const char *backup, const char *member,
		     const char *archive)
{
	json_t *out = NULL;

	assert_ok(
	    x->h->vault->store(x->h, KEY("store"), vault, backup, member, archive, &out, &x->err));
	return out;
}

void vault_sealed(struct fixture *x, const char *vault, const char *backup, const char *member,
		  const json_t *stored)
{
	json_t *manifest = json_pack("{s:s, s:[{s:s, s:O, s:O}]}", "backup", backup, "members",
				     "name", member, "bytes", json_object_get(stored, "bytes"),
				     "sha256", json_object_get(stored, "sha256"));
	char *text = json_dumps(manifest, JSON_COMPACT);

	assert_ok(x->h->vault->seal(x->h, KEY("seal"), vault, backup, text, &x->err));
	free(text);
	json_decref(manifest);
}

json_t *vault_verified(struct fixture *x, const char *vault, const char *backup)
{
	json_t *out = NULL;

	assert_ok(x->h->vault->verify(x->h, KEY("verify"), vault, backup, &out, &x->err));
	assert_int_equal(rfa_facts_bool(out, "ok", -1),
			 json_array_size(json_object_get(out, "problems")) == 0);
	return out;
}

static void clear_vault(struct fixture *x, const char *vault)
{
	json_t *all = NULL, *one;
	size_t i;

	assert_ok(x->h->vault->list(x->h, vault, &all, &x->err));
	json_array_foreach (all, i, one)
		assert_ok(x->h->vault->remove(x->h, KEY("drop"), vault,
					      rfa_facts_str(one, "backup", ""), &x->err));
	json_decref(all);
}

static void a_backup_is_whole_or_not_there(void **state)
{
	struct fixture *x = begin(state, "vault");
	json_t *all = NULL, *stored, *out = NULL;
	char sum[RFA_DIGEST_HEX], again[RFA_DIGEST_HEX];
	int64_t bytes, size;

	CLEAR_TREES();
	clear_vault(x, AT("vault"));
	assert_ok(x->h->vault->list(x->h, AT("no/vault"), &all, &x->err));
	assert_int_equal(json_array_size(all), 0);
	json_decref(all);
	tree_put(x, ".rfa-t.place/a", "first");
	tree_put(x, ".rfa-t.place/b", "second");
	tree_copied(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place"), AT(".rfa-t.snap/tree"),
		    RFA_COPY_FINAL);
	tree_packed(x, AT(".rfa-t.snap/tree"), "files", sum, &bytes);
	stored = vault_stored(x, AT("vault"), "1-prod-data", "files", "files");
	assert_int_equal(rfa_facts_int(stored, "bytes", -1), bytes);
	assert_int_equal(rfa_facts_int(stored, "new_bytes", -1), bytes);
	assert_true(rfa_facts_int(stored, "chunks", -1) > 0);
	assert_string_equal(rfa_facts_str(stored, "sha256", ""), sum);
	json_decref(stored);
	stored = vault_stored(x, AT("vault"), "1-prod-data", "files", "files");
	assert_int_equal(rfa_facts_int(stored, "new_bytes", -1), bytes);
	assert_ok(x->h->vault->list(x->h, AT("vault"), &all, &x->err));
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(rfa_facts_str(all, "0/backup", ""), "1-prod-data");
	assert_true(json_is_null(rfa_facts_at(all, "0/manifest")));
	json_decref(all);
	assert_fails(NOTFOUND, x->h->vault->open(x->h, KEY("open"), AT("vault"), "1-prod-data",
						 "files", "back", &out, &x->err));
	vault_sealed(x, AT("vault"), "1-prod-data", "files", stored);
	vault_sealed(x, AT("vault"), "1-prod-data", "files", stored);
	assert_fails(EXISTS, x->h->vault->seal(x->h, KEY("seal"), AT("vault"), "1-prod-data", "{}",
					       &x->err));
	assert_fails(EXISTS, x->h->vault->store(x->h, KEY("store"), AT("vault"), "1-prod-data",
						"files", "files", &out, &x->err));
	json_decref(stored);
	stored = vault_stored(x, AT("vault"), "2-prod-data", "files", "files");
	assert_int_equal(rfa_facts_int(stored, "new_bytes", -1), 0);
	vault_sealed(x, AT("vault"), "2-prod-data", "files", stored);
	json_decref(stored);
	assert_ok(x->h->vault->list(x->h, AT("vault"), &all, &x->err));
	assert_int_equal(json_array_size(all), 2);
	assert_string_equal(rfa_facts_str(all, "1/backup", ""), "2-prod-data");
	assert_string_equal(rfa_facts_str(all, "0/manifest/members/0/sha256", ""), sum);
	json_decref(all);
	/* Neither needs the other. */
	assert_ok(x->h->vault->remove(x->h, KEY("drop"), AT("vault"), "1-prod-data", &x->err));
	assert_ok(x->h->vault->remove(x->h, KEY("drop"), AT("vault"), "1-prod-data", &x->err));
	out = vault_verified(x, AT("vault"), "2-prod-data");
	assert_true(rfa_facts_bool(out, "ok", 0));
	assert_int_equal(rfa_facts_int(out, "bytes", -1), bytes);
	json_decref(out);
	out = NULL;
	assert_ok(x->h->vault->open(x->h, KEY("open"), AT("vault"), "2-prod-data", "files", "back",
				    &out, &x->err));
	assert_string_equal(rfa_facts_str(out, "sha256", ""), sum);
	assert_int_equal(rfa_facts_int(out, "bytes", -1), bytes);
	json_decref(out);
	out = NULL;
	assert_ok(x->h->trees->unpack(x->h, KEY("unpack"), "back", AT(".rfa-t.new/tree"), &x->err));
	tree_packed(x, AT(".rfa-t.new/tree"), "again", again, &size);
	assert_string_equal(again, sum);
	assert_fails(NOTFOUND, x->h->vault->open(x->h, KEY("open"), AT("vault"), "2-prod-data",
						 "other", "back", &out, &x->err));
	assert_fails(NOTFOUND, x->h->vault->verify(x->h, KEY("verify"), AT("vault"), "1-prod-data",
						   &out, &x->err));
	assert_fails(NOTFOUND, x->h->vault->seal(x->h, KEY("seal"), AT("vault"), "1-prod-data",
						 "{}", &x->err));
	assert_null(out);
	clear_vault(x, AT("vault"));
	CLEAR_TREES();
	end(x);
}

/* An archive that was made here lies in the spool in another form than one that was received. */
static void images_are_stored_as_well(void **state)
{
	struct fixture *x = begin(state, "images");
	json_t *image = NULL, *request, *out = NULL, *one = NULL, *two = NULL;
	uint64_t bytes = 0, again = 0;

	clear_vault(x, AT("vault"));
	assert_ok(x->h->engine->inspect(x->h, RFA_IMAGE, "app:1", &image, &x->err));
	request =
	    json_pack("{s:[{s:s, s:s}], s:[], s:s}", "images", "id", rfa_facts_str(image, "Id", ""),
		      "name", "localhost/rfa-pin:1", "omit", "name", "images");
	assert_ok(x->h->engine->image_export(x->h, KEY("export"), request, &out, &x->err));
	json_decref(out);
	out = vault_stored(x, AT("vault"), "1-test-images", "images", "images");
	vault_sealed(x, AT("vault"), "1-test-images", "images", out);
	json_decref(out);
	out = vault_verified(x, AT("vault"), "1-test-images");
	assert_true(rfa_facts_bool(out, "ok", 0));
	json_decref(out);
	assert_ok(x->h->vault->open(x->h, KEY("open"), AT("vault"), "1-test-images", "images",
				    "back", &out, &x->err));
	json_decref(out);
	assert_ok(x->h->runs->spool_digests(x->h, x->run, "images", 1000, 1u << 30, &one, &bytes,
					    &x->err));
	assert_ok(
	    x->h->runs->spool_digests(x->h, x->run, "back", 1000, 1u << 30, &two, &again, &x->err));
	assert_int_equal(bytes, again);
	assert_true(bytes > 0 && json_equal(one, two));
	json_decref(one);
	json_decref(two);
	json_decref(image);
	json_decref(request);
	clear_vault(x, AT("vault"));
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_trees_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_look_tells_what_is_there),
		cmocka_unit_test(a_path_is_where_it_is),
		cmocka_unit_test(nobody_holds_what_nobody_uses),
		cmocka_unit_test(a_copy_is_what_the_place_was),
		cmocka_unit_test(an_archive_leaves_out_what_is_known),
		cmocka_unit_test(what_is_no_archive_leaves_nothing),
		cmocka_unit_test(nothing_takes_the_place_of_a_tree),
		cmocka_unit_test(a_swap_goes_on_from_anywhere),
		cmocka_unit_test(what_is_no_stage_is_not_touched),
		cmocka_unit_test(a_database_moves_with_its_companions),
		cmocka_unit_test(a_backup_is_whole_or_not_there),
		cmocka_unit_test(images_are_stored_as_well),
	};
	int failed;

	waiting = world;
	failed = cmocka_run_group_tests_name(name, contract, setup, NULL);
	return world->real_files ? host_tree_files_run(name, world) + failed : failed;
}
