/* The words in which the file of a flow is written. */
#ifndef RFA_FSM_FLOWS_FLOWS_H
#define RFA_FSM_FLOWS_FLOWS_H

#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/core/flow.h"
#include "fsm/parts/args.h"
#include "fsm/parts/outputs.h"
#include "fsm/parts/rollback.h"
#include "fsm/parts/text.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/steps.h"
#include "transports/host/host.h"

/* flags of a row, as the tables write them */
#define SCRATCH RFA_STEP_SCRATCH
#define ROLLBACK_ONLY RFA_STEP_ROLLBACK_ONLY
/* of rows that only a run of a stack with such a part has */
#define IF_CONTAINERS RFA_STEP_WITH_CONTAINERS
#define IF_COMPOSE RFA_STEP_WITH_COMPOSE
#define IF_HOOK RFA_STEP_WITH_HOOK
#define IF_TRAFFIC RFA_STEP_WITH_TRAFFIC
#define IF_MIGRATION RFA_STEP_WITH_MIGRATION
#define IF_INIT RFA_STEP_WITH_INIT
#define IF_BASE_URL RFA_STEP_WITH_BASE_URL

/* what a role needs of its host */
#define WITH_LOCK (RFA_HOST_FILES | RFA_HOST_RUNS)
#define WITH_IMAGES (WITH_LOCK | RFA_HOST_ENGINE | RFA_HOST_ROUTER)
#define WITH_REGISTRY (WITH_LOCK | RFA_HOST_REGISTRY)
#define WITH_DATA (WITH_IMAGES | RFA_HOST_TREES)
#define WITH_VAULT (WITH_LOCK | RFA_HOST_VAULT)

/* clang-format off */

