// A calibration as a file: {"format", "version", "answers", "intercept", "evidence": [{"name", "weight", "mean", …} …]}.

#include <limits>
#include <nlohmann/json.hpp>

#include "methods/estimators/artefact_json.hpp"
#include "methods/estimators/calibration.hpp"

namespace autodidact {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "autodidact-calibration";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kSize = kEvidenceNames.size();
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr Bounds kWeight = {-1e6, 1e6};

}  // namespace

std::string Calibration::to_json() const {
  nlohmann::ordered_json evidence = nlohmann::ordered_json::array();
  for (std::size_t j = 0; j < kSize; ++j) {
    evidence.push_back({{"name", kEvidenceNames[j]},
                        {"weight", weights_[j]},
                        {"mean", mean_[j]},
                        {"scale", scale_[j]},
                        {"least", least_[j]},
                        {"most", most_[j]}});
  }
  const nlohmann::ordered_json out = {{"format", kFormat},
                                      {"version", kVersion},
                                      {"answers", answers_},
                                      {"intercept", intercept_},
                                      {"evidence", std::move(evidence)}};
  return out.dump(2) + "\n";
}

Status Calibration::read_evidence(const json& row, std::size_t j) {
  AD_ASSIGN_OR_RETURN(const std::string name, name_field(row, "name", 64));
  if (name != kEvidenceNames[j])
    return {Errc::kBadInput, std::string("field \"name\" must be \"") + kEvidenceNames[j] + "\"; fit it again"};
  AD_ASSIGN_OR_RETURN(weights_[j], number_field(row, "weight", kWeight));
  AD_ASSIGN_OR_RETURN(mean_[j], number_field(row, "mean", {-kLargest, kLargest}));
  AD_ASSIGN_OR_RETURN(scale_[j], number_field(row, "scale", {0, kLargest}));
  AD_ASSIGN_OR_RETURN(least_[j], number_field(row, "least", {kWeight.low, 0}));
  AD_ASSIGN_OR_RETURN(most_[j], number_field(row, "most", {0, kWeight.high}));
  return {};
}

Result<Calibration> Calibration::from_json(std::string_view text) {
  AD_ASSIGN_OR_RETURN(const json object, parse_artefact(text, kFormat, kVersion));
  Calibration read;
  AD_ASSIGN_OR_RETURN(read.answers_, count_field(object, "answers", std::uint64_t{1} << 48));
  AD_ASSIGN_OR_RETURN(read.intercept_, number_field(object, "intercept", kWeight));
  AD_ASSIGN_OR_RETURN(const json* evidence, array_field(object, "evidence", kSize));
  if (evidence->size() != kSize)
    return {Errc::kBadInput,
            "field \"evidence\" must hold the " + std::to_string(kSize) + " kinds this program knows; fit it again"};
  for (std::size_t j = 0; j < kSize; ++j)
    AD_RETURN_IF_ERROR(read.read_evidence((*evidence)[j], j).with_context("evidence " + std::to_string(j)));
  return read;
}

}  // namespace autodidact
