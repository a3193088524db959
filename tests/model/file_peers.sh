#!/bin/sh
# Runs gguf_peers.py or sentencepiece_peers.py with the python that AD_PEER_PYTHON names. Exit 77 = skipped, with the reason.
# usage: file_peers.sh gguf|sentencepiece GGUF_DUMP TOKENIZE_DUMP [PYTHON]
here=$(dirname "$0")
python=${AD_PEER_PYTHON:-$4}
data=$here/../../../shared/data
if [ -z "$python" ]; then
  echo "skipped: set AD_PEER_PYTHON to a python that has $1"
  exit 77
fi
if [ ! -d "$data" ]; then
  echo "skipped: no ../shared/data beside this clone"
  exit 77
fi
exec "$python" "$here/$1_peers.py" "$2" "$3" "$data"
