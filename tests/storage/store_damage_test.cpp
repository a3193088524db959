// Damaged, foreign and busy store directories: one clear error that says what to do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "storage/bytes.hpp"
#include "storage/codec.hpp"
#include "storage/commit_mark.hpp"
#include "storage/store_state.hpp"
#include "tests/sanitizers.hpp"
#include "tests/storage/store_fixture.hpp"

namespace autodidact {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DamagedStore : public ::testing::Test {
 protected:
  std::string path() const { return directory_.path("store"); }
  Result<std::unique_ptr<ReplayStore>> open() const { return open_store(path(), test_options()); }
  Result<std::unique_ptr<ReplayStore>> open_read_only() const { return open_store_read_only(path(), test_options()); }

  // A store that was closed in good order: everything is in SST files.
  void make_store(std::uint64_t items = 400) {
    auto store = open().value();
    for (std::uint64_t i = 0; i < items; ++i)
      store->submit(item_set(i, 1, 2), [](Result<WriteReceipt> receipt) { ASSERT_TRUE(receipt.ok()); });
    WriteSet set;
    set.consumed = {{.step = 1, .attempt = 3, .round = 1}};
    set.versions = {make_version(1), make_version(2)};
    set.events = {make_event("round")};
    ASSERT_TRUE(store->commit(std::move(set)).ok());
  }
  // A store whose writer was killed: the last groups are in the write-ahead log only.
  void make_killed_store() {
    make_store();
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = open_store(path(), test_options());
      for (std::uint64_t i = 1000; i < 1200; ++i) {
        if (!store.ok() || !store.value()->commit(item_set(i)).ok()) std::_Exit(1);
      }
      ::raise(SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  std::vector<std::filesystem::path> files(const std::string& extension) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      if (entry.path().extension() == extension && entry.file_size() > 0) found.push_back(entry.path());
    }
    return found;
  }
  static void flip_byte(const std::filesystem::path& file, std::uintmax_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get());
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 0x5a));
  }
  std::vector<std::string> problems(bool deep = true) const {
    const auto report = verify_store(path(), test_options(), deep);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.ok() ? report.value().problems : std::vector<std::string>{"no report"};
  }
  // Changes rows behind the store's back.
  void tamper(const std::function<void(const RocksDb&, rocksdb::WriteBatch&)>& change) {
    auto db = RocksDb::open(path(), test_options(), RocksDb::Mode::kWrite, nullptr).value();
    rocksdb::WriteBatch batch;
    change(*db, batch);
    ASSERT_TRUE(db->write(batch, true).ok());
  }
  std::vector<std::string> family_names() const {
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies({}, path(), &names).ok());
    return names;
  }
  // The database without us: `use` is called with each of its families.
  void each_family(const std::function<void(rocksdb::DB&, rocksdb::ColumnFamilyHandle*)>& use) {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : family_names()) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path(), families, &handles, &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      use(*db, handle);
      ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
    }
  }
  void drop_family(const std::string& dropped) {
    each_family([&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
      if (family->GetName() != dropped) return;
      ASSERT_TRUE(db.DropColumnFamily(family).ok());
    });
  }
  static rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

  TempDirectory directory_;
};

TEST_F(DamagedStore, SoundStoresVerifyClean) {
  make_store();
  EXPECT_THAT(problems(false), IsEmpty());
  EXPECT_THAT(problems(true), IsEmpty());
  EXPECT_EQ(verify_store(path(), test_options(), false).value().attempts, 800u);
}

TEST_F(DamagedStore, AFlippedByteInTheLogIsNoticedAndNothingIsDropped) {
  if (!kForkMayThread) GTEST_SKIP() << "ThreadSanitizer refuses threads in a forked child";
  make_killed_store();
  const auto log = files(".log").at(0);
  const auto size = std::filesystem::file_size(log);
  flip_byte(log, size / 2);
  for (int i = 0; i < 2; ++i) {  // refusing must not repair it quietly
    for (const auto& opened : {open().status(), open_read_only().status()}) {
      EXPECT_EQ(opened.code(), Errc::kBadInput) << opened.message();
      EXPECT_THAT(opened.message(), HasSubstr("acknowledged records are missing"));
      EXPECT_THAT(opened.message(), HasSubstr("COMMITTED"));
    }
  }
  EXPECT_EQ(std::filesystem::file_size(log), size);
  EXPECT_THAT(problems(), Not(IsEmpty()));
  std::filesystem::remove(mark_path(path()));  // accepting the loss, as the message says
  const auto opened = open();
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  const std::uint64_t left = opened.value()->counts().items;
  EXPECT_GE(left, 400u);
  EXPECT_LT(left, 600u);
}

