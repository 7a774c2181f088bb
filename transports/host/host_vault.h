/* A vault of backups on a host. */
#ifndef RFA_TRANSPORTS_HOST_HOST_VAULT_H
#define RFA_TRANSPORTS_HOST_HOST_VAULT_H

#include <jansson.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;
struct rfa_job_key;

/*
 * Backups in a directory, <vault>/<backup>/ each: manifest.json, replication_manifest.json (the
 * same), for each member <member>.chunks ("SHA-256 BYTES" a line, in order), and
 * chunks/<2 digits>/<SHA-256>. Chunks that an earlier backup has are hard links to it, so each
 * backup is whole by itself and `rm -r` takes none away from another.
 */
struct rfa_host_vault {
	/*
	 * Cuts an archive of the key's run into chunks and stores them as a member of a backup that
	 * is not complete yet (else EXISTS). *out (new): {"bytes","sha256","chunks","new_bytes"}.
	 * Repeatable.
	 */
	int (*store)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
		     const char *backup, const char *member, const char *archive, json_t **out,
		     struct rfa_error *);
	/*
	 * Completes a backup: its manifest is there, whole and on disk, or not at all. Success too
	 * if it is complete with this manifest. Errors: NOTFOUND; EXISTS: it has another manifest.
	 */
	int (*seal)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
		    const char *backup, const char *manifest, struct rfa_error *);
	/*
	 * *out (new): array of {"backup","manifest":{…}|null (not complete, or not readable)},
	 * oldest first by name; [] where there is no vault.
	 */
	int (*list)(struct rfa_host *, const char *vault, json_t **out, struct rfa_error *);
	/*
	 * Reads every byte of a backup. *out (new): {"ok":bool,"bytes","chunks","problems":[text]}:
	 * each missing, flipped, short or extra member or chunk is named. Errors: NOTFOUND.
	 */
	int (*verify)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
		      const char *backup, json_t **out, struct rfa_error *);
	/* A member becomes an archive in the spool of the key's run again, as tree_pack made it.
	 * *out (new): {"archive","bytes","sha256"}, as its manifest["members"] (array of
	 * {"name","bytes","sha256",…}) says. Errors: NOTFOUND (also when it is not complete or the
	 * manifest does not name the member), MISMATCH names the chunk. */
	int (*open)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
		    const char *backup, const char *member, const char *archive, json_t **out,
		    struct rfa_error *);
	/* Removes a backup, complete or not. Absent is success. */
	int (*remove)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
		      const char *backup, struct rfa_error *);
};

#ifdef __cplusplus
}
#endif
#endif
