#!/bin/sh
# Runs hf_tokenizers.py with the python that AD_PEER_PYTHON names. Exit 77 = skipped, with the reason.
# usage: hf_tokenizers.sh TOKENIZE_DUMP [PYTHON]
here=$(dirname "$0")
python=${AD_PEER_PYTHON:-$2}
data=$here/../../../shared/data/tokenizers
if [ -z "$python" ]; then
  echo "skipped: set AD_PEER_PYTHON to a python that has tokenizers"
  exit 77
fi
if [ ! -d "$data" ]; then
  echo "skipped: no ../shared/data/tokenizers beside this clone"
  exit 77
fi
exec "$python" "$here/hf_tokenizers.py" "$1" "$data/qwen3" "$data/gpt2"
