#!/bin/sh
# Makes docker/.env, the token and the passwords of the service, with mode 0600. One that is there is never changed.
set -eu
umask 077
cd "$(dirname "$0")"

random() { # of so many bytes, in hexadecimal
    od -An -vtx1 -N"$1" /dev/urandom | tr -d ' \n'
}

new=$(mktemp .env.XXXXXX)
trap 'rm -f "$new"' EXIT
cat >"$new" <<END
RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(random 32)
POSTGRES_USER=tuner
POSTGRES_PASSWORD=$(random 24)
MLFLOW_TRACKING_USERNAME=admin
MLFLOW_TRACKING_PASSWORD=$(random 24)
MLFLOW_FLASK_SERVER_SECRET_KEY=$(random 32)
TUNER_SERVE_TOKEN=$(random 24)
END
if ln "$new" .env 2>/dev/null; then # unlike mv, a link never takes the place of a file
    echo "made docker/.env: keep a copy of it with the backups"
else
    [ -e .env ] # otherwise the folder cannot be written to: this ends with 1
    echo "docker/.env is there already: it stays as it is"
fi
