#pragma once
// A RocksDB environment whose disk fails on command.

#include <rocksdb/env.h>

#include <atomic>
#include <memory>
#include <string>

namespace autodidact {

class FaultyEnv : public rocksdb::EnvWrapper {
 public:
  enum class Fault { kNone, kAppend, kSync, kNoSpace };
  FaultyEnv() : rocksdb::EnvWrapper(rocksdb::Env::Default()) {}

  // kAppend and kSync strike the write-ahead log, kNoSpace every file.
  std::atomic<Fault> fault{Fault::kNone};

  rocksdb::Status NewWritableFile(const std::string& name, std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override {
    if (fault == Fault::kNoSpace) return rocksdb::Status::NoSpace("No space left on device");
    const rocksdb::Status status = target()->NewWritableFile(name, file, options);
    if (status.ok()) *file = std::make_unique<File>(std::move(*file), name.ends_with(".log"), fault);
    return status;
  }

 private:
  class File : public rocksdb::WritableFileWrapper {
   public:
    File(std::unique_ptr<rocksdb::WritableFile> file, bool log, const std::atomic<Fault>& fault)
        : rocksdb::WritableFileWrapper(file.get()), file_(std::move(file)), log_(log), fault_(fault) {}
    rocksdb::Status Append(const rocksdb::Slice& data) override {
      return check(Fault::kAppend, [&] { return file_->Append(data); });
    }
    rocksdb::Status Append(const rocksdb::Slice& data, const rocksdb::DataVerificationInfo& info) override {
      return check(Fault::kAppend, [&] { return file_->Append(data, info); });
    }
    rocksdb::Status Sync() override {
      return check(Fault::kSync, [&] { return file_->Sync(); });
    }
    rocksdb::Status Fsync() override {
      return check(Fault::kSync, [&] { return file_->Fsync(); });
    }

   private:
    template <class Do>
    rocksdb::Status check(Fault mine, const Do& run) {
      const Fault now = fault_;
      if (now == Fault::kNoSpace && mine == Fault::kAppend) return rocksdb::Status::NoSpace("No space left on device");
      if (log_ && now == mine) return rocksdb::Status::IOError("the disk says no");
      return run();
    }
    const std::unique_ptr<rocksdb::WritableFile> file_;
    const bool log_;
    const std::atomic<Fault>& fault_;
  };
};

}  // namespace autodidact
