#include "tests/actors/store_audit.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "config/sha256.hpp"

namespace autodidact {
namespace {

using Findings = std::vector<std::string>;

std::string item_text(ItemId item) {
  return "round " + std::to_string(item_round(item)) + " position " + std::to_string(item_position(item)) +
         (item_hinted(item) ? " hinted" : "");
}

struct Tally {
  std::uint32_t attempts = 0, correct = 0, kept = 0;
};

// Attempts against the items they belong to: none lost, none twice, none of nobody's.
void audit_items(const ReplayStore& store, const std::vector<JudgedAttempt>& attempts, const Options& options, Findings& out) {
  std::map<ItemId, Tally> tallies;
  std::set<std::uint32_t> rounds;
  for (const auto& judged : attempts) {
    const Attempt& a = judged.attempt;
    if (a.seed_example) continue;
    if (a.logprobs.size() != a.tokens.size() || a.versions.size() != a.tokens.size()) {
      out.push_back("attempt " + std::to_string(a.id) + " lacks log-probabilities or versions");
    }
    Tally& tally = tallies[a.item];
    ++tally.attempts;
    tally.correct += judged.verdict.outcome == Outcome::kCorrect;
    tally.kept += judged.selection.kept;
    rounds.insert(item_round(a.item));
  }
  for (const auto round : rounds) {
    for (const auto& state : store.items_of_round(round).value()) {
      const Tally tally = tallies[state.item];
      tallies.erase(state.item);
      const auto expected = state.quarantined ? 0 : static_cast<std::uint32_t>(options.sample.samples_per_problem);
      if (state.attempts != expected || tally.attempts != expected) {
        out.push_back(item_text(state.item) + ": " + std::to_string(tally.attempts) + " attempts in the store, the item says " +
                      std::to_string(state.attempts) + ", asked for " + std::to_string(expected));
      }
      if (tally.correct != state.correct || tally.kept != state.kept) out.push_back(item_text(state.item) + ": counts differ");
    }
  }
  for (const auto& [item, tally] : tallies) out.push_back(item_text(item) + ": attempts of an item that is not done");
}

// No problem skipped, none counted twice; rationalization asked exactly where the first attempt failed.
void audit_round(const ReplayStore& store, std::uint32_t round, const Options& options, const Task& task, Findings& out) {
  const auto size = static_cast<std::uint64_t>(options.loop.problems_per_round);
  std::map<std::uint64_t, ItemState> first, hinted;
  for (const auto& state : store.items_of_round(round).value()) {
    auto& side = item_hinted(state.item) ? hinted : first;
    if (!side.emplace(item_position(state.item), state).second) out.push_back(item_text(state.item) + " twice");
  }
  for (std::uint64_t position = 0; position < size; ++position) {
    const std::string where = item_text(make_item_id(round, position, false));
    const auto at = first.find(position);
    if (at == first.end()) {
      out.push_back(where + ": skipped");
      continue;
    }
    if (at->second.problem != task.training_problem((round - 1) * size + position).id && !at->second.quarantined) {
      out.push_back(where + ": another problem");
    }
    const bool failed = at->second.correct == 0 && !at->second.quarantined && options.method.rationalize;
    if (failed != (hinted.count(position) > 0))
      out.push_back(where + (failed ? ": not rationalized" : ": rationalized though right"));
  }
  if (first.size() > size) out.push_back("round " + std::to_string(round) + " has problems beyond its size");
}

// The steps of verifiers, which learn from wrong attempts too and have a batch size of their own.
std::set<std::uint64_t> verifier_steps(const ReplayStore& store, const Options& options) {
  std::set<std::uint64_t> steps;
  const auto add = [&](std::uint64_t before, std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) steps.insert(before + i);
  };
  std::uint64_t generator_step = 0;
  for (const auto& version : store.versions().value()) {
    if (version.line == VersionLine::kVerifier) add(generator_step, static_cast<std::uint64_t>(options.verifier.steps));
    if (version.line == VersionLine::kGenerator) generator_step = version.step;
  }
  const TrainerState now = store.trainer_state().value();
  if (now.plan_line == VersionLine::kVerifier) add(now.plan_first_step, now.plan_steps);
  return steps;
}

// Consumption matches steps exactly: one full batch per step, none beyond the trainer's, of kept attempts only.
void audit_training(const ReplayStore& store, const std::vector<JudgedAttempt>& attempts, const Options& options,
                    Findings& out) {
  const auto steps = store.trainer_state().value().step;
  const auto of_verifiers = verifier_steps(store, options);
  const std::int64_t verifier_batch = 2 * options.verifier.batch;  // pairs
  std::map<AttemptId, bool> kept;
  for (const auto& judged : attempts) kept[judged.attempt.id] = judged.selection.kept;
  std::map<std::uint64_t, std::int64_t> rows;
  for (const auto& row : store.consumption(0, ~0ull >> 1).value()) {
    ++rows[row.step];
    const auto found = kept.find(row.attempt);
    if (found == kept.end() || (!found->second && !of_verifiers.contains(row.step))) {
      out.push_back("step " + std::to_string(row.step) + " consumed attempt " + std::to_string(row.attempt) +
                    ", which was not kept");
    }
  }
  for (std::uint64_t step = 1; step <= steps; ++step) {
    if (rows[step] != (of_verifiers.contains(step) ? verifier_batch : options.train.batch_sequences)) {
      out.push_back("step " + std::to_string(step) + " consumed " + std::to_string(rows[step]) + " attempts");
    }
    rows.erase(step);
  }
  for (const auto& [step, n] : rows) out.push_back("consumption of step " + std::to_string(step) + ", which did not happen");
}

void audit_versions(const ReplayStore& store, const std::string& data_dir, Findings& out) {
  VersionId expected = 1;
  for (const auto& version : store.versions().value()) {
    const std::string who = "version " + std::to_string(version.id);
    if (version.id != expected++) out.push_back(who + ": ids are not consecutive");
    if (version.step > store.trainer_state().value().step) out.push_back(who + " is of a step not yet done");
    if (data_dir.empty()) continue;
    const auto digest = sha256_file_hex(data_dir + "/" + version.path + "/model.safetensors");
    if (!digest.ok() || *digest != version.digest) out.push_back(who + ": weights missing or not those recorded");
  }
}

}  // namespace

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

