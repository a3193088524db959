#pragma once
// A byte-level BPE tokenizer as Hugging Face's tokenizer.json describes it: GPT-2, SmolLM2, Llama 3, Qwen. Immutable; any
// thread.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/tokenizer.hpp"

namespace autodidact {

struct EndTokens {
  std::string eos, pad;  // by content, as tokenizer_config.json names them; an empty pad means eos
};

// `text` is the file, `json` the same parsed. kBadInput names the place in it: another model than byte-level BPE, an id twice
// or out of range, a merge of what is no token, an unsupported step, an eos that is no added token.
Result<std::shared_ptr<const Tokenizer>> make_bpe_tokenizer(std::string text, const nlohmann::json& json,
                                                            const EndTokens& ends);

}  // namespace autodidact
