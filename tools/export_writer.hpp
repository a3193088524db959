#pragma once
// An export on disk that Hugging Face `datasets` loads by its directory: data/train-00000-of-0000N.jsonl, README.md (the
// dataset card that names them) and metadata.json. Written beside the target and renamed at the end: after a crash there is no
// export or a whole one, and a "<dir>.tmp-*" to delete. The same rows give the same bytes. One thread.

#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/status.hpp"

namespace autodidact {

class ExportWriter {
 public:
  static constexpr std::uint64_t kRowsPerFile = 100'000;

  // `directory` must not exist yet (kCannotCreate).
  static Result<ExportWriter> create(const std::string& directory, std::uint64_t rows_per_file = kRowsPerFile);
  ExportWriter(ExportWriter&& other) noexcept;
  ~ExportWriter();  // removes what finish() did not complete

  Status add(std::string_view json_line);
  std::uint64_t rows() const { return rows_; }
  // `about` goes into metadata.json: what was asked for. kNotFound without a row (nothing is left behind).
  Status finish(const nlohmann::ordered_json& about);

 private:
  struct File {
    std::string path;
    std::uint64_t rows = 0;
  };

  ExportWriter(std::string directory, std::string temporary, std::uint64_t rows_per_file);
  Status open_next();
  Status close_current();
  Status name_files(nlohmann::ordered_json& list);

  std::string directory_, temporary_;
  std::uint64_t rows_per_file_ = 0, rows_ = 0;
  std::vector<File> files_;
  std::FILE* current_ = nullptr;
};

}  // namespace autodidact
