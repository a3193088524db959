// The event files: their bytes, what is logged of a run, and that a disk which takes nothing hurts nobody. That TensorBoard
// itself reads them: tensorboard_peer.py.

#include <sys/resource.h>

#include <csignal>

#include "actors/tensorboard_log.hpp"
#include "tests/actors/event_records.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

using namespace std::string_literals;

TEST(EventFile, ChecksumsAreThoseOfTheStandard) {  // RFC 3720, B.4
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending.push_back(static_cast<char>(i));
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(ascending), 0x46DD794Eu);
  EXPECT_EQ(crc32c(std::string(ascending.rbegin(), ascending.rend())), 0x113FDB5Cu);
  EXPECT_EQ(masked_crc32c("123456789"), ((0xE3069283u >> 15) | (0xE3069283u << 17)) + 0xa282ead8u);
}

TEST(EventFile, EventsAreByteForByteWhatTheFormatSays) {
  // wall_time 1.5: field 1, fixed64. file_version: field 3.
  EXPECT_EQ(version_event(1.5), "\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x1a\x0d"s + "brain.Event:2");
  const Scalar scalars[] = {{"a/b", 0.5f}, {"c", -2.0f}};
  EXPECT_EQ(scalar_event(1.5, 300, scalars),
            "\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x10\xac\x02\x2a\x16"
            "\x0a\x0a\x0a\x03"
            "a/b\x15\x00\x00\x00\x3f"
            "\x0a\x08\x0a\x01"
            "c\x15\x00\x00\x00\xc0"s);
}

TEST(EventFile, ARecordIsLengthChecksumPayloadChecksum) {
  std::string record;
  append_record(record, "123456789");
  ASSERT_EQ(record.size(), 9u + 16);
  EXPECT_EQ(record.substr(0, 8), "\x09\x00\x00\x00\x00\x00\x00\x00"s);
  EXPECT_EQ(fixed<std::uint32_t>(std::string_view(record).substr(8)), masked_crc32c(record.substr(0, 8)));
  EXPECT_EQ(record.substr(12, 9), "123456789");
  EXPECT_EQ(fixed<std::uint32_t>(std::string_view(record).substr(21)), masked_crc32c("123456789"));
}

class Tensorboard : public ::testing::Test {
 protected:
  TensorboardLog log() { return TensorboardLog(place_, {*store_, metrics_, board_, step_, clock_}); }
  Curves curves(std::size_t file = 0) const {
    const auto files = event_files(place_);
    return file < files.size() ? curves_of(bytes_of(files[file])) : Curves();
  }
  void step(const char* phase, std::uint64_t to, double loss) {
    metrics_.add("autodidact_train_steps_total", phase, double(to - step_));
    metrics_.set("autodidact_loss_nats", phase, loss);
    metrics_.set("autodidact_learning_rate", phase, 0.125);
    metrics_.set("autodidact_gradient_norm", phase, 3);
    step_ = to;
  }
  void version(VersionId id, const std::string& metrics_json, VersionLine line = VersionLine::kGenerator) {
    WriteSet set;
    set.versions.push_back(make_version(id, VersionState::kPromoted));
    set.versions[0].line = line;
    set.versions[0].metrics_json = metrics_json;
    set.events.push_back(make_event("gate"));
    ASSERT_TRUE(store_->commit(std::move(set)).ok());
  }

