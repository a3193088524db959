#include "actors/tensorboard_log.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>

#include "config/log.hpp"

namespace autodidact {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kSamplesOfALife = 2000;
constexpr std::size_t kMostTagBytes = 120;

// A tag of what a task calls a group: TensorBoard makes a path of it.
std::string tag_part(const std::string& name) {
  std::string part = name.substr(0, kMostTagBytes);
  for (char& c : part) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!plain) c = '_';
  }
  return part;
}

}  // namespace

TensorboardLog::TensorboardLog(std::string directory, Sources sources)
    : directory_(std::move(directory)),
      sources_(sources),
      history_(sources.store, sources.clock),
      born_ns_(sources.clock.mono_ns()) {
  history_.refresh();
  for (const VersionPoint& point : history_.points()) {
    if (point.measured()) written_[point.id] = !point.candidates.empty();
  }
}

std::int64_t TensorboardLog::spacing_ns() const {
  return std::max(kSecondNs, (sources_.clock.mono_ns() - born_ns_) / kSamplesOfALife);
}

void TensorboardLog::run(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (sample() && !stop.stop_requested()) {
    wake.wait_for(lock, stop, std::chrono::nanoseconds(spacing_ns()), [] { return false; });
  }
}

bool TensorboardLog::sample() {
  if (given_up_) return false;
  now_s_ = double(sources_.clock.now_us()) * 1e-6;
  Status status;
  if (!file_) {
    auto file = EventFile::create(directory_, now_s_);
    status = file.status();
    if (file.ok()) file_ = std::move(file).value();
  }
  if (status.ok()) {
    Named values;
    training(values);
    loop(values);
    put(static_cast<std::int64_t>(sources_.step.load()), values);
    versions();
    status = file_->flush();
  }
  if (status.ok() && file_->bytes() > kMostBytes)
    status = Status(Errc::kTemporary, file_->path() + " has its 64 MiB; the next start begins another");
  if (status.ok()) return true;
  given_up_ = true;
  file_.reset();
  log_warn("tensorboard", "no more curves are written until the next start: " + status.message());
  return false;
}

bool TensorboardLog::moved(const char* family, const std::string& label) {
  const auto now = sources_.metrics.seen(family, label);
  if (!now) return false;
  const auto [last, fresh] = last_.try_emplace(std::string(family) + label, *now);
  return fresh || std::exchange(last->second, *now) != *now;
}

// Of the last step of each phase that took steps since the last sample.
void TensorboardLog::training(Named& out) {
  const Metrics& m = sources_.metrics;
  bool stepped = false;
  for (const std::string phase : {"base", "round", "continuous", "verifier"}) {
    if (!moved("autodidact_train_steps_total", phase)) continue;
    stepped = true;
    const std::pair<const char*, const char*> gauges[] = {{"autodidact_loss_nats", "/loss"},
                                                          {"autodidact_learning_rate", "/learning_rate"},
                                                          {"autodidact_gradient_norm", "/gradient_norm"}};
    for (const auto& [family, name] : gauges) {
      if (const auto value = m.seen(family, phase)) out.emplace_back("train_" + phase + name, *value);
    }
    if (phase != "verifier") continue;
    for (const std::string statistic : {"loss_nats", "accuracy", "margin"}) {
      const auto value = m.seen("autodidact_verifier_preference", statistic);
      if (value) out.emplace_back("verifier_preference/" + statistic, *value);
    }
  }
  for (const std::string statistic : {"mean", "max"}) {
    const auto value = m.seen("autodidact_staleness_versions", statistic);
    if (stepped && value) out.emplace_back("loop/staleness_" + statistic, *value);
  }
}

// Rates only while there is something of their kind: a phase without sampling is no news.
void TensorboardLog::loop(Named& out) {
  const Progress progress = sources_.board.progress();
  bool judged = false;
  for (const char* outcome : {"correct", "wrong", "cannot_judge"}) judged |= moved("autodidact_attempts_total", outcome);
  if (judged) out.emplace_back("loop/accepted_share", progress.accepted);
  const std::pair<const char*, double> rates[] = {{"throughput/attempts_per_s", progress.attempts_per_s},
                                                  {"throughput/sampled_tokens_per_s", progress.tokens_per_s},
                                                  {"throughput/trained_tokens_per_s", progress.train_tokens_per_s},
                                                  {"throughput/steps_per_s", progress.steps_per_s}};
  for (const auto& [tag, rate] : rates) {
    if (rate > 0) out.emplace_back(tag, rate);
  }
}

void TensorboardLog::versions() {
  if (!history_.refresh()) return;
  for (const VersionPoint& point : history_.points()) {
    const auto before = written_.find(point.id);
    if (!point.measured() || (before != written_.end() && (before->second || point.candidates.empty()))) continue;
    version(point);
    written_[point.id] = !point.candidates.empty();
  }
}

// The x axis is the version.
void TensorboardLog::version(const VersionPoint& point) {
  Named values;
  const auto add = [&values](std::string tag, double value) {
    if (std::isfinite(value)) values.emplace_back(std::move(tag), value);
  };
  add("accuracy_by_version/held_out", point.accuracy.value);
  for (const auto& [group, accuracy] : point.groups) add("accuracy_by_group/" + tag_part(group), accuracy);
  for (const ChoicePoint& at : point.candidates) {
    const std::string k = std::to_string(at.k);
    add("candidates/pass_at_" + k, at.pass.value);
    add("candidates/best_of_" + k, at.best.value);
    add("candidates/majority_at_" + k, at.majority.value);
    add("candidates/weighted_at_" + k, at.weighted.value);
  }
  add("verifier_by_version/best_of_k", point.best_of_k);
  add("verifier_by_version/pass_at_1", point.pass_at_1);
  put(point.id, values);
}

void TensorboardLog::put(std::int64_t step, const Named& values) {
  if (values.empty()) return;
  std::vector<Scalar> scalars;
  for (const auto& [tag, value] : values) scalars.push_back({tag, static_cast<float>(value)});
  file_->add(now_s_, step, scalars);
}

}  // namespace autodidact
