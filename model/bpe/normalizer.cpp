#include "model/bpe/normalizer.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

Status bad(const std::string& what) { return {Errc::kBadInput, "normalizer: " + what}; }

constexpr int kComposed = UTF8PROC_STABLE | UTF8PROC_COMPOSE;

Result<std::string> to_form(int form, const std::string& text) {
  utf8proc_uint8_t* made = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &made, static_cast<utf8proc_option_t>(form));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(made, &std::free);
  if (length < 0) return bad(utf8proc_errmsg(length));
  return std::string(reinterpret_cast<const char*>(made), static_cast<std::size_t>(length));
}

// NFC. Characters below U+0300 are composed already and change only together with one above right behind them; those above
// have a first byte of 0xcc or more. So only stretches that begin one character before such a byte and end at the next ASCII
// one need looking at.
Result<std::string> compose(const std::string& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t begin = at;
    while (begin < text.size() && byte(begin) < 0xcc) ++begin;
    if (begin == text.size()) return at == 0 ? text : out.append(text, at);
    std::size_t end = begin;
    while (end < text.size() && byte(end) >= 0x80) ++end;
    if (begin > at) --begin;
    while (begin > at && (byte(begin) & 0xc0) == 0x80) --begin;
    out.append(text, at, begin - at);
    AD_ASSIGN_OR_RETURN(const std::string composed, to_form(kComposed, text.substr(begin, end - begin)));
    out += composed;
    at = end;
  }
  return out;
}

}  // namespace

Result<Normalizer> Normalizer::make(const nlohmann::json& json) {
  Normalizer made;
  AD_RETURN_IF_ERROR(made.add(json));
  return made;
}

Status Normalizer::add(const nlohmann::json& json) {
  if (json.is_null()) return {};
  const std::string type = json.is_object() ? json.value("type", nlohmann::json()).dump() : json.dump();
  if (type == "\"NFC\"") {
    forms_.push_back(kComposed);
  } else if (type == "\"NFD\"") {
    forms_.push_back(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  } else if (type == "\"NFKC\"") {
    forms_.push_back(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
  } else if (type == "\"NFKD\"") {
    forms_.push_back(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  } else if (type == "\"Sequence\"") {
    const auto parts = json.find("normalizers");
    if (parts == json.end() || !parts->is_array() || parts->size() > 16)
      return bad("a Sequence has an array \"normalizers\" of at most 16");
    for (const auto& part : *parts) {
      if (part.is_object() && part.contains("normalizers")) return bad("a Sequence in a Sequence");
      AD_RETURN_IF_ERROR(add(part));
    }
  } else {
    return bad("type " + type + " is not supported; NFC, NFD, NFKC, NFKD and Sequence are");
  }
  return {};
}

Result<std::string> Normalizer::normalize(std::string text) const {
  for (const int form : forms_) {
    AD_ASSIGN_OR_RETURN(text, form == kComposed ? compose(text) : to_form(form, text));
  }
  return text;
}

}  // namespace autodidact
