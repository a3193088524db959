#include "storage/inspect_pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace autodidact {

namespace {

constexpr std::uint32_t kMatchSteps = 1'000'000;  // about 20 ms
constexpr std::uint32_t kDepth = 10'000;
constexpr std::uint32_t kHeapKiB = 16 * 1024;
constexpr std::size_t kCompiledBytes = 1 << 20;  // (((a{999}){999}){999}) is 20 bytes of text
constexpr std::uint32_t kNesting = 64;

std::string message_of(int error) {
  PCRE2_UCHAR text[128];
  return pcre2_get_error_message(error, text, sizeof text) > 0 ? reinterpret_cast<const char*>(text) : "unknown error";
}

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};

}  // namespace

struct Pattern::State {
  std::unique_ptr<pcre2_code, Free> code;
  std::unique_ptr<pcre2_match_data, Free> data;
  std::unique_ptr<pcre2_match_context, Free> context;
};

Result<Pattern> Pattern::compile(const std::string& regex, bool ignore_case) {
  if (regex.empty() || regex.size() > kMaxPatternBytes) {
    return Status(Errc::kUsage, "the pattern must be 1 to " + std::to_string(kMaxPatternBytes) + " bytes long");
  }
  const std::unique_ptr<pcre2_compile_context, Free> limits(pcre2_compile_context_create(nullptr));
  pcre2_set_parens_nest_limit(limits.get(), kNesting);
  const std::uint32_t flags = PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C | (ignore_case ? PCRE2_CASELESS : 0u);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto state = std::make_shared<State>();
  state->code.reset(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(regex.data()), regex.size(), flags, &error, &offset, limits.get()));
  if (!state->code) {
    return Status(Errc::kUsage, "bad pattern at byte " + std::to_string(offset) + ": " + message_of(error));
  }
  std::size_t bytes = 0;
  pcre2_pattern_info(state->code.get(), PCRE2_INFO_SIZE, &bytes);
  if (bytes > kCompiledBytes) return Status(Errc::kUsage, "the pattern repeats too much: compiled it is over 1 MiB");
  state->data.reset(pcre2_match_data_create_from_pattern(state->code.get(), nullptr));
  state->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(state->context.get(), kMatchSteps);
  pcre2_set_depth_limit(state->context.get(), kDepth);
  pcre2_set_heap_limit(state->context.get(), kHeapKiB);
  return Pattern(std::move(state));
}

Result<std::optional<std::pair<std::size_t, std::size_t>>> Pattern::find(std::string_view subject, std::size_t from) const {
  using Found = std::optional<std::pair<std::size_t, std::size_t>>;
  const int result = pcre2_match(state_->code.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), from, 0,
                                 state_->data.get(), state_->context.get());
  if (result == PCRE2_ERROR_NOMATCH) return Found();
  if (result < 0) {
    return Status(Errc::kUsage, "the pattern costs too much (" + message_of(result) + "); make it simpler");
  }
  const PCRE2_SIZE* span = pcre2_get_ovector_pointer(state_->data.get());
  // \K can put the start behind the end.
  return Found(std::pair<std::size_t, std::size_t>(span[0], span[1] < span[0] ? span[0] : span[1]));
}

}  // namespace autodidact
