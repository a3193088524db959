foreach(name math_checker math_hostile math_gsm8k)
  ad_test(tasks_${name}_test SOURCES ${name}_test.cpp LIBS autodidact::math_checker nlohmann_json::nlohmann_json)
endforeach()

# Against math-verify; see AD_PEER_PYTHON in CMakeLists.txt.
add_executable(tasks_math_check_dump math_check_dump.cpp)
target_link_libraries(tasks_math_check_dump PRIVATE autodidact::math_checker)
set_target_properties(tasks_math_check_dump PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_test(NAME tasks_math_verify_agreement_test
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/math_verify_agreement.sh $<TARGET_FILE:tasks_math_check_dump> ${AD_PEER_PYTHON})
set_tests_properties(tasks_math_verify_agreement_test PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
