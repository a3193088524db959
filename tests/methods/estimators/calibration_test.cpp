#include "methods/estimators/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "methods/estimators/calibration_metrics.hpp"

namespace autodidact {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Right with a known probability: logit p = 1 + 2 * (vote share - 0.5) + 0.7 * score.
struct Synthetic {
  std::vector<JudgedAnswer> answers;
  std::vector<double> truth;
};
Synthetic synthetic(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  Synthetic made;
  for (std::size_t i = 0; i < n; ++i) {
    const double share = uniform(random), score = 2 * normal(random), noise = normal(random);
    const double p = 1 / (1 + std::exp(-(1 + 2 * (share - 0.5) + 0.7 * score)));
    made.truth.push_back(p);
    made.answers.push_back({{share, score, noise, 3, kNaN}, uniform(random) < p});
  }
  return made;
}

TEST(Calibration, RecoversTheTrueProbabilitiesOfHeldOutAnswers) {
  const Calibration fitted = Calibration::fit(synthetic(4000, 1).answers).value();
  const Synthetic held_out = synthetic(4000, 2);
  std::vector<JudgedConfidence> judged;
  double worst = 0;
  for (std::size_t i = 0; i < held_out.answers.size(); ++i) {
    const double confidence = fitted.confidence(held_out.answers[i].evidence);
    worst = std::max(worst, std::abs(confidence - held_out.truth[i]));
    judged.push_back({confidence, held_out.answers[i].correct});
  }
  EXPECT_LT(worst, 0.06);
  EXPECT_LT(expected_calibration_error(judged), 0.03);
  EXPECT_NEAR(fitted.weights()[0], 2 * std::sqrt(1.0 / 12), 0.12);
  EXPECT_NEAR(fitted.weights()[1], 0.7 * 2, 0.12);
  EXPECT_NEAR(fitted.weights()[2], 0, 0.12);
}

TEST(Calibration, IsWhereTheGradientVanishes) {
  // One kind of evidence, two values: the fit can be had by hand. Of 8 at -1 two are right, of 8 at +1 six.
  std::vector<JudgedAnswer> answers;
  for (int i = 0; i < 16; ++i) answers.push_back({{i < 8 ? -1.0 : 1.0, 0, 0, 0, 0}, i < 8 ? i < 2 : i < 14});
  const Calibration fitted = Calibration::fit(answers, 1e-6).value();
  const double smoothed = (2 * 0.9 + 6 * 0.1) / 8;  // Platt's targets: 9/10 and 1/10
  EXPECT_NEAR(fitted.confidence(answers[0].evidence), smoothed, 1e-5);
  EXPECT_NEAR(fitted.confidence(answers[15].evidence), 1 - smoothed, 1e-5);
  const Calibration stiff = Calibration::fit(answers, 100.0).value();
  EXPECT_LT(std::abs(stiff.weights()[0]), std::abs(fitted.weights()[0]) / 5);
}

TEST(Calibration, EvidenceThatNeverVariesOrIsNeverKnownHasNoWeight) {
  const Calibration fitted = Calibration::fit(synthetic(500, 3).answers).value();
  EXPECT_EQ(fitted.weights()[3], 0);
  EXPECT_EQ(fitted.weights()[4], 0);
  AnswerEvidence evidence = {0.5, 0, 0, 3, kNaN};
  const double before = fitted.confidence(evidence);
  evidence[3] = 1e9;
  evidence[4] = 7;
  EXPECT_EQ(fitted.confidence(evidence), before);
}

TEST(Calibration, SeparableAnswersAndAMissingClassStayFinite) {
  std::vector<JudgedAnswer> separable, right;
  for (int i = 0; i < 100; ++i) {
    separable.push_back({{i / 100.0, i < 50 ? -5.0 : 5.0, 0, 0, 0}, i >= 50});
    right.push_back({{i / 100.0, 1, 0, 0, 0}, true});
  }
  const Calibration apart = Calibration::fit(separable).value();
  EXPECT_GT(apart.confidence(separable[99].evidence), 0.9);
  EXPECT_LT(apart.confidence(separable[0].evidence), 0.1);
  EXPECT_LT(std::abs(apart.weights()[1]), 10);
  const Calibration always = Calibration::fit(right).value();
  EXPECT_NEAR(always.confidence(right[50].evidence), 101.0 / 102, 1e-3);
  const Calibration one = Calibration::fit(std::vector<JudgedAnswer>(1)).value();
  EXPECT_NEAR(one.confidence({}), 1.0 / 3, 1e-6);
}

TEST(Calibration, EvidenceBeyondWhatWasSeenCountsAsTheUtmostSeen) {
  const Synthetic data = synthetic(300, 4);
  const Calibration fitted = Calibration::fit(data.answers).value();
  double highest = 0;
  for (const JudgedAnswer& one : data.answers) highest = std::max(highest, one.evidence[1]);
  EXPECT_NEAR(fitted.confidence({0.5, 1e6, 0, 3, kNaN}), fitted.confidence({0.5, highest, 0, 3, kNaN}), 1e-12);
  for (const double odd : {kNaN, std::numeric_limits<double>::infinity(), -1e308}) {
    const double confidence = fitted.confidence({odd, odd, odd, odd, odd});
    EXPECT_TRUE(confidence > 0 && confidence < 1) << odd;
  }
}

TEST(Calibration, RefusesToFitNothingAndSurvivesAbsurdEvidence) {
  EXPECT_EQ(Calibration::fit({}).status().code(), Errc::kBadInput);
  std::vector<JudgedAnswer> absurd(10);
  for (std::size_t i = 0; i < 10; ++i)
    absurd[i] = {{i % 2 ? 1e308 : -1e308, 1e-320 * static_cast<double>(i), 0, 0, 0}, i % 3 == 0};
  const double confidence = Calibration::fit(absurd).value().confidence(absurd[0].evidence);
  EXPECT_TRUE(confidence > 0 && confidence < 1);
}

TEST(Calibration, ReadsBackWhatItWroteToTheLastBit) {
  const Synthetic data = synthetic(200, 5);
  const Calibration fitted = Calibration::fit(data.answers).value();
  const Calibration read = Calibration::from_json(fitted.to_json()).value();
  for (const JudgedAnswer& one : data.answers) EXPECT_EQ(read.confidence(one.evidence), fitted.confidence(one.evidence));
  EXPECT_EQ(read.answers(), 200u);
  EXPECT_EQ(read.to_json(), fitted.to_json());
}

// What `change` makes of a good file must be refused with this in the message.
template <class Change>
void expect_refused(Change change, const std::string& message) {
  json file = json::parse(Calibration::fit(synthetic(50, 6).answers).value().to_json());
  change(file);
  const auto read = Calibration::from_json(file.dump());
  ASSERT_FALSE(read.ok()) << message;
  EXPECT_EQ(read.status().code(), Errc::kBadInput);
  EXPECT_THAT(read.status().message(), HasSubstr(message));
}

TEST(Calibration, RefusesHostileFiles) {
  expect_refused([](json& f) { f["format"] = "autodidact-strategy-table"; }, "\"format\"");
  expect_refused([](json& f) { f["version"] = 2; }, "fit it again");
  expect_refused([](json& f) { f.erase("intercept"); }, "\"intercept\" must be a number");
  expect_refused([](json& f) { f["intercept"] = 1e200; }, "\"intercept\"");
  expect_refused([](json& f) { f["answers"] = -1; }, "\"answers\"");
  expect_refused([](json& f) { f["evidence"].push_back(1); }, "\"evidence\"");
  expect_refused([](json& f) { f["evidence"].erase(4); }, "fit it again");
  expect_refused([](json& f) { f["evidence"][1]["name"] = "margin"; }, "evidence 1: field \"name\" must be \"score\"");
  expect_refused([](json& f) { f["evidence"][1] = nullptr; }, "\"name\"");
  expect_refused([](json& f) { f["evidence"][0]["scale"] = -1; }, "evidence 0: field \"scale\"");
  expect_refused([](json& f) { f["evidence"][0]["weight"] = "1"; }, "\"weight\"");
  expect_refused([](json& f) { f["evidence"][0]["least"] = 5; }, "\"least\"");
  for (const std::string& text : {std::string(), std::string("[]"), std::string("{\"format\": 1e999}"), std::string(5000, '['),
                                  std::string(2 << 20, ' '), std::string("\0{}", 3)}) {
    EXPECT_EQ(Calibration::from_json(text).status().code(), Errc::kBadInput);
  }
}

TEST(Calibration, AFileWithAWrongByteIsRefusedOrStillGivesProbabilities) {
  const std::string good = Calibration::fit(synthetic(50, 6).answers).value().to_json();
  int refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char wrong : {'9', '-', 'e', '"', '\0'}) {
      std::string damaged = good;
      damaged[i] = wrong;
      const auto read = Calibration::from_json(damaged);
      refused += !read.ok();
      if (!read.ok()) continue;
      const double confidence = read->confidence({0.5, -3, 1, 2, 1e300});
      EXPECT_TRUE(confidence > 0 && confidence < 1) << damaged;
    }
    if (i + 1 < good.size()) EXPECT_FALSE(Calibration::from_json(good.substr(0, i)).ok()) << "cut at " << i;
  }
  EXPECT_GT(refused, static_cast<int>(good.size()));
}

