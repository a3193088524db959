#include "tests/tools/sample_store.hpp"

#include <cstdio>

#include "config/files.hpp"
#include "model/tokenizer.hpp"

namespace autodidact {

namespace {

constexpr const char* kAlphabet = "0123456789+=\n ";

// "0" is token 4 of the alphabet's sorted order; which one it is does not matter here, only that it stays.
std::vector<TokenId> tokens_of(const std::string& text) {
  const auto tokenizer = make_char_tokenizer(kAlphabet);
  auto tokens = tokenizer.value()->encode(text);
  return tokens.ok() ? std::move(tokens).value() : std::vector<TokenId>{2, 3};
}

JudgedAttempt attempt_at(std::uint64_t index, std::uint64_t order, const std::string& completion) {
  JudgedAttempt judged;
  Attempt& attempt = judged.attempt;
  attempt.problem = sample_problem(index).id;
  attempt.method = "star";
  attempt.prompt_tokens = tokens_of(sample_problem(index).prompt);
  attempt.text = completion;
  attempt.tokens = tokens_of(completion);
  attempt.tokens.push_back(1);
  attempt.seed = 0xF000000000000000ull + order;
  attempt.created_us = kSampleStartUs + static_cast<std::int64_t>(order) * 1'000'000;
  attempt.sampler.temperature = 0.7f;
  judged.verdict.checker = "sample";
  judged.verdict.extracted = completion.substr(completion.rfind('\n') + 1);
  return judged;
}

JudgedAttempt sampled(std::uint64_t index, std::uint64_t order, std::uint32_t round, VersionId version, bool right,
                      bool hinted) {
  const std::string answer = std::to_string(index + (right ? 1 : 2));
  JudgedAttempt judged = attempt_at(index, order, std::to_string(index) + "+1\n" + answer);
  Attempt& attempt = judged.attempt;
  attempt.round = round;
  attempt.hinted = hinted;
  attempt.versions.assign(attempt.tokens.size(), version);
  for (std::size_t i = 0; i < attempt.tokens.size(); ++i) attempt.logprobs.push_back(-0.01f * static_cast<float>(i + index));
  judged.verdict.outcome = right ? Outcome::kCorrect : Outcome::kWrong;
  judged.verdict.answer_correct = right;
  judged.verdict.score = right ? 1.0f : 0.0f;
  judged.selection = {right, right ? Reject::kNone : Reject::kWrong, right ? 1.0f : 0.0f};
  return judged;
}

ItemResult item_of(std::uint64_t index, std::uint32_t round, bool hinted, JudgedAttempt judged) {
  ItemResult item;
  item.item = make_item_id(round, index, hinted);
  item.problem = sample_problem(index);
  item.attempts.push_back(std::move(judged));
  return item;
}

WriteSet seeds(std::uint64_t& order) {
  WriteSet set;
  for (std::uint64_t i = 0; i < kSampleSeeds; ++i) {
    JudgedAttempt judged = attempt_at(30 + i, order++, std::to_string(31 + i));
    judged.attempt.seed_example = true;
    judged.verdict.outcome = Outcome::kCorrect;
    judged.verdict.answer_correct = true;
    judged.verdict.score = 1;
    judged.selection = {true, Reject::kNone, 1};
    set.problems.push_back(sample_problem(30 + i));
    set.seeds.push_back(std::move(judged));
  }
  return set;
}

WriteSet round1(std::uint64_t& order) {
  WriteSet set;
  for (std::uint64_t i = 0; i < kSampleRound1; ++i) {
    set.items.push_back(item_of(i, 1, false, sampled(i, order++, 1, 1, i % 2 == 0, false)));
  }
  return set;
}

WriteSet round1_hinted(std::uint64_t& order) {
  WriteSet set;
  for (std::uint64_t i = 1; i < kSampleRound1; i += 2) {
    JudgedAttempt judged = sampled(i, order++, 1, 1, i % 4 == 1, true);
    if (i == 5) judged.selection = {false, Reject::kHintLeak, 0};
    if (i == 9) judged.selection = {false, Reject::kDuplicate, 0};
    set.items.push_back(item_of(i, 1, true, std::move(judged)));
  }
  return set;
}

WriteSet round2(std::uint64_t& order) {
  WriteSet set;
  for (std::uint64_t i = 0; i < kSampleRound2; ++i) {
    JudgedAttempt judged = sampled(i, order++, 2, 2, i % 3 != 0, false);
    if (i >= 20) {
      judged.verdict.outcome = Outcome::kCannotJudge;
      judged.verdict.answer_correct = false;
      judged.verdict.score = 0;
      judged.selection = {false, Reject::kCannotJudge, 0};
    }
    set.items.push_back(item_of(i, 2, false, std::move(judged)));
  }
  JudgedAttempt hostile = sampled(0, order++, 2, 2, false, false);
  hostile.attempt.text = hostile_text();
  hostile.verdict.extracted = "\x1b[2J";
  set.items.push_back(item_of(30, 2, false, std::move(hostile)));
  set.items.back().problem = sample_problem(0);
  return set;
}

VersionRecord version_at(VersionId id, std::uint64_t step, double accuracy, VersionState state) {
  VersionRecord version;
  version.id = id;
  version.parent = id - 1;
  version.round = id - 1;
  version.step = step;
  char path[32];
  std::snprintf(path, sizeof path, "versions/v%06u", id);
  version.path = path;
  version.digest = std::string(64, 'a');
  version.method = "star";
  char metrics[256];
  std::snprintf(metrics, sizeof metrics,
                "{\"accuracy\":%.2f,\"n\":400,\"groups\":[{\"name\":\"1 digit\",\"accuracy\":%.2f,\"n\":200},"
                "{\"name\":\"2 digits\",\"accuracy\":%.2f,\"n\":200}]}",
                accuracy, accuracy + 0.02, accuracy - 0.02);
  version.metrics_json = metrics;
  version.state = state;
  version.reason = state == VersionState::kRefused ? "held-out accuracy fell" : "";
  version.created_us = kSampleStartUs + static_cast<std::int64_t>(step) * 1'000'000;
  return version;
}

// Draws of ten steps behind `first_step`: each step one seed and two attempts of the round, in turn.
void add_consumption(WriteSet& set, std::uint64_t first_step, std::uint32_t round, AttemptId from, std::uint64_t count) {
  for (std::uint64_t i = 0; i < 10; ++i) {
    set.consumed.push_back({first_step + i, 1 + i % kSampleSeeds, round});
    set.consumed.push_back({first_step + i, from + i % count, round});
    set.consumed.push_back({first_step + i, from + (i + 1) % count, round});
  }
}

// "4+1\n5<eos>": a step of four tokens, and one of two.
std::vector<AttemptScore> scores() {
  std::vector<AttemptScore> scores;
  for (std::uint64_t i = 0; i < kSampleLabelled; ++i) {
    const float right = i % 2 == 0 ? 1.0f : 0.0f;
    scores.push_back({round1_id(i), 0, "rollouts", right, {3, 5}, {static_cast<float>(i) / 10, right}});
  }
  scores.push_back({round1_id(4), 4, "dpo", -1.25f, {}, {}});
  scores.push_back({round1_id(4), 5, "prm", -0.5f, {3, 5}, {0.75f, 0.6f}});
  return scores;
}

WriteSet history() {
  WriteSet set;
  set.scores = scores();
  set.versions = {version_at(1, 100, 0.15, VersionState::kPromoted), version_at(2, 200, 0.55, VersionState::kPromoted),
                  version_at(3, 300, 0.45, VersionState::kRefused)};
  add_consumption(set, 101, 1, round1_id(0), kSampleRound1);
  add_consumption(set, 201, 2, round2_id(0), 20);
  for (const char* kind : {"config", "gate", "resume"}) {
    Event event;
    event.created_us = kSampleStartUs;
    event.step = 100;
    event.kind = kind;
    event.detail_json = std::string("{\"what\":\"") + kind + "\"}";
    set.events.push_back(event);
  }
  LoopState loop;
  loop.phase = "sample";
  loop.round = 3;
  loop.base = 1;
  loop.current = 3;
  loop.serving = 2;
  set.loop = loop;
  TrainerState trainer;
  trainer.step = 300;
  set.trainer = trainer;
  return set;
}

}  // namespace

std::string hostile_text() {
  return std::string(
             "safe \x1b]0;owned\x07 \x1b[31mred\x1b[0m \xff\xfe \xe2\x80\xae"
             "desrever\xe2\x80\xac \xc2\x9b"
             "31m tab\there\r\n") +
         "日本語 \x7f <script>alert(1)</script> \"quoted\" \\ end";
}

Problem sample_problem(std::uint64_t index) {
  Problem problem;
  problem.id = 0xABCD000000000000ull + index * 0x9E3779B9ull;
  problem.task = "addition";
  problem.prompt = std::to_string(index) + "+1=";
  problem.reference = std::to_string(index + 1);
  problem.difficulty = index < 10 ? 1 : 2;
  problem.source = "generated";
  return problem;
}

AttemptId round1_id(std::uint64_t problem) { return kSampleSeeds + 1 + problem; }
AttemptId round2_id(std::uint64_t problem) { return kSampleSeeds + kSampleRound1 + kSampleHinted + 1 + problem; }

Status fill_sample_store(ReplayStore& store) {
  std::uint64_t order = 0;
  for (auto part : {seeds, round1, round1_hinted, round2}) AD_RETURN_IF_ERROR(store.commit(part(order)).status());
  return store.commit(history()).status();
}

Status write_sample_run(const std::string& data_dir) {
  AD_RETURN_IF_ERROR(make_directories(data_dir + "/store"));
  AD_ASSIGN_OR_RETURN(const auto tokenizer, make_char_tokenizer(kAlphabet));
  for (const char* version : {"v000001", "v000002", "v000003"}) {
    const std::string directory = data_dir + "/versions/" + version;
    AD_RETURN_IF_ERROR(make_directories(directory));
    AD_RETURN_IF_ERROR(write_file_atomic(directory + "/tokenizer.json", tokenizer->to_json()));
  }
  AD_ASSIGN_OR_RETURN(const auto store, open_store(data_dir + "/store", StoreOptions()));
  return fill_sample_store(*store);
}

}  // namespace autodidact
