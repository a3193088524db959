// A gateway that answers by the made-up model, until SIGTERM. Prints its address on the first line.

#include <signal.h>

#include <algorithm>
#include <cstdio>

#include "gateway/gateway.hpp"
#include "tests/clients/sum_model.hpp"
#include "tests/gateway/fake_backend.hpp"

int main() {
  using namespace autodidact;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  FakeBackend backend;
  FakeAnswers answers;
  answers.on_answer = answer_as_sum_model;
  answers.on_feedback = [&](const Feedback& feedback) {
    const auto asked = answers.asked();
    const bool known = std::any_of(asked.begin(), asked.end(), [&](const auto& one) { return one.first == feedback.id; });
    return known ? Status() : Status(Errc::kNotFound, "no answer " + feedback.id);
  };
  GatewaySettings settings;
  settings.listen = "127.0.0.1:0";
  settings.answers = &answers;
  settings.api.answer_ms = [] { return 30'000; };
  settings.health_limits.body_bytes = 1 << 20;
  auto gateway = Gateway::start(backend, settings);
  if (!gateway.ok()) {
    std::fprintf(stderr, "%s\n", gateway.status().message().c_str());
    return 1;
  }
  std::printf("%s\n", (*gateway)->health_address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
