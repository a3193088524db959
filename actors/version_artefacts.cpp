#include "actors/version_artefacts.hpp"

#include "config/files.hpp"
#include "config/log.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kVersions = 4;
constexpr std::uint64_t kMostBytes = 1 << 20;
constexpr std::chrono::seconds kLookAgain{1};

}  // namespace

std::shared_ptr<const Calibration> VersionArtefacts::calibration(VersionId version) {
  Found& found = found_[version];
  while (found_.size() > kVersions) found_.erase(found_.begin()->first == version ? std::prev(found_.end()) : found_.begin());
  const auto now = std::chrono::steady_clock::now();
  if (found.calibration || found.unusable || now - found.looked < kLookAgain) return found.calibration;
  found.looked = now;
  look(version, found);
  return found.calibration;
}

void VersionArtefacts::look(VersionId version, Found& found) const {
  const std::string path = context_->weights->path_of(version) + "/calibration.json";
  const auto text = read_file(path, kMostBytes);
  if (!text.ok() && text.status().code() == Errc::kNotFound) return;
  const auto read = text.ok() ? Calibration::from_json(*text) : Result<Calibration>(text.status());
  if (read.ok()) {
    found.calibration = std::make_shared<const Calibration>(*read);
    return;
  }
  found.unusable = true;
  log_warn("answerer", "answers have no confidence: " + path + ": " + read.status().message());
}

}  // namespace autodidact
