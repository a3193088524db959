#include "storage/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "storage/bytes.hpp"
#include "storage/store_state.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

TEST(Codec, AttemptsComeBackAsTheyWere) {
  std::string bytes;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    JudgedAttempt written = make_attempt(seed, static_cast<std::uint32_t>(seed), 200);
    written.attempt.id = seed + 1;
    written.attempt.item = make_item_id(3, seed, true);
    written.attempt.problem = ~seed;
    JudgedAttempt read;
    encode_attempt(written, seed + 1, bytes);
    ASSERT_TRUE(decode_attempt(bytes, seed + 1, read).ok());
    expect_equal(written, read);
  }
}

TEST(Codec, ExtremesSurvive) {
  JudgedAttempt a, b;
  Attempt& attempt = a.attempt;
  attempt.item = UINT64_MAX;
  attempt.parent = UINT64_MAX;
  attempt.round = UINT32_MAX;
  attempt.created_us = std::numeric_limits<std::int64_t>::min();
  attempt.sampler.top_k = std::numeric_limits<std::int32_t>::min();
  attempt.tokens = {0, -1, std::numeric_limits<TokenId>::max(), std::numeric_limits<TokenId>::min()};
  attempt.logprobs = {-0.0f, -std::numeric_limits<float>::infinity(), 1e-45f, -3.4e38f};
  attempt.versions = {UINT32_MAX, 0, 0, 7};
  attempt.text = std::string("\0\xff\n", 3);
  std::string bytes;
  encode_attempt(a, 9, bytes);
  ASSERT_TRUE(decode_attempt(bytes, 9, b).ok());
  a.attempt.id = 9;
  expect_equal(a, b);
  EXPECT_TRUE(std::signbit(b.attempt.logprobs[0]));
}

TEST(Codec, TokensTakeAsFewBytesAsTheLargestNeeds) {
  JudgedAttempt judged;
  std::string bytes;
  std::size_t sizes[4];
  const TokenId largest[4] = {255, 65535, (1 << 24) - 1, 1 << 24};
  for (int i = 0; i < 4; ++i) {
    judged.attempt.tokens.assign(100, 0);
    judged.attempt.tokens[50] = largest[i];
    encode_attempt(judged, 1, bytes);
    sizes[i] = bytes.size();
  }
  EXPECT_EQ(sizes[1] - sizes[0], 100u);
  EXPECT_EQ(sizes[2] - sizes[1], 100u);
  EXPECT_EQ(sizes[3] - sizes[2], 100u);
}

TEST(Codec, VersionsCostByRunNotByToken) {
  JudgedAttempt judged;
  judged.attempt.tokens.assign(1000, 1);
  std::string without, with;
  encode_attempt(judged, 1, without);
  judged.attempt.versions.assign(1000, 17);
  encode_attempt(judged, 1, with);
  EXPECT_LE(with.size() - without.size(), 4u);
}

