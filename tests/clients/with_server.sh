#!/bin/sh
# Runs a client's script against a server with a made-up model. Exit 77 = skipped, with the reason.
# usage: with_server.sh ANSWER_SERVER SCRIPT [PYTHON]
python=${AD_CLIENT_PYTHON:-$3}
if [ -z "$python" ]; then
  echo "skipped: set AD_CLIENT_PYTHON to a python that has openai and lm-eval[api] (see docs/serving.md)"
  exit 77
fi
directory=$(mktemp -d)
mkfifo "$directory/address"
"$1" >"$directory/address" &
server=$!
trap 'kill $server; rm -rf "$directory"' EXIT
read -r address <"$directory/address" || { echo "the server did not start"; exit 1; }
AD_CLIENT_PYTHON=$python "$2" "http://$address" autodidact
