#!/bin/sh
# Runs trl_exports.py with the python that AD_PEER_PYTHON names. Exit 77 = skipped, with the reason.
# usage: trl_exports.sh AUTODIDACT MAKE_SAMPLE_RUN [PYTHON]
here=$(dirname "$0")
python=${AD_PEER_PYTHON:-$3}
if [ -z "$python" ]; then
  echo "skipped: set AD_PEER_PYTHON to a python that has torch, trl and datasets"
  exit 77
fi
exec "$python" "$here/trl_exports.py" "$1" "$2"
