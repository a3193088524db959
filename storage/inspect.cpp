#include "storage/inspect.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include "storage/inspect_request.hpp"

namespace autodidact {

namespace {

struct Command {
  const char* name;
  Status (*run)(const InspectCall&);
};

constexpr std::array kCommands = {
    Command{"stats", inspect_stats},       Command{"ls", inspect_ls},         Command{"show", inspect_show},
    Command{"grep", inspect_grep},         Command{"tail", inspect_tail},     Command{"diff", inspect_diff},
    Command{"lineage", inspect_lineage},   Command{"export", inspect_export}, Command{"verify", inspect_verify},
    Command{"pin", inspect_pin},           Command{"unpin", inspect_unpin},   Command{"gc", inspect_gc},
    Command{"versions", inspect_versions}, Command{"events", inspect_events}, Command{"report", inspect_report},
};

Status run(ReplayStore& store, const std::string& request_json, const LineSink& sink, const InspectPlace& place) {
  AD_ASSIGN_OR_RETURN(InspectRequest request, InspectRequest::parse(request_json));
  const auto wanted = [&](const Command& command) { return request.command() == command.name; };
  const auto command = std::find_if(kCommands.begin(), kCommands.end(), wanted);
  if (command == kCommands.end()) {
    std::string all;
    for (const Command& known : kCommands) all += std::string(" ") + known.name;
    return Status(Errc::kUsage, "no replay command \"" + request.command() + "\"; there are:" + all);
  }
  return command->run(InspectCall{store, request, sink, place});
}

}  // namespace

Status inspect(ReplayStore& store, const std::string& request_json, const LineSink& sink, const InspectPlace& place) {
  try {
    return run(store, request_json, sink, place);
  } catch (const std::exception& error) {  // out of memory, or a bug: the daemon that asked lives on
    return Status(Errc::kInternal, std::string("the replay query failed: ") + error.what());
  }
}

}  // namespace autodidact
