/* What the files of the contract of trees share. */
#ifndef RFA_TESTS_CONTRACT_TREES_CONTRACT_H
#define RFA_TESTS_CONTRACT_TREES_CONTRACT_H

#include "fsm/base/digest.h"
#include "tests/contract/host_fixture.h"

/* The path of a name in the world's directory. */
const char *tree_at(struct fixture *x, const char *name, char out[512]);
#define AT(name) tree_at(x, name, (char[512]){ 0 })

json_t *tree_looked(struct fixture *x, enum rfa_tree_kind kind, const char *path);
/* The type that is observed; 0: there is nothing. */
char tree_type(struct fixture *x, const char *path);
/* Removes these names of the world's directory. */
void tree_clear(struct fixture *x, const char *const names[], size_t n);
void tree_copied(struct fixture *x, enum rfa_tree_kind kind, const char *from, const char *to,
		 enum rfa_copy_pass pass);
void tree_packed(struct fixture *x, const char *copy, const char *archive, char sum[RFA_DIGEST_HEX],
		 int64_t *bytes);
/* The list of what is known of an archive; new. */
json_t *tree_known(struct fixture *x, enum rfa_tree_kind kind, const char *path,
		   const char *archive);
/* How many bytes the archive has that leaves out what this list has. */
int64_t tree_lacked(struct fixture *x, const char *copy, const char *archive, const char *zip,
		    const json_t *list);
/* Puts an archive into the run's spool. */
void tree_spooled(struct fixture *x, const char *archive, const char *data, size_t len);
/* The code of a swap of one item. */
int tree_swapped(struct fixture *x, const char *kind, const char *place, const char *in,
		 const char *out);

json_t *vault_stored(struct fixture *x, const char *vault, const char *backup, const char *member,
		     const char *archive);
/* With a manifest of this one member. */
void vault_sealed(struct fixture *x, const char *vault, const char *backup, const char *member,
		  const json_t *stored);
json_t *vault_verified(struct fixture *x, const char *vault, const char *backup);

void tree_put(struct fixture *x, const char *name, const char *content);
/* Makes all that is special in a file system, at PLACE; only where there are real files. */
void tree_special(struct fixture *x);
extern const char *const tree_leftovers[7];
#define CLEAR_TREES() tree_clear(x, tree_leftovers, 7)

/* Of blocks_contract.c: the first of any tree, the second of real files. */
void an_archive_leaves_out_what_is_known(void **state);
void blocks_are_found_in_any_tree(void **state);

/* What only real files have; see files_contract.c, observe_contract.c, sqlite_contract.c and
 * vault_contract.c. */
int host_tree_files_run(const char *name, struct host_world *world);
int host_observe_run(const char *name, struct host_world *world);
int host_sqlite_files_run(const char *name, struct host_world *world);
int host_vault_files_run(const char *name, struct host_world *world);

/* A script in the world's directory, where there are real files. */
void sh(struct fixture *x, const char *script);
/* The names that these tests use in it. */
extern const char *const tree_names[5];
#define CLEAR_FILES() tree_clear(x, tree_names, 5)
#define PLACE AT(".rfa-f.place")
#define SNAP AT(".rfa-f.snap/tree")
#define NEW AT(".rfa-f.new/tree")
#define OLD AT(".rfa-f.old/tree")

#endif
