// SentencePiece models made by hand, sound ones and hostile ones. What a trained one gives is compared with the Python package
// (sentencepiece_peers.py).

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "config/files.hpp"
#include "model/bpe/stream_decoder.hpp"
#include "model/sentencepiece/charsmap.hpp"
#include "model/sentencepiece/model_proto.hpp"
#include "model/sentencepiece/sentencepiece_tokenizer.hpp"
#include "tests/temp_directory.hpp"

namespace autodidact {
namespace {

using Type = SentencePiece::Type;
const std::string kSpace = "\xE2\x96\x81";

// <unk> <s> </s>, 256 bytes, then 259: "▁" "h" "i" "hi" "▁hi" and 264: <chat>, user-defined.
SentencePieceModel small_model() {
  SentencePieceModel model;
  model.type = SentencePieceModel::Type::kBpe;
  model.byte_fallback = true;
  model.remove_extra_whitespaces = false;
  model.pieces = {{"<unk>", 0, Type::kUnknown}, {"<s>", 0, Type::kControl}, {"</s>", 0, Type::kControl}};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    model.pieces.push_back({text, 0, Type::kByte});
  }
  float score = -1;
  for (const std::string& text : {kSpace, std::string("h"), std::string("i"), std::string("hi"), kSpace + "hi"})
    model.pieces.push_back({text, score -= 1, Type::kNormal});
  model.pieces.push_back({"<chat>", 0, Type::kUserDefined});
  return model;
}

std::shared_ptr<const Tokenizer> make(const SentencePieceModel& model, const SentencePieceOptions& options = {}) {
  auto made = make_sentencepiece_tokenizer(write_sentencepiece_model(model), options);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return std::move(made).value();
}
using Ids = std::vector<TokenId>;

TEST(SentencePiece, EncodesAndDecodes) {
  const auto tokenizer = make(small_model());
  EXPECT_EQ(tokenizer->vocab_size(), 265);
  EXPECT_EQ(tokenizer->eos(), 2);
  EXPECT_EQ(tokenizer->pad(), 2) << "the model has no <pad>";
  EXPECT_EQ(tokenizer->encode("hi hi").value(), (Ids{263, 263}));
  EXPECT_EQ(tokenizer->encode("\xC3\xA9").value(), (Ids{259, 3 + 0xC3, 3 + 0xA9})) << "bytes of what has no piece";
  EXPECT_EQ(tokenizer->encode("\xff").value(), tokenizer->encode("\xEF\xBF\xBD").value());
  for (const std::string text : {"hi hi", "", " hi", "  ", "caf\xC3\xA9\n\tx", "\xF0\x9F\x98\x80!"}) {
    const Ids ids = tokenizer->encode(text).value();
    EXPECT_EQ(tokenizer->decode(ids), text);
    StreamDecoder stream;
    std::string shown;
    for (const TokenId id : ids) shown += stream.push(tokenizer->token_bytes(id));
    EXPECT_EQ(shown + stream.finish(), text.empty() ? "" : " " + text) << "token by token, the model's space is there";
  }
  EXPECT_EQ(tokenizer->token_text(263), kSpace + "hi");
  EXPECT_EQ(tokenizer->token_text(2), "</s>");
  EXPECT_EQ(tokenizer->decode(Ids{2, 263, 2, -1, 100000}), "hi\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(SentencePiece, UserTextNeverBecomesASpecialToken) {
  const auto tokenizer = make(small_model(), {.eos = "<chat>"});
  EXPECT_EQ(tokenizer->eos(), 264);
  for (const std::string text : {"</s>", "<s>hi</s>", "<chat>", "hi<chat>"})
    for (const TokenId id : tokenizer->encode(text).value()) EXPECT_TRUE(id != 1 && id != 2 && id != 264) << text;
  EXPECT_EQ(tokenizer->encode_markup({"<s>hi</s><chat>", {}}).value(), (Ids{1, 263, 2, 264}));
  // What a user wrote stays text, also behind bytes that are mended first.
  for (const TokenId id : tokenizer->encode_markup({"<s>\xFF</s>", {{3, 8}}}).value()) EXPECT_NE(id, 2);
  EXPECT_EQ(make(small_model())->encode("hi<chat>").value(), (Ids{263, 264})) << "user-defined and no end: part of the text";
}

TEST(SentencePiece, TheSpaceBeforeATextIsThereOnceOrBehindEachToken) {
  EXPECT_EQ(make(small_model(), {.legacy = true})->encode_markup({"hi</s>hi", {}}).value(), (Ids{263, 2, 263}));
  EXPECT_EQ(make(small_model(), {.legacy = false})->encode_markup({"hi</s>hi", {}}).value(), (Ids{263, 2, 262}));
}

TEST(SentencePiece, AddedTokensCanStandBehindTheModel) {
  const AddedToken tool{.id = 300, .content = "<tool>", .special = false}, end{.id = 301, .content = "<end>", .special = true};
  const auto tokenizer = make(small_model(), {.eos = "<end>", .added = {tool, end}});
  EXPECT_EQ(tokenizer->vocab_size(), 302);
  EXPECT_EQ(tokenizer->encode("hi<tool>").value(), (Ids{263, 300}));
  EXPECT_EQ(tokenizer->encode_markup({"<end>", {}}).value(), (Ids{301}));
  EXPECT_EQ(tokenizer->decode(Ids{263, 300, 301}), "hi<tool>");
  EXPECT_EQ(tokenizer->token_text(299), "") << "an id of nothing";
  const std::string file = write_sentencepiece_model(small_model());
  EXPECT_FALSE(make_sentencepiece_tokenizer(file, {.added = {tool, tool}}).ok());
  EXPECT_FALSE(make_sentencepiece_tokenizer(file, {.added = {{.id = 263, .content = "<tool>"}}}).ok()) << "another's id";
  EXPECT_FALSE(make_sentencepiece_tokenizer(file, {.added = {{.id = -1, .content = "<tool>"}}}).ok());
  EXPECT_FALSE(make_sentencepiece_tokenizer(file, {.eos = "<none>"}).ok());
}

TEST(SentencePiece, IsLoadedFromItsFilesAndFromWhatItWrites) {
  const TempDirectory directory;
  const std::string file = write_sentencepiece_model(small_model());
  ASSERT_TRUE(write_file_atomic(directory.path("tokenizer.model"), file).ok());
  EXPECT_EQ(load_tokenizer(directory.path("tokenizer.json")).value()->eos(), 2) << "there is no tokenizer.json";
  const nlohmann::json config = {{"eos_token", "<end>"},
                                 {"legacy", false},
                                 {"added_tokens_decoder", {{"300", {{"content", "<end>"}, {"special", true}}}}}};
  ASSERT_TRUE(write_file_atomic(directory.path("tokenizer_config.json"), config.dump()).ok());
  const auto tokenizer = load_tokenizer(directory.path("tokenizer.json")).value();
  EXPECT_EQ(tokenizer->eos(), 300);
  EXPECT_EQ(sentencepiece_model_of(*tokenizer), file);

  ASSERT_TRUE(write_file_atomic(directory.path("tokenizer.json"), tokenizer->to_json()).ok());
  const auto again = load_tokenizer(directory.path("tokenizer.json")).value();
  EXPECT_EQ(again->encode_markup({"hi<end>hi", {}}).value(), tokenizer->encode_markup({"hi<end>hi", {}}).value());
  EXPECT_EQ(again->vocab_size(), 301);
  EXPECT_EQ(again->to_json(), tokenizer->to_json());
  std::string broken = tokenizer->to_json();
  broken[broken.find("\"model\":\"") + 20] = '!';
  ASSERT_TRUE(write_file_atomic(directory.path("tokenizer.json"), broken).ok());
  EXPECT_NE(load_tokenizer(directory.path("tokenizer.json")).status().message().find("base64"), std::string::npos);
}

TEST(SentencePiece, AModelComesBackAsItWasWritten) {
  SentencePieceModel model = small_model();
  model.treat_whitespace_as_suffix = true;
  model.escape_whitespaces = false;
  model.unk_surface = "?";
  model.eos_piece = "<chat>";
  const auto again = parse_sentencepiece_model(write_sentencepiece_model(model)).value();
  EXPECT_EQ(write_sentencepiece_model(again), write_sentencepiece_model(model));
  EXPECT_EQ(again.pieces[263].score, model.pieces[263].score);
  EXPECT_EQ(again.eos_piece, "<chat>");
  EXPECT_FALSE(again.remove_extra_whitespaces);
}

TEST(SentencePiece, RefusesHostileModels) {
  const auto refused = [](const std::function<void(SentencePieceModel&)>& change, const std::string& why) {
    SentencePieceModel model = small_model();
    change(model);
    const auto made = make_sentencepiece_tokenizer(write_sentencepiece_model(model), {});
    ASSERT_FALSE(made.ok()) << why;
    EXPECT_EQ(made.status().code(), Errc::kBadInput);
    EXPECT_NE(made.status().message().find(why), std::string::npos) << made.status().message();
  };
  refused([](auto& m) { m.pieces[262].text = ""; }, "piece 262");
  refused([](auto& m) { m.pieces[262].text = "\xff"; }, "piece 262");
  refused([](auto& m) { m.pieces[262].text = std::string("a\0b", 3); }, "piece 262");
  refused([](auto& m) { m.pieces[262].text = std::string(513, 'a'); }, "piece 262");
  refused([](auto& m) { m.pieces[262].text = "</s>"; }, "piece 262 stands twice");
  refused([](auto& m) { m.pieces[262].score = std::numeric_limits<float>::quiet_NaN(); }, "score");
  refused([](auto& m) { m.pieces[260].type = Type::kControl; }, "could become it");
  refused([](auto& m) { m.pieces[262].type = Type::kByte; }, "<0x00>");
  refused([](auto& m) { m.pieces[262].type = Type::kUnknown; }, "one unknown");
  refused([](auto& m) { m.byte_fallback = false; }, "256 bytes");
  refused([](auto& m) { m.pieces.resize(259); }, "no normal piece");
  refused([](auto& m) { m.unk_surface = "\xff"; }, "unk_surface");
  refused([](auto& m) { m.precompiled_charsmap = "x"; }, "precompiled_charsmap");
  refused(
      [](auto& m) {
        for (std::size_t i = 2; i < 70; ++i) m.pieces.push_back({std::string(i, 'x'), 0, Type::kUserDefined});
      },
      "begin one another");
  const std::string good = write_sentencepiece_model(small_model());
  for (std::size_t size = 0; size < good.size(); size += 7)
    (void)make_sentencepiece_tokenizer(good.substr(0, size), {});  // refused, or cut between two pieces
  EXPECT_FALSE(make_sentencepiece_tokenizer("", {}).ok());
  EXPECT_FALSE(make_sentencepiece_tokenizer("{\"not\": \"a protocol buffer\"}", {}).ok());
}

// One rule: "a" becomes "b".
std::string charsmap(const std::function<void(std::vector<std::uint32_t>&)>& change, const std::string& replacements) {
  std::vector<std::uint32_t> units(512, 0x80000000u);
  units[0] = 256u << 10;                           // the root's children begin at 256
  units[256 ^ 'a'] = 'a' | 1u << 8 | 0x81u << 10;  // a value hangs on it
  units[(256 ^ 'a') ^ 0x81] = 0x80000000u;         // which is replacement 0
  change(units);
  std::string out(4 + 4 * units.size(), '\0');
  const auto bytes = static_cast<std::uint32_t>(4 * units.size());
  std::memcpy(out.data(), &bytes, 4);
  std::memcpy(out.data() + 4, units.data(), bytes);
  return out + replacements;
}

TEST(SentencePiece, ACharsmapStaysInsideItself) {
  const std::string b("b\0", 2);
  const auto check = [&](const std::function<void(std::vector<std::uint32_t>&)>& change) {
    return check_charsmap(charsmap(change, b)).message();
  };
  EXPECT_EQ(check([](auto&) {}), "");
  SentencePieceModel model = small_model();
  model.pieces[260].text = "b";
  model.precompiled_charsmap = charsmap([](auto&) {}, b);
  EXPECT_EQ(make(model)->encode("a").value(), (Ids{259, 260})) << "and does what it says";

  EXPECT_NE(check([](auto& units) { units[0] = 0x1fffffu << 10; }), "") << "the root's children are nowhere";
  EXPECT_NE(check([](auto& units) { units[256 ^ 'a'] |= 0x1fff00u << 10; }), "");
  EXPECT_NE(check([](auto& units) { units[(256 ^ 'a') ^ 0x81] = 0x80000002u; }), "") << "behind the replacements";
  EXPECT_NE(check([](auto& units) { units[256 ^ 'a'] = 'a' | 0x61u << 10; }), "") << "a circle";
  EXPECT_NE(check([](auto& units) { units.resize(400); }), "");
  EXPECT_NE(check([](auto& units) { units.clear(); }), "");
  EXPECT_NE(check_charsmap(charsmap([](auto&) {}, "b")).message(), "") << "no zero at the end";
  EXPECT_NE(check_charsmap(charsmap([](auto&) {}, std::string("\xA9\0", 2))).message(), "") << "half a character";
  EXPECT_NE(check_charsmap(std::string("\xff\xff\xff\xff\0", 5)).message(), "");
}

}  // namespace
}  // namespace autodidact
