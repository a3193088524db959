# Tokenizers apart from the rest of model/: they need no libtorch, so the replay tool links them in 50 ms of start-up.
ad_library(tokenizer
  SOURCES
    bpe/added_tokens.cpp bpe/bpe_tokenizer.cpp bpe/bpe_vocabulary.cpp bpe/byte_level.cpp bpe/normalizer.cpp bpe/regex.cpp
    bpe/splitter.cpp bpe/tokenizer_json.cpp bpe/utf8.cpp char_tokenizer.cpp sentencepiece/charsmap.cpp
    sentencepiece/model_proto.cpp sentencepiece/sentencepiece_json.cpp sentencepiece/sentencepiece_tokenizer.cpp stop_strings.cpp
    tokenizer.cpp
  PUBLIC autodidact::config
  PRIVATE nlohmann_json::nlohmann_json autodidact_pcre2 autodidact_sentencepiece autodidact_utf8proc)