TEST_F(DamagedStore, ATruncatedLogIsNoticed) {
  if (!kForkMayThread) GTEST_SKIP() << "ThreadSanitizer refuses threads in a forked child";
  make_killed_store();
  const auto log = files(".log").at(0);
  std::filesystem::resize_file(log, std::filesystem::file_size(log) / 3);
  EXPECT_EQ(open().status().code(), Errc::kBadInput);
}

TEST_F(DamagedStore, AMissingLogIsNoticed) {
  if (!kForkMayThread) GTEST_SKIP() << "ThreadSanitizer refuses threads in a forked child";
  make_killed_store();
  for (const auto& log : files(".log")) std::filesystem::remove(log);
  EXPECT_EQ(open().status().code(), Errc::kBadInput);
}

TEST_F(DamagedStore, AnIntactLogOfAKilledWriterIsReplayed) {
  if (!kForkMayThread) GTEST_SKIP() << "ThreadSanitizer refuses threads in a forked child";
  make_killed_store();
  EXPECT_EQ(open_read_only().value()->counts().items, 600u);
  EXPECT_EQ(open().value()->counts().items, 600u);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(DamagedStore, AFlippedByteInADataFileIsNamed) {
  make_store();
  std::filesystem::path largest;
  std::uintmax_t size = 0;
  for (const auto& file : files(".sst")) {
    if (std::filesystem::file_size(file) > size) largest = file, size = std::filesystem::file_size(file);
  }
  for (std::uintmax_t at = size / 8; at < size / 2; at += size / 8) flip_byte(largest, at);
  const auto found = problems(true);
  ASSERT_THAT(found, Not(IsEmpty()));
  EXPECT_THAT(found, ::testing::Contains(HasSubstr(largest.filename().string())));
  const auto store = open_read_only();
  Status failure = store.status();
  for (AttemptId id = 1; failure.ok() && id <= 800; ++id) failure = store.value()->read(std::span(&id, 1)).status();
  EXPECT_EQ(failure.code(), Errc::kBadInput);
  EXPECT_THAT(failure.message(), HasSubstr("autodidact replay verify"));
}

TEST_F(DamagedStore, AMissingDataFileIsNamed) {
  make_store();
  const auto file = files(".sst").at(0);
  std::filesystem::remove(file);
  const Status status = open().status();
  EXPECT_EQ(status.code(), Errc::kBadInput) << status.message();
  EXPECT_THAT(status.message(), HasSubstr(file.stem().string()));  // RocksDB says .ldb, its old suffix
}

TEST_F(DamagedStore, AMissingRootIsNotTakenForANewStore) {
  make_store();
  std::filesystem::remove(path() + "/CURRENT");
  EXPECT_EQ(open().status().code(), Errc::kBadInput);
  EXPECT_THAT(files(".sst"), Not(IsEmpty()));
}

TEST_F(DamagedStore, ATruncatedManifestIsRefused) {
  make_store();
  { ASSERT_TRUE(open().value()->commit(item_set(900)).ok()); }  // the logs that could make up for it go away
  { ASSERT_TRUE(open().ok()); }
  for (const auto& entry : std::filesystem::directory_iterator(path())) {
    if (entry.path().filename().string().starts_with("MANIFEST"))
      std::filesystem::resize_file(entry.path(), entry.file_size() / 2);
  }
  const Status status = open().status();
  EXPECT_EQ(status.code(), Errc::kBadInput) << status.message();
  EXPECT_THAT(files(".sst"), Not(IsEmpty()));
}

TEST_F(DamagedStore, AStoreWhoseMakingWasInterruptedIsMadeAgain) {
  std::filesystem::create_directory(path());
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, path(), &raw).ok());  // no family of ours yet, no data
  delete raw;
  EXPECT_EQ(open_read_only().status().code(), Errc::kNotFound);
  EXPECT_TRUE(open().value()->commit(item_set(1)).ok());
  EXPECT_EQ(open_read_only().value()->counts().items, 1u);
}

