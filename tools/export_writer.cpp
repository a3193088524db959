#include "tools/export_writer.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "config/files.hpp"
#include "config/sha256.hpp"

namespace autodidact {

namespace {

std::string readme(const nlohmann::ordered_json& about, std::uint64_t rows) {
  const std::string format = about.value("format", "attempts");
  std::string fields = "one object per attempt: problem, prompt, completion, verdict, selection, sampler, weight versions.";
  if (format == "sft") fields = "`messages` (user, assistant) of attempts worth learning, with their ids and weights.";
  if (format == "pairs") fields = "`prompt`, `chosen`, `rejected`: a right and a wrong attempt at the same problem.";
  if (format == "orm") fields = "`prompt`, `completion`, `label`: an attempt, and whether its answer is right.";
  if (format == "prm")
    fields =
        "`prompt`, `completions`, `labels`: the steps of an attempt, and whether a rollout from its end was right (`values`: "
        "the share of them).";
  return "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*.jsonl\n---\n\n"
         "# Attempts of an Autodidact run\n\n" +
         std::to_string(rows) + " rows, format `" + format + "`: " + fields +
         "\n\n`metadata.json` holds what was asked for and the SHA-256 of each file.\n\n"
         "```python\nfrom datasets import load_dataset\nrows = load_dataset(\"THIS_DIRECTORY\", split=\"train\")\n```\n";
}

Status write_error(const std::string& path) { return errno_status(errno, "write " + path, Errc::kCannotCreate); }

}  // namespace

Result<ExportWriter> ExportWriter::create(const std::string& directory, std::uint64_t rows_per_file) {
  std::string target = directory;
  while (target.size() > 1 && target.back() == '/') target.pop_back();
  struct stat info = {};
  if (::lstat(target.c_str(), &info) == 0) {
    return Status(Errc::kCannotCreate, target + " exists; export to a new directory with -o DIR");
  }
  const std::string temporary = target + ".tmp-" + std::to_string(::getpid());
  AD_RETURN_IF_ERROR(make_directories(temporary + "/data"));
  return ExportWriter(target, temporary, rows_per_file);
}

ExportWriter::ExportWriter(std::string directory, std::string temporary, std::uint64_t rows_per_file)
    : directory_(std::move(directory)), temporary_(std::move(temporary)), rows_per_file_(rows_per_file) {}

ExportWriter::ExportWriter(ExportWriter&& other) noexcept
    : directory_(std::move(other.directory_)),
      temporary_(std::exchange(other.temporary_, {})),
      rows_per_file_(other.rows_per_file_),
      rows_(other.rows_),
      files_(std::move(other.files_)),
      current_(std::exchange(other.current_, nullptr)) {}

ExportWriter::~ExportWriter() {
  if (current_ != nullptr) std::fclose(current_);
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
}

Status ExportWriter::add(std::string_view json_line) {
  if (current_ == nullptr || files_.back().rows == rows_per_file_) AD_RETURN_IF_ERROR(open_next());
  const bool written = std::fwrite(json_line.data(), 1, json_line.size(), current_) == json_line.size();
  if (!written || std::fputc('\n', current_) == EOF) return write_error(files_.back().path);
  ++files_.back().rows;
  ++rows_;
  return Status();
}

Status ExportWriter::open_next() {
  AD_RETURN_IF_ERROR(close_current());
  const std::string path = temporary_ + "/data/part-" + std::to_string(files_.size());
  current_ = std::fopen(path.c_str(), "wxe");
  if (current_ == nullptr) return write_error(path);
  files_.push_back({path, 0});
  return Status();
}

Status ExportWriter::close_current() {
  if (current_ == nullptr) return Status();
  const bool flushed = std::fflush(current_) == 0 && ::fsync(::fileno(current_)) == 0;
  const bool closed = std::fclose(std::exchange(current_, nullptr)) == 0;
  return flushed && closed ? Status() : write_error(files_.back().path);
}

Status ExportWriter::name_files(nlohmann::ordered_json& list) {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "data/train-%05zu-of-%05zu.jsonl", i, files_.size());
    const std::string path = temporary_ + "/" + name;
    if (::rename(files_[i].path.c_str(), path.c_str()) != 0) return write_error(path);
    AD_ASSIGN_OR_RETURN(const std::string digest, sha256_file_hex(path));
    list.push_back({{"path", name}, {"rows", files_[i].rows}, {"sha256", digest}});
  }
  return sync_directory(temporary_ + "/data");
}

Status ExportWriter::finish(const nlohmann::ordered_json& about) {
  AD_RETURN_IF_ERROR(close_current());
  if (rows_ == 0) return Status(Errc::kNotFound, "nothing to export: no attempt matches; nothing was written");
  nlohmann::ordered_json metadata = about;
  metadata["rows"] = rows_;
  metadata["files"] = nlohmann::ordered_json::array();
  AD_RETURN_IF_ERROR(name_files(metadata["files"]));
  AD_RETURN_IF_ERROR(write_file_atomic(temporary_ + "/metadata.json", metadata.dump(2) + "\n"));
  AD_RETURN_IF_ERROR(write_file_atomic(temporary_ + "/README.md", readme(about, rows_)));
  // rename(2) replaces an empty directory: the check at the start is for the user, this is for a race with another export.
  if (::rename(temporary_.c_str(), directory_.c_str()) != 0) return write_error(directory_);
  temporary_.clear();
  return sync_directory(parent_directory(directory_));
}

}  // namespace autodidact
