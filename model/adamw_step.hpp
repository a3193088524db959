#pragma once
// One AdamW step over a flat buffer, fused with packing: a panel of rows is updated and, while it is still in the cache,
// written where generator and trainer read it. Publishing a version is then handing over a pointer. Owned by the learner's
// parameters; one thread calls it, workers of a pool do it. The same bits for any number of them: every element is alone.

#include <cstdint>
#include <vector>

#include "kernels/cpu_kernels.hpp"
#include "model/model_config.hpp"
#include "model/packed_weights.hpp"
#include "model/worker_pool.hpp"

namespace autodidact {

struct AdamWBuffers {
  const float* from;  // parameters before the step
  float* to;          // and after it: another buffer, or the same
  float *m, *v;       // moments, in place
  const float* grad;
};

class AdamWStep {
 public:
  // Parameters that are no model (adapters): nothing is packed.
  explicit AdamWStep(const std::vector<TensorView>& layout);
  // A model's: its matrices are packed along.
  AdamWStep(const std::vector<TensorView>& layout, const std::vector<PackedMatrix>& matrices);

  // theta <- theta (1 - lr * decay) - lr * m_hat / (sqrt(v_hat) + eps), Loshchilov and Hutter's decoupled decay. Matrices decay
  // by rates.weight_decay, norms and biases do not. `rates` without its buffers. packed: over `to`, or null.
  void run(const AdamWCall& rates, const AdamWBuffers& buffers, PackedWeights* packed, WorkerPool& pool) const;

 private:
  struct Slice {
    std::size_t offset, size;
    bool decays;
    PackedMatrix matrix;       // whose rows first .. first + rows it is
    std::int64_t first, rows;  // no rows when it is not packed
  };
  void add_plain(std::size_t offset, std::size_t size, bool decays);
  void add_matrix(const PackedMatrix& matrix);

  std::vector<Slice> slices_;
};

}  // namespace autodidact
