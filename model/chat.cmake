# Chat templates: an interpreter for the Jinja that checkpoints bring along, and what makes prompts with it.
ad_library(chat
  SOURCES
    chat/chat_template.cpp chat/prompt_encoder.cpp chat/template_file.cpp
    chat/jinja/arguments.cpp chat/jinja/arithmetic.cpp chat/jinja/attributes.cpp chat/jinja/characters.cpp
    chat/jinja/compare.cpp chat/jinja/expressions.cpp chat/jinja/format.cpp chat/jinja/globals.cpp chat/jinja/json.cpp
    chat/jinja/lexer.cpp chat/jinja/loop.cpp chat/jinja/methods.cpp chat/jinja/number_text.cpp chat/jinja/parser.cpp
    chat/jinja/parser_expressions.cpp chat/jinja/parser_postfix.cpp chat/jinja/print.cpp
    chat/jinja/sequence_filters.cpp chat/jinja/statements.cpp chat/jinja/string_literal.cpp
    chat/jinja/string_methods.cpp chat/jinja/tests.cpp chat/jinja/text.cpp chat/jinja/text_filters.cpp chat/jinja/value.cpp
  PUBLIC autodidact::config autodidact::tokenizer
  PRIVATE nlohmann_json::nlohmann_json autodidact_utf8proc)
