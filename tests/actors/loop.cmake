# What needs CAF: the actors one by one on its virtual scheduler, all of them together, and the daemon as a process.
if(NOT TARGET ad_actors)
  return()
endif()

ad_test(actors_loop_core_test SOURCES loop_core_test.cpp LIBS autodidact::actors)
ad_test(actors_candidate_report_test SOURCES candidate_report_test.cpp LIBS autodidact::actors nlohmann_json::nlohmann_json)
ad_test(actors_lora_resume_test SOURCES lora_resume_test.cpp LIBS autodidact::actors autodidact::learner)
ad_test(actors_prompts_test SOURCES prompts_test.cpp LIBS autodidact::actors)
ad_test(actors_metrics_test SOURCES metrics_test.cpp LIBS autodidact::actors)
include(curves.cmake)
ad_test(actors_caf_compat_test SOURCES caf_compat_test.cpp LIBS autodidact::actors)

add_library(virtual_system STATIC virtual_system.cpp)
target_link_libraries(virtual_system PUBLIC autodidact::actors autodidact::fakes)
foreach(name stage_pool stage_workers)
  ad_test(actors_${name}_test SOURCES ${name}_test.cpp LIBS virtual_system)
endforeach()

add_library(test_loop STATIC test_loop.cpp store_audit.cpp)
target_link_libraries(test_loop PUBLIC autodidact::actors autodidact::fakes nlohmann_json::nlohmann_json)
ad_test(actors_text_stream_test SOURCES text_stream_test.cpp LIBS autodidact::actors)
ad_test(actors_answerer_engine_test SOURCES answerer_engine_test.cpp answerer_bench.cpp LIBS test_loop)
foreach(name whole_loop vstar_loop actor_kill auto_fit answering_loop)
  ad_test(actors_${name}_test SOURCES ${name}_test.cpp LIBS test_loop TIMEOUT 300)
endforeach()

if(TARGET autodidactd_fake)
  add_library(crash_subject STATIC crash_subject.cpp)
  target_link_libraries(crash_subject PUBLIC test_loop autodidact::gateway_client)
  ad_test(actors_crash_harness_test SOURCES crash_harness_test.cpp LIBS crash_subject TIMEOUT 400 LABELS crash)
  ad_test(actors_daemon_process_test SOURCES daemon_process_test.cpp LIBS crash_subject gateway_test_support)
  add_dependencies(actors_crash_harness_test autodidactd_fake)
  add_dependencies(actors_daemon_process_test autodidactd_fake)
  # The long one, on demand: cmake --build build/release --target crash_harness
  add_custom_target(crash_harness
    COMMAND ${CMAKE_COMMAND} -E env AD_CRASH_KILLS=500 AD_BIN_DIR=${PROJECT_BINARY_DIR}/bin $<TARGET_FILE:actors_crash_harness_test>
    WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/tests/run/actors_crash_harness_test
    DEPENDS actors_crash_harness_test USES_TERMINAL)
endif()
