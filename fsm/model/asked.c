/* What hosts are asked and answer: the tables of the fields. */
#include "fsm/model/asked.h"

#define RFA_THIS struct rfa_tree
RFA_SHAPE(tree, RFA_TREE_FIELDS, "a tree of data on a host");
#undef RFA_THIS
#define RFA_THIS struct rfa_holder
RFA_SHAPE(holder, RFA_HOLDER_FIELDS, "a process that holds data");
#undef RFA_THIS
#define RFA_THIS struct rfa_run_there
RFA_SHAPE(run_there, RFA_RUN_THERE_FIELDS, "the directory of a run on a host");
#undef RFA_THIS
#define RFA_THIS struct rfa_swap
RFA_SHAPE(swap, RFA_SWAP_FIELDS, "a member that is swapped by renames");
#undef RFA_THIS
#define RFA_THIS struct rfa_session
RFA_SHAPE(session, RFA_SESSION_FIELDS, "a session on a database");
#undef RFA_THIS
#define RFA_THIS struct rfa_tables_seen
RFA_SHAPE(tables_seen, RFA_TABLES_SEEN_FIELDS, "which tables a database has");
#undef RFA_THIS

#define RFA_THIS struct rfa_access
RFA_SHAPE(access, RFA_ACCESS_FIELDS, "who gets in to a database's server");
#undef RFA_THIS

#define RFA_THIS struct rfa_server_seen
RFA_SHAPE(server_seen, RFA_SERVER_SEEN_FIELDS, "how a database's server looks");
#undef RFA_THIS
#define RFA_THIS struct rfa_checked
RFA_SHAPE(checked, RFA_CHECKED_FIELDS, "what was found of a copy or a backup");
#undef RFA_THIS
#define RFA_THIS struct rfa_exported_image
RFA_SHAPE(exported_image, RFA_EXPORTED_IMAGE_FIELDS, "an image that travels");
#undef RFA_THIS
#define RFA_THIS struct rfa_export
RFA_SHAPE(export, RFA_EXPORT_FIELDS, "an archive of images that is asked for");
#undef RFA_THIS
#define RFA_THIS struct rfa_listed
RFA_SHAPE(listed, RFA_LISTED_FIELDS, "a backup in a vault");
#undef RFA_THIS
