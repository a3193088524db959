#pragma once
// Memory for matrices: what is large lies in huge pages where the system grants them, so that walking down a column does not
// miss the translation cache at every row. Any thread.

#include <cstddef>
#include <vector>

namespace autodidact {

// At least 64-byte aligned, not initialized. std::bad_alloc when there is none.
void* allocate_pages(std::size_t bytes);
void free_pages(void* memory, std::size_t bytes);

template <class T>
struct HugePageAllocator {
  using value_type = T;
  HugePageAllocator() = default;
  template <class U>
  HugePageAllocator(const HugePageAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_pages(n * sizeof(T))); }
  void deallocate(T* memory, std::size_t n) { free_pages(memory, n * sizeof(T)); }
  template <class U>
  bool operator==(const HugePageAllocator<U>&) const {
    return true;
  }
};
template <class T>
using HugeVector = std::vector<T, HugePageAllocator<T>>;

}  // namespace autodidact
