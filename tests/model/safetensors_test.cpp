// What a hostile or damaged safetensors file may hold; none of it may crash, hang, or pass for weights.

#include "model/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/rng.hpp"

namespace autodidact {
namespace {

using ::testing::HasSubstr;

Result<SafetensorsIndex> parse_safetensors(const std::string& file) {
  return autodidact::parse_safetensors(*bytes_in_memory(file));
}
Status read_tensor(const std::string& file, const SafetensorsIndex& index, const SafetensorsEntry& e, std::span<float> to) {
  return autodidact::read_tensor(*bytes_in_memory(file), index, e, to);
}

std::string file_of(const std::string& header, const std::string& data) {
  std::string file(8, '\0');
  const std::uint64_t bytes = header.size();
  std::memcpy(file.data(), &bytes, 8);
  return file + header + data;
}
std::string error_of(const std::string& header, std::size_t data_bytes) {
  const auto result = parse_safetensors(file_of(header, std::string(data_bytes, '\0')));
  EXPECT_EQ(result.status().code(), Errc::kBadInput) << header;
  EXPECT_EQ(result.status().message().find('\n'), std::string::npos) << "one line";
  return result.status().message();
}
std::string entry(const std::string& name, const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

std::vector<float> values_of(const std::string& file) {
  const auto index = parse_safetensors(file);
  EXPECT_TRUE(index.ok()) << index.status().message();
  std::vector<float> values;
  for (const SafetensorsEntry& e : index->entries) {
    std::size_t n = 1;
    for (std::int64_t s : e.shape) n *= static_cast<std::size_t>(s);
    std::vector<float> one(n);
    EXPECT_TRUE(read_tensor(file, *index, e, one).ok());
    values.insert(values.end(), one.begin(), one.end());
  }
  return values;
}

TEST(Safetensors, ReadsWhatItWrites) {
  const std::vector<float> data = {1, -2, 3.5f, 0, 1e-30f, 7};
  const std::string file = write_safetensors({{"a", {2, 2}, 0, 4}, {"b", {2}, 4, 2}}, data.data());
  const auto index = parse_safetensors(file);
  ASSERT_TRUE(index.ok()) << index.status().message();
  EXPECT_EQ(index->entries[0].name, "a");
  EXPECT_EQ(index->entries[1].shape, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(index->data_begin % 8, 0u);
  EXPECT_EQ(values_of(file), data);
}

TEST(Safetensors, WidensHalfFormats) {
  const std::uint16_t bf16[] = {0x3f80, 0xc000, 0x0001}, f16[] = {0x3c00, 0xc100, 0x0001, 0x7bff, 0x8000, 0x03ff};
  const std::string header = "{" + entry("a", "BF16", "[3]", "[0,6]") + "," + entry("b", "F16", "[6]", "[6,18]") + "}";
  std::string data(18, '\0');
  std::memcpy(data.data(), bf16, 6);
  std::memcpy(data.data() + 6, f16, 12);
  const auto values = values_of(file_of(header, data));
  EXPECT_EQ(values, (std::vector<float>{1, -2, std::ldexp(1.0f, -133), 1, -2.5f, std::ldexp(1.0f, -24), 65504, -0.0f,
                                        std::ldexp(1023.0f, -24)}));
}

TEST(Safetensors, ValuesThatAreNotFiniteAreNamed) {
  for (float poison : {std::nanf(""), std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
    const std::vector<float> data = {1, 2, poison};
    const std::string file = write_safetensors({{"weight", {3}, 0, 3}}, data.data());
    const auto index = parse_safetensors(file);
    std::vector<float> to(3);
    const Status status = read_tensor(file, *index, index->entries[0], to);
    EXPECT_EQ(status.code(), Errc::kBadInput);
    EXPECT_THAT(status.message(), ::testing::AllOf(HasSubstr("weight"), HasSubstr("value 2")));
  }
  for (const char* dtype : {"F16", "BF16"}) {
    const std::uint16_t inf = dtype[0] == 'F' ? 0x7c00 : 0x7f80;
    std::string file = file_of("{" + entry("a", dtype, "[1]", "[0,2]") + "}", std::string(2, '\0'));
    std::memcpy(file.data() + file.size() - 2, &inf, 2);
    const auto index = parse_safetensors(file);
    std::vector<float> to(1);
    EXPECT_EQ(read_tensor(file, *index, index->entries[0], to).code(), Errc::kBadInput) << dtype;
  }
}

TEST(Safetensors, HeaderLengthIsBounded) {
  EXPECT_EQ(parse_safetensors("").status().code(), Errc::kBadInput);
  EXPECT_EQ(parse_safetensors("1234567").status().code(), Errc::kBadInput);
  for (std::uint64_t length : {std::uint64_t{3}, std::uint64_t{1} << 40, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
    std::string file(10, '{');
    std::memcpy(file.data(), &length, 8);
    EXPECT_THAT(parse_safetensors(file).status().message(), HasSubstr("header length")) << length;
  }
  EXPECT_THAT(error_of("", 0), HasSubstr("{"));
  EXPECT_THAT(error_of("  {}", 0), HasSubstr("begin with {"));
}

TEST(Safetensors, DuplicateNamesAreNoticed) {
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("a", "F32", "[1]", "[4,8]") + "}", 8),
              HasSubstr("\"a\": appears twice"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
              HasSubstr("appears twice"));
}

TEST(Safetensors, PlacesMustTileTheData) {
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[2,6]") + "}", 6),
              HasSubstr("overlaps"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[0,4]") + "}", 4),
              HasSubstr("overlaps"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[8,12]") + "}", 12),
              HasSubstr("hole"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1]", "[4,8]") + "}", 8), HasSubstr("hole"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1]", "[0,4]") + "}", 9), HasSubstr("5 bytes after"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[2]", "[0,8]") + "}", 4), HasSubstr("truncated"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1]", "[4,0]") + "}", 4), HasSubstr("data_offsets"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[3]", "[0,8]") + "}", 8), HasSubstr("its shape needs 12"));
  EXPECT_THAT(error_of("{}", 4), HasSubstr("4 bytes after"));
}

