foreach(name gguf_file gguf_model gguf_tokenizer quantized sentencepiece)
  ad_test(model_${name}_test
    SOURCES ${name}_test.cpp
    LIBS autodidact::gguf autodidact::tokenizer nlohmann_json::nlohmann_json)
endforeach()

# Against the Python packages gguf, transformers, tokenizers and sentencepiece; see AD_PEER_PYTHON in CMakeLists.txt.
add_executable(model_gguf_dump gguf_dump.cpp)
target_link_libraries(model_gguf_dump PRIVATE autodidact::gguf)
set_target_properties(model_gguf_dump PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
foreach(peer gguf sentencepiece)
  add_test(NAME model_${peer}_peers_test
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/file_peers.sh ${peer} $<TARGET_FILE:model_gguf_dump> $<TARGET_FILE:model_tokenize_dump>
            ${AD_PEER_PYTHON})
  set_tests_properties(model_${peer}_peers_test PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()
