#pragma once
// One request under /v1 while it is being answered: asks the backend once per prompt, puts the answers together, or streams
// their parts as they come, and tells the backend when the client has left. Lives as long as the backend holds a listener of
// it; when the last goes without an answer the Exchange says so. Parts arrive from any thread, several at once; nothing here
// blocks. Nothing survives a crash.

#include <chrono>
#include <memory>

#include "actors/answer_backend.hpp"
#include "gateway/http.hpp"
#include "gateway/openai/request.hpp"

namespace autodidact {

// `id`: what feedback names; with several prompts the backend knows them as id-0, id-1 ….
void answer_call(AnswerBackend& backend, CompletionCall call, std::string id, std::chrono::steady_clock::time_point deadline,
                 std::shared_ptr<Exchange> exchange);

}  // namespace autodidact
