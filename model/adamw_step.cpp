#include "model/adamw_step.hpp"

#include <algorithm>

namespace autodidact {
namespace {

constexpr std::size_t kSliceFloats = std::size_t{1} << 16;  // of work handed to a thread at a time

}  // namespace

AdamWStep::AdamWStep(const std::vector<TensorView>& layout) : AdamWStep(layout, {}) {}

AdamWStep::AdamWStep(const std::vector<TensorView>& layout, const std::vector<PackedMatrix>& matrices) {
  const auto covered = [&](const TensorView& tensor) {
    return std::any_of(matrices.begin(), matrices.end(), [&](const PackedMatrix& m) {
      return tensor.offset >= m.offset && tensor.offset < m.offset + static_cast<std::size_t>(m.out * m.in);
    });
  };
  for (const TensorView& tensor : layout)
    if (!covered(tensor)) add_plain(tensor.offset, tensor.size, tensor.shape.size() == 2);
  for (const PackedMatrix& matrix : matrices) add_matrix(matrix);
}

void AdamWStep::add_plain(std::size_t offset, std::size_t size, bool decays) {
  for (std::size_t done = 0; done < size; done += kSliceFloats)
    slices_.push_back({offset + done, std::min(kSliceFloats, size - done), decays, {}, 0, 0});
}

void AdamWStep::add_matrix(const PackedMatrix& m) {
  const std::int64_t panel = cpu_kernels().panel;
  const std::int64_t rows = std::max<std::int64_t>(1, static_cast<std::int64_t>(kSliceFloats) / m.in / panel) * panel;
  for (std::int64_t first = 0; first < m.out; first += rows) {
    const std::int64_t count = std::min(rows, m.out - first);
    slices_.push_back(
        {m.offset + static_cast<std::size_t>(first * m.in), static_cast<std::size_t>(count * m.in), true, m, first, count});
  }
}

void AdamWStep::run(const AdamWCall& rates, const AdamWBuffers& at, PackedWeights* packed, WorkerPool& pool) const {
  pool.run(static_cast<std::int64_t>(slices_.size()), [&](std::int64_t i) {
    const Slice& slice = slices_[static_cast<std::size_t>(i)];
    AdamWCall call = rates;
    call.from = at.from + slice.offset;
    call.param = at.to + slice.offset;
    call.m = at.m + slice.offset;
    call.v = at.v + slice.offset;
    call.grad = at.grad + slice.offset;
    call.n = static_cast<std::int64_t>(slice.size);
    if (!slice.decays) call.weight_decay = 0;
    cpu_kernels().adamw(call);
    if (packed != nullptr && slice.rows > 0) pack_rows(*packed, slice.matrix, slice.first, slice.rows);
  });
}

}  // namespace autodidact
