#include "model/gguf/gguf_model.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "model/gguf/gguf_fields.hpp"
#include "model/safetensors_header.hpp"

namespace autodidact {
namespace {

using Layout = GgufModelTensor::Layout;

Status bad_tensor(const std::string& name, const std::string& what) {
  return {Errc::kBadInput, "tensor " + printable_name(name) + ": " + what};
}

struct Name {
  const char* gguf;
  const char* hf;
  Layout layout = Layout::kSame;
};
constexpr Name kLlamaModel[] = {{"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"}};
constexpr Name kLlamaBlock[] = {{"attn_norm", "input_layernorm"},    {"ffn_norm", "post_attention_layernorm"},
                                {"attn_q", "self_attn.q_proj"},      {"attn_k", "self_attn.k_proj"},
                                {"attn_v", "self_attn.v_proj"},      {"attn_output", "self_attn.o_proj"},
                                {"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"},
                                {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
                                {"ffn_down", "mlp.down_proj"}};
constexpr Name kGpt2Model[] = {{"token_embd", "transformer.wte"},
                               {"position_embd", "transformer.wpe"},
                               {"output_norm", "transformer.ln_f"},
                               {"output", "lm_head"}};
constexpr Name kGpt2Block[] = {{"attn_norm", "ln_1"},
                               {"ffn_norm", "ln_2"},
                               {"attn_qkv", "attn.c_attn", Layout::kTransposed},
                               {"attn_output", "attn.c_proj", Layout::kTransposed},
                               {"ffn_up", "mlp.c_fc", Layout::kTransposed},
                               {"ffn_down", "mlp.c_proj", Layout::kTransposed}};

const Name* find_name(std::span<const Name> names, std::string_view gguf) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const Name& name) { return gguf == name.gguf; });
  return found == names.end() ? nullptr : &*found;
}

// "blk.12.attn_q" -> 12 and "attn_q". Digits only, no leading zero: one spelling for each layer.
std::optional<std::int64_t> take_layer(std::string_view& name) {
  if (!name.starts_with("blk.")) return std::nullopt;
  name.remove_prefix(4);
  std::int64_t layer = 0;
  std::size_t digits = 0;
  while (digits < name.size() && digits < 5 && name[digits] >= '0' && name[digits] <= '9')
    layer = 10 * layer + (name[digits++] - '0');
  if (digits == 0 || (digits > 1 && name[0] == '0') || digits >= name.size() || name[digits] != '.') return std::nullopt;
  name.remove_prefix(digits + 1);
  return layer;
}

// The converter turns the halves of a head, of which rotary positions turn value i with i + head_dim / 2, into pairs.
Layout layout_of(const GgufModelInfo& info, const Name& name) {
  const std::string_view gguf = name.gguf;
  return info.model_type == "llama" && (gguf == "attn_q" || gguf == "attn_k") ? Layout::kPairedRows : name.layout;
}

Status check_heads(const GgufModelInfo& info, const GgufModelTensor& tensor) {
  const bool queries = tensor.gguf_name.find("attn_q.") != std::string::npos;
  const std::int64_t heads = queries ? info.num_attention_heads : info.num_key_value_heads;
  if (tensor.layout != Layout::kPairedRows || tensor.shape[0] == heads * info.head_dim) return {};
  return bad_tensor(tensor.gguf_name, "has " + std::to_string(tensor.shape[0]) + " rows, its heads need " +
                                          std::to_string(heads * info.head_dim));
}

