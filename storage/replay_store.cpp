#include "storage/replay_store.hpp"

#include <chrono>
#include <future>

namespace autodidact {

Result<WriteReceipt> ReplayStore::commit(WriteSet set) {
  auto promise = std::make_shared<std::promise<Result<WriteReceipt>>>();
  auto future = promise->get_future();
  set.urgent = true;
  submit(std::move(set), [promise](Result<WriteReceipt> receipt) { promise->set_value(std::move(receipt)); });
  constexpr std::chrono::seconds kDeadline{60};
  if (future.wait_for(kDeadline) != std::future_status::ready) {
    return Status(Errc::kInternal, "the store has not answered for " + std::to_string(kDeadline.count()) + " s");
  }
  return future.get();
}

}  // namespace autodidact