TEST(Codec, SmallRecordsComeBackAsTheyWere) {
  std::string bytes;
  const Problem problem = make_problem(77);
  encode_problem(problem, bytes);
  const auto problem_back = decode_problem(bytes, 77);
  ASSERT_TRUE(problem_back.ok());
  EXPECT_EQ(problem_back.value().prompt, problem.prompt);
  EXPECT_EQ(problem_back.value().split, Split::kHeldOut);
  EXPECT_EQ(problem_back.value().difficulty, problem.difficulty);

  VersionRecord version;
  version.id = 5;
  version.parent = 4;
  version.step = 1234567;
  version.metrics_json = "{\"accuracy\": 0.5}";
  version.state = VersionState::kRolledBack;
  version.reason = "worse";
  version.created_us = -5;
  version.line = VersionLine::kVerifier;
  encode_version(version, bytes);
  const auto version_back = decode_version(bytes, 5);
  ASSERT_TRUE(version_back.ok());
  EXPECT_EQ(version_back.value().metrics_json, version.metrics_json);
  EXPECT_EQ(version_back.value().state, VersionState::kRolledBack);
  EXPECT_EQ(version_back.value().created_us, -5);
  EXPECT_EQ(version_back.value().line, VersionLine::kVerifier);

  Event event{.seq = 3, .created_us = 9, .step = 8, .kind = "gate", .detail_json = "{}"};
  encode_event(event, bytes);
  const auto event_back = decode_event(bytes, 3);
  ASSERT_TRUE(event_back.ok());
  EXPECT_EQ(event_back.value().kind, "gate");
  EXPECT_EQ(event_back.value().step, 8u);

  TrainerState trainer{.step = 10, .plan_round = 2, .plan_first_step = 5, .plan_steps = 50, .plan_start = 3, .slot = "a"};
  trainer.plan_line = VersionLine::kVerifier;
  encode_trainer(trainer, bytes);
  const auto trainer_back = decode_trainer(bytes);
  ASSERT_TRUE(trainer_back.ok());
  EXPECT_EQ(trainer_back.value().plan_steps, 50u);
  EXPECT_EQ(trainer_back.value().plan_line, VersionLine::kVerifier);

  LoopState loop;
  loop.phase = "train";
  loop.round_size = 2000;
  loop.best_accuracy = 0.25;
  loop.verifier = 9;
  encode_loop(loop, bytes);
  const auto loop_back = decode_loop(bytes);
  ASSERT_TRUE(loop_back.ok());
  EXPECT_EQ(loop_back.value().phase, "train");
  EXPECT_EQ(loop_back.value().round_size, 2000u);
  EXPECT_EQ(loop_back.value().best_accuracy, 0.25);
  EXPECT_EQ(loop_back.value().verifier, 9u);
}