TEST_F(DamagedStore, AnotherFormatIsRefusedUntouched) {
  make_store();
  for (const auto& [format, advice] : {std::pair("1", "the version of autodidact that wrote it"), {"3", "a later version"}}) {
    tamper(
        [&](const RocksDb& db, rocksdb::WriteBatch& batch) { batch.Put(db.handle(Column::kMeta), slice(kFormatRow), format); });
    for (const Status& status :
         {open().status(), open_read_only().status(), verify_store(path(), test_options(), false).status()}) {
      EXPECT_EQ(status.code(), Errc::kConfig);
      EXPECT_THAT(status.message(), HasSubstr(std::string("format ") + format));
      EXPECT_THAT(status.message(), HasSubstr(advice));
    }
  }
}

TEST_F(DamagedStore, FamiliesOfALaterProgramAreLeftAlone) {
  make_store();
  each_family([](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
    if (family->GetName() != "meta") return;
    rocksdb::ColumnFamilyHandle* later = nullptr;
    ASSERT_TRUE(db.CreateColumnFamily({}, "later", &later).ok());
    ASSERT_TRUE(db.Put({}, later, "key", "value").ok());
    ASSERT_TRUE(db.DestroyColumnFamilyHandle(later).ok());
  });
  EXPECT_EQ(open_read_only().value()->counts().items, 400u);
  EXPECT_TRUE(open().value()->commit(item_set(5000)).ok());
}

// As a program wrote it that knew no scores: neither their family nor their counter.
TEST_F(DamagedStore, AStoreOlderThanScoresOpensAndIsGivenTheFamily) {
  make_store();
  drop_family("scores");
  each_family([](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
    if (family->GetName() != "meta") return;
    std::string state;
    ASSERT_TRUE(db.Get({}, family, slice(kStateRow), &state).ok());
    state.pop_back();
    const std::uint32_t sum = checksum(std::string_view(state).substr(5), 0);
    std::memcpy(state.data() + 1, &sum, sizeof sum);
    ASSERT_TRUE(db.Put({}, family, slice(kStateRow), state).ok());
  });
  const std::vector<AttemptId> ids = {1, 2};
  {
    const auto reader = open_read_only();
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    EXPECT_EQ(reader.value()->counts().attempts, 800u);
    EXPECT_EQ(reader.value()->counts().scores, 0u);
    EXPECT_THAT(reader.value()->scores(ids).value(), IsEmpty());
  }
  EXPECT_THAT(problems(true), IsEmpty());
  EXPECT_THAT(family_names(), Not(::testing::Contains("scores")));  // reading made none
  {
    auto store = open();
    ASSERT_TRUE(store.ok()) << store.status().message();
    WriteSet set;
    set.scores = {make_score(2, 1)};
    ASSERT_TRUE(store.value()->commit(std::move(set)).ok());
  }
  EXPECT_THAT(family_names(), ::testing::Contains("scores"));
  const auto reader = open_read_only().value();
  expect_equal(reader->scores(ids).value(), {make_score(2, 1)});
  EXPECT_THAT(problems(true), IsEmpty());
}

TEST_F(DamagedStore, AnyOtherMissingFamilyIsNotOurs) {
  make_store();
  drop_family("zones");
  EXPECT_THAT(open_read_only().status().message(), HasSubstr("'zones'"));
  EXPECT_EQ(open().status().code(), Errc::kBadInput);
}

TEST_F(DamagedStore, ASecondWriterIsRefusedWithOneLine) {
  make_store();
  const auto first = open().value();
  const Status status = open().status();
  EXPECT_EQ(status.code(), Errc::kTemporary);
  EXPECT_THAT(status.message(), HasSubstr("in use by process " + std::to_string(::getpid())));
  EXPECT_THAT(status.message(), Not(HasSubstr("\n")));
  EXPECT_TRUE(first->commit(item_set(900)).ok());
}

