#!/bin/sh
# The official openai client against a server. Exit 77 = skipped, with the reason.
# usage: openai_client.sh BASE_URL [MODEL]      e.g. openai_client.sh http://127.0.0.1:9464
here=$(dirname "$0")
python=${AD_CLIENT_PYTHON:-python3}
if ! "$python" -c 'import openai' 2>/dev/null; then
  echo "skipped: $python has no openai; pip install openai"
  exit 77
fi
exec "$python" "$here/openai_client.py" "$@"
