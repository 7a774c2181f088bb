/* The vault where there are real files: what is stored anew, and what each damage is called. */
#include "tests/contract/trees_contract.h"

#include <string.h>

#include "fsm/base/facts.h"

static void what_did_not_change_is_not_stored_again(void **state)
{
	struct fixture *x = begin(state, "reuse");
	char sum[RFA_DIGEST_HEX];
	json_t *one, *two;
	int64_t bytes;

	CLEAR_FILES();
	sh(x, "rm -rf vault");
	sh(x, "mkdir -p .rfa-f.place/d; cd .rfa-f.place; head -c 20000000 /dev/urandom >m; i=0\n"
	      "while [ $i -lt 2000 ]; do echo $i >d/$i; i=$((i+1)); done\n"
	      "head -c 4000000 /dev/urandom | split -b 2000 -a 4 - d/x\n"
	      "truncate -s 50M sparse; echo x >>sparse; touch -d '2020-01-01' .");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	tree_packed(x, SNAP, "one", sum, &bytes);
	one = vault_stored(x, AT("vault"), "1", "m", "one");
	assert_int_equal(rfa_facts_int(one, "new_bytes", -1), bytes);
	vault_sealed(x, AT("vault"), "1", "m", one);
	sh(x, "echo new >\".rfa-f.place/d/$(printf '10\\n00')\"; touch -d '2020-01-01' "
	      ".rfa-f.place/d");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	tree_packed(x, SNAP, "two", sum, &bytes);
	two = vault_stored(x, AT("vault"), "2", "m", "two");
	assert_int_equal(rfa_facts_int(two, "bytes", -1), bytes);
	if (rfa_facts_int(two, "new_bytes", -1) > 2000000 ||
	    rfa_facts_int(two, "new_bytes", 0) <= 0)
		fail_msg("%lld new bytes", (long long)rfa_facts_int(two, "new_bytes", -1));
	vault_sealed(x, AT("vault"), "2", "m", two);
	json_decref(one);
	json_decref(two);
	/* What has rotted in an earlier backup is not linked. */
	sh(x, "f=$(find vault/2/chunks -type f -size +4000k -print -quit); printf X | dd of=\"$f\" "
	      "bs=1 "
	      "seek=77 conv=notrunc status=none");
	two = vault_stored(x, AT("vault"), "3", "m", "two");
	vault_sealed(x, AT("vault"), "3", "m", two);
	json_decref(two);
	two = vault_verified(x, AT("vault"), "3");
	assert_true(rfa_facts_bool(two, "ok", 0));
	assert_int_equal(rfa_facts_int(two, "bytes", 0), bytes);
	json_decref(two);
	two = vault_verified(x, AT("vault"), "2");
	assert_false(rfa_facts_bool(two, "ok", 1));
	json_decref(two);
	sh(x, "test -z \"$(find vault -type d ! -perm 700 -o -type f ! -perm 600)\"");
	sh(x, "rm -rf vault");
	CLEAR_FILES();
	end(x);
}

static void damaged(struct fixture *x, const char *script, const char *says, int open)
{
	json_t *verdict, *out = NULL, *text;
	int found = 0, rc;
	size_t i;

	sh(x, "rm -rf vault/broken; cp -a vault/whole vault/broken; cd vault/broken");
	sh(x, script);
	verdict = vault_verified(x, AT("vault"), "broken");
	json_array_foreach (json_object_get(verdict, "problems"), i, text)
		found |= strstr(json_string_value(text), says) != NULL;
	if (!found) {
		char *all = json_dumps(verdict, 0);

		fail_msg("%s: not said: %s; but: %s", script, says, all);
	}
	json_decref(verdict);
	rc = x->h->vault->open(x->h, KEY("open"), AT("vault"), "broken", "m", "broken", &out,
			       &x->err);
	if (-rc != open)
		fail_msg("%s: open: %s %s", script, rfa_code_word(-rc), rc ? x->err.msg : "");
	json_decref(out);
}

static void each_damage_has_a_name(void **state)
{
	struct fixture *x = begin(state, "damage");
	char sum[RFA_DIGEST_HEX];
	json_t *stored;
	int64_t bytes;

	CLEAR_FILES();
	sh(x, "rm -rf vault");
	sh(x, "mkdir -p .rfa-f.place; head -c 9000000 /dev/urandom >.rfa-f.place/f; echo x "
	      ">.rfa-f.place/g");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	tree_packed(x, SNAP, "tree", sum, &bytes);
	stored = vault_stored(x, AT("vault"), "whole", "m", "tree");
	vault_sealed(x, AT("vault"), "whole", "m", stored);
	json_decref(stored);
	damaged(x,
		"cd vault/broken; c=$(find chunks -type f -size +4000k | head -n 1); printf X | "
		"dd of=$c bs=1 seek=5 conv=notrunc status=none",
		"is not what it was", RFA_EMISMATCH);
	damaged(x, "cd vault/broken; rm $(find chunks -type f | head -n 1)", "is missing",
		RFA_EMISMATCH);
	damaged(x, "cd vault/broken; truncate -s -1 $(find chunks -type f | head -n 1)",
		"bytes instead of", RFA_EMISMATCH);
	damaged(x, "cd vault/broken; echo x >chunks/extra", "chunks/extra does not belong there",
		0);
	damaged(x, "cd vault/broken; echo x >\"$(printf 'od\\nd\\033')\"", "does not belong there",
		0);
	damaged(x, "cd vault/broken; : >other.chunks", "member other is not in the manifest", 0);
	damaged(x, "cd vault/broken; tac m.chunks >t; cat t >m.chunks; rm t",
		"member m is not what the manifest says", RFA_EMISMATCH);
	damaged(x, "cd vault/broken; head -n 1 m.chunks >t; cat t >m.chunks; rm t", "member m has",
		RFA_EMISMATCH);
	damaged(x, "cd vault/broken; echo junk >>m.chunks", "m.chunks has a line that is none",
		RFA_EMISMATCH);
	damaged(x, "cd vault/broken; sed -i '1s/ .*/ 7/' m.chunks", "bytes instead of 7", 0);
	damaged(x, "cd vault/broken; rm m.chunks", "member m is missing", RFA_ENOTFOUND);
	damaged(x, "cd vault/broken; echo ' ' >>replication_manifest.json", "differ", 0);
	damaged(x, "cd vault/broken; rm replication_manifest.json",
		"replication_manifest.json is missing", 0);
	damaged(x, "cd vault/broken; rm manifest.json", "manifest.json is missing", RFA_ENOTFOUND);
	damaged(x, "cd vault/broken; echo '{' >manifest.json", "manifest.json", RFA_ENOTFOUND);
	sh(x, "rm -rf vault");
	CLEAR_FILES();
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_vault_files_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(what_did_not_change_is_not_stored_again),
		cmocka_unit_test(each_damage_has_a_name),
	};
	char whole[128];

	waiting = world;
	(void)snprintf(whole, sizeof(whole), "%s, a vault of files", name);
	return cmocka_run_group_tests_name(whole, contract, setup, NULL);
}