TEST_F(DamagedStore, ReadersWriteNothingAndCreateNothing) {
  EXPECT_EQ(open_read_only().status().code(), Errc::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_EQ(verify_store(path(), test_options(), true).status().code(), Errc::kNotFound);
  make_store();
  std::set<std::string> before;
  for (const auto& entry : std::filesystem::directory_iterator(path())) before.insert(entry.path().filename());
  {
    const auto reader = open_read_only().value();
    EXPECT_EQ(reader->commit(item_set(1)).status().code(), Errc::kPermission);
    EXPECT_EQ(reader->pin(std::vector<AttemptId>{1}, true).code(), Errc::kPermission);
    EXPECT_EQ(reader->collect(0, false).status().code(), Errc::kPermission);
    EXPECT_EQ(checkpoint_store(*reader, directory_.path("copy")).code(), Errc::kUnavailable);
    EXPECT_FALSE(reader->health().writable);
  }
  std::set<std::string> after;
  for (const auto& entry : std::filesystem::directory_iterator(path())) after.insert(entry.path().filename());
  EXPECT_EQ(before, after);
}

TEST_F(DamagedStore, ReadersSeeWhatALiveWriterHadAcknowledged) {
  auto writer = open().value();
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread writing([&] {
    for (std::uint64_t i = 0; !stop; ++i) {
      WriteSet set = item_set(i, 1, 1);
      set.items[0].attempts[0].attempt.text.assign(20'000, 'x');  // so that files are written and logs deleted all the time
      if (writer->commit(std::move(set)).ok()) acknowledged = i + 1;
    }
  });
  for (int i = 0; i < 30; ++i) {
    const std::uint64_t before = acknowledged;
    const auto reader = open_read_only();
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    EXPECT_GE(reader.value()->counts().items, before);
    AttemptQuery query;
    query.limit = 3;
    for (AttemptId id : ids_of(reader.value()->find(query).value())) EXPECT_TRUE(reader.value()->read(std::span(&id, 1)).ok());
  }
  stop = true;
  writing.join();
}

TEST_F(DamagedStore, NoDirectoryIsNoStore) {
  std::ofstream(directory_.path("file")) << "x";
  EXPECT_FALSE(open_store(directory_.path("file"), test_options()).ok());
  EXPECT_FALSE(open_store_read_only(directory_.path("file"), test_options()).ok());
  std::filesystem::create_directory(directory_.path("empty"));
  EXPECT_EQ(open_store_read_only(directory_.path("empty"), test_options()).status().code(), Errc::kNotFound);
}

TEST_F(DamagedStore, AnotherRocksDbDatabaseIsNotOurs) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, path(), &raw).ok());
  ASSERT_TRUE(raw->Put({}, "some", "data").ok());
  delete raw;
  const Status status = open_read_only().status();
  EXPECT_EQ(status.code(), Errc::kBadInput);
  EXPECT_THAT(status.message(), HasSubstr("no replay store"));
  EXPECT_FALSE(open().ok());
}

TEST_F(DamagedStore, ACheckpointIsAStoreOfItsOwn) {
  auto store = open().value();
  for (std::uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(store->commit(item_set(i, 1, 2)).ok());
  const std::string copy = directory_.path("backups/first");
  ASSERT_TRUE(checkpoint_store(*store, copy).ok());
  EXPECT_EQ(checkpoint_store(*store, copy).code(), Errc::kCannotCreate);
  ASSERT_TRUE(store->commit(item_set(60)).ok());
  EXPECT_EQ(open_store_read_only(copy, test_options()).value()->counts().items, 50u);
  auto opened = open_store(copy, test_options());
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_TRUE(opened.value()->commit(item_set(70)).ok());
  EXPECT_EQ(store->counts().items, 51u);
  EXPECT_EQ(checkpoint_store(*make_memory_store(), directory_.path("x")).code(), Errc::kUnavailable);
}

// ---- verify: each kind of disagreement gets its line ----

TEST_F(DamagedStore, VerifyFindsAMissingAttempt) {
  make_store();
  tamper(
      [](const RocksDb& db, rocksdb::WriteBatch& batch) { batch.Delete(db.handle(Column::kAttempts), slice(Key(17).view())); });
  EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("attempt records: 799 found")));
}

TEST_F(DamagedStore, VerifyFindsAVerdictThatTheIndexContradicts) {
  make_store();
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) {
    JudgedAttempt judged;
    ASSERT_TRUE(decode_attempt(*db.get(Column::kAttempts, Key(17).view()).value(), 17, judged).ok());
    judged.verdict.score += 1;
    std::string bytes;
    encode_attempt(judged, 17, bytes);
    batch.Put(db.handle(Column::kAttempts), slice(Key(17).view()), bytes);
  });
  EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("attempt 17 differs from its summary")));
}

TEST_F(DamagedStore, VerifyFindsASwappedRecord) {
  make_store();
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) {
    batch.Put(db.handle(Column::kAttempts), slice(Key(17).view()), *db.get(Column::kAttempts, Key(18).view()).value());
  });
  EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("attempt 17 is damaged")));
}