Result<GgufModelTensor> map_tensor(const GgufModelInfo& info, const GgufTensor& from) {
  const bool gpt2 = info.model_type == "gpt2";
  std::string_view rest = from.name;
  const std::size_t dot = rest.rfind('.');
  const std::string_view part = dot == std::string_view::npos ? "" : rest.substr(dot);
  if (part != ".weight" && part != ".bias") return bad_tensor(from.name, "is neither a weight nor a bias");
  rest.remove_suffix(part.size());
  const auto layer = take_layer(rest);
  const Name* name = layer ? find_name(gpt2 ? std::span<const Name>(kGpt2Block) : kLlamaBlock, rest)
                           : find_name(gpt2 ? std::span<const Name>(kGpt2Model) : kLlamaModel, rest);
  if (name == nullptr || (layer && *layer >= info.num_hidden_layers))
    return bad_tensor(
        from.name, "is not part of a " + info.model_type + " model of " + std::to_string(info.num_hidden_layers) + " layers");
  GgufModelTensor tensor{"", from.shape, from.name, layout_of(info, *name)};
  if (layer) tensor.name = (gpt2 ? "transformer.h." : "model.layers.") + std::to_string(*layer) + ".";
  tensor.name += name->hf + std::string(part);
  if (part == ".bias" && tensor.layout == Layout::kTransposed) tensor.layout = Layout::kSame;
  if (tensor.layout == Layout::kTransposed) {
    if (tensor.shape.size() != 2) return bad_tensor(from.name, "expected a matrix");
    std::swap(tensor.shape[0], tensor.shape[1]);
  }
  AD_RETURN_IF_ERROR(check_heads(info, tensor));
  return tensor;
}

// Quantized bytes alike: GPT-2's older converters write the tied matrix twice.
Result<bool> same_values(const GgufFile& file, const GgufTensor& a, const GgufTensor& b) {
  if (a.type != b.type || a.shape != b.shape) return false;
  const auto row = static_cast<std::size_t>(a.shape.back());
  std::vector<float> left(row), right(row);
  for (std::uint64_t first = 0; first < a.values; first += row) {
    AD_RETURN_IF_ERROR(file.read(a, first, left));
    AD_RETURN_IF_ERROR(file.read(b, first, right));
    if (left != right) return false;
  }
  return true;
}

Status read_tensors(const GgufFile& file, GgufModelInfo& info) {
  const GgufTensor *embedding = file.tensor("token_embd.weight"), *output = file.tensor("output.weight");
  if (embedding == nullptr) return bad_tensor("token_embd.weight", "is missing (a file with a vocabulary only?)");
  if (embedding->shape.size() != 2 || embedding->shape[1] != info.hidden_size || embedding->shape[0] >= 1 << 24)
    return bad_tensor(embedding->name, "expected a row of embedding_length values for each token");
  info.vocab_size = embedding->shape[0];
  info.tie_word_embeddings = output == nullptr;
  if (output != nullptr && info.model_type == "gpt2") {
    AD_ASSIGN_OR_RETURN(info.tie_word_embeddings, same_values(file, *embedding, *output));
  }
  info.attention_bias = file.tensor("blk.0.attn_q.bias") != nullptr || file.tensor("blk.0.attn_qkv.bias") != nullptr;
  for (const GgufTensor& from : file.tensors()) {
    const bool no_weight = from.name == "rope_freqs.weight" || (info.tie_word_embeddings && &from == output);
    if (no_weight) continue;
    AD_ASSIGN_OR_RETURN(GgufModelTensor tensor, map_tensor(info, from));
    info.tensors.push_back(std::move(tensor));
  }
  return {};
}

// Llama 3's divisors of the rotary frequencies (Hugging Face's rope_type "llama3"), as its converter writes them.
double llama3_divisor(const GgufModelInfo& info, std::size_t i) {
  const double wave =
      2 * std::numbers::pi * std::pow(info.rope_theta, 2 * static_cast<double>(i) / static_cast<double>(info.head_dim));
  const auto original = static_cast<double>(info.rope_original_max_position_embeddings);
  if (wave < original / info.rope_high_freq_factor) return 1;
  if (wave > original / info.rope_low_freq_factor) return info.rope_factor;
  const double smooth =
      (original / wave - info.rope_low_freq_factor) / (info.rope_high_freq_factor - info.rope_low_freq_factor);
  return 1 / ((1 - smooth) / info.rope_factor + smooth);
}