TEST(AnswerEvidence, SaysHowTheAnswerStandsAmongTheCandidates) {
  const std::vector<JudgedCandidate> candidates = {
      {true, -0.5, "12", 10}, {true, -0.25, "12", 30}, {false, -2, "13", 5}, {false, kNaN, "14", 5}, {false, 3, "", 5}};
  const AnswerEvidence evidence = answer_evidence(candidates, "12");
  EXPECT_EQ(evidence[0], 0.5);
  EXPECT_EQ(evidence[1], -0.25);
  EXPECT_EQ(evidence[2], 1.75);
  EXPECT_DOUBLE_EQ(evidence[3], std::log(3.0));
  EXPECT_DOUBLE_EQ(evidence[4], std::log(21.0));
}

TEST(AnswerEvidence, WhatIsNotKnownIsNaN) {
  const std::vector<JudgedCandidate> alone = {{true, -0.5, "12", 10}},
                                     unscored = {{true, kNaN, "12", 10}, {true, -1, "13", 10}};
  EXPECT_TRUE(std::isnan(answer_evidence(alone, "12")[2]));
  EXPECT_TRUE(std::isnan(answer_evidence(unscored, "12")[1]));
  EXPECT_TRUE(std::isnan(answer_evidence(unscored, "12")[2]));
  const AnswerEvidence none = answer_evidence(alone, "99");
  EXPECT_EQ(none[0], 0);
  EXPECT_TRUE(std::isnan(none[4]));
  EXPECT_EQ(answer_evidence({}, "1")[0], 0);
}

}  // namespace
}  // namespace autodidact
