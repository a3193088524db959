#include "storage/ordered_keys.hpp"
#include "storage/selector.hpp"

namespace autodidact {
namespace {

class FifoSelector : public Selector {
 public:
  void insert(AttemptId key, float) override { keys_.insert(key); }
  void remove(AttemptId key) override { keys_.remove(key); }
  std::size_t size() const override { return keys_.size(); }

  std::vector<AttemptId> sample(std::size_t count, std::uint64_t, AttemptId last_consumed) override {
    std::vector<AttemptId> drawn;
    if (keys_.size() == 0) return drawn;
    drawn.reserve(count);
    std::size_t hand = keys_.above(last_consumed);
    while (drawn.size() < count) {
      if (hand >= keys_.size()) hand = 0;
      drawn.push_back(keys_[hand++]);
    }
    return drawn;
  }

 private:
  OrderedKeys keys_;
};

}  // namespace

std::unique_ptr<Selector> make_fifo_selector() { return std::make_unique<FifoSelector>(); }

}  // namespace autodidact