// The file has the divisors only. Every Llama 3 was published with the same settings but for the factor, which is the largest
// divisor: so they can be told from the divisors, and that is checked.
Status read_divisors(const GgufFile& file, const GgufTensor& tensor, GgufModelInfo& info) {
  if (tensor.values != static_cast<std::uint64_t>(info.head_dim / 2) || tensor.type != 0)
    return bad_tensor(tensor.name, "expected an F32 divisor for each pair of a head");
  std::vector<float> divisors(tensor.values);
  AD_RETURN_IF_ERROR(file.read(tensor, 0, divisors));
  info.rope_factor = *std::max_element(divisors.begin(), divisors.end());
  info.rope_original_max_position_embeddings = 8192;
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double expected = llama3_divisor(info, i);
    if (!(std::abs(divisors[i] - expected) <= 1e-4 * expected))
      return bad_tensor(tensor.name, "value " + std::to_string(i) + " is " + std::to_string(divisors[i]) +
                                         "; Llama 3's settings with factor " + std::to_string(info.rope_factor) + " give " +
                                         std::to_string(expected));
  }
  info.rope_type = info.rope_factor == 1 ? "default" : "llama3";
  return {};
}

Status read_rope(const GgufFile& file, GgufFields& fields, GgufModelInfo& info) {
  const std::string prefix = info.model_type + ".rope.";
  info.rope_theta = fields.number_or(prefix + "freq_base", 1, 1e12, 10000);
  if (fields.integer_or(prefix + "dimension_count", 1, 1 << 12, info.head_dim) != info.head_dim)
    fields.fail(prefix + "dimension_count", "rotary positions on a part of the head are not supported");
  const std::string type = fields.text_or(prefix + "scaling.type", "none");
  if (type != "none" && type != "linear" && type != "yarn")
    fields.fail(prefix + "scaling.type", "expected none, linear or yarn");
  if (type == "linear" || type == "yarn") {
    info.rope_type = type;
    info.rope_factor = fields.number(prefix + "scaling.factor", 1, 1e4);
    info.rope_original_max_position_embeddings = fields.integer_or(prefix + "scaling.original_context_length", 1, 1 << 24, 0);
  }
  AD_RETURN_IF_ERROR(fields.status());
  const GgufTensor* divisors = file.tensor("rope_freqs.weight");
  if (divisors == nullptr) return {};
  if (info.rope_type != "default") return bad_tensor(divisors->name, "stands beside another scaling of positions");
  return read_divisors(file, *divisors, info);
}

void read_shape(GgufFields& fields, GgufModelInfo& info) {
  const std::string prefix = info.model_type + ".";
  info.num_hidden_layers = fields.integer(prefix + "block_count", 1, 1 << 10);
  info.hidden_size = fields.integer(prefix + "embedding_length", 1, 1 << 16);
  info.num_attention_heads = fields.uniform_integer_or(prefix + "attention.head_count", 1, 1 << 10, 0);
  if (info.num_attention_heads == 0) return fields.fail(prefix + "attention.head_count", "is missing");
  info.num_key_value_heads =
      fields.uniform_integer_or(prefix + "attention.head_count_kv", 1, 1 << 10, info.num_attention_heads);
  info.intermediate_size = fields.uniform_integer_or(prefix + "feed_forward_length", 1, 1 << 20, 0);
  if (info.intermediate_size == 0) fields.fail(prefix + "feed_forward_length", "is missing");
  info.max_position_embeddings = fields.integer(prefix + "context_length", 2, 1 << 24);
  info.head_dim = fields.integer_or(prefix + "attention.key_length", 1, 1 << 12,
                                    std::max<std::int64_t>(1, info.hidden_size / info.num_attention_heads));
  if (fields.integer_or(prefix + "attention.value_length", 1, 1 << 12, info.head_dim) != info.head_dim)
    fields.fail(prefix + "attention.value_length", "differs from key_length");
  if (info.num_attention_heads % info.num_key_value_heads != 0)
    fields.fail(prefix + "attention.head_count_kv", "does not divide head_count");
  if (info.model_type != "gpt2" && info.head_dim % 2 != 0)
    fields.fail(prefix + "attention.key_length", "rotary positions need an even one");
  if (fields.integer_or(prefix + "expert_count", 0, 1 << 16, 0) != 0)
    fields.fail(prefix + "expert_count", "mixtures of experts are not supported");
  const std::string norm = prefix + "attention.layer_norm_" + (info.model_type == "gpt2" ? "epsilon" : "rms_epsilon");
  info.norm_eps = fields.number(norm, 0, 1);
}

