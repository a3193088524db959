# The live page's data, and the TensorBoard event files: those against TensorBoard itself, skipped with a reason without it.
ad_test(actors_dashboard_data_test SOURCES dashboard_data_test.cpp LIBS autodidact::actors nlohmann_json::nlohmann_json)
ad_test(actors_staleness_test SOURCES staleness_test.cpp LIBS autodidact::actors)
ad_test(actors_tensorboard_test SOURCES tensorboard_test.cpp LIBS autodidact::actors)
add_executable(tensorboard_dump tensorboard_dump.cpp)
target_link_libraries(tensorboard_dump PRIVATE autodidact::actors)
set_target_properties(tensorboard_dump PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_test(NAME actors_tensorboard_peer_test
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tensorboard_peer.sh $<TARGET_FILE:tensorboard_dump> ${AD_PEER_PYTHON})
set_tests_properties(actors_tensorboard_peer_test PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
