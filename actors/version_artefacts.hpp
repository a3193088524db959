#pragma once
// What was fitted for a version of the weights and lies beside it in its directory: its confidence (calibration.json). Read
// when it is first wanted and kept for the newest versions asked for; a file that appears later (the evaluation ends after the
// version serves) is found within a second. Owned by whoever answers; one thread. Nothing survives a crash but the files.

#include <chrono>
#include <map>
#include <memory>

#include "actors/context.hpp"
#include "methods/estimators/calibration.hpp"

namespace autodidact {

class VersionArtefacts {
 public:
  explicit VersionArtefacts(ContextPtr context) : context_(std::move(context)) {}
  // Null: none was fitted, or the file is not usable, which the log then says once.
  std::shared_ptr<const Calibration> calibration(VersionId version);

 private:
  struct Found {
    std::shared_ptr<const Calibration> calibration;
    std::chrono::steady_clock::time_point looked;
    bool unusable = false;
  };
  void look(VersionId version, Found& found) const;

  const ContextPtr context_;
  std::map<VersionId, Found> found_;  // few
};

}  // namespace autodidact
