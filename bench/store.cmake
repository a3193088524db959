add_executable(store_bench store_bench.cpp)
target_include_directories(store_bench PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(store_bench PRIVATE autodidact::allocator autodidact::storage)