TEST(Codec, ScoresComeBackAsTheyWere) {
  std::string bytes;
  for (AttemptScore score : {make_score(7, 0), make_score(7, 3, 5), make_score(UINT64_MAX, UINT32_MAX, 4096)}) {
    score.score = -1.5e-30f;
    if (score.steps.size() == 5) score.step_ends = {0, 127, 128, 70'000, UINT32_MAX};
    encode_score(score, bytes);
    const auto read = decode_score(bytes, score.attempt, score.scorer);
    ASSERT_TRUE(read.ok()) << read.status().message();
    expect_equal({read.value()}, {score});
    EXPECT_FALSE(decode_score(bytes, score.attempt - 1, score.scorer).ok());
    EXPECT_FALSE(decode_score(bytes, score.attempt, score.scorer - 1).ok());
  }
}

TEST(Codec, AScoreOutOfBoundsIsNamedAndNeverDecoded) {
  const auto with = [](const std::function<void(AttemptScore&)>& change) {
    AttemptScore score = make_score(7, 3, 2);
    change(score);
    return score;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::pair<AttemptScore, std::string>> cases = {
      {with([](AttemptScore& s) { s.kind.clear(); }), "kind"},
      {with([](AttemptScore& s) { s.kind.assign(65, 'x'); }), "kind"},
      {with([&](AttemptScore& s) { s.score = nan; }), "finite"},
      {with([](AttemptScore& s) { s.score = -std::numeric_limits<float>::infinity(); }), "finite"},
      {make_score(7, 3, 4097), "4096"},
      {with([](AttemptScore& s) {
         s.step_ends = {3, 3};
       }),
       "ascend"},
      {with([](AttemptScore& s) { s.steps[1] = 1.001f; }), "probability"},
      {with([](AttemptScore& s) { s.steps[0] = -0.001f; }), "probability"},
      {with([&](AttemptScore& s) { s.steps[0] = nan; }), "probability"},
  };
  for (const auto& [score, named] : cases) {
    ASSERT_NE(fault_of(score), nullptr) << named;
    EXPECT_NE(std::string(fault_of(score)).find(named), std::string::npos) << fault_of(score);
    std::string bytes;
    encode_score(score, bytes);
    EXPECT_EQ(decode_score(bytes, 7, 3).status().code(), Errc::kBadInput) << named;
  }
  const AttemptScore uneven = with([](AttemptScore& s) { s.steps.pop_back(); });
  EXPECT_NE(fault_of(uneven), nullptr);
  const AttemptScore ends_only = with([](AttemptScore& s) { s.steps.clear(); });
  EXPECT_EQ(fault_of(ends_only), nullptr);
}

// A frame as it was before `bytes` were added at its end.
std::string without_last(std::string frame, std::size_t bytes, std::uint64_t key) {
  frame.resize(frame.size() - bytes);
  const std::uint32_t sum = checksum(std::string_view(frame).substr(5), key);
  std::memcpy(frame.data() + 1, &sum, sizeof sum);
  return frame;
}

TEST(Codec, RecordsOfTheTimeBeforeVerifiersAreRead) {
  std::string bytes;
  VersionRecord version = make_version(5);
  version.line = VersionLine::kVerifier;
  encode_version(version, bytes);
  const auto old_version = decode_version(without_last(bytes, 1, 5), 5);
  ASSERT_TRUE(old_version.ok()) << old_version.status().message();
  EXPECT_EQ(old_version.value().line, VersionLine::kGenerator);
  EXPECT_EQ(old_version.value().parent, 1u);

  encode_trainer({.step = 10, .plan_line = VersionLine::kVerifier, .slot = "a"}, bytes);
  const auto old_trainer = decode_trainer(without_last(bytes, 1, 0));
  ASSERT_TRUE(old_trainer.ok()) << old_trainer.status().message();
  EXPECT_EQ(old_trainer.value().plan_line, VersionLine::kGenerator);
  EXPECT_EQ(old_trainer.value().slot, "a");

  encode_loop({.phase = "train", .best_accuracy = 0.5, .verifier = 9}, bytes);
  const auto old_loop = decode_loop(without_last(bytes, 1, 0));
  ASSERT_TRUE(old_loop.ok()) << old_loop.status().message();
  EXPECT_EQ(old_loop.value().verifier, 0u);
  EXPECT_EQ(old_loop.value().best_accuracy, 0.5);

  StoreState state;
  state.counts.versions = 3;
  state.counts.scores = 9;
  encode_state(state, bytes);
  const auto old_state = decode_state(without_last(bytes, 1, 0));
  ASSERT_TRUE(old_state.ok()) << old_state.status().message();
  EXPECT_EQ(old_state.value().counts.scores, 0u);
  EXPECT_EQ(old_state.value().counts.versions, 3u);
}

TEST(Codec, ARecordFiledUnderAnotherKeyIsRefused) {
  std::string bytes;
  encode_problem(make_problem(77), bytes);
  EXPECT_EQ(decode_problem(bytes, 78).status().code(), Errc::kBadInput);
}

TEST(Codec, AnUnknownRecordVersionIsNamed) {
  std::string bytes;
  encode_problem(make_problem(77), bytes);
  bytes[0] = 9;
  EXPECT_NE(decode_problem(bytes, 77).status().message().find("record version 9"), std::string::npos);
}

// One encoder/decoder pair per kind, type-erased: every damaged form must give an error or a value, never a crash. The
// sanitizer builds are what makes this test sharp.
struct Kind {
  std::string bytes;
  std::function<bool(std::string_view)> decodes;
};

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds;
  std::string bytes;
  const JudgedAttempt judged = make_attempt(42, 3, 60);
  encode_attempt(judged, 1, bytes);
  kinds.push_back({bytes, [](std::string_view b) {
                     JudgedAttempt a;
                     return decode_attempt(b, 1, a).ok();
                   }});
  encode_problem(make_problem(1), bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_problem(b, 1).ok(); }});
  VersionRecord version;
  version.id = 1;
  version.metrics_json = "{}";
  encode_version(version, bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_version(b, 1).ok(); }});
  encode_event({.seq = 1, .created_us = 2, .step = 3, .kind = "k", .detail_json = "{}"}, bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_event(b, 1).ok(); }});
  const std::vector<ItemState> items = {{.item = 5, .problem = 6, .attempts = 1, .reason = ""},
                                        {.item = 9, .problem = 6, .quarantined = true, .reason = "x"}};
  encode_items(items, 1, bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_items(b, 1).ok(); }});
  const std::vector<Consumption> uses = {{.step = 1, .attempt = 5, .round = 6}, {.step = 1, .attempt = 700, .round = 6}};
  encode_consumption(uses, 1, bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_consumption(b, 1).ok(); }});
  const std::vector<AttemptId> ids = {1, 2, 900};
  encode_postings(ids, 1, bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_postings(b, 1).ok(); }});
  encode_score(make_score(1, 3, 6), bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_score(b, 1, 3).ok(); }});
  encode_loop(LoopState(), bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_loop(b).ok(); }});
  encode_trainer(TrainerState(), bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_trainer(b).ok(); }});
  encode_state(StoreState(), bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_state(b).ok(); }});
  std::vector<AttemptSummary> rows;
  for (AttemptId id = 1; id <= 40; id += 1 + id % 3) {
    rows.push_back({.id = id, .problem = id * 0x9e3779b97f4a7c15ull, .round = 1, .score = 0.5f});
  }
  SummaryBlock::encode(0, rows, bytes);
  kinds.push_back({bytes, [](std::string_view b) {
                     const auto block = SummaryBlock::parse(std::string(b), 0);
                     if (block.ok()) block.value().rows();
                     return block.ok();
                   }});
  encode_zone(zone_of(rows), 1, bytes);
  kinds.push_back({bytes, [](std::string_view b) { return decode_zone(b, 1).ok(); }});
  return kinds;
}

