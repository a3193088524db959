#pragma once
// The lines of a replay query as text for a person: one renderer per command. Used by one thread.

#include <memory>
#include <string>

#include "tools/json_view.hpp"
#include "tools/output.hpp"
#include "tools/table.hpp"

namespace autodidact {

class Renderer {
 public:
  virtual ~Renderer() = default;
  virtual void line(const Json& line) = 0;
  virtual void end() {}  // the query is over, or a part of it that should be seen now
};

// For every command of inspect(); the output outlives the renderer.
std::unique_ptr<Renderer> make_renderer(const std::string& command, Output& output);

// Parts of make_renderer, by subject.
std::unique_ptr<Renderer> make_row_renderer(Output& output);  // ls, tail
std::unique_ptr<Renderer> make_hit_renderer(Output& output);  // grep
std::unique_ptr<Renderer> make_show_renderer(Output& output);
std::unique_ptr<Renderer> make_stats_renderer(Output& output);
std::unique_ptr<Renderer> make_report_renderer(Output& output);
std::unique_ptr<Renderer> make_diff_renderer(Output& output);
std::unique_ptr<Renderer> make_lineage_renderer(Output& output);
std::unique_ptr<Renderer> make_versions_renderer(Output& output);
std::unique_ptr<Renderer> make_events_renderer(Output& output);
std::unique_ptr<Renderer> make_upkeep_renderer(Output& output);  // pin, unpin, gc, verify

// Members of a line by name, of the type the renderer expects; a default when the daemon is of another version.
std::string text_of(const Json& line, const char* member);
double number_of(const Json& line, const char* member);
std::uint64_t count_of(const Json& line, const char* member);
bool flag_of(const Json& line, const char* member);
Cell outcome_cell(const Json& line);
std::vector<Column> attempt_columns();
std::vector<Cell> attempt_cells(const Json& line);

}  // namespace autodidact
