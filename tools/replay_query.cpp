#include "tools/replay_query.hpp"

namespace autodidact {

Result<ReplaySource> open_source(const Globals& globals, const std::string& directory, ReplaySource::Access access) {
  Globals where = globals;
  if (!directory.empty()) where.data_dir = directory;
  AD_ASSIGN_OR_RETURN(const Place place, find_place(where));
  auto source = ReplaySource::open(place, globals.direct, access);
  if (source.ok()) remark(globals, source->description());
  return source;
}

// Lines of type "page" only carry the cursor.
bool ReplayQuery::take(std::string_view line) {
  if (line.empty()) return !output_.failed();
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return true;
  if (text_of(json, "type") == "page") {
    next_ = count_of(json, "next");
    return true;
  }
  ++lines_;
  if (text_of(json, "type") == "verify") sound_ = flag_of(json, "sound");
  if (enrich) enrich(json);
  if (output_.json()) {
    output_.json_line(enrich ? json.dump(-1, ' ', false, Json::error_handler_t::replace) : std::string(line));
  } else {
    renderer_->line(json);
  }
  return !output_.failed();
}

Status ReplayQuery::run(ReplaySource& source, const Json& request) {
  const std::string text = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  const Status status = source.ask(text, [this](std::string_view line) { return take(line); });
  if (status.ok() && !output_.json()) renderer_->end();
  return status;
}

Result<int> run_query(const Globals& globals, Output& output, const std::string& directory, const Json& request,
                      ReplaySource::Access access) {
  AD_ASSIGN_OR_RETURN(ReplaySource source, open_source(globals, directory, access));
  ReplayQuery query(output, text_of(request, "command"));
  AD_RETURN_IF_ERROR(query.run(source, request));
  if (query.next() != 0) remark(globals, "more: repeat with --after " + std::to_string(query.next()));
  if (!query.sound()) return exit_code(Errc::kBadInput);
  return 0;
}

}  // namespace autodidact
