#pragma once
// Where a command's result goes: standard output, through a pager when that is a terminal and the text is long. Messages go
// to standard error by other ways. One thread.

#include <string>
#include <string_view>

#include "tools/terminal.hpp"

namespace autodidact {

class Output {
 public:
  // color: auto | always | never; "auto" means a terminal without NO_COLOR. pager: allowed at all.
  Output(const std::string& color, bool json, bool pager);
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const Style& style() const { return style_; }
  bool json() const { return json_; }
  bool terminal() const { return terminal_; }

  void text(std::string_view text);
  // One JSON line; on a terminal its hostile characters are escaped too.
  void json_line(std::string_view line);
  // Shows what was written so far, through the pager if it is longer than the screen. A failed write (a full disk) makes
  // failed() true; a closed pipe ends the process by SIGPIPE, as for any Unix tool.
  void flush();
  bool failed() const { return failed_; }

 private:
  void write_all(int fd, std::string_view text);
  bool page();

  bool json_, terminal_, pager_;
  Style style_;
  std::size_t height_ = 24;
  std::string pending_;
  bool failed_ = false;
};

}  // namespace autodidact
