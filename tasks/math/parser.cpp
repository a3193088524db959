#include "tasks/math/parser.hpp"

#include <algorithm>
#include <array>

#include "tasks/math/characters.hpp"
#include "tasks/math/parser_internal.hpp"
#include "tasks/math/special_forms.hpp"

namespace autodidact::math {
namespace {

constexpr auto kFillers = std::to_array<std::string_view>({"approximately", "about", "exactly", "roughly", "around", "nearly",
                                                           "equals", "equal", "simply", "just", "therefore", "thus"});
bool is_filler(const Token& token) {
  return token.type == TokenType::kWord && std::find(kFillers.begin(), kFillers.end(), token.text) != kFillers.end();
}

}  // namespace

void Parser::skip_fillers() {
  while (is_filler(peek()) || at(TokenType::kRelation, "=") || op(":")) next();
}

Expr Parser::answer() {
  skip_fillers();
  if (at(TokenType::kEnd)) return fail("nothing there");
  std::string join;
  std::vector<Expr> all = items(&join);
  while (take_op(".")) {
  }
  if (!at(TokenType::kEnd)) return fail("text behind the answer");
  if (all.size() == 1) return std::move(all.front());
  return make(Kind::kList, std::move(all), join);
}

// Items with a comma, "and" or "or" between them, or a comma and one of these.
std::vector<Expr> Parser::items(std::string* join) {
  const Level level(*this);
  *join = ",";
  std::vector<Expr> all;
  for (;;) {
    all.push_back(relation());
    bool more = false;
    while (op(",") || op(";") || at(TokenType::kJoin)) {
      const Token token = next();
      if (token.type == TokenType::kJoin && *join != "or") *join = token.text;
      more = true;
    }
    if (!more || item_end()) return all;
  }
}

// A comma at the end separates nothing.
bool Parser::item_end() const {
  return at(TokenType::kEnd) || at(TokenType::kFinish) ||
         (at(TokenType::kOp) && (op(".") || op(")") || op("]") || op("}") || op("\\}")));
}

// From here to the next separator there are only words, and what may stand among them.
bool Parser::text_ahead() const {
  if (!at(TokenType::kWord)) return false;
  for (std::size_t i = 1;; ++i) {
    const Token& token = peek(i);
    const bool among_words = token.type == TokenType::kWord || token.type == TokenType::kSymbol ||
                             token.type == TokenType::kNumber ||
                             (token.type == TokenType::kOp && (token.text == "-" || token.text == "'"));
    if (among_words) continue;
    if (token.type == TokenType::kEnd || token.type == TokenType::kJoin || token.type == TokenType::kFinish) return true;
    return token.type == TokenType::kOp && std::string_view(",;.)]}\\}").find(token.text) != std::string_view::npos;
  }
}

Expr Parser::text() {
  std::string words;
  std::size_t count = 0;
  while (at(TokenType::kWord) || at(TokenType::kSymbol) || at(TokenType::kNumber) || op("-") || op("'")) {
    words += (words.empty() ? "" : " ") + next().text;
    ++count;
  }
  if (count == 1 && words.size() == 1) return make_symbol(words);
  return text_answer(words_of(words));
}

Expr Parser::relation() {
  const Level level(*this);
  while (is_filler(peek())) next();
  if (text_ahead()) return text();
  Expr first = set_expression();
  if (!at(TokenType::kRelation)) return first;
  Expr chain = make(Kind::kRelation);
  chain.args.push_back(std::move(first));
  while (at(TokenType::kRelation)) {
    chain.name += next().text;
    while (is_filler(peek())) next();
    chain.args.push_back(text_ahead() ? text() : set_expression());
  }
  return chain;
}

Expr Parser::set_expression() {
  const Level level(*this);
  Expr left = sum();
  for (int count = 0;; ++count) {
    if (count > kMaxChain) return fail("too many set operations");
    const bool command = at(TokenType::kCommand);
    Kind kind = Kind::kSetMinus;
    if (command && peek().text == "cup")
      kind = Kind::kUnion;
    else if (command && peek().text == "cap")
      kind = Kind::kIntersect;
    else if (!command || (peek().text != "setminus" && peek().text != "backslash"))
      return left;
    next();
    if (left.kind == kind && kind != Kind::kSetMinus) {
      left.args.push_back(sum());
    } else {
      Expr right = sum();
      left = make(kind, {std::move(left), std::move(right)});
    }
  }
}

Parsed parse_answer(std::string_view latex, const LexOptions& options, Work& work) {
  Parsed parsed;
  if (latex.size() > kMaxAnswerBytes) {
    parsed.error = "an answer longer than " + std::to_string(kMaxAnswerBytes) + " bytes";
    return parsed;
  }
  work.spend(4 * latex.size());
  Tokens tokens = lex(latex, options);
  parsed.error = std::move(tokens.error);
  parsed.thousands_comma = tokens.thousands_comma;
  if (!parsed.error.empty()) return parsed;
  Parser parser(std::move(tokens.tokens), options.repair, work);
  Expr expr = parser.answer();
  parsed.error = parser.error();
  if (parsed.error.empty()) {
    parsed.expr = std::move(expr);
  } else if (tokens.words && parsed.error != "too much work") {
    parsed.expr = text_answer(words_of(latex));
  }
  return parsed;
}

}  // namespace autodidact::math
