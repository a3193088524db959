#include "model/config_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

using nlohmann::json;
using Position = ModelConfig::Position;
using Family = ModelConfig::Family;

Status bad(const std::string& key, const std::string& what) { return {Errc::kBadInput, key + ": " + what}; }

// Reads fields one by one and keeps the first error, so that the list below reads as a list.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}

  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) {
    if (!object_.contains(key)) return fail(key, "is missing"), low;
    const json& value = object_[key];
    if (!value.is_number_integer()) return fail(key, "expected an integer"), low;
    const bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(high);
    if (huge || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high)
      return fail(key, "expected " + std::to_string(low) + " to " + std::to_string(high)), low;
    return value.get<std::int64_t>();
  }
  std::int64_t integer_or(const char* key, std::int64_t low, std::int64_t high, std::int64_t otherwise) {
    return absent(key) ? otherwise : integer(key, low, high);
  }
  double number_or(const char* key, double low, double high, double otherwise) {
    if (absent(key)) return otherwise;
    const json& value = object_[key];
    if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high))
      return fail(key, "expected a number in range"), otherwise;
    return value.get<double>();
  }
  bool flag_or(const char* key, bool otherwise) {
    if (absent(key)) return otherwise;
    if (!object_[key].is_boolean()) return fail(key, "expected true or false"), otherwise;
    return object_[key].get<bool>();
  }
  // A token id, the first of a list of them, or none (-1).
  TokenId token(const char* key, std::int64_t vocab) {
    if (absent(key)) return -1;
    const json& value = object_[key].is_array() && !object_[key].empty() ? object_[key][0] : object_[key];
    if (!value.is_number_integer() || value.get<std::int64_t>() < -1 || value.get<std::int64_t>() >= vocab)
      return fail(key, "expected a token id below vocab_size"), -1;
    return static_cast<TokenId>(value.get<std::int64_t>());
  }
  void require(bool holds, const char* key, const char* what) {
    if (!holds) fail(key, what);
  }
  bool absent(const char* key) const { return !object_.contains(key) || object_[key].is_null(); }
  const Status& status() const { return status_; }

 private:
  void fail(const char* key, const std::string& what) {
    if (status_.ok()) status_ = bad(key, what);
  }
  const json& object_;
  Status status_;
};

// Sizes a machine could hold; products of them stay far from overflow.
void read_shape(Fields& fields, ModelConfig& c) {
  c.vocab_size = fields.integer("vocab_size", 2, 1 << 24);
  c.hidden_size = fields.integer("hidden_size", 1, 1 << 16);
  c.num_hidden_layers = fields.integer("num_hidden_layers", 1, 1 << 10);
  c.num_attention_heads = fields.integer("num_attention_heads", 1, 1 << 10);
  c.num_key_value_heads = fields.integer_or("num_key_value_heads", 1, 1 << 10, c.num_attention_heads);
  c.intermediate_size = fields.integer("intermediate_size", 1, 1 << 20);
  c.max_position_embeddings = fields.integer("max_position_embeddings", 2, 1 << 22);
  const std::int64_t head_dim = fields.absent("head_dim") ? c.hidden_size / c.num_attention_heads : 0;
  fields.require(head_dim == 0 || head_dim * c.num_attention_heads == c.hidden_size, "num_attention_heads",
                 "does not divide hidden_size");
  c.head_dim = fields.integer_or("head_dim", 1, 1 << 12, head_dim);
  fields.require(c.num_attention_heads % c.num_key_value_heads == 0, "num_key_value_heads",
                 "does not divide num_attention_heads");
}

void read_rest(Fields& fields, const json& object, ModelConfig& c) {
  c.rms_norm_eps = fields.number_or("rms_norm_eps", 0, 1, 1e-6);
  c.tie_word_embeddings = fields.flag_or("tie_word_embeddings", false);
  if (c.family != Family::kQwen2) c.attention_bias = fields.flag_or("attention_bias", false);
  if (c.family == Family::kLlama) c.mlp_bias = fields.flag_or("mlp_bias", false);
  fields.require(fields.absent("hidden_act") || object["hidden_act"] == "silu", "hidden_act", "only silu is supported");
  fields.require(!fields.flag_or("use_sliding_window", false), "use_sliding_window", "sliding windows are not supported");
  if (!fields.absent("layer_types") && object["layer_types"].is_array())
    for (const json& type : object["layer_types"])
      fields.require(type == "full_attention", "layer_types", "only full_attention is supported");
}

Status read_scaling(const std::string& key, const json& object, ModelConfig& c) {
  if (!object.is_object()) return bad(key, "expected an object");
  const char* name = object.contains("rope_type") ? "rope_type" : "type";  // what older files call it
  const json type = object.value(name, json("default"));
  RopeScaling& s = c.rope_scaling;
  if (type == "default") return {};
  if (type != "linear" && type != "llama3") return bad(key + "." + name, "expected default, linear or llama3");
  s.kind = type == "linear" ? RopeScaling::Kind::kLinear : RopeScaling::Kind::kLlama3;
  Fields fields(object);
  fields.require(!fields.absent("factor"), "factor", "is missing");
  s.factor = fields.number_or("factor", 1, 1e6, 1);
  if (s.kind == RopeScaling::Kind::kLlama3) {
    s.low_freq_factor = fields.number_or("low_freq_factor", 1e-3, 1e6, 1);
    s.high_freq_factor = fields.number_or("high_freq_factor", 1e-3, 1e6, 4);
    s.original_max_position_embeddings = fields.integer("original_max_position_embeddings", 1, 1 << 24);
    fields.require(s.high_freq_factor > s.low_freq_factor, "high_freq_factor", "must be above low_freq_factor");
  }
  return fields.status().ok() ? Status{} : fields.status().with_context(key);
}

