#include "model/bpe/added_tokens.hpp"

#include <algorithm>

namespace autodidact {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool touches(std::span<const ByteRange> ranges, std::size_t begin, std::size_t end) {
  const auto range = std::partition_point(ranges.begin(), ranges.end(), [&](const ByteRange& r) { return r.end <= begin; });
  return range != ranges.end() && range->begin < end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.content.size() > b.content.size(); });
  for (std::uint32_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].content.empty()) continue;
    const auto first = static_cast<std::uint8_t>(tokens_[i].content[0]);
    by_first_[first].push_back(i);
    begins_[first] = true;
  }
}

const AddedToken* AddedTokens::longest_at(std::string_view text, std::size_t at, bool with_special, bool normalized,
                                          std::span<const ByteRange> untrusted) const {
  for (const std::uint32_t i : by_first_[static_cast<std::uint8_t>(text[at])]) {
    const AddedToken& token = tokens_[i];
    if (token.normalized != normalized || (!with_special && token.special)) continue;
    if (text.substr(at).starts_with(token.content) && !touches(untrusted, at, at + token.content.size())) return &token;
  }
  return nullptr;
}

Status AddedTokens::split(std::string_view text, bool with_special, bool normalized, const Visitor& visitor,
                          std::span<const ByteRange> untrusted) const {
  std::size_t begin = 0;  // of the text not yet passed on
  const auto pass_on = [&](std::size_t end) { return end > begin ? visitor.text(text.substr(begin, end - begin)) : Status(); };
  for (std::size_t at = 0; at < text.size();) {
    const bool may_begin = begins_[static_cast<std::uint8_t>(text[at])];
    const AddedToken* token = may_begin ? longest_at(text, at, with_special, normalized, untrusted) : nullptr;
    if (token == nullptr) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (token->strip_left && end > begin && is_space(text[end - 1])) --end;
    AD_RETURN_IF_ERROR(pass_on(end));
    visitor.token(token->id);
    at += token->content.size();
    while (token->strip_right && at < text.size() && is_space(text[at])) ++at;
    begin = at;
  }
  return pass_on(text.size());
}

}  // namespace autodidact
