/*
 * The scripts that run on a host: the files in transports/host/scripts, of which CMake makes C
 * (.cmake/scripts.cmake). Private to transports/host.
 *
 * Each file says what its script does, which arguments it takes, and how it exits. A script is a
 * list of texts, which sh reads one after the other: the libraries that it names, and its own. NULL
 * ends the list. One that names no library is a single text.
 */
#ifndef RFA_TRANSPORTS_HOST_SCRIPTS_H
#define RFA_TRANSPORTS_HOST_SCRIPTS_H

/* The host. */
extern const char *const rfa_script_disk_space[];
extern const char *const rfa_script_host_info[];

/* Files and the lock. */
extern const char *const rfa_script_file_drop[];
extern const char *const rfa_script_file_get[];
extern const char *const rfa_script_file_list[];
extern const char *const rfa_script_file_put[];
extern const char *const rfa_script_file_read[];
extern const char *const rfa_script_file_remove[];
extern const char *const rfa_script_file_stat[];
extern const char *const rfa_script_file_write[];
extern const char *const rfa_script_lock_claim[];
extern const char *const rfa_script_lock_read[];
extern const char *const rfa_script_lock_release[];
extern const char *const rfa_script_memory_forget[];
extern const char *const rfa_script_memory_put[];
extern const char *const rfa_script_worktree[];

/* Jobs. */
extern const char *const rfa_script_command_run[];
extern const char *const rfa_script_job_follow[];
extern const char *const rfa_script_job_run[];
extern const char *const rfa_script_job_start[];
extern const char *const rfa_script_jobs_running[];
extern const char *const rfa_script_run_remove[];
extern const char *const rfa_script_runs_list[];

/* The engine. */
extern const char *const rfa_script_compose_files[];
extern const char *const rfa_script_compose_run[];
extern const char *const rfa_script_compose_same[];
extern const char *const rfa_script_compose_version[];
extern const char *const rfa_script_container_change[];
extern const char *const rfa_script_container_create[];
extern const char *const rfa_script_container_wait[];
extern const char *const rfa_script_engine_dial[];
extern const char *const rfa_script_engine_exec[];
extern const char *const rfa_script_engine_logs[];

/* Routers: a driver each. */
extern const char *const rfa_script_router_haproxy[];
extern const char *const rfa_script_router_nginx[];

/* Images and the spool. */
extern const char *const rfa_script_builder_version[];
extern const char *const rfa_script_image_build[];
extern const char *const rfa_script_image_frame[];
extern const char *const rfa_script_image_load[];
extern const char *const rfa_script_image_pull[];
extern const char *const rfa_script_image_ranges[];
extern const char *const rfa_script_image_save[];
extern const char *const rfa_script_image_tag[];
extern const char *const rfa_script_image_untag[];
extern const char *const rfa_script_spool_digests[];
extern const char *const rfa_script_spool_read[];
extern const char *const rfa_script_spool_size[];
extern const char *const rfa_script_source_unpack[];
extern const char *const rfa_script_spool_write[];
extern const char *const rfa_script_tar_index[];

/* Trees. */
extern const char *const rfa_script_sqlite_check[];
extern const char *const rfa_script_tree_copy[];
extern const char *const rfa_script_tree_holders[];
extern const char *const rfa_script_tree_known[];
extern const char *const rfa_script_tree_observe[];
extern const char *const rfa_script_tree_pack[];
extern const char *const rfa_script_tree_empty[];
extern const char *const rfa_script_tree_remove[];
extern const char *const rfa_script_tree_swap[];
extern const char *const rfa_script_tree_unpack[];
extern const char *const rfa_script_tree_where[];

/* Vaults. */
extern const char *const rfa_script_vault_list[];
extern const char *const rfa_script_vault_open[];
extern const char *const rfa_script_vault_remove[];
extern const char *const rfa_script_vault_seal[];
extern const char *const rfa_script_vault_store[];
extern const char *const rfa_script_vault_verify[];

/* Databases: of any server, and of each. */
extern const char *const rfa_script_database_check[];
extern const char *const rfa_script_database_drop[];
extern const char *const rfa_script_database_dump[];
extern const char *const rfa_script_database_init[];
extern const char *const rfa_script_database_load[];
extern const char *const rfa_script_database_observe[];
extern const char *const rfa_script_database_open[];
extern const char *const rfa_script_database_swap[];
extern const char *const rfa_script_mysql_functions[];
extern const char *const rfa_script_mysql_program[];
extern const char *const rfa_script_postgres_functions[];
extern const char *const rfa_script_postgres_program[];

/* What a server of databases is asked in SQL: a text each. */
extern const char rfa_sql_mysql_access[];
extern const char rfa_sql_mysql_drop[];
extern const char rfa_sql_mysql_observe[];
extern const char rfa_sql_mysql_make[];
extern const char rfa_sql_mysql_open[];
extern const char rfa_sql_mysql_stage[];
extern const char rfa_sql_mysql_swap[];
extern const char rfa_sql_mysql_tables[];
extern const char rfa_sql_postgres_access[];
extern const char rfa_sql_postgres_drop[];
extern const char rfa_sql_postgres_observe[];
extern const char rfa_sql_postgres_make[];
extern const char rfa_sql_postgres_open[];
extern const char rfa_sql_postgres_stage[];
extern const char rfa_sql_postgres_swap[];
extern const char rfa_sql_postgres_tables[];

#endif