// transformers 4 writes rope_theta and rope_scaling, 5 writes rope_parameters with both in it.
Status read_rope(Fields& fields, const json& object, ModelConfig& c) {
  c.rope_theta = fields.number_or("rope_theta", 1, 1e12, 10000);
  AD_RETURN_IF_ERROR(fields.status());
  if (!fields.absent("rope_scaling")) AD_RETURN_IF_ERROR(read_scaling("rope_scaling", object["rope_scaling"], c));
  if (fields.absent("rope_parameters")) return {};
  const json& rope = object["rope_parameters"];
  AD_RETURN_IF_ERROR(read_scaling("rope_parameters", rope, c));
  Fields inner(rope);
  c.rope_theta = inner.number_or("rope_theta", 1, 1e12, c.rope_theta);
  return inner.status();
}

// GPT-2 has names of its own for the same things.
Result<ModelConfig> read_gpt2(const json& object) {
  ModelConfig c;
  c.family = Family::kGpt2;
  c.position = Position::kLearned;
  Fields fields(object);
  c.vocab_size = fields.integer("vocab_size", 2, 1 << 24);
  c.hidden_size = fields.integer("n_embd", 1, 1 << 16);
  c.num_hidden_layers = fields.integer("n_layer", 1, 1 << 10);
  c.num_attention_heads = c.num_key_value_heads = fields.integer("n_head", 1, 1 << 10);
  c.intermediate_size = fields.integer_or("n_inner", 1, 1 << 20, 4 * c.hidden_size);
  c.max_position_embeddings = fields.integer("n_positions", 2, 1 << 22);
  fields.require(c.hidden_size % c.num_attention_heads == 0, "n_head", "does not divide n_embd");
  c.head_dim = c.hidden_size / c.num_attention_heads;
  c.rms_norm_eps = fields.number_or("layer_norm_epsilon", 0, 1, 1e-5);
  c.tie_word_embeddings = fields.flag_or("tie_word_embeddings", true);
  c.eos_token_id = fields.token("eos_token_id", c.vocab_size);
  c.pad_token_id = fields.token("pad_token_id", c.vocab_size);
  fields.require(fields.absent("activation_function") || object["activation_function"] == "gelu_new", "activation_function",
                 "only gelu_new is supported");
  fields.require(fields.flag_or("scale_attn_weights", true), "scale_attn_weights", "must be true");
  for (const char* key : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"})
    fields.require(!fields.flag_or(key, false), key, "is not supported");
  AD_RETURN_IF_ERROR(fields.status());
  return c;
}

Status read_own(const json& object, ModelConfig& c) {
  if (!object.contains("autodidact")) return {};
  const json& own = object["autodidact"];
  if (!own.is_object() || !own.contains("position")) return bad("autodidact", "expected an object with \"position\"");
  const json& position = own["position"];
  if (position != "rope" && position != "learned" && position != "none")
    return bad("autodidact.position", "expected rope, learned or none");
  c.position = position == "rope" ? Position::kRope : position == "learned" ? Position::kLearned : Position::kNone;
  Fields fields(own);
  c.random_offset = fields.integer_or("random_offset", 0, c.max_position_embeddings - 1, 0);
  return fields.status();
}

// A token classifier of one label is a model with a value head.
Status read_value_head(const json& object, ModelConfig& c) {
  const json architectures = object.value("architectures", json());
  if (!architectures.is_array() || architectures.empty() || !architectures[0].is_string()) return {};
  c.value_head = architectures[0].get<std::string>().ends_with("ForTokenClassification");
  if (!c.value_head) return {};
  const json names = object.value("id2label", json());
  const json labels = names.is_object() ? json(names.size()) : object.value("num_labels", json(2));
  return labels == 1 ? Status() : bad("id2label", "a value head has one label");
}

Result<ModelConfig> read_decoder(const json& object) {
  const json type = object.value("model_type", json());
  if (type == "gpt2") return read_gpt2(object);
  ModelConfig c;
  if (type == "qwen2" || type == "qwen3")
    c.family = type == "qwen2" ? Family::kQwen2 : Family::kQwen3;
  else if (type != "llama" && type != "autodidact")
    return bad("model_type", "expected llama, qwen2, qwen3, gpt2 or autodidact");
  Fields fields(object);
  read_shape(fields, c);
  read_rest(fields, object, c);
  c.eos_token_id = fields.token("eos_token_id", c.vocab_size);
  c.pad_token_id = fields.token("pad_token_id", c.vocab_size);
  AD_RETURN_IF_ERROR(fields.status());
  AD_RETURN_IF_ERROR(read_rope(fields, object, c));
  AD_RETURN_IF_ERROR(read_own(object, c));
  if (c.position == Position::kRope && c.head_dim % 2 != 0) return bad("head_dim", "rotary positions need an even one");
  return c;
}

}  // namespace

Result<ModelConfig> read_config_json(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {Errc::kBadInput, "not a JSON object"};
  AD_ASSIGN_OR_RETURN(ModelConfig config, read_decoder(object));
  AD_RETURN_IF_ERROR(read_value_head(object, config));
  return config;
}

}  // namespace autodidact
