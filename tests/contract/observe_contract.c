/* What the observation of a tree tells that only real files have: long paths, other names, flags.
 */
#include "tests/contract/trees_contract.h"

#include <string.h>
#include <unistd.h>

#include "fsm/base/facts.h"

/* The copy beside it would have a longer path than the kernel takes. */
static void a_path_that_is_too_long_is_told(void **state)
{
	struct fixture *x = begin(state, "long");
	json_t *look;

	CLEAR_FILES();
	sh(x, "mkdir .rfa-f.place; cd .rfa-f.place; n=$(printf %0250d 0); for i in $(seq 15); do "
	      "mkdir "
	      "$n && cd $n || exit; done; echo 1 >f");
	look = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-f.place"));
	assert_int_equal(rfa_facts_int(look, "too_long", -1), 0);
	json_decref(look);
	sh(x,
	   "cd .rfa-f.place; n=$(printf %0250d 0); for i in $(seq 15); do cd -P $n || exit; done; "
	   "mkdir $n; cd -P $n; echo 1 >f");
	look = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-f.place"));
	assert_int_equal(rfa_facts_int(look, "too_long", -1), 2);
	json_decref(look);
	CLEAR_FILES();
	end(x);
}

/* What a copy will not have: names in other places, of FIFOs, and flags. */
static void what_a_copy_loses_is_told(void **state)
{
	struct fixture *x = begin(state, "lose");
	json_t *look;
	int flags;

	CLEAR_FILES();
	sh(x, "mkdir -p .rfa-f.place/d .rfa-f.other; cd .rfa-f.place; echo 1 >f; ln f d/g; mkfifo "
	      "one");
	look = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-f.place"));
	assert_int_equal(rfa_facts_int(look, "apart", -1), 0);
	assert_int_equal(rfa_facts_int(look, "special", -1), 0);
	assert_int_equal(rfa_facts_int(look, "flags", -1), 0);
	json_decref(look);
	sh(x,
	   "cd .rfa-f.place; ln one d/two; ln f ../.rfa-f.other/h; echo 2 >k; echo 3 >l; "
	   "ln k ../.rfa-f.other/k; chattr +A l 2>/dev/null && lsattr l >flagged || rm -f flagged");
	flags = access(AT(".rfa-f.place/flagged"), F_OK) == 0;
	look = tree_looked(x, RFA_TREE_DIRECTORY, AT(".rfa-f.place"));
	assert_int_equal(rfa_facts_int(look, "apart", -1), 2);
	assert_int_equal(rfa_facts_int(look, "special", -1), 1);
	assert_int_equal(rfa_facts_int(look, "flags", -1), flags);
	json_decref(look);
	CLEAR_FILES();
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_observe_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_path_that_is_too_long_is_told),
		cmocka_unit_test(what_a_copy_loses_is_told),
	};
	char whole[128];

	waiting = world;
	(void)snprintf(whole, sizeof(whole), "%s, looks at real files", name);
	return cmocka_run_group_tests_name(whole, contract, setup, NULL);
}
