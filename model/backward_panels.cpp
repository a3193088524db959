#include "model/backward_panels.hpp"

#include "kernels/cpu_kernels.hpp"

namespace autodidact {

void pack_backward(const ModelConfig& c, const float* flat, BackwardPanels& packed) {
  const CpuKernels& kernels = cpu_kernels();
  const WeightOffsets offsets = weight_offsets(c);
  const std::int64_t d = c.hidden_size, f = c.intermediate_size;
  const std::int64_t layer_floats = packed_floats(kernels, d, qkv_width(c)) + packed_floats(kernels, q_width(c), d) +
                                    packed_floats(kernels, d, up_width(c)) + packed_floats(kernels, f, d);
  packed.panels.resize(
      static_cast<std::size_t>(c.num_hidden_layers * layer_floats + packed_floats(kernels, d, c.vocab_size) + kSlackFloats));
  float* to = packed.panels.data();
  const auto pack = [&](std::size_t offset, std::int64_t out, std::int64_t in) {
    const float* begin = to;
    kernels.pack_kn(flat + offset, in, out, in, to);
    to += packed_floats(kernels, in, out);
    return begin;
  };
  packed.layers.resize(offsets.layers.size());
  for (std::size_t i = 0; i < offsets.layers.size(); ++i) {
    const LayerOffsets& at = offsets.layers[i];
    packed.layers[i] = {pack(at.qkv.weight, qkv_width(c), d), pack(at.o.weight, d, q_width(c)),
                        pack(at.up.weight, up_width(c), d), pack(at.down.weight, d, f)};
  }
  packed.head = pack(offsets.head, c.vocab_size, d);
}

}  // namespace autodidact
