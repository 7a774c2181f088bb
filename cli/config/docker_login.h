/*
 * The logins that `docker login` left with a person: in config.json, or with a credential helper.
 *
 * Sources: "docker login" in Docker's reference (auths, credsStore, credHelpers), and the protocol
 * of docker-credential-helpers.
 */
#ifndef RFA_CLI_CONFIG_DOCKER_LOGIN_H
#define RFA_CLI_CONFIG_DOCKER_LOGIN_H

#include "cli/config/login_value.h"

/*
 * *out, all NULL before, is filled in if there is one: from the helper that config.json names for
 * the registry, or for all; else from config.json itself. The helper is asked on its standard
 * input. The file is $DOCKER_CONFIG/config.json or ~/.docker/config.json; if it is not there,
 * nobody is logged in. Errors: CONFIG (the file, the helper), NOMEM.
 */
int rfa_docker_login(struct rfa_login *out, const char *domain, struct rfa_error *err) RFA_MUST_USE;

#endif
