/* Every step there is: the trios that the flows' tables name. */
#ifndef RFA_FSM_STEPS_STEPS_H
#define RFA_FSM_STEPS_STEPS_H

#include "fsm/steps/common/ctx.h"

#define RFA_RUN_OF(step) int rfa_##step##_run(struct rfa_ctx *, json_t *, struct rfa_error *)
#define RFA_PROBE_OF(step) \
	int rfa_##step##_probe(struct rfa_ctx *, enum rfa_probe *, json_t *, struct rfa_error *)
#define RFA_UNDO_OF(step) int rfa_##step##_undo(struct rfa_ctx *, struct rfa_error *)
#define RFA_TRIO_OF(step)   \
	RFA_RUN_OF(step);   \
	RFA_PROBE_OF(step); \
	RFA_UNDO_OF(step)

/* lock.c: the host lock, and what a run leaves in its own directory */
RFA_TRIO_OF(lock);
RFA_RUN_OF(unlock);
RFA_PROBE_OF(unlock);
RFA_RUN_OF(holder);
RFA_RUN_OF(release_lock);
RFA_PROBE_OF(release_lock);

/* observe.c: what runs on the source, and how the target looks now */
RFA_RUN_OF(source_observe);
RFA_RUN_OF(target_observe);
RFA_RUN_OF(target_before);
RFA_RUN_OF(target_compare);
RFA_RUN_OF(images_held);

/* build.c: images made from sources */
RFA_RUN_OF(builder_observe);
RFA_TRIO_OF(build);

/* sources.c: the files of a commit, where images are built */
RFA_TRIO_OF(sources);

/* variables.c: what Compose gets beside the project's own */
RFA_TRIO_OF(variables);

/* registry.c: images that registries have */
RFA_RUN_OF(registry_observe);
RFA_TRIO_OF(pull);

/* exec.c: a command in a container */
RFA_RUN_OF(exec_place);
RFA_TRIO_OF(exec);

/* known_version.c: what the ledger knows, and what is told of a version that it does not know */
RFA_RUN_OF(version_told);
RFA_RUN_OF(known_version);
RFA_RUN_OF(nothing); /* of a row with which a run ends */

/* hook.c: the operator's own command before anything is changed */
RFA_RUN_OF(hook_before);
RFA_PROBE_OF(hook_before);

/* gates.c: may this run touch anything? The gates are the flow's. */
RFA_RUN_OF(gates);

/* transfer.c: images on their way from host to host */
RFA_TRIO_OF(image_export);
RFA_TRIO_OF(receive);

/* images.c: images on the target */
RFA_TRIO_OF(pin);
RFA_TRIO_OF(load);
RFA_TRIO_OF(tag);
RFA_RUN_OF(unload);
RFA_PROBE_OF(unload);

/* trial.c: images of a backup that are tried out */
RFA_RUN_OF(trial_observe);
RFA_TRIO_OF(trial);

/* beside.c, shift.c: stand-ins, and the traffic that goes to them and comes back */
RFA_TRIO_OF(beside);
RFA_RUN_OF(beside_health);
RFA_TRIO_OF(shift);
RFA_RUN_OF(drain);
RFA_TRIO_OF(return );
RFA_RUN_OF(drain_beside);
RFA_RUN_OF(dismiss);
RFA_PROBE_OF(dismiss);

/* containers.c: containers started by `docker run` */
RFA_TRIO_OF(replace);

/* compose.c: containers of a Compose project */
RFA_TRIO_OF(compose);
RFA_TRIO_OF(compose_first);

/* migrate.c, save.c: the schema of the data, before containers of a new version run */
RFA_RUN_OF(migration_observe);
RFA_TRIO_OF(save);
RFA_RUN_OF(schema);
RFA_TRIO_OF(migrate);
RFA_RUN_OF(migration_cleanup);
RFA_PROBE_OF(migration_cleanup);

/* health.c: does what runs there serve? */
RFA_RUN_OF(health);
RFA_RUN_OF(health_before);
RFA_RUN_OF(data_health);
RFA_RUN_OF(data_health_before);

/* smoke.c: the same, with nothing changed before */
RFA_RUN_OF(smoke);

/* data_observe.c: where the data is, and who uses it */
RFA_RUN_OF(data_source_observe);
RFA_RUN_OF(data_target_observe);

/* stop.c: what uses the data, on either side */
RFA_TRIO_OF(stop);
RFA_RUN_OF(verify_stopped);
RFA_TRIO_OF(start);

/* snapshot.c: the data as it was at one moment */
RFA_TRIO_OF(copy);
RFA_TRIO_OF(snapshot);
RFA_RUN_OF(check);
RFA_TRIO_OF(pack);
RFA_RUN_OF(source_cleanup);
RFA_PROBE_OF(source_cleanup);

/* init.c, access.c: how a database begins, and who gets in */
RFA_RUN_OF(init);
RFA_PROBE_OF(init);
RFA_RUN_OF(stamp);
RFA_PROBE_OF(stamp);
RFA_RUN_OF(tables);
RFA_RUN_OF(access);

/* empty.c: nothing takes its place */
RFA_TRIO_OF(empty);

/* list.c: what the target has already */
RFA_TRIO_OF(list);

/* swap.c, base_url.c: the data takes its place */
RFA_TRIO_OF(unpack);
RFA_TRIO_OF(swap);
RFA_RUN_OF(swap_back);
RFA_PROBE_OF(swap_back);
RFA_TRIO_OF(base_url);
RFA_RUN_OF(data_cleanup);
RFA_PROBE_OF(data_cleanup);

/* compare.c, keep.c, write.c: files of a Compose directory */
RFA_RUN_OF(files_compare);
RFA_RUN_OF(files_back_compare);
RFA_RUN_OF(configuration_then);
RFA_TRIO_OF(files_keep);
RFA_TRIO_OF(files_write);
RFA_RUN_OF(files_cleanup);
RFA_PROBE_OF(files_cleanup);

/* cleanup.c: what is not needed once the new version has proven itself */
RFA_RUN_OF(cleanup);
RFA_PROBE_OF(cleanup);

/* vault.c: backups */
RFA_RUN_OF(vault_observe);
RFA_RUN_OF(vault_images);
RFA_RUN_OF(vault_held);
RFA_TRIO_OF(backup_export);
RFA_TRIO_OF(store);
RFA_TRIO_OF(seal);
RFA_RUN_OF(vault_verify);
RFA_PROBE_OF(vault_verify);
RFA_TRIO_OF(open);
RFA_TRIO_OF(open_images);

/* prune.c: backups that are not to be kept */
RFA_RUN_OF(retain);
RFA_PROBE_OF(retain);
RFA_RUN_OF(thin_observe);
RFA_RUN_OF(thin);
RFA_PROBE_OF(thin);

/* spare_observe.c, spare_images.c, spare_data.c, spare_runs.c: what nothing needs */
RFA_RUN_OF(spare_observe);
RFA_RUN_OF(spare_left);
RFA_PROBE_OF(spare_left);
RFA_RUN_OF(prune);
RFA_PROBE_OF(prune);
RFA_RUN_OF(prune_images);
RFA_PROBE_OF(prune_images);
RFA_RUN_OF(prune_spool);
RFA_PROBE_OF(prune_spool);

/* For CLEANUP steps and others whose run looks first and completes what is half there. */
RFA_PROBE_OF(again);
/* For NO_UNDO steps: nothing of its own is to be undone. */
RFA_UNDO_OF(above);

#endif
