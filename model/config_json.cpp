#include "model/config_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace autodidact {
namespace {

using nlohmann::json;
using Position = ModelConfig::Position;

Status bad(const std::string& key, const std::string& what) { return {Errc::kBadInput, key + ": " + what}; }

const char* position_name(Position position) {
  return position == Position::kRope ? "rope" : position == Position::kLearned ? "learned" : "none";
}

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

void refuse_unsupported(Fields& fields, const json& object) {
  fields.require(!fields.flag_or("attention_bias", false), "attention_bias", "biases are not supported");
  fields.require(!fields.flag_or("mlp_bias", false), "mlp_bias", "biases are not supported");
  fields.require(fields.absent("hidden_act") || object["hidden_act"] == "silu", "hidden_act", "only silu is supported");
  fields.require(fields.absent("rope_scaling"), "rope_scaling", "scaled rotary positions are not supported");
}

// transformers 4 writes rope_theta, 5 writes rope_parameters: {"rope_type": "default", "rope_theta": ...}.
Status read_rope(Fields& fields, const json& object, ModelConfig& c) {
  c.rope_theta = fields.number_or("rope_theta", 1, 1e12, 10000);
  AD_RETURN_IF_ERROR(fields.status());
  if (fields.absent("rope_parameters")) return fields.status();
  const json& rope = object["rope_parameters"];
  if (!rope.is_object()) return bad("rope_parameters", "expected an object");
  if (rope.contains("rope_type") && rope["rope_type"] != "default")
    return bad("rope_parameters.rope_type", "only \"default\" is supported");
  AD_RETURN_IF_ERROR(fields.status());
  Fields inner(rope);
  c.rope_theta = inner.number_or("rope_theta", 1, 1e12, c.rope_theta);
  return inner.status();
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

}  // namespace

std::string write_config_json(const ModelConfig& c) {
  const bool llama = c.position == Position::kRope;
  const auto token = [](TokenId id) { return id < 0 ? json() : json(id); };
  nlohmann::ordered_json out = {{"architectures", {llama ? "LlamaForCausalLM" : "AutodidactForCausalLM"}},
                                {"model_type", llama ? "llama" : "autodidact"},
                                {"vocab_size", c.vocab_size},
                                {"hidden_size", c.hidden_size},
                                {"intermediate_size", c.intermediate_size},
                                {"num_hidden_layers", c.num_hidden_layers},
                                {"num_attention_heads", c.num_attention_heads},
                                {"num_key_value_heads", c.num_key_value_heads},
                                {"head_dim", c.head_dim},
                                {"max_position_embeddings", c.max_position_embeddings},
                                {"hidden_act", "silu"},
                                {"rms_norm_eps", c.rms_norm_eps},
                                {"rope_theta", c.rope_theta},
                                {"rope_scaling", nullptr},
                                {"attention_bias", false},
                                {"attention_dropout", 0.0},
                                {"mlp_bias", false},
                                {"tie_word_embeddings", c.tie_word_embeddings},
                                {"bos_token_id", nullptr},
                                {"eos_token_id", token(c.eos_token_id)},
                                {"pad_token_id", token(c.pad_token_id)},
                                {"torch_dtype", "float32"},
                                {"use_cache", true},
                                {"autodidact", {{"position", position_name(c.position)}, {"random_offset", c.random_offset}}}};
  if (!llama)
    out["autodidact"]["note"] =
        "Llama blocks without rotary positions; learned ones are model.embed_positions.weight, added to the token embedding. "
        "transformers has no class for this.";
  return out.dump(2) + "\n";
}

std::string write_generation_config_json(const ModelConfig& c) {
  json out = json::object();
  if (c.eos_token_id >= 0) out["eos_token_id"] = c.eos_token_id;
  if (c.pad_token_id >= 0) out["pad_token_id"] = c.pad_token_id;
  return out.dump(2) + "\n";
}

Result<ModelConfig> read_config_json(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {Errc::kBadInput, "not a JSON object"};
  const bool known = object.contains("model_type") && (object["model_type"] == "llama" || object["model_type"] == "autodidact");
  if (!known) return bad("model_type", "expected \"llama\" or \"autodidact\"");
  ModelConfig c;
  Fields fields(object);
  read_shape(fields, c);
  c.rms_norm_eps = fields.number_or("rms_norm_eps", 0, 1, 1e-6);
  c.tie_word_embeddings = fields.flag_or("tie_word_embeddings", false);
  c.eos_token_id = fields.token("eos_token_id", c.vocab_size);
  c.pad_token_id = fields.token("pad_token_id", c.vocab_size);
  refuse_unsupported(fields, object);
  AD_RETURN_IF_ERROR(fields.status());
  AD_RETURN_IF_ERROR(read_rope(fields, object, c));
  AD_RETURN_IF_ERROR(read_own(object, c));
  if (c.position == Position::kRope && c.head_dim % 2 != 0) return bad("head_dim", "rotary positions need an even one");
  return c;
}

}  // namespace autodidact