std::vector<JudgedAttempt> all_attempts(const ReplayStore& store) {
  std::vector<JudgedAttempt> out;
  AttemptQuery query;
  query.oldest_first = true;
  query.limit = 1000;
  do {
    const AttemptPage page = store.find(query).value();
    std::vector<AttemptId> ids;
    for (const auto& row : page.rows) ids.push_back(row.id);
    for (auto& judged : store.read(ids).value()) out.push_back(std::move(judged));
    query.after = page.next;
  } while (query.after != 0);
  return out;
}

std::vector<std::string> audit_store(const ReplayStore& store, const Options& options, const Task& task,
                                     const AuditScope& scope) {
  Findings findings;
  const auto attempts = all_attempts(store);
  for (std::size_t i = 1; i < attempts.size(); ++i) {
    if (attempts[i].attempt.id <= attempts[i - 1].attempt.id) findings.push_back("attempt ids do not ascend");
  }
  audit_items(store, attempts, options, findings);
  for (std::uint32_t round = 1; round <= scope.complete_rounds; ++round) audit_round(store, round, options, task, findings);
  audit_training(store, attempts, options, findings);
  audit_versions(store, scope.data_dir, findings);
  if (findings.size() > 20) findings.resize(20);
  return findings;
}

std::string dump_store(const ReplayStore& store) {
  std::ostringstream out;
  for (const auto& judged : all_attempts(store)) {
    const Attempt& a = judged.attempt;
    out << "attempt " << a.id << " item " << a.item << " problem " << a.problem << " round " << a.round << " hinted "
        << a.hinted << " seed " << a.seed << " at " << a.created_us << "+" << a.sample_us << " finish " << name(a.finish)
        << " text " << a.text;
    for (std::size_t i = 0; i < a.tokens.size(); ++i) {
      out << " " << a.tokens[i];
      if (i < a.logprobs.size()) out << ":" << a.logprobs[i] << "@" << a.versions[i];
    }
    out << " verdict " << name(judged.verdict.outcome) << " " << judged.verdict.extracted << " " << judged.verdict.judge_us
        << " kept " << judged.selection.kept << " " << name(judged.selection.reason) << " " << judged.selection.weight << "\n";
  }
  for (const auto& row : store.consumption(0, ~0ull >> 1).value())
    out << "step " << row.step << " used " << row.attempt << "\n";
  for (const auto& version : store.versions().value()) {
    out << "version " << version.id << " of " << version.parent << " round " << version.round << " step " << version.step << " "
        << version.digest << " " << name(version.state) << " " << version.metrics_json << " at " << version.created_us << "\n";
  }
  for (const auto& event : store.events(0, 100000).value()) {
    out << "event " << event.seq << " step " << event.step << " " << event.kind << " " << event.detail_json << " at "
        << event.created_us << "\n";
  }
  return out.str();
}

}  // namespace autodidact
