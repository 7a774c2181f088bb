/* What transports/host/host_trees.h promises of an archive without what the other host has. */
#include "tests/contract/trees_contract.h"

#include "fsm/base/facts.h"
#include "tests/harness/listing.h"

/* Whatever the tree has become since it was listed. */
void an_archive_leaves_out_what_is_known(void **state)
{
	struct fixture *x = begin(state, "known");
	static const char *const zips[] = { "zstd", "gzip", "" };
	char sum[RFA_DIGEST_HEX], again[RFA_DIGEST_HEX];
	char *text = calloc(1, 200001);
	json_t *list = NULL;
	int64_t bytes, size;
	size_t i;

	CLEAR_TREES();
	for (i = 0; i < 200000; i++)
		text[i] = (char)('0' + (i * i / 7 + i / 11) % 75);
	tree_put(x, ".rfa-t.place/a", "first");
	tree_put(x, ".rfa-t.place/big", text);
	list = tree_known(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place"), "one");
	tree_put(x, ".rfa-t.place/a", "other");
	tree_copied(x, RFA_TREE_DIRECTORY, AT(".rfa-t.place"), AT(".rfa-t.snap/tree"),
		    RFA_COPY_FINAL);
	tree_packed(x, AT(".rfa-t.snap/tree"), "two", sum, &bytes);
	for (i = 0; i < 3; i++) {
		size = tree_lacked(x, AT(".rfa-t.snap/tree"), "one", zips[i], list);
		assert_true(size * 3 < bytes);
		assert_ok(x->h->trees->unpack(x->h, KEY("unpack"), "one", AT(".rfa-t.new/tree"),
					      &x->err));
		tree_packed(x, AT(".rfa-t.new/tree"), "two", again, &size);
		assert_string_equal(sum, again);
		/* Nothing is known of this name. */
		(void)tree_lacked(x, AT(".rfa-t.snap/tree"), "three", zips[i], NULL);
		assert_ok(x->h->trees->unpack(x->h, KEY("unpack"), "three", AT(".rfa-t.new/tree"),
					      &x->err));
		tree_packed(x, AT(".rfa-t.new/tree"), "two", again, &size);
		assert_string_equal(sum, again);
	}
	/* A block is not what it was when it was listed. */
	(void)tree_lacked(x, AT(".rfa-t.snap/tree"), "one", "", list);
	for (i = 0; i < 200000; i++)
		text[i]++;
	tree_spooled(x, ".blocks.one.tar", text, 150000);
	assert_fails(MISMATCH, x->h->trees->unpack(x->h, KEY("unpack"), "one",
						   AT(".rfa-t.new/tree"), &x->err));
	assert_int_equal(tree_type(x, AT(".rfa-t.new")), 0);
	/* Or is not there. */
	(void)tree_lacked(x, AT(".rfa-t.snap/tree"), "four", "", list);
	assert_fails(MISMATCH, x->h->trees->unpack(x->h, KEY("unpack"), "four",
						   AT(".rfa-t.new/tree"), &x->err));
	assert_int_equal(tree_type(x, AT(".rfa-t.new")), 0);
	json_decref(list);
	list = NULL;
	assert_fails(NOTFOUND, x->h->trees->known(x->h, KEY("known"), RFA_TREE_DIRECTORY,
						  AT("nowhere"), "five", &list, &x->err));
	assert_null(list);
	free(text);
	CLEAR_TREES();
	end(x);
}

/* While somebody writes, and in what is no tar of anything: a wrong cut only finds less. */
void blocks_are_found_in_any_tree(void **state)
{
	struct fixture *x = begin(state, "blocks");
	int64_t bytes;
	json_t *list;

	CLEAR_FILES();
	tree_special(x);
	sh(x, "mkdir -p .rfa-f.other; : >.rfa-f.other/go; (while [ -e .rfa-f.other/go ]; do echo "
	      "line >>.rfa-f.place/busy; rm -f .rfa-f.place/fresh; echo x >.rfa-f.place/fresh; "
	      "done) >/dev/null 2>&1 &");
	list = tree_known(x, RFA_TREE_DIRECTORY, PLACE, "tree");
	sh(x, "rm .rfa-f.other/go; sleep 0.5; cd .rfa-f.place; rm -f busy fresh; printf other | dd "
	      "of=big bs=1 seek=1000000 conv=notrunc status=none; echo two >>none; "
	      "rm three; mkdir -p 0/1; echo 3 >0/1/2; touch -d '@9' 0/1 0 .; i=0; while [ $i -lt "
	      "300 ]; do echo $i >0/f$i; i=$((i + 1)); done");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	bytes = tree_lacked(x, SNAP, "tree", "zstd", list);
	/* Of three million random bytes one page. */
	if (bytes > 60000)
		fail_msg("%lld bytes", (long long)bytes);
	assert_ok(x->h->trees->unpack(x->h, KEY("unpack"), "tree", NEW, &x->err));
	listing_same(PLACE, NEW);
	json_decref(list);
	CLEAR_FILES();
	end(x);
}
