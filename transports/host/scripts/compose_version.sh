# shellcheck shell=sh
# Says which plugins the docker command has, as JSON; each of them is asked who it is.
#
# Exits with docker's status.
engine info --format '{{json .ClientInfo}}'
