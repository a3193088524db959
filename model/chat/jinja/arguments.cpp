#include "model/chat/jinja/builtins.hpp"

namespace autodidact::jinja {

Bound::Bound(const char* function, Arguments& arguments, std::vector<const char*> names, std::size_t required)
    : function_(function), names_(std::move(names)), values_(names_.size(), nullptr) {
  if (arguments.positional.size() > names_.size()) {
    fail(std::string(function) + "() takes at most " + std::to_string(names_.size()) + " argument(s)");
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [given, value] : arguments.named) {
    std::size_t i = 0;
    while (i < names_.size() && given != names_[i]) ++i;
    if (i == names_.size()) fail(std::string(function) + "() got an unexpected keyword argument '" + given + "'");
    if (values_[i] != nullptr) fail(name(i) + " is given twice");
    values_[i] = &value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) fail(name(i) + " is missing");
  }
}

std::int64_t Bound::integer(std::size_t parameter, std::int64_t otherwise) const {
  const Value* value = values_[parameter];
  if (value == nullptr || is<None>(*value)) return otherwise;
  std::int64_t out = 0;
  if (!to_integer(*value, out)) fail(name(parameter) + " must be an integer, not " + type_name(*value));
  return out;
}

bool Bound::flag(std::size_t parameter, bool otherwise) const {
  return values_[parameter] == nullptr ? otherwise : is_true(*values_[parameter]);
}

const Markup* Bound::string(std::size_t parameter) const {
  const Value* value = values_[parameter];
  if (value == nullptr || is<None>(*value)) return nullptr;
  const Markup* text = as_string(*value);
  if (text == nullptr) fail(name(parameter) + " must be a string, not " + type_name(*value));
  return text;
}

}  // namespace autodidact::jinja
