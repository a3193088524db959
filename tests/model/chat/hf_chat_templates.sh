#!/bin/sh
# Runs hf_chat_templates.py with the python that AD_PEER_PYTHON names. Exit 77 = skipped, with the reason.
# usage: hf_chat_templates.sh RENDER_DUMP [PYTHON]
here=$(dirname "$0")
python=${AD_PEER_PYTHON:-$2}
data=$here/../../../../shared/data
if [ -z "$python" ]; then
  echo "skipped: set AD_PEER_PYTHON to a python that has transformers and jinja2"
  exit 77
fi
if [ ! -d "$data/chat-templates" ]; then
  echo "skipped: no ../shared/data/chat-templates beside this clone"
  exit 77
fi
exec "$python" "$here/hf_chat_templates.py" "$1" "$data/chat-templates" "$data/tokenizers/qwen3"
