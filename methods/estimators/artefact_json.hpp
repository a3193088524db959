#pragma once
// Reading small JSON files that a fit wrote (calibration.json, strategies.json), or somebody else did: hostile until checked.
// Private to methods/. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"

namespace autodidact {

constexpr std::size_t kMaxArtefactBytes = std::size_t{1} << 20;

// The object with "format": `format` and "version": `version`. kBadInput names what is wrong: too long, no JSON, nested too
// deeply for any of ours, another format, a version this program does not know.
Result<nlohmann::json> parse_artefact(std::string_view text, const std::string& format, std::uint64_t version);

// A field of an object; kBadInput when it is missing, of another type or outside [low, high]. NaN and infinity are no JSON.
struct Bounds {
  double low = 0, high = 0;
};
Result<double> number_field(const nlohmann::json& object, const std::string& key, Bounds bounds);
Result<std::uint64_t> count_field(const nlohmann::json& object, const std::string& key, std::uint64_t most);
Result<std::string> name_field(const nlohmann::json& object, const std::string& key, std::size_t most_bytes);
Result<std::vector<double>> numbers_field(const nlohmann::json& object, const std::string& key, std::size_t most, Bounds each);
// The array itself; `object` must outlive it.
Result<const nlohmann::json*> array_field(const nlohmann::json& object, const std::string& key, std::size_t most);

}  // namespace autodidact