/* name, state, whose host, flags, attempts, trio: changes something, and can tell and undo it */
#define STEP(name, state, on, flags, tries, trio) \
	{ name, RFA_##state, RFA_##on, flags, tries, rfa_##trio##_run, rfa_##trio##_probe, rfa_##trio##_undo, NULL, NULL }
/* changes nothing, or what the undos of the rows above bring back from wherever it stands */
#define NO_UNDO(name, state, on, flags, tries, trio) \
	{ name, RFA_##state, RFA_##on, flags, tries, rfa_##trio##_run, rfa_##trio##_probe, rfa_above_undo, NULL, NULL }
/* only looks */
#define READ(name, state, on, flags, tries, trio) \
	{ name, RFA_##state, RFA_##on, RFA_STEP_READS | (flags), tries, rfa_##trio##_run, NULL, NULL, NULL, NULL }
/* the same; it ends the run */
#define LAST_READ(name, state, on, tries, trio) \
	{ name, RFA_##state, RFA_##on, RFA_STEP_READS, tries, rfa_##trio##_run, NULL, NULL, "SUCCEEDED", NULL }
/* behind the point of no return; the last one ends the run */
#define CLEANUP(name, state, on, flags, tries, trio) \
	{ name, RFA_##state, RFA_##on, RFA_STEP_CLEANUP | (flags), tries, rfa_##trio##_run, rfa_##trio##_probe, NULL, NULL, NULL }
#define END(name, state, on, tries, trio) \
	{ name, RFA_##state, RFA_##on, RFA_STEP_CLEANUP, tries, rfa_##trio##_run, rfa_##trio##_probe, NULL, "SUCCEEDED", NULL }
/* a state with nothing to do, and why */
#define SKIP(name, state, why) \
	{ name, RFA_##state, RFA_NOWHERE, RFA_STEP_READS, 1, NULL, NULL, NULL, NULL, why }

/*
 * The operator's own command, which may say no: behind the gates of each flow that changes what
 * serves in an environment.
 */
#define HOOK_BEFORE NO_UNDO("target.hook", PRECHECK, TARGET, SCRATCH | IF_HOOK, 4, hook_before)

/* images that the source has exported come to the target */
#define IMAGES_ARRIVE \
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive), \
	STEP("target.pin", APPLY, TARGET, SCRATCH, 4, pin), \
	STEP("target.load", APPLY, TARGET, SCRATCH, 4, load)
/* a second container takes the traffic while the first one is replaced (docs/zero-downtime.md) */
#define TRAFFIC_GOES \
	STEP("target.beside", RESTART, TARGET, IF_TRAFFIC, 4, beside), \
	READ("target.beside-health", RESTART, TARGET, IF_TRAFFIC, 4, beside_health), \
	STEP("target.shift", RESTART, TARGET, IF_TRAFFIC, 4, shift), \
	READ("target.drain", RESTART, TARGET, IF_TRAFFIC, 4, drain)
#define TRAFFIC_RETURNS \
	STEP("target.return", HEALTH, TARGET, IF_TRAFFIC, 4, return), \
	READ("target.drain-beside", HEALTH, TARGET, IF_TRAFFIC, 4, drain_beside), \
	CLEANUP("target.dismiss", HEALTH, TARGET, IF_TRAFFIC, 4, dismiss)
/* containers are made anew from images that the target has, and prove themselves */
#define IMAGES_TAGGED \
	READ("target.health-before", HEALTH, TARGET, ROLLBACK_ONLY, 4, health_before), \
	STEP("target.tag", APPLY, TARGET, 0, 4, tag)
#define CONTAINERS_MADE \
	TRAFFIC_GOES, \
	STEP("target.replace", RESTART, TARGET, IF_CONTAINERS, 4, replace), \
	STEP("target.compose", RESTART, TARGET, IF_COMPOSE, 4, compose)
#define IMAGES_PROVEN \
	READ("target.health", HEALTH, TARGET, 0, 4, health), \
	TRAFFIC_RETURNS, \
	CLEANUP("target.cleanup", HEALTH, TARGET, 0, 4, cleanup)
#define IMAGES_RUN IMAGES_TAGGED, CONTAINERS_MADE, IMAGES_PROVEN
/*
 * The same of a version that may change the schema of the data. Where the one before does not live
 * with that, what uses the data stops before, and a snapshot is made.
 */
#define VERSION_RUNS \
	IMAGES_TAGGED, \
	STEP("target.copy", APPLY, TARGET, SCRATCH | IF_MIGRATION, 4, copy), \
	STEP("target.stop", APPLY, TARGET, IF_MIGRATION, 4, stop), \
	READ("target.verify-stopped", APPLY, TARGET, IF_MIGRATION, 4, verify_stopped), \
	STEP("target.save", APPLY, TARGET, SCRATCH | IF_MIGRATION, 4, save), \
	READ("target.schema", APPLY, TARGET, ROLLBACK_ONLY | IF_MIGRATION, 4, schema), \
	STEP("target.migrate", APPLY, TARGET, IF_MIGRATION, 4, migrate), \
	CONTAINERS_MADE, \
	STEP("target.start", RESTART, TARGET, IF_MIGRATION, 4, start), \
	IMAGES_PROVEN, \
	CLEANUP("target.cleanup-data", HEALTH, TARGET, IF_MIGRATION, 4, migration_cleanup)

/* gates of every flow that makes containers anew from the images of a version */
#define GATES_OF_CONTAINERS \
	{ "carry over", rfa_gate_carry_over }, \
	{ "dependents", rfa_gate_cut_off }, \
	{ "first deployment", rfa_gate_first_deployment }, \
	{ "disk space", rfa_gate_image_space }, \
	{ "base URL", rfa_gate_base_url }, \
	{ "compose", rfa_gate_compose }, \
	{ "networks", rfa_gate_networks }, \
	{ "shared names", rfa_gate_shared_names }, \
	{ "published ports", rfa_gate_published }, \
	{ "access", rfa_gate_access }, \
	{ "env file", rfa_gate_env_file }, \
	{ "traffic", rfa_gate_traffic }, \
	{ "URLs", rfa_gate_urls }
/* and those that ask whether the version may come here now */
#define GATES_OF_TRUST \
	{ "verified", rfa_gate_verified }, \
	{ "checklist", rfa_gate_checklist }, \
	{ "drift", rfa_gate_drift }, \
	{ "run directory", rfa_gate_as_synced }, \
	{ "fresh backup", rfa_gate_fresh_backup }, \
	{ "proven drill", rfa_gate_proven_drill }

/* files of a Compose directory: each is renamed into its place */
#define NOTHING_STOPS_FOR_FILES \
	SKIP("stop", STOP, "files are replaced by rename: nothing has to stop"), \
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped")
#define FILES_ARE_WRITTEN \
	STEP("target.keep", APPLY, TARGET, SCRATCH, 4, files_keep), \
	STEP("target.write", APPLY, TARGET, 0, 4, files_write), \
	SKIP("restart", RESTART, "containers are not touched: a deploy or promote brings them up"), \
	CLEANUP("target.cleanup", HEALTH, TARGET, 0, 4, files_cleanup)

/* the rows behind PRECHECK of a flow that only keeps something */
#define RFA_ROWS_OF_NO_HOST \
	SKIP("stop", STOP, "nothing has to stop"), \
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"), \
	SKIP("export", EXPORT, "nothing is exported"), \
	SKIP("transfer", TRANSFER, "nothing has to travel"), \
	SKIP("apply", APPLY, "nothing that serves changes"), \
	SKIP("restart", RESTART, "nothing was stopped"), \
	{ "keep", RFA_HEALTH, RFA_NOWHERE, RFA_STEP_CLEANUP, 1, rfa_nothing_run, rfa_again_probe, NULL, "SUCCEEDED", NULL }
/* all rows of a flow that only keeps what somebody says of a version */
#define RFA_ROWS_OF_A_WORD \
	READ("source.observe", PRECHECK, SOURCE, 0, 4, version_told), \
	READ("version", PRECHECK, NOWHERE, 0, 1, known_version), \
	RFA_ROWS_OF_NO_HOST

/* which images such a version is, if no run has brought it */
#define RFA_OPTION_TOLD_BY \
	{ .name = "from", .value = "ENV", .help = "where it runs now; default: what the ledger or its registry says" }
#define RFA_DETAILS_OF_A_WORD \
	"A version that no run has brought yet: what its tags mean is asked then and there, of the\n" \
	"registry (\"deploy\" of the stack), or of the host of --from. It is kept with the word: a\n" \
	"tag that is moved later is refused."

/* clang-format on */

#define RFA_ROWS(steps) (sizeof(steps) / sizeof((steps)[0]))

#endif
