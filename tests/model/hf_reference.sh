#!/bin/sh
# Runs hf_reference.py with the python that AD_PEER_PYTHON names. Exit 77 = skipped, with the reason.
# usage: hf_reference.sh MODEL_REFERENCE_DUMP [PYTHON]
here=$(dirname "$0")
python=${AD_PEER_PYTHON:-$2}
if [ -z "$python" ]; then
  echo "skipped: set AD_PEER_PYTHON to a python that has torch and transformers"
  exit 77
fi
exec "$python" "$here/hf_reference.py" "$1"
