foreach(name lora lora_files)
  ad_test(model_${name}_test
    SOURCES ${name}_test.cpp
    LIBS autodidact::decoder autodidact::learner nlohmann_json::nlohmann_json)
endforeach()