TEST(Safetensors, ShapesMustNotOverflow) {
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[281474976710656,281474976710656]", "[0,4]") + "}", 4), HasSubstr("overflows"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[18446744073709551615]", "[0,4]") + "}", 4), HasSubstr("impossible shape"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[99999999999999999999999]", "[0,4]") + "}", 4), HasSubstr("fraction"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[-1]", "[0,4]") + "}", 4), HasSubstr("negative"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1.5]", "[0,4]") + "}", 4), HasSubstr("fraction"));
  EXPECT_THAT(error_of("{" + entry("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") + "}", 4), HasSubstr("impossible shape"));
}

TEST(Safetensors, OnlyTheFormatsFieldsBelong) {
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", 8), HasSubstr("F64"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":5,"shape":[1],"data_offsets":[0,4]}})", 4), HasSubstr("a number"));
  EXPECT_THAT(error_of(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4), HasSubstr("needs dtype"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1]}})", 4), HasSubstr("needs dtype"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4), HasSubstr("two data_offsets"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", 4), HasSubstr("a number"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", 4), HasSubstr("an array"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4), HasSubstr("unknown field"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":{"b":1}}})", 4), HasSubstr("an object"));
  EXPECT_THAT(error_of(R"({"a":7})", 4), HasSubstr("a number"));
  EXPECT_THAT(error_of(R"({"a":null})", 4), HasSubstr("null"));
  EXPECT_THAT(error_of(R"({"__metadata__":{"format":7}})", 0), HasSubstr("a number"));
  EXPECT_THAT(error_of(R"({"__metadata__":[]})", 0), HasSubstr("an array"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"F32")", 4), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("{" + std::string(100000, '['), 0), HasSubstr("JSON"));
}

TEST(Safetensors, NamesAreMadePrintable) {
  const std::string message =
      error_of("{" + entry(R"(a\nb\u001b[31m)" + std::string(500, 'x'), "F64", "[1]", "[0,8]") + "}", 8);
  EXPECT_LT(message.size(), 200u);
  for (char c : message) EXPECT_TRUE(c >= ' ' && c < 127);
}

// Random damage: either an error, or an index whose every tensor can be read within the file (the sanitizers watch).
TEST(Safetensors, SurvivesRandomDamage) {
  std::vector<float> data(64);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>(i);
  const std::string good = write_safetensors(
      {{"model.embed_tokens.weight", {8, 4}, 0, 32}, {"model.norm.weight", {16}, 32, 16}, {"lm_head.weight", {4, 4}, 48, 16}},
      data.data());
  int errors = 0;
  for (std::uint64_t round = 0; round < 20000; ++round) {
    std::string file = good;
    const auto pick = [&](std::uint64_t index, std::uint64_t below) { return random_bits(round, index) % below; };
    for (std::uint64_t change = 0; change <= pick(0, 4); ++change) {
      const std::size_t at = pick(10 + change, round % 2 == 0 ? 8 + 320 : file.size()) % file.size();
      switch (pick(20 + change, 4)) {
        case 0: file[at] = static_cast<char>(pick(30 + change, 256)); break;
        case 1: file[at] = "0123456789[]{},:\""[pick(30 + change, 17)]; break;
        case 2: file.erase(at, 1 + pick(30 + change, 5)); break;
        default: file.insert(at, 1, "0123456789[]{},:\""[pick(30 + change, 17)]);
      }
    }
    const auto index = parse_safetensors(file);
    if (!index.ok()) {
      ++errors;
      continue;
    }
    for (const SafetensorsEntry& e : index->entries) {
      const std::size_t items = (e.end - e.begin) / (e.dtype == Dtype::kF32 ? 4 : 2);
      std::vector<float> to(items);
      (void)read_tensor(file, *index, e, to).ok();
    }
  }
  EXPECT_GT(errors, 10000);
}

}  // namespace
}  // namespace autodidact
