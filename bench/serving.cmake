if(TARGET ad_daemon AND TARGET ad_model)
  add_executable(serve_bench serve_bench.cpp stream_client.cpp)
  target_link_libraries(serve_bench PRIVATE autodidact::allocator autodidact::daemon autodidact::model nlohmann_json::nlohmann_json)
endif()
