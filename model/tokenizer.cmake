# Tokenizers apart from the rest of model/: they need no libtorch, so the replay tool links them in 50 ms of start-up.
ad_library(tokenizer
  SOURCES char_tokenizer.cpp tokenizer.cpp
  PUBLIC autodidact::config
  PRIVATE nlohmann_json::nlohmann_json)