TEST(CodecDamage, EveryTruncationIsRefused) {
  for (const Kind& kind : all_kinds()) {
    ASSERT_TRUE(kind.decodes(kind.bytes));
    for (std::size_t size = 0; size < kind.bytes.size(); ++size)
      EXPECT_FALSE(kind.decodes(std::string_view(kind.bytes).substr(0, size)));
    EXPECT_FALSE(kind.decodes(kind.bytes + '\0'));
  }
}

TEST(CodecDamage, EveryFlippedBitIsRefused) {
  for (const Kind& kind : all_kinds()) {
    for (std::size_t bit = 0; bit < kind.bytes.size() * 8; ++bit) {
      std::string damaged = kind.bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      EXPECT_FALSE(kind.decodes(damaged)) << "bit " << bit;
    }
  }
}

// A hostile writer fits the checksum: then the payload's own checks must hold.
TEST(CodecDamage, RandomPayloadsWithAFittingChecksumNeverCrash) {
  DrawRandom random(2026);
  std::size_t accepted = 0;
  for (const Kind& kind : all_kinds()) {
    for (int round = 0; round < 4000; ++round) {
      std::string damaged = kind.bytes;
      for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
        const std::size_t at = 5 + random.below(damaged.size() - 4);
        switch (random.below(4)) {
          case 0:
            damaged.insert(damaged.begin() + static_cast<std::ptrdiff_t>(std::min(at, damaged.size())),
                           static_cast<char>(random.next()));
            break;
          case 1:
            if (at < damaged.size() && damaged.size() > 6) damaged.erase(at, 1 + random.below(3));
            break;
          case 2:
            if (at < damaged.size()) damaged[at] = static_cast<char>(0xff);
            break;
          default:
            if (at < damaged.size()) damaged[at] = static_cast<char>(random.next());
            break;
        }
      }
      for (std::uint64_t key = 0; key <= 1; ++key) {
        const std::uint32_t sum = checksum(std::string_view(damaged).substr(5), key);
        std::memcpy(damaged.data() + 1, &sum, sizeof sum);
        accepted += kind.decodes(damaged) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(accepted, 100u);  // the mutations reach behind the checksum at all
}

TEST(CodecDamage, AHugeCountIsRefusedBeforeAnythingIsAllocated) {
  std::string bytes(5, '\0');
  bytes[0] = static_cast<char>(kRecordVersion);
  ByteWriter out(bytes);
  out.varint(1ull << 60);  // items
  const std::uint32_t sum = checksum(std::string_view(bytes).substr(5), 1);
  std::memcpy(bytes.data() + 1, &sum, sizeof sum);
  EXPECT_EQ(decode_items(bytes, 1).status().code(), Errc::kBadInput);
  EXPECT_EQ(decode_consumption(bytes, 1).status().code(), Errc::kBadInput);
}

TEST(Bytes, VarintsOfMoreThan64BitsAreRefused) {
  const std::string eleven(11, '\x80');
  ByteReader in(eleven);
  in.varint();
  EXPECT_FALSE(in.ok());
  std::string most;
  ByteWriter(most).varint(UINT64_MAX);
  ByteReader back(most);
  EXPECT_EQ(back.varint(), UINT64_MAX);
  EXPECT_TRUE(back.ok() && back.at_end());
  most.back() = 2;
  ByteReader over(most);
  over.varint();
  EXPECT_FALSE(over.ok());
}

}  // namespace
}  // namespace autodidact
