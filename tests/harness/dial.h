/* Connections to the sshd of a test, by what its ssh_config says. */
#ifndef RFA_TESTS_HARNESS_DIAL_H
#define RFA_TESTS_HARNESS_DIAL_H

#include "tests/harness/sshd.h"
#include "transports/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A transport "prod", with short time-outs and one attempt; not connected yet. */
struct rfa_transport *ssh_to(const struct sshd *s, const char *destination);
/* Connects to "there"; 0 or the error. */
int ssh_connect(const struct sshd *s, struct rfa_error *err);
/* Runs a script; its status, or the error. */
int ssh_run(struct rfa_transport *t, const char *script, struct rfa_buf *out,
	    struct rfa_error *err);
/* Runs a script by the persistent shell of a new connection to "there"; 0 or the error. */
int ssh_shell(const struct sshd *s, const char *script, struct rfa_buf *out, struct rfa_error *err);
/* Writes the fixture's ssh_config anew: `lines` below host, port and user. */
void ssh_configure(const struct sshd *s, const char *lines);
/* An agent in the fixture's directory; its process, and its socket's path. */
pid_t ssh_agent(const struct sshd *s, char *socket, size_t size);
/* Fails the test unless part is in text. */
void told(const char *text, const char *part);

#ifdef __cplusplus
}
#endif
#endif
