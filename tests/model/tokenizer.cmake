foreach(name tokenizer bpe bpe_tokenizer)
  ad_test(model_${name}_test
    SOURCES ${name}_test.cpp
    LIBS autodidact::tokenizer nlohmann_json::nlohmann_json)
endforeach()

# Against Hugging Face tokenizers; see AD_PEER_PYTHON in CMakeLists.txt.
add_executable(model_tokenize_dump tokenize_dump.cpp)
target_link_libraries(model_tokenize_dump PRIVATE autodidact::tokenizer)
set_target_properties(model_tokenize_dump PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_test(NAME model_hf_tokenizers_test
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/hf_tokenizers.sh $<TARGET_FILE:model_tokenize_dump> ${AD_PEER_PYTHON})
set_tests_properties(model_hf_tokenizers_test PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
ad_test(model_stop_strings_test
  SOURCES stop_strings_test.cpp
  LIBS autodidact::tokenizer)
