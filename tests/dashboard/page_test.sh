#!/bin/sh
# Runs page_test.py where there is a browser. Exit 77 = skipped, with the reason.
# usage: page_test.sh DASHBOARD_SERVER
here=$(dirname "$0")
browser=${AD_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
if [ -z "$browser" ]; then
  echo "skipped: no chromium found; install it or set AD_CHROMIUM"
  exit 77
fi
if ! command -v python3 > /dev/null; then
  echo "skipped: no python3 found"
  exit 77
fi
exec python3 "$here/page_test.py" "$1" "$browser"
