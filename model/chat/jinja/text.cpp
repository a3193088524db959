#include "model/chat/jinja/text.hpp"

#include <algorithm>
#include <cstring>

#include "model/bpe/utf8.hpp"

namespace autodidact::jinja {
namespace {

void add_range(Markup& to, std::size_t begin, std::size_t end) {
  if (begin == end) return;
  if (!to.untrusted.empty() && to.untrusted.back().end == begin) {
    to.untrusted.back().end = end;
  } else {
    to.untrusted.push_back({begin, end});
  }
}

}  // namespace

void append(Markup& to, const Markup& from) {
  const std::size_t offset = to.text.size();
  to.text += from.text;
  for (const ByteRange& range : from.untrusted) add_range(to, offset + range.begin, offset + range.end);
}

void append(Markup& to, std::string_view text, bool untrusted) {
  const std::size_t offset = to.text.size();
  to.text += text;
  if (untrusted) add_range(to, offset, to.text.size());
}

Markup slice(const Markup& text, std::size_t begin, std::size_t end) {
  Markup out;
  out.text = text.text.substr(begin, end - begin);
  auto range =
      std::partition_point(text.untrusted.begin(), text.untrusted.end(), [&](const ByteRange& r) { return r.end <= begin; });
  for (; range != text.untrusted.end() && range->begin < end; ++range) {
    add_range(out, std::max(range->begin, begin) - begin, std::min(range->end, end) - begin);
  }
  return out;
}

Markup made_of(const Markup& origin, std::string text) {
  Markup out;
  out.text = std::move(text);
  if (is_tainted(origin)) add_range(out, 0, out.text.size());
  return out;
}

Character first_character(std::string_view text) {
  const std::size_t bytes = utf8_length(text);
  const auto lead = static_cast<unsigned char>(text[0]);
  if (bytes <= 1) return {lead, 1};
  char32_t code = lead & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  return {code, bytes};
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::size_t offset_of(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;
    if (index-- == 0) return at;
  }
  return at;
}

std::size_t previous_offset(std::string_view text, std::size_t offset) {
  do --offset;
  while (offset > 0 && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80);
  return offset;
}

std::size_t find(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());  // two-way search in glibc
  return found == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

ByteRange strip(std::string_view text, const std::string* characters, bool left, bool right) {
  const auto goes = [&](std::size_t at) {
    const Character c = first_character(text.substr(at));
    if (characters == nullptr) return is_space(c.code);
    return characters->find(text.substr(at, c.bytes)) != std::string::npos;
  };
  ByteRange rest{0, text.size()};
  while (left && rest.begin < rest.end && goes(rest.begin)) rest.begin += first_character(text.substr(rest.begin)).bytes;
  while (right && rest.end > rest.begin && goes(previous_offset(text, rest.end))) rest.end = previous_offset(text, rest.end);
  return rest;
}

std::vector<ByteRange> split_space(std::string_view text, std::int64_t max_splits) {
  std::vector<ByteRange> parts;
  std::size_t at = 0;
  const auto run = [&](bool space) {
    while (at < text.size()) {
      const Character c = first_character(text.substr(at));
      if (is_space(c.code) != space) break;
      at += c.bytes;
    }
  };
  for (run(true); at < text.size(); run(true)) {
    const std::size_t begin = at;
    if (max_splits >= 0 && static_cast<std::int64_t>(parts.size()) == max_splits) {
      parts.push_back({begin, text.size()});
      break;
    }
    run(false);
    parts.push_back({begin, at});
  }
  return parts;
}

std::vector<ByteRange> rsplit_space(std::string_view text, std::int64_t max_splits) {
  std::vector<ByteRange> parts;
  std::size_t at = text.size();
  const auto run = [&](bool space) {
    while (at > 0) {
      const std::size_t previous = previous_offset(text, at);
      if (is_space(first_character(text.substr(previous)).code) != space) break;
      at = previous;
    }
  };
  for (run(true); at > 0; run(true)) {
    const std::size_t end = at;
    if (max_splits >= 0 && static_cast<std::int64_t>(parts.size()) == max_splits) {
      parts.push_back({0, end});
      break;
    }
    run(false);
    parts.push_back({at, end});
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<ByteRange> split(std::string_view text, std::string_view separator, std::int64_t max_splits) {
  std::vector<ByteRange> parts;
  std::size_t begin = 0;
  while (max_splits < 0 || static_cast<std::int64_t>(parts.size()) < max_splits) {
    const std::size_t found = find(text, separator, begin);
    if (found == std::string_view::npos) break;
    parts.push_back({begin, found});
    begin = found + separator.size();
  }
  parts.push_back({begin, text.size()});
  return parts;
}

std::vector<ByteRange> rsplit(std::string_view text, std::string_view separator, std::int64_t max_splits) {
  std::vector<ByteRange> parts;
  std::size_t end = text.size();
  while ((max_splits < 0 || static_cast<std::int64_t>(parts.size()) < max_splits) && end >= separator.size()) {
    const std::size_t found = text.rfind(separator, end - separator.size());
    if (found == std::string_view::npos) break;
    parts.push_back({found + separator.size(), end});
    end = found;
  }
  parts.push_back({0, end});
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<ByteRange> split_lines(std::string_view text, bool keep_ends) {
  std::vector<ByteRange> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = first_character(text.substr(at));
    const std::size_t end = at;
    at += c.bytes;
    if (!is_line_break(c.code)) continue;
    if (c.code == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back({begin, keep_ends ? at : end});
    begin = at;
  }
  if (begin < text.size()) lines.push_back({begin, text.size()});
  return lines;
}

}  // namespace autodidact::jinja
