#include "actors/served_answers.hpp"

#include <algorithm>

#include "config/log.hpp"
#include "tasks/problem_id.hpp"

namespace autodidact {
namespace {

constexpr std::size_t kRemembered = 1 << 16;     // answers whose problem is found without a look through the store
constexpr std::size_t kLongestReference = 4096;  // bytes
constexpr std::size_t kAskedInARound = 1024;
constexpr std::size_t kPage = 256;

// 43 bits of the id's hash: of a million answers one in nine million shares its number with another, and is not stored.
std::uint64_t number_of(const std::string& id) { return make_problem_id("served", id) & ((1ull << 43) - 1); }

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n"), last = text.find_last_not_of(" \t\r\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// What anybody says of the answer is kept apart from what the task, or somebody else, says of the same question.
Problem with_reference(Problem problem, const std::string& reference) {
  if (problem.has_reference) return problem;
  problem.has_reference = true;
  problem.reference = reference;
  problem.id = make_problem_id(problem.task, problem.prompt + '\0' + reference);
  return problem;
}

}  // namespace

void ServedAnswers::store(const std::string& id, Problem problem, std::vector<Attempt> attempts) {
  if (attempts.empty()) return;
  const ItemId item = make_item_id(kServedRound, number_of(id), false);
  ItemResult result{item, problem, {}, false, ""};
  const bool judged = !held_out(problem.id);  // what measures the model must not teach it
  const auto loop = context_->store->loop_state();
  for (Attempt& attempt : attempts) {
    attempt.item = item;
    attempt.round = loop.ok() ? std::max(1u, loop->round) : 1;
    JudgedAttempt one{std::move(attempt), {}, {}};
    if (judged) one.verdict = context_->task->judge(problem, one.attempt.text, /*process=*/true);
    one.selection.reason = one.verdict.outcome == Outcome::kCorrect ? Reject::kMethod
                           : one.verdict.outcome == Outcome::kWrong ? Reject::kWrong
                                                                    : Reject::kCannotJudge;
    result.attempts.push_back(std::move(one));
  }
  remember(item, problem.id);
  WriteSet set;
  set.items.push_back(std::move(result));
  context_->store->submit(std::move(set), [metrics = context_->metrics](const Result<WriteReceipt>& receipt) {
    metrics->add("autodidact_served_answers_total", receipt.ok() ? "stored" : "lost");
    if (!receipt.ok()) log_warn("answerer", "an answer is not stored to learn from: " + receipt.status().message());
  });
}

void ServedAnswers::remember(ItemId item, ProblemId problem) {
  std::lock_guard lock(mutex_);
  if (recent_.contains(item)) return;
  order_.push_front(item);
  recent_[item] = {problem, order_.begin()};
  if (order_.size() <= kRemembered) return;
  recent_.erase(order_.back());
  order_.pop_back();
}

bool ServedAnswers::held_out(ProblemId problem) {
  std::lock_guard lock(mutex_);
  const Task& task = *context_->task;
  if (held_out_.empty())
    for (std::uint64_t i = 0; i < task.held_out_size(); ++i) held_out_.insert(task.held_out_problem(i).id);
  return held_out_.contains(problem);
}

Result<ServedAnswers::Served> ServedAnswers::find(const std::string& id) {
  const ItemId item = make_item_id(kServedRound, number_of(id), false);
  {
    std::lock_guard lock(mutex_);
    if (const auto found = recent_.find(item); found != recent_.end()) return Served{item, found->second.first};
  }
  AD_ASSIGN_OR_RETURN(const auto items, context_->store->items_of_round(kServedRound));
  const auto found =
      std::lower_bound(items.begin(), items.end(), item, [](const ItemState& state, ItemId want) { return state.item < want; });
  if (found == items.end() || found->item != item)
    return Status(Errc::kNotFound, "no answer \"" + id.substr(0, 80) +
                                       "\" is stored: the id is another, or it was asked in a way "
                                       "that cannot be learnt from (docs/answering.md)");
  return Served{item, found->problem};
}

// Of its problem's attempts, the newest first: an answer that feedback is given on is rarely old.
Result<std::vector<Attempt>> ServedAnswers::attempts_of(const Served& served) const {
  std::vector<Attempt> attempts;
  AttemptQuery query;
  query.problem = served.problem;
  query.limit = kPage;
  do {
    AD_ASSIGN_OR_RETURN(const AttemptPage page, context_->store->find(query));
    std::vector<AttemptId> ids;
    for (const AttemptSummary& row : page.rows) ids.push_back(row.id);
    AD_ASSIGN_OR_RETURN(auto read, context_->store->read(ids));
    const bool had = !attempts.empty();
    bool more = false;
    for (JudgedAttempt& judged : read) {
      if (judged.attempt.item != served.item) continue;
      attempts.push_back(std::move(judged.attempt));
      more = true;
    }
    if (had && !more) break;  // an item's attempts lie together
    query.after = page.next;
  } while (query.after != 0);
  std::reverse(attempts.begin(), attempts.end());  // the answer's own was stored first
  if (attempts.empty()) return Status(Errc::kNotFound, "the answer's attempts are no longer in the store");
  return attempts;
}

Result<ServedAnswers::Graded> ServedAnswers::grade(const Feedback& feedback) {
  const std::string correction = trimmed(feedback.correction.value_or(""));
  if (feedback.accepted == feedback.correction.has_value())
    return Status(Errc::kUsage, "feedback says either that the answer is accepted, or gives a correction");
  if (!feedback.accepted && (correction.empty() || correction.size() > kLongestReference))
    return Status(Errc::kUsage, "a correction has 1 to " + std::to_string(kLongestReference) + " bytes");
  AD_RETURN_IF_ERROR(context_->store->commit({}).status());  // what was served before it is readable now
  AD_ASSIGN_OR_RETURN(const Served served, find(feedback.id));
  if (held_out(served.problem))
    return Status(Errc::kUsage, "this question is one of the held-out problems, which measure the model and do not teach it");
  AD_ASSIGN_OR_RETURN(const Problem problem, context_->store->problem(served.problem));
  Graded graded;
  AD_ASSIGN_OR_RETURN(graded.attempts, attempts_of(served));
  const Attempt& own = graded.attempts.front();
  const std::string reference = feedback.accepted ? context_->task->answer_of(own.text) : correction;
  if (reference.empty() && !problem.has_reference)
    return Status(Errc::kUsage,
                  "the answer states nothing that another could be compared to; send the right one as correction");
  graded.work.id = make_item_id(kFeedbackRound, item_position(served.item), false);
  graded.work.problem = with_reference(problem, reference);
  graded.work.samples = static_cast<std::uint32_t>(graded.attempts.size());
  graded.work.sampler = own.sampler;
  graded.work.seed = own.seed;
  for (Attempt& attempt : graded.attempts) {
    attempt.id = 0;
    attempt.item = graded.work.id;
    attempt.problem = graded.work.problem.id;
  }
  return graded;
}

Result<std::vector<AskedAgain>> asked_again(const ReplayStore& store) {
  AD_ASSIGN_OR_RETURN(const auto graded, store.items_of_round(kFeedbackRound));
  std::vector<AskedAgain> pending;
  if (graded.empty()) return pending;
  AD_ASSIGN_OR_RETURN(const auto asked, store.items_of_round(kAskedRound));
  std::unordered_set<std::uint64_t> done;
  for (const ItemState& item : asked)
    if (!item_hinted(item.item)) done.insert(item_position(item.item));
  for (const ItemState& item : graded) {
    if (pending.size() == kAskedInARound) break;
    if (done.contains(item_position(item.item))) continue;
    AD_ASSIGN_OR_RETURN(Problem problem, store.problem(item.problem));
    pending.push_back({item_position(item.item), std::move(problem)});
  }
  return pending;
}

}  // namespace autodidact
