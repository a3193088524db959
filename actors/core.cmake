# The CAF-free half of actors/: state machines and threads that the actors own. Builds without CAF and runs under TSan.
ad_library(actors_core
  SOURCES
    compute_thread.cpp device_gate.cpp item_table.cpp lease_table.cpp model_clock.cpp pool_ledger.cpp pool_ledger_check.cpp
    stall_watch.cpp
  PUBLIC autodidact::config Threads::Threads)
