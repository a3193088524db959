foreach(name math_checker math_hostile math_gsm8k)
  ad_test(tasks_${name}_test SOURCES ${name}_test.cpp LIBS autodidact::math_checker nlohmann_json::nlohmann_json)
endforeach()
