/*
 * A real sshd on loopback for one test: own configuration, keys, known_hosts and ssh_config in a
 * directory of its own, on a free port. Needs sshd and ssh-keygen; sshd_available() tells.
 */
#ifndef RFA_TESTS_HARNESS_SSHD_H
#define RFA_TESTS_HARNESS_SSHD_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sshd {
	char dir[64];          /* everything is in here */
	char config[128];      /* an ssh_config: `Host *` with all below; give it as config_file */
	char key[128];         /* the user's private key, ed25519, let in */
	char known_hosts[128]; /* knows the ed25519 host key */
	char authorized[128];  /* authorized_keys */
	char user[64];         /* who we are */
	unsigned port;         /* on 127.0.0.1 */
	pid_t pid;             /* the listener */
};

/* 1 if this machine can run the fixture. */
int sshd_available(void);
/*
 * Starts one; `extra` is added to the beginning of sshd_config (NULL: nothing). Fails the running
 * test (cmocka) when that does not succeed.
 */
void sshd_start(struct sshd *s, const char *extra);
/* Ends the listener and its sessions, and removes the directory. */
void sshd_stop(struct sshd *s);

/* The listener only: sessions go on. sshd_listen() starts it again on the same port. */
void sshd_deafen(struct sshd *s);
void sshd_listen(struct sshd *s);
/* Sends a signal to every session process of this listener; how many there were. */
size_t sshd_signal_sessions(const struct sshd *s, int sig);

/* Writes a file in the directory (or at an absolute path); appends with append = 1. */
void sshd_write(const struct sshd *s, const char *name, const char *text, int append);
/* Reads a small file in the directory; the caller frees it. */
char *sshd_read(const struct sshd *s, const char *name);
/* 1 if a command of that name is in PATH. */
int sshd_installed(const char *name);
/* Runs a command to its end; fails the test unless its status is 0. argv ends with NULL. */
void sshd_command(const char *const argv[]);
/* Starts a command that ends with the test, if nobody ends it before; its process. */
pid_t sshd_run(const char *const argv[]);
/* Makes a key pair <name>, <name>.pub in the directory; passphrase "" for none. */
void sshd_keygen(const struct sshd *s, const char *name, const char *type, const char *passphrase);

#ifdef __cplusplus
}
#endif
#endif