TEST_F(DamagedStore, VerifyFindsAZoneThatHidesRows) {
  make_store();
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) {
    std::string zone;
    encode_zone(SummaryZone(), 1, zone);
    batch.Put(db.handle(Column::kZones), slice(Key(1).view()), zone);
  });
  EXPECT_THAT(problems(false), ElementsAre(HasSubstr("the zone of block 1")));
}

TEST_F(DamagedStore, VerifyFindsALostBlockOfSummaries) {
  make_store();
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) { batch.Delete(db.handle(Column::kHot), slice(Key(0).view())); });
  const auto found = problems();
  EXPECT_THAT(found, ::testing::Contains(HasSubstr("attempts: 544 found, the counters say 800")));
  EXPECT_THAT(found, ::testing::Contains(HasSubstr("has no summary")));
}

TEST_F(DamagedStore, VerifyFindsWrongPostings) {
  make_store();
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) {
    const std::vector<AttemptId> ids = {5, 700};
    std::string bytes;
    encode_postings(ids, 4711, bytes);
    batch.Put(db.handle(Column::kPostings), slice(Key(4711, 5).view()), bytes);
  });
  EXPECT_THAT(problems(false), ::testing::Contains(HasSubstr("problem 4711 lists attempt 5 wrongly")));
}

TEST_F(DamagedStore, VerifyFindsItemsCountedTwice) {
  make_store();
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) {
    const std::vector<ItemState> twice = {{.item = make_item_id(1, 0, false), .problem = 1000, .attempts = 2, .reason = ""}};
    std::string bytes;
    encode_items(twice, 9999, bytes);
    batch.Put(db.handle(Column::kItems), slice(Key::of_round(1, 9999).view()), bytes);
  });
  EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("is done twice")));
}

TEST_F(DamagedStore, VerifyFindsConsumptionOfNothing) {
  make_store();
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) {
    const std::vector<Consumption> uses = {{.step = 1, .attempt = 12345, .round = 1}};
    std::string bytes;
    encode_consumption(uses, 1, bytes);
    batch.Put(db.handle(Column::kConsumption), slice(Key(1).view()), bytes);
  });
  EXPECT_THAT(problems(false), ElementsAre(HasSubstr("step 1 consumed attempt 12345")));
}

TEST_F(DamagedStore, VerifyFindsScoresOfNothingAndDamagedOnes) {
  make_store();
  WriteSet set;
  set.scores = {make_score(2, 0), make_score(3, 0), make_score(4, 0)};
  ASSERT_TRUE(open().value()->commit(std::move(set)).ok());
  EXPECT_THAT(problems(), IsEmpty());
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) {
    rocksdb::ColumnFamilyHandle* scores = db.handle(Column::kScores);
    std::string bytes;
    encode_score(make_score(90'000, 0), bytes);
    batch.Put(scores, slice(Key(90'000, 0).view()), bytes);
    encode_score(make_score(5, 0, 4000), bytes);  // more steps than it has tokens
    batch.Put(scores, slice(Key(5, 0).view()), bytes);
    batch.Put(scores, slice(Key(3, 0).view()), bytes);  // filed under another attempt
    batch.Put(scores, slice(Key(2, 9).view()), *db.get(Column::kScores, Key(2, 0).view()).value());  // … or scorer
    batch.Delete(scores, slice(Key(4, 0).view()));
    batch.Delete(scores, slice(Key(2, 0).view()));
  });
  EXPECT_THAT(problems(false), ::testing::UnorderedElementsAre(
                                   HasSubstr("attempt 90000 is not in the store"), HasSubstr("end behind the attempt"),
                                   HasSubstr("score of attempt 3 is damaged"), HasSubstr("score of attempt 2 is damaged"),
                                   HasSubstr("scores: 4 found, the counters say 3")));
  const std::vector<AttemptId> ids = {3};
  EXPECT_EQ(open_read_only().value()->scores(ids).status().code(), Errc::kBadInput);
}

TEST_F(DamagedStore, VerifySaysHowManyMoreThereAre) {
  make_store();
  tamper([](const RocksDb& db, rocksdb::WriteBatch& batch) {
    for (AttemptId id = 1; id <= 200; ++id) batch.Put(db.handle(Column::kAttempts), slice(Key(id).view()), "rubbish");
  });
  EXPECT_THAT(problems(), ::testing::Contains("attempts: and 180 more"));
}

}  // namespace
}  // namespace autodidact
