#include "storage/ordered_keys.hpp"
#include "storage/selector.hpp"

namespace autodidact {
namespace {

class LifoSelector : public Selector {
 public:
  void insert(AttemptId key, float) override { keys_.insert(key); }
  void remove(AttemptId key) override { keys_.remove(key); }
  std::size_t size() const override { return keys_.size(); }

  std::vector<AttemptId> sample(std::size_t count, std::uint64_t, AttemptId) override {
    std::vector<AttemptId> drawn;
    if (keys_.size() == 0) return drawn;
    drawn.reserve(count);
    for (std::size_t i = 0; i < count; ++i) drawn.push_back(keys_[keys_.size() - 1 - i % keys_.size()]);
    return drawn;
  }

 private:
  OrderedKeys keys_;
};

}  // namespace

std::unique_ptr<Selector> make_lifo_selector() { return std::make_unique<LifoSelector>(); }

}  // namespace autodidact
