#include "storage/rocks_log.hpp"

#include <rocksdb/env.h>

#include <cstdarg>
#include <cstdio>

#include "config/log.hpp"

namespace autodidact {
namespace {

class LogBridge : public rocksdb::Logger {
 public:
  LogBridge() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override { Logv(rocksdb::InfoLogLevel::WARN_LEVEL, format, arguments); }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    char text[512];
    std::vsnprintf(text, sizeof text, format, arguments);
    log_line(level >= rocksdb::InfoLogLevel::ERROR_LEVEL ? LogLevel::kError : LogLevel::kWarn, "store", "rocksdb",
             {{"text", text}});
  }
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_rocks_logger() { return std::make_shared<LogBridge>(); }

}  // namespace autodidact
