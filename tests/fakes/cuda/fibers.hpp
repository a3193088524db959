#pragma once
// The threads of one block, taking turns on one thread. See runtime.hpp. A fiber lives on from block to block; between
// them goes longjmp, since swapcontext asks the system about signals each time.

#include <setjmp.h>
#include <ucontext.h>

#include <cstring>
#include <functional>
#include <memory>
#include <vector>

namespace emulated {

class Fibers {
 public:
  static Fibers& instance() {
    static Fibers fibers;
    return fibers;
  }

  // body() once for each of `count`; become(i) before i goes on.
  void run(int count, const std::function<void(int)>& become, const std::function<void()>& body) {
    body_ = &body;
    while (static_cast<int>(all_.size()) < count) all_.push_back(std::make_unique<Fiber>());
    count_ = live_ = count;
    block_ = Barrier{};
    warps_.assign(static_cast<std::size_t>((count + kWarp - 1) / kWarp), {});
    for (int i = 0; i < count; ++i) all_[static_cast<std::size_t>(i)]->done = false;
    while (live_ > 0)
      for (current_ = 0; current_ < count; ++current_) {
        Fiber& fiber = *all_[static_cast<std::size_t>(current_)];
        if (fiber.done) continue;
        become(current_);
        resume(fiber);
      }
  }

  int lane() const { return current_ % kWarp; }
  // Threads that have returned are not waited for.
  void wait_for_block() {
    wait(block_, [this] { return live_; });
  }
  void wait_for_warp() {
    Warp& warp = warps_[static_cast<std::size_t>(current_ / kWarp)];
    wait(warp.barrier, [&warp, this] { return std::min(kWarp, count_ - current_ / kWarp * kWarp) - warp.done; });
  }
  template <class T>
  T exchange(T v, int lane) {
    Warp& warp = warps_[static_cast<std::size_t>(current_ / kWarp)];
    std::memcpy(warp.slots[current_ % kWarp], &v, sizeof v);
    wait_for_warp();
    std::memcpy(&v, warp.slots[lane], sizeof v);
    wait_for_warp();
    return v;
  }

 private:
  static constexpr int kWarp = 32;
  struct Fiber {
    static constexpr std::size_t kStack = std::size_t{1} << 16;
    jmp_buf at;
    std::unique_ptr<char[]> stack{new char[kStack]};
    bool started = false, done = false;
  };
  struct Barrier {
    int arrived = 0, generation = 0;
  };
  struct Warp {
    Barrier barrier;
    int done = 0;
    char slots[kWarp][8] = {};
  };

  void resume(Fiber& fiber) {
    if (_setjmp(scheduler_) != 0) return;
    if (fiber.started) _longjmp(fiber.at, 1);
    fiber.started = true;
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = fiber.stack.get();
    context.uc_stack.ss_size = Fiber::kStack;
    makecontext(&context, &Fibers::live, 0);
    setcontext(&context);
  }
  void yield() {
    if (_setjmp(all_[static_cast<std::size_t>(current_)]->at) == 0) _longjmp(scheduler_, 1);
  }
  static void live() {
    Fibers& self = instance();
    while (true) {
      (*self.body_)();
      self.all_[static_cast<std::size_t>(self.current_)]->done = true;
      --self.live_;
      ++self.warps_[static_cast<std::size_t>(self.current_ / kWarp)].done;
      self.yield();
    }
  }
  template <class Expected>
  void wait(Barrier& barrier, Expected expected) {
    const int generation = barrier.generation;
    ++barrier.arrived;
    while (barrier.generation == generation) {
      if (barrier.arrived >= expected()) {
        barrier.arrived = 0;
        ++barrier.generation;
        return;
      }
      yield();
    }
  }

  const std::function<void()>* body_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Warp> warps_;
  Barrier block_;
  jmp_buf scheduler_;
  int count_ = 0, live_ = 0, current_ = 0;
};

}  // namespace emulated
