// GGUF headers and values: sound files, and every kind of unsound one we could think of.

#include "model/gguf/gguf_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "config/files.hpp"
#include "tests/model/gguf_fixture.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

template <class T>
T value_of(const GgufFile& file, const std::string& key) {
  const GgufField* field = file.field(key);
  return field == nullptr ? T{} : std::get<T>(field->value);
}

void expect_refused(const std::string& bytes, const std::vector<std::string>& words) {
  const auto file = GgufFile::parse(bytes);
  ASSERT_FALSE(file.ok()) << words[0];
  EXPECT_EQ(file.status().code(), Errc::kBadInput);
  EXPECT_NE(file.status().message().find("byte "), std::string::npos) << file.status().message();
  for (const std::string& word : words)
    EXPECT_NE(file.status().message().find(word), std::string::npos) << word << " in: " << file.status().message();
}

TEST(GgufFile, ReadsEveryTypeOfValue) {
  GgufBytes made;
  made.field("u8", GgufBytes::kU8, GgufBytes::raw<std::uint8_t>(200))
      .field("i8", GgufBytes::kI8, GgufBytes::raw<std::int8_t>(-3));
  made.field("u16", GgufBytes::kU16, GgufBytes::raw<std::uint16_t>(65535));
  made.field("i16", GgufBytes::kI16, GgufBytes::raw<std::int16_t>(-32768));
  made.u32("u32", 4294967295u).field("i32", GgufBytes::kI32, GgufBytes::raw<std::int32_t>(-7));
  made.field("i64", GgufBytes::kI64, GgufBytes::raw<std::int64_t>(-(1ll << 40)));
  made.field("u64", GgufBytes::kU64, GgufBytes::raw<std::uint64_t>(~0ull));
  made.f32("f32", 1e-5f).field("f64", GgufBytes::kF64, GgufBytes::raw(0.1)).flag("yes", true).text("text", "caf\xc3\xa9");
  made.texts("texts", {"a", "", "bc"}).numbers<float>("floats", GgufBytes::kF32, {0.5f, -2});
  made.numbers<std::int16_t>("shorts", GgufBytes::kI16, {-1, 2});
  made.array("nested", GgufBytes::kArray, 1, GgufBytes::raw(GgufBytes::kU8 + 0u) + GgufBytes::raw<std::uint64_t>(2) + "ab");
  for (const std::uint32_t version : {2u, 3u}) {
    const GgufFile file = GgufFile::parse(made.bytes(version)).value();
    EXPECT_EQ(value_of<std::int64_t>(file, "u8"), 200);
    EXPECT_EQ(value_of<std::int64_t>(file, "i8"), -3);
    EXPECT_EQ(value_of<std::int64_t>(file, "u16"), 65535);
    EXPECT_EQ(value_of<std::int64_t>(file, "i16"), -32768);
    EXPECT_EQ(value_of<std::int64_t>(file, "u32"), 4294967295);
    EXPECT_EQ(value_of<std::int64_t>(file, "i32"), -7);
    EXPECT_EQ(value_of<std::int64_t>(file, "i64"), -(1ll << 40));
    EXPECT_EQ(value_of<std::int64_t>(file, "u64"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(value_of<double>(file, "f32"), 1e-5) << "the decimal it was written as";
    EXPECT_EQ(value_of<double>(file, "f64"), 0.1);
    EXPECT_TRUE(value_of<bool>(file, "yes"));
    EXPECT_EQ(value_of<std::string>(file, "text"), "caf\xc3\xa9");
    EXPECT_EQ(value_of<std::vector<std::string>>(file, "texts"), (std::vector<std::string>{"a", "", "bc"}));
    EXPECT_EQ(value_of<std::vector<double>>(file, "floats"), (std::vector<double>{0.5, -2}));
    EXPECT_EQ(value_of<std::vector<std::int64_t>>(file, "shorts"), (std::vector<std::int64_t>{-1, 2}));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(file.field("nested")->value));
    EXPECT_EQ(file.field("none"), nullptr);
  }
}

TEST(GgufFile, ReadsTensorsAndTheirParts) {
  GgufBytes made;
  made.u32("general.alignment", 32).tensor("a", {3}, {1, 2, 3}).tensor("b", {2, 3}, {1, 2, 3, 4, 5, 6});
  const TempDirectory directory;
  ASSERT_TRUE(write_file_atomic(directory.path("x.gguf"), made.bytes()).ok());
  for (const GgufFile& file : {GgufFile::parse(made.bytes()).value(), GgufFile::open(directory.path("x.gguf")).value()}) {
    ASSERT_EQ(file.tensors().size(), 2u);
    const GgufTensor& b = *file.tensor("b");
    EXPECT_EQ(b.shape, (std::vector<std::int64_t>{3, 2})) << "slowest first";
    EXPECT_EQ(b.at % 32, 0u);
    std::vector<float> values(4);
    ASSERT_TRUE(file.read(b, 2, values).ok());
    EXPECT_EQ(values, (std::vector<float>{3, 4, 5, 6}));
    EXPECT_EQ(file.tensor("c"), nullptr);
  }
}

TEST(GgufFile, FindsEveryPieceOfALargeTensor) {
  std::vector<float> values(300'001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const GgufFile file = GgufFile::parse(GgufBytes().tensor("big", {values.size()}, values).bytes()).value();
  std::vector<float> read(values.size());
  ASSERT_TRUE(file.read(file.tensors()[0], 0, read).ok());
  EXPECT_EQ(read, values);
}

TEST(GgufFile, RefusesValuesThatAreNotFiniteAndNamesThem) {
  std::vector<float> values(100'000, 1.0f);
  for (const float off : {std::nanf(""), INFINITY, -INFINITY}) {
    values[70'001] = off;
    const GgufFile file = GgufFile::parse(GgufBytes().tensor("w", {values.size()}, values).bytes()).value();
    const Status status = file.read(file.tensors()[0], 0, values);
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.message().find("\"w\": value 70001"), std::string::npos) << status.message();
    std::fill(values.begin(), values.end(), 1.0f);
  }
}

TEST(GgufFile, AFileCutShortWhileItIsOpenIsAnErrorAndNoSignal) {
  const TempDirectory directory;
  const std::string path = directory.path("x.gguf");
  std::vector<float> values(100'000, 1.0f);
  ASSERT_TRUE(write_file_atomic(path, GgufBytes().tensor("w", {values.size()}, values).bytes()).ok());
  const GgufFile file = GgufFile::open(path).value();
  ASSERT_EQ(::truncate(path.c_str(), 5000), 0);
  const Status status = file.read(file.tensors()[0], 0, values);
  EXPECT_EQ(status.code(), Errc::kBadInput);
  EXPECT_NE(status.message().find("truncated"), std::string::npos) << status.message();
}

TEST(GgufFile, OpensRegularFilesOnly) {
  const TempDirectory directory;
  EXPECT_EQ(GgufFile::open(directory.path("none")).status().code(), Errc::kNotFound);
  EXPECT_EQ(GgufFile::open(directory.path()).status().code(), Errc::kBadInput);
}

TEST(GgufFile, EveryTruncationOfAGoodFileIsRefused) {
  GgufBytes made;
  made.text("general.architecture", "llama").texts("list", {"a", "bc"}).u32("n", 1).tensor("w", {4}, {1, 2, 3, 4});
  const std::string good = made.bytes();
  ASSERT_TRUE(GgufFile::parse(good).ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto file = GgufFile::parse(good.substr(0, size));
    ASSERT_FALSE(file.ok()) << size;
    EXPECT_NE(file.status().message().find("byte "), std::string::npos) << file.status().message();
  }
}

TEST(GgufFile, RefusesAPreambleThatIsOff) {
  std::string bytes = GgufBytes().u32("n", 1).bytes();
  expect_refused("GGML" + bytes.substr(4), {"begin with \"GGUF\""});
  expect_refused(GgufBytes().bytes(1), {"version 1"});
  expect_refused(GgufBytes().bytes(4), {"version 4"});
  expect_refused(GgufBytes().bytes(0x03000000), {"big-endian"});
  expect_refused(bytes.replace(16, 8, GgufBytes::raw(~0ull)), {"metadata keys are too many"});
  expect_refused(bytes.replace(8, 8, GgufBytes::raw(~0ull)), {"tensors are too many"});
}

TEST(GgufFile, RefusesMetadataThatIsOffAndNamesTheKey) {
  expect_refused(GgufBytes().u32("twice", 1).u32("twice", 2).bytes(), {"\"twice\" stands twice"});
  expect_refused(GgufBytes().field("k", 13, "").bytes(), {"key \"k\"", "value type 13"});
  expect_refused(GgufBytes().field("k", GgufBytes::kBool, "\2").bytes(), {"key \"k\"", "boolean"});
  expect_refused(GgufBytes().field("k", GgufBytes::kString, GgufBytes::raw(~0ull)).bytes(), {"key \"k\"", "too long"});
  expect_refused(GgufBytes().array("k", GgufBytes::kU8, ~0ull, "").bytes(), {"key \"k\"", "too long"});
  expect_refused(GgufBytes().array("k", GgufBytes::kF64, 1ull << 61, "").bytes(), {"key \"k\"", "too long"});
  expect_refused(GgufBytes().array("k", 99, 1, "").bytes(), {"key \"k\"", "type 99"});
  expect_refused(GgufBytes().text(std::string(256, 'k'), "").bytes(), {"256 bytes is too long"});
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += GgufBytes::raw(GgufBytes::kArray + 0u) + GgufBytes::raw<std::uint64_t>(1);
  expect_refused(GgufBytes().array("deep", GgufBytes::kArray, 1, nested).bytes(), {"key \"deep\"", "nested"});
  for (const std::uint32_t alignment : {0u, 3u, 1u << 30})
    expect_refused(GgufBytes().u32("general.alignment", alignment).bytes(), {"general.alignment", "power of two"});
  expect_refused(GgufBytes().text("general.alignment", "32").bytes(), {"general.alignment"});
}

TEST(GgufFile, RefusesTensorsThatAreOffAndNamesThem) {
  const std::vector<float> two = {1, 2};
  expect_refused(GgufBytes().tensor("w", {2}, two).tensor("w", {2}, two).bytes(), {"\"w\" stands twice"});
  expect_refused(GgufBytes().tensor_at("w", {}, 0, 0).bytes(), {"\"w\"", "0 dimensions"});
  expect_refused(GgufBytes().tensor_at("w", {1, 1, 1, 1, 1}, 0, 0).bytes(), {"\"w\"", "5 dimensions"});
  expect_refused(GgufBytes().tensor_at("w", {0}, 0, 0).bytes(), {"\"w\"", "shape"});
  expect_refused(GgufBytes().tensor_at("w", {1ull << 40, 1ull << 40}, 0, 0).bytes(), {"\"w\"", "shape"});
  expect_refused(GgufBytes().tensor_at("w", {1ull << 40, 1ull << 23}, 0, 0).bytes(), {"\"w\"", "shape"});
  expect_refused(GgufBytes().tensor_at("w", {32}, 4, 0).bytes(), {"\"w\"", "ggml type 4"});
  expect_refused(GgufBytes().tensor_at("w", {33}, 2, 0).bytes(), {"\"w\"", "Q4_0", "33"});
  expect_refused(GgufBytes().tensor_at("w", {2}, 0, 8).bytes(), {"\"w\"", "offset 8"});
  expect_refused(GgufBytes().tensor("w", {2}, two).tensor_at("v", {2}, 0, 32).bytes(), {"\"v\"", "truncated"});
  expect_refused(GgufBytes().tensor("w", {2}, two).tensor_at("v", {2}, 0, ~0ull - 31).bytes(), {"\"v\"", "truncated"});
  expect_refused(GgufBytes().tensor("w", {2}, two).tensor_at("v", {2}, 0, 0).bytes(), {"\"v\"", "overlaps tensor \"w\""});
}

}  // namespace
}  // namespace autodidact
