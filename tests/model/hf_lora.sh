#!/bin/sh
# Runs hf_lora.py with the python that AD_PEER_PYTHON names. Exit 77 = skipped, with the reason.
# usage: hf_lora.sh MODEL_LORA_DUMP [PYTHON]
here=$(dirname "$0")
python=${AD_PEER_PYTHON:-$2}
if [ -z "$python" ]; then
  echo "skipped: set AD_PEER_PYTHON to a python that has torch, transformers and peft"
  exit 77
fi
exec "$python" "$here/hf_lora.py" "$1"
