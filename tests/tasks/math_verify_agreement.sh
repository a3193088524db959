#!/bin/sh
# Runs math_verify_agreement.py with the python that AD_PEER_PYTHON names. Exit 77 = skipped, with the reason.
# usage: math_verify_agreement.sh MATH_CHECK_DUMP [PYTHON]
here=$(dirname "$0")
python=${AD_PEER_PYTHON:-$2}
if [ -z "$python" ] || ! "$python" -c "import math_verify" 2>/dev/null; then
  echo "skipped: set AD_PEER_PYTHON to a python that has math-verify"
  exit 77
fi
exec "$python" "$here/math_verify_agreement.py" "$1" "$here/math_cases.txt"
