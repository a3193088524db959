#!/bin/sh
# Runs tensorboard_peer.py with the python that AD_TENSORBOARD_PYTHON (or AD_PEER_PYTHON) names. Exit 77 = skipped, with the reason.
# usage: tensorboard_peer.sh TENSORBOARD_DUMP [PYTHON]
here=$(dirname "$0")
python=${AD_TENSORBOARD_PYTHON:-${AD_PEER_PYTHON:-$2}}
if [ -z "$python" ]; then
  echo "skipped: set AD_TENSORBOARD_PYTHON to a python that has tensorboard"
  exit 77
fi
exec "$python" "$here/tensorboard_peer.py" "$1"
