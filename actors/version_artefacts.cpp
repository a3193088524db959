#include "actors/version_artefacts.hpp"

#include "config/files.hpp"
#include "config/log.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kVersions = 4;
constexpr std::uint64_t kMostBytes = 1 << 20;
constexpr std::chrono::seconds kLookAgain{1};

Result<std::shared_ptr<const Calibration>> read_calibration(const std::string& directory) {
  AD_ASSIGN_OR_RETURN(const std::string text, read_file(directory + "/calibration.json", kMostBytes));
  AD_ASSIGN_OR_RETURN(Calibration calibration, Calibration::from_json(text));
  return std::make_shared<const Calibration>(std::move(calibration));
}

}  // namespace

template <class Artefact>
std::shared_ptr<const Artefact> VersionArtefacts::find(
    Shelf<Artefact>& shelf, VersionId version,
    const std::function<Result<std::shared_ptr<const Artefact>>(const std::string&)>& read) {
  Found<Artefact>& found = shelf[version];
  while (shelf.size() > kVersions) shelf.erase(shelf.begin()->first == version ? std::prev(shelf.end()) : shelf.begin());
  const auto now = std::chrono::steady_clock::now();
  if (found.artefact || found.unusable || now - found.looked < kLookAgain) return found.artefact;
  found.looked = now;
  auto artefact = read(context_->weights->path_of(version));
  if (artefact.ok()) {
    found.artefact = std::move(artefact).value();
  } else if (artefact.status().code() != Errc::kNotFound) {
    found.unusable = true;
    log_warn("answerer",
             "what was fitted for version " + std::to_string(version) + " is not used: " + artefact.status().message());
  }
  return found.artefact;
}

std::shared_ptr<const Calibration> VersionArtefacts::calibration(VersionId version) {
  return find<Calibration>(calibrations_, version, read_calibration);
}

StrategyTablePtr VersionArtefacts::table(VersionId version) {
  return find<StrategyTable>(tables_, version, load_strategy_table);
}

}  // namespace autodidact
