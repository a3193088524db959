# How targets of this project are made: one static library per folder, one test program per test file.

find_program(AD_CCACHE ccache)
if(AD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${AD_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${AD_CCACHE})
endif()
find_program(AD_MOLD mold)
if(AD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra> $<$<COMPILE_LANGUAGE:CXX>:-Wno-unused-parameter>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)  # warns of std::string's own code (GCC bug 105651)
endif()
if(AD_SANITIZE)
  add_compile_options(-fsanitize=${AD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${AD_SANITIZE})
endif()

# ad_library(NAME SOURCES a.cpp … [PUBLIC libs …] [PRIVATE libs …]): static library autodidact::NAME, includes from the root.
function(ad_library name)
  cmake_parse_arguments(A "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(ad_${name} STATIC ${A_SOURCES})
  add_library(autodidact::${name} ALIAS ad_${name})
  target_include_directories(ad_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(ad_${name} PUBLIC ${A_PUBLIC} PRIVATE ${A_PRIVATE})
endfunction()

# ad_test(NAME SOURCES a_test.cpp … LIBS autodidact::x … [TIMEOUT s] [LABELS l …]): program tests/NAME, one ctest entry per
# program. Runs in a fresh working directory of its own.
function(ad_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;LIBS;LABELS;ARGS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  if(AD_SANITIZE)
    math(EXPR A_TIMEOUT "4 * ${A_TIMEOUT}")  # what a sanitizer costs, and then some
  endif()
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${A_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/tests/run/${name})
  add_test(NAME ${name} COMMAND ${name} ${A_ARGS} WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/tests/run/${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS "${A_LABELS}"
    ENVIRONMENT "AD_SOURCE_DIR=${PROJECT_SOURCE_DIR};AD_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
endfunction()

# ad_fuzz(NAME LIBS autodidact::x …): tests/fuzz/NAME_fuzz.cpp, which defines LLVMFuzzerTestOneInput. Under the preset fuzz
# (clang) a libFuzzer program; elsewhere a test that runs it once over the files of tests/fuzz/corpus/NAME.
function(ad_fuzz name)
  cmake_parse_arguments(A "" "" "LIBS" ${ARGN})
  if(AD_FUZZ)
    add_executable(fuzz_${name} ${name}_fuzz.cpp)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz_${name} PRIVATE ${A_LIBS})
    set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    add_dependencies(fuzzers fuzz_${name})
  else()
    ad_test(fuzz_${name}_test SOURCES ${name}_fuzz.cpp corpus_test.cpp LIBS ${A_LIBS})
    target_compile_definitions(fuzz_${name}_test PRIVATE AD_CORPUS="${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  endif()
endfunction()
