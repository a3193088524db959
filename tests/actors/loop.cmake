if(TARGET ad_actors)
  ad_test(actors_loop_core_test
    SOURCES loop_core_test.cpp
    LIBS autodidact::actors)
  ad_test(actors_metrics_test
    SOURCES metrics_test.cpp
    LIBS autodidact::actors)
endif()
