# Replay queries, a target of their own: the daemon and the replay tool share it. PCRE2 runs `grep` patterns within bounds.
ad_library(inspect
  SOURCES
    inspect.cpp inspect_admin.cpp inspect_diff.cpp inspect_export.cpp inspect_export_graded.cpp inspect_export_steps.cpp
    inspect_grep.cpp inspect_json.cpp inspect_lineage.cpp inspect_ls.cpp inspect_pattern.cpp
    inspect_request.cpp inspect_stats.cpp
  PUBLIC autodidact::storage autodidact::config
  PRIVATE nlohmann_json::nlohmann_json autodidact_pcre2)
