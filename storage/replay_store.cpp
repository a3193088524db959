#include "storage/replay_store.hpp"

#include <future>

namespace autodidact {

Result<WriteReceipt> ReplayStore::commit(WriteSet set) {
  auto promise = std::make_shared<std::promise<Result<WriteReceipt>>>();
  auto future = promise->get_future();
  submit(std::move(set), [promise](Result<WriteReceipt> receipt) { promise->set_value(std::move(receipt)); });
  return future.get();
}

}  // namespace autodidact