TokenId token_or_none(GgufFields& fields, const char* key, std::int64_t vocab_size) {
  return static_cast<TokenId>(fields.integer_or(key, 0, vocab_size - 1, -1));
}

// Rows of the file into their places: value 2 i + half of a head is row i of that half.
Status read_paired_rows(const GgufFile& file, const GgufTensor& tensor, std::int64_t head_dim, std::span<float> to) {
  const auto rows = static_cast<std::size_t>(head_dim), half = rows / 2,
             width = to.size() / static_cast<std::size_t>(tensor.shape[0]);
  std::vector<float> values(tensor.shape.size() == 1 ? to.size() : rows * width);  // a row of one value is no whole block
  for (std::size_t begin = 0; begin < to.size(); begin += rows * width) {
    const std::size_t in_values = tensor.shape.size() == 1 ? begin : 0;
    if (in_values == 0) AD_RETURN_IF_ERROR(file.read(tensor, begin, values));
    for (std::size_t row = 0; row < rows; ++row)
      std::copy_n(values.data() + in_values + row * width, width, to.data() + begin + (row % 2 * half + row / 2) * width);
  }
  return {};
}

Status read_transposed(const GgufFile& file, const GgufTensor& tensor, std::span<float> to) {
  const auto rows = static_cast<std::size_t>(tensor.shape[0]), columns = static_cast<std::size_t>(tensor.shape[1]);
  constexpr std::size_t kRows = 16;  // a cache line of each column
  std::vector<float> band(std::min(kRows, rows) * columns);
  for (std::size_t begin = 0; begin < rows; begin += kRows) {
    const std::size_t now = std::min(kRows, rows - begin);
    AD_RETURN_IF_ERROR(file.read(tensor, begin * columns, {band.data(), now * columns}));
    for (std::size_t column = 0; column < columns; ++column)
      for (std::size_t row = 0; row < now; ++row) to[column * rows + begin + row] = band[row * columns + column];
  }
  return {};
}

}  // namespace

Result<GgufModelInfo> read_gguf_model(const GgufFile& file) {
  GgufFields fields(file);
  GgufModelInfo info;
  info.model_type = fields.text_or("general.architecture", "");
  if (info.model_type != "llama" && info.model_type != "qwen2" && info.model_type != "qwen3" && info.model_type != "gpt2")
    fields.fail("general.architecture", "expected llama, qwen2, qwen3 or gpt2, got " + printable_name(info.model_type));
  AD_RETURN_IF_ERROR(fields.status());
  read_shape(fields, info);
  AD_RETURN_IF_ERROR(fields.status());
  if (info.model_type != "gpt2") AD_RETURN_IF_ERROR(read_rope(file, fields, info));
  AD_RETURN_IF_ERROR(read_tensors(file, info));
  info.bos_token_id = token_or_none(fields, "tokenizer.ggml.bos_token_id", info.vocab_size);
  info.eos_token_id = token_or_none(fields, "tokenizer.ggml.eos_token_id", info.vocab_size);
  info.pad_token_id = token_or_none(fields, "tokenizer.ggml.padding_token_id", info.vocab_size);
  AD_RETURN_IF_ERROR(fields.status());
  return info;
}

Status read_gguf_tensor(const GgufFile& file, const GgufModelInfo& info, const std::string& name, std::span<float> to) {
  const auto found = std::find_if(info.tensors.begin(), info.tensors.end(),
                                  [&](const GgufModelTensor& tensor) { return tensor.name == name; });
  if (found == info.tensors.end()) return {Errc::kNotFound, "tensor " + printable_name(name) + " is not in the file"};
  const GgufTensor* from = file.tensor(found->gguf_name);
  AD_REQUIRE(from != nullptr, "read_gguf_tensor: info of another file");
  if (from->values != to.size())
    return bad_tensor(from->name,
                      "has " + std::to_string(from->values) + " values, " + std::to_string(to.size()) + " are wanted");
  if (found->layout == Layout::kPairedRows) return read_paired_rows(file, *from, info.head_dim, to);
  if (found->layout == Layout::kTransposed) return read_transposed(file, *from, to);
  return file.read(*from, 0, to);
}

}  // namespace autodidact
