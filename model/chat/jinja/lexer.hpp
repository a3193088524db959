#pragma once
// Cuts a template into tokens, with trim_blocks and lstrip_blocks as transformers sets them: the newline behind a tag and the
// white space before it go. Throws SyntaxError. Pure function; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/chat/jinja/limits.hpp"

namespace autodidact::jinja {

class SyntaxError : public Failure {
 public:
  SyntaxError(int line, std::string message) : Failure(std::move(message)), line_(line) {}
  int line() const { return line_; }

 private:
  int line_;
};

struct Token {
  enum class Kind { kText, kPrintBegin, kPrintEnd, kTagBegin, kTagEnd, kName, kString, kInteger, kFloat, kOperator, kEnd };
  Kind kind = Kind::kEnd;
  int line = 1;
  std::string text;  // of a string: unescaped
  std::int64_t integer = 0;
  double number = 0;
};

// `source`: well-formed UTF-8. The last token is kEnd.
std::vector<Token> tokenize(std::string_view source);

}  // namespace autodidact::jinja
