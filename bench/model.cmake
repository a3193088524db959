# Benchmarks of model/: plain programs that print one JSON object; their peers are the .py files beside them.
add_executable(decode_bench decode_bench.cpp)
target_link_libraries(decode_bench PRIVATE autodidact::decoder)
if(AD_WITH_TORCH)
  add_executable(train_bench train_bench.cpp)
  target_link_libraries(train_bench PRIVATE autodidact::model)
endif()