  TempDirectory directory_;
  const std::string place_ = directory_.path("tensorboard");
  std::unique_ptr<ReplayStore> store_ = make_memory_store();
  Metrics metrics_;
  StatusBoard board_;
  std::atomic<std::uint64_t> step_{0};
  ManualClock clock_{1'700'000'000'000'000};
};

TEST_F(Tensorboard, LogsTheStepsOfEachPhaseOnceAndNothingWhileNoneAreTaken) {
  auto log = this->log();
  step("base", 10, 2.0);
  ASSERT_TRUE(log.sample());
  ASSERT_TRUE(log.sample());
  step("round", 14, 1.0);
  metrics_.set("autodidact_staleness_versions", "mean", 0.75);
  ASSERT_TRUE(log.sample());
  const Curves read = curves();
  EXPECT_EQ(read.at("train_base/loss"), (Curves::mapped_type{{10, 2.0f}}));
  EXPECT_EQ(read.at("train_base/learning_rate"), (Curves::mapped_type{{10, 0.125f}}));
  EXPECT_EQ(read.at("train_round/loss"), (Curves::mapped_type{{14, 1.0f}}));
  EXPECT_EQ(read.at("train_round/gradient_norm"), (Curves::mapped_type{{14, 3.0f}}));
  EXPECT_EQ(read.at("loop/staleness_mean"), (Curves::mapped_type{{14, 0.75f}}));
  EXPECT_FALSE(read.contains("train_verifier/loss"));
}

TEST_F(Tensorboard, LogsAVerifiersPreferencesAndTheRatesThatAreNotZero) {
  auto log = this->log();
  step("verifier", 3, 0.5);
  metrics_.set("autodidact_verifier_preference", "accuracy", 0.875);
  metrics_.add("autodidact_attempts_total", "correct", 5);
  Progress progress;
  progress.accepted = 0.25;
  progress.tokens_per_s = 1000;
  board_.post(progress, "{}", true, "{}");
  ASSERT_TRUE(log.sample());
  const Curves read = curves();
  EXPECT_EQ(read.at("verifier_preference/accuracy"), (Curves::mapped_type{{3, 0.875f}}));
  EXPECT_EQ(read.at("loop/accepted_share"), (Curves::mapped_type{{3, 0.25f}}));
  EXPECT_EQ(read.at("throughput/sampled_tokens_per_s"), (Curves::mapped_type{{3, 1000.0f}}));
  EXPECT_FALSE(read.contains("throughput/trained_tokens_per_s"));
}

TEST_F(Tensorboard, LogsEachVersionOnceByGroupAndByNumberOfCandidates) {
  auto log = this->log();
  ASSERT_TRUE(log.sample());
  version(2, R"({"accuracy":0.5,"n":10,"correct":5,"groups":[{"name":"3 digits","accuracy":0.25,"n":4}],
                 "candidates":{"verifier":1,"curve":[{"k":4,"pass":{"value":0.75},"majority":{"value":0.625}}]}})");
  version(3, R"({"best_of_k":0.875,"pass_at_1":0.5,"k":8})", VersionLine::kVerifier);
  ASSERT_TRUE(log.sample());
  version(4, R"({"accuracy":0.75,"n":8,"correct":6})");
  ASSERT_TRUE(log.sample());
  const Curves read = curves();
  EXPECT_EQ(read.at("accuracy_by_version/held_out"), (Curves::mapped_type{{2, 0.5f}, {4, 0.75f}}));
  EXPECT_EQ(read.at("accuracy_by_group/3_digits"), (Curves::mapped_type{{2, 0.25f}}));
  EXPECT_EQ(read.at("candidates/pass_at_4"), (Curves::mapped_type{{2, 0.75f}}));
  EXPECT_EQ(read.at("candidates/majority_at_4"), (Curves::mapped_type{{2, 0.625f}}));
  EXPECT_FALSE(read.contains("candidates/best_of_4"));
  EXPECT_EQ(read.at("verifier_by_version/best_of_k"), (Curves::mapped_type{{3, 0.875f}}));
}

TEST_F(Tensorboard, AnotherStartWritesAnotherFileAndDoesNotRepeatVersions) {
  version(1, R"({"accuracy":0.5,"n":10,"correct":5})");
  {
    auto log = this->log();
    ASSERT_TRUE(log.sample());
    version(2, R"({"accuracy":0.75,"n":8,"correct":6})");
    ASSERT_TRUE(log.sample());
  }
  clock_.advance_us(5'000'000);
  auto log = this->log();
  version(3, R"({"accuracy":1.0,"n":8,"correct":8})");
  ASSERT_TRUE(log.sample());
  ASSERT_EQ(event_files(place_).size(), 2u);
  EXPECT_EQ(curves(0).at("accuracy_by_version/held_out"), (Curves::mapped_type{{2, 0.75f}}));
  EXPECT_EQ(curves(1).at("accuracy_by_version/held_out"), (Curves::mapped_type{{3, 1.0f}}));
}

TEST_F(Tensorboard, SamplesGrowRareAsTheRunGrowsOld) {
  auto log = this->log();
  EXPECT_EQ(log.spacing_ns(), 1'000'000'000);
  clock_.advance_us(2'000'000'000);  // 2000 s
  EXPECT_EQ(log.spacing_ns(), 1'000'000'000);
  clock_.advance_us(30ll * 86'400'000'000);
  EXPECT_EQ(log.spacing_ns(), (2'000 + 30ll * 86'400) * 1'000'000'000 / 2000);
}

TEST_F(Tensorboard, APlaceThatCannotBeMadeIsGivenUp) {
  TensorboardLog log("/dev/null/tensorboard", {*store_, metrics_, board_, step_, clock_});
  EXPECT_FALSE(log.sample());
  EXPECT_FALSE(log.sample());
}

// A file that may grow no more is what a full disk is to the writer.
TEST_F(Tensorboard, AWriteThatFailsEndsTheLogAndNothingElse) {
  auto log = this->log();
  step("base", 1, 1.0);
  ASSERT_TRUE(log.sample());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{bytes_of(event_files(place_)[0]).size(), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  step("base", 2, 1.0);
  const bool went_on = log.sample();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(went_on);
  step("base", 3, 1.0);
  EXPECT_FALSE(log.sample()) << "given up is given up";
  EXPECT_EQ(curves().at("train_base/loss").size(), 1u);
}

TEST_F(Tensorboard, ItEndsWithALastSampleWhenToldTo) {
  auto log = this->log();
  std::stop_source stop;
  step("base", 7, 1.0);
  stop.request_stop();
  log.run(stop.get_token());
  EXPECT_EQ(curves().at("train_base/loss"), (Curves::mapped_type{{7, 1.0f}}));
}

}  // namespace
}  // namespace autodidact
