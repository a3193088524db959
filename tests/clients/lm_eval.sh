#!/bin/sh
# lm-eval's local-completions, unchanged, on two small tasks: choices by log-probability, and text. Exit 77 = skipped, with the
# reason.
# usage: lm_eval.sh BASE_URL [MODEL [TOKENIZER]]      e.g. lm_eval.sh http://127.0.0.1:9464 autodidact runs/x/versions/v3
# lm-eval counts a prompt's tokens itself. TOKENIZER: a directory with the model's tokenizer.json; without one, each byte is
# taken for a token. AD_CLIENT_REQUESTS: "tokens text" (default), or one of them: what is sent. AD_CLIENT_ACCURACY: what each
# task must reach at least.
set -e
here=$(cd "$(dirname "$0")" && pwd)
base=$1 model=${2:-autodidact} tokenizer=$3
python=${AD_CLIENT_PYTHON:-python3}
for package in lm_eval transformers; do
  if ! "$python" -c "import $package" 2>/dev/null; then
    echo "skipped: $python has no $package; pip install 'lm-eval[api]' transformers"
    exit 77
  fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$tokenizer" ] || { tokenizer=$work/tokenizer; "$python" "$here/byte_tokenizer.py" "$tokenizer"; }
tokenizer=$(cd "$tokenizer" && pwd)
export HF_HOME="$work/hf" HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 OPENAI_API_KEY="${OPENAI_API_KEY:-none}"
cd "$here/lm_eval_tasks"
for requests in ${AD_CLIENT_REQUESTS:-tokens text}; do
  [ "$requests" = tokens ] && tokenized=True || tokenized=False
  for batch in 1 4; do
    "$python" -m lm_eval --model local-completions --include_path "$here/lm_eval_tasks" \
      --tasks autodidact_sums_choice,autodidact_sums_generate --batch_size $batch --output_path "$work/$requests-$batch" \
      --model_args "model=$model,base_url=$base/v1/completions,tokenizer_backend=huggingface,tokenizer=$tokenizer,tokenized_requests=$tokenized,max_length=128" \
      >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    "$python" "$here/lm_eval_result.py" "$work/$requests-$batch" "${AD_CLIENT_ACCURACY:-0}" || { cat "$work/log"; exit 1; }
  done
done
