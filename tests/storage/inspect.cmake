ad_test(storage_inspect_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/inspect_test.cpp
  LIBS autodidact::inspect sample_store nlohmann_json::nlohmann_json)
