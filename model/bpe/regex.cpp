#include "model/bpe/regex.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace autodidact {
namespace {

constexpr std::size_t kMaxPattern = 4096;
constexpr std::size_t kMaxCompiled = 1 << 20;
constexpr std::uint32_t kNesting = 64;
constexpr std::uint32_t kMatchSteps = 50'000'000;  // a megabyte of one letter takes two million
constexpr std::size_t kStackBytes = 1 << 20;

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};

std::string message_of(int error) {
  PCRE2_UCHAR text[128];
  return pcre2_get_error_message(error, text, sizeof text) > 0 ? reinterpret_cast<const char*>(text) : "unknown error";
}

// \s is Unicode's white space in Oniguruma; PCRE2's also has U+180E.
std::string translate(const std::string& pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    const char next = pattern[++i];
    out += next == 's' ? "\\p{White_Space}" : next == 'S' ? "\\P{White_Space}" : std::string("\\") + next;
  }
  return out;
}

// What a match writes to; PCRE2 wants one for each thread.
struct Scratch {
  std::unique_ptr<pcre2_match_data, Free> data{pcre2_match_data_create(1, nullptr)};
  std::unique_ptr<pcre2_match_context, Free> context{pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_jit_stack, Free> stack{pcre2_jit_stack_create(32 * 1024, kStackBytes, nullptr)};
  Scratch() {
    pcre2_set_match_limit(context.get(), kMatchSteps);
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

}  // namespace

struct SplitRegex::State {
  std::unique_ptr<pcre2_code, Free> code;
  bool jit = false;
};

Result<SplitRegex> SplitRegex::compile(const std::string& pattern) {
  if (pattern.empty() || pattern.size() > kMaxPattern)
    return {Errc::kBadInput, "a split pattern has 1 to " + std::to_string(kMaxPattern) + " bytes"};
  const std::unique_ptr<pcre2_compile_context, Free> limits(pcre2_compile_context_create(nullptr));
  pcre2_set_parens_nest_limit(limits.get(), kNesting);
  const std::string translated = translate(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto state = std::make_shared<State>();
  state->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                  PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset, limits.get()));
  if (!state->code)
    return {Errc::kBadInput, "split pattern " + translated + ", byte " + std::to_string(offset) + ": " + message_of(error)};
  std::size_t bytes = 0;
  pcre2_pattern_info(state->code.get(), PCRE2_INFO_SIZE, &bytes);
  if (bytes > kMaxCompiled) return {Errc::kBadInput, "split pattern " + pattern + " repeats too much"};
  state->jit = pcre2_jit_compile(state->code.get(), PCRE2_JIT_COMPLETE) == 0;
  return SplitRegex(std::move(state));
}

Result<std::pair<std::size_t, std::size_t>> SplitRegex::find(std::string_view text, std::size_t from) const {
  Scratch& mine = scratch();
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  constexpr std::uint32_t kFlags = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;
  const int result =
      state_->jit ? pcre2_jit_match(state_->code.get(), subject, text.size(), from, kFlags, mine.data.get(), mine.context.get())
                  : pcre2_match(state_->code.get(), subject, text.size(), from, kFlags, mine.data.get(), mine.context.get());
  if (result == PCRE2_ERROR_NOMATCH) return std::pair(std::string::npos, std::string::npos);
  if (result < 0) return {Errc::kBadInput, "the tokenizer's split pattern costs too much here: " + message_of(result)};
  const PCRE2_SIZE* span = pcre2_get_ovector_pointer(mine.data.get());
  return std::pair(span[0], span[1] < span[0] ? span[0] : span[1]);
}

}  // namespace autodidact
