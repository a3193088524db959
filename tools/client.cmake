# The client. It must start in 50 ms and run where the model does not: no libtorch, no CAF (tests/tools checks both).
ad_library(cli
  SOURCES
    answer_view.cpp arguments.cpp chart.cpp cli_answers.cpp cli_check.cpp cli_daemon.cpp cli_model.cpp cli_replay.cpp
    cli_report.cpp curve_series.cpp daemon_call.cpp eval_chart.cpp eval_view.cpp export_writer.cpp json_view.cpp
    learning_curve.cpp offline.cpp output.cpp place.cpp
    reference.cpp render.cpp render_records.cpp render_show.cpp render_stats.cpp replay_export.cpp replay_filters.cpp
    replay_query.cpp replay_source.cpp step_texts.cpp svg.cpp table.cpp terminal.cpp token_texts.cpp
  PUBLIC autodidact::config autodidact::gateway_client autodidact::inspect CLI11::CLI11 nlohmann_json::nlohmann_json
  PRIVATE autodidact::checkpoint_source autodidact::tokenizer)
add_executable(autodidact autodidact.cpp)
target_compile_definitions(autodidact PRIVATE AD_VERSION="${PROJECT_VERSION}")
target_link_libraries(autodidact PRIVATE autodidact::cli)
target_link_options(autodidact PRIVATE -Wl,--as-needed)  # each shared library costs start-up time
