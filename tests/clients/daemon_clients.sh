#!/bin/sh
# The clients' scripts, unchanged, against a daemon with a real model that has learnt for a few seconds. Exit 77 = skipped, with
# the reason.
# usage: daemon_clients.sh AUTODIDACTD PRESET [PYTHON]      e.g. … build/release/bin/autodidactd config/presets/addition.toml
here=$(cd "$(dirname "$0")" && pwd)
python=${AD_CLIENT_PYTHON:-$3}
if [ -z "$python" ]; then
  echo "skipped: set AD_CLIENT_PYTHON to a python that has openai and lm-eval[api] (see docs/serving.md)"
  exit 77
fi
export AD_CLIENT_PYTHON="$python"
directory=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null; rm -rf "$directory"' EXIT
failed() {
  echo "$1"
  cat "$directory/log"
  exit 1
}

set --  "$1" -c "$2"
for setting in data_dir="$directory/data" gateway.listen=127.0.0.1:0 exit_when_done=false serve.learn_from_requests=true \
  task.max_digits=2 'task.seed_examples=[100,300]' 'task.hinted_seed_examples=[20,60]' task.held_out_per_digit=20 \
  loop.rounds=1 loop.problems_per_round=200 train.seed_steps=60 train.steps_first_round=20; do
  set -- "$@" --set "$setting"
done
"$@" 2>"$directory/log" &
daemon=$!

# Waits up to 120 s until the weights serve; the log says where.
seconds=0 address=
until [ -n "$address" ] && "$python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' \
  "http://$address/readyz" 2>/dev/null; do
  kill -0 "$daemon" 2>/dev/null || failed "the daemon ended"
  [ $((seconds += 1)) -le 120 ] || failed "the daemon is not ready after 120 s"
  sleep 1
  address=$(sed -n 's/.* running .* health=\([^ ]*\).*/\1/p' "$directory/log")
done

"$here/openai_client.sh" "http://$address"
openai=$?
# A tokenizer of characters that only the daemon knows: lm-eval sends text.
AD_CLIENT_REQUESTS=text "$here/lm_eval.sh" "http://$address"
lm_eval=$?
kill -TERM "$daemon"
wait "$daemon"
status=$?
daemon=
[ $status = 0 ] || failed "the daemon ended with status $status"
for client in $openai $lm_eval; do
  [ $client = 0 ] || [ $client = 77 ] || failed "a client failed"
done
[ $openai = 0 ] || exit 77
exit $lm_eval
