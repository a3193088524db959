foreach(name lora lora_files lora_learner)
  ad_test(model_${name}_test
    SOURCES ${name}_test.cpp
    LIBS autodidact::decoder autodidact::learner nlohmann_json::nlohmann_json)
endforeach()

# Against Hugging Face PEFT; see AD_PEER_PYTHON in CMakeLists.txt.
add_executable(model_lora_dump lora_dump.cpp)
target_link_libraries(model_lora_dump PRIVATE autodidact::decoder autodidact::learner)
set_target_properties(model_lora_dump PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_test(NAME model_hf_lora_test
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/hf_lora.sh $<TARGET_FILE:model_lora_dump> ${AD_PEER_PYTHON})
set_tests_properties(model_hf_lora_test PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
