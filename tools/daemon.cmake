# The daemon's main program as a library, so that tests link it with a fake runtime; and the daemon itself.
if(AD_WITH_CAF)
  ad_library(daemon
    SOURCES daemon_main.cpp gateway_settings.cpp offline_eval.cpp progress_line.cpp
    PUBLIC autodidact::actors autodidact::gateway
    PRIVATE CLI11::CLI11)
  if(TARGET ad_model)
    add_executable(autodidactd autodidactd.cpp)
    target_link_libraries(autodidactd PRIVATE autodidact::allocator autodidact::daemon autodidact::model)
  endif()
endif()
