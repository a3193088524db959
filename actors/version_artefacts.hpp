#pragma once
// What was fitted for a version of the weights and lies beside it in its directory: its confidence (calibration.json) and the
// table of strategy auto (strategies.json). Read when first wanted and kept for the newest versions asked for; a file that
// appears later (the evaluation ends after the version serves) is found within a second. Owned by whoever answers; one thread.
// Nothing survives a crash but the files.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/context.hpp"
#include "methods/compute_optimal/strategy_table.hpp"
#include "methods/estimators/calibration.hpp"

namespace autodidact {

class VersionArtefacts {
 public:
  explicit VersionArtefacts(ContextPtr context) : context_(std::move(context)) {}
  // Null: none was fitted, or the file is not usable, which the log then says once.
  std::shared_ptr<const Calibration> calibration(VersionId version);
  StrategyTablePtr table(VersionId version);

 private:
  template <class Artefact>
  struct Found {
    std::shared_ptr<const Artefact> artefact;
    std::chrono::steady_clock::time_point looked;
    bool unusable = false;
  };
  template <class Artefact>
  using Shelf = std::map<VersionId, Found<Artefact>>;  // few
  template <class Artefact>
  std::shared_ptr<const Artefact> find(Shelf<Artefact>& shelf, VersionId version,
                                       const std::function<Result<std::shared_ptr<const Artefact>>(const std::string&)>& read);

  const ContextPtr context_;
  Shelf<Calibration> calibrations_;
  Shelf<StrategyTable> tables_;
};

}  // namespace autodidact
