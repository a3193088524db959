#pragma once
// One message of a conversation. A value; any thread.

#include <string>

namespace autodidact {

struct ChatMessage {
  std::string role;     // system, user, assistant, tool
  std::string content;  // UTF-8
};

}  // namespace autodidact
