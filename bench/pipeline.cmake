if(TARGET ad_fakes AND TARGET ad_actors)
  add_executable(pipeline_bench pipeline_bench.cpp)
  target_link_libraries(pipeline_bench PRIVATE autodidact::allocator autodidact::actors autodidact::fakes CLI11::CLI11 nlohmann_json::nlohmann_json)
endif()
