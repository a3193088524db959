#pragma once
// Answers requests with the weights that serve: one decoder and one verifier for all of them, on one compute thread. No CAF.
// Owned by the answerer actor. submit(), expire() and the accounting: any thread; what a listener is told comes from the
// compute thread, or from whoever ends the request early. Nothing survives a crash but what ServedAnswers stores.
//
// Every request ends: answered, at its deadline, when the client leaves, or when the engine is stopped. Requests beyond
// serve.queue are refused at once. New weights are taken between two steps; open searches go on with them.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/answer_job.hpp"
#include "actors/compute_thread.hpp"
#include "actors/served_answers.hpp"
#include "actors/sliced_turn.hpp"
#include "actors/version_artefacts.hpp"

namespace autodidact {

class AnswererEngine : public std::enable_shared_from_this<AnswererEngine> {
 public:
  // `broken`: the device threw, this engine is of no more use.
  AnswererEngine(ContextPtr context, std::function<void(const std::string&)> broken);

  void submit(std::string id, std::shared_ptr<const AnswerRequest> request, AskerPtr asker);
  void configure(std::shared_ptr<const Options> options);
  // Ends at the next step; every request is answered with an error now, also when the device hangs.
  void stop();
  // Requests that are past their deadline although the thread should have seen to it are answered with an error.
  void expire();

  std::size_t queued() const;
  std::size_t running() const { return running_.load(); }
  std::uint64_t tokens() const { return tokens_.load(); }      // generated so far
  std::uint64_t progress() const { return progress_.load(); }  // steps and answers
  std::string waits_for() const;                               // "" when decoding

 private:
  using Time = AnswerJob::Time;
  struct Open {
    std::unique_ptr<AnswerJob> job;
    std::uint64_t first_tag = 0;
    std::size_t searches = 0;
  };

  void pump();
  void drop_those_gone(Time now);
  void admit();
  void begin(AnswerJob::Asked asked);
  bool start(Open& open);
  Status prepare();
  Status take_weights();
  bool hold_device();
  void step();
  void score();
  void finish(Open& open);
  void account(const AnswerJob& job, const Answer& answer);
  void refuse(const AnswerJob::Asked& asked, const Status& status, const char* label);
  void cancel(Open& open);
  void fail_all(const Status& status);
  void account();
  void wait_on(const std::string& what);
  std::shared_ptr<const Options> options() const;

  const ContextPtr context_;
  const std::shared_ptr<ComputeThread> thread_;
  const AnswerPrompts prompts_;
  const Questions questions_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Options> options_;                            // guarded by mutex_
  std::deque<AnswerJob::Asked> waiting_;                              // guarded by mutex_
  std::unordered_map<Asker*, std::pair<AskerPtr, Time>> unanswered_;  // guarded by mutex_; with their deadlines
  bool pumping_ = false;                                              // guarded by mutex_
  bool stopped_ = false;                                              // guarded by mutex_
  std::string waits_for_;                                             // guarded by mutex_

  std::atomic<std::size_t> running_{0};
  std::atomic<std::uint64_t> tokens_{0}, progress_{0};
  std::atomic<bool> stopping_{false};

  // compute thread only
  SlicedTurn turn_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<Scorer> scorer_;
  std::unique_ptr<LearnedVerifier> verifier_;
  std::unique_ptr<SearchEngine> search_;
  WeightsPtr weights_;
  VerifierWeights verifier_weights_;
  VersionArtefacts artefacts_;
  std::map<std::uint64_t, Open> open_;                                           // by number, in order of admission
  std::unordered_map<std::uint64_t, std::pair<std::uint64_t, std::size_t>> of_;  // search tag -> job, its search
  Time looked_;                                                                  // after those who left
  std::uint64_t next_number_ = 1, next_tag_ = 1;
  std::vector<SearchOutcome> ended_;
  DecoderStats accounted_;
};

}  // namespace autodidact
