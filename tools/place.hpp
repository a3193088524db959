#pragma once
// Where a run keeps its things, from what the command line says: the data directory, its admin socket, its store. Pure look-ups
// of the file system; nothing is created. One thread.

#include <string>

#include "config/options.hpp"
#include "config/status.hpp"

namespace autodidact {

// What every command of the client takes.
struct Globals {
  std::string data_dir;        // -d, or the DIR behind a replay command
  std::string config;          // -c
  std::string socket;          // --socket
  std::string color = "auto";  // auto | always | never
  bool json = false;
  bool no_pager = false;
  bool quiet = false;   // no remarks on standard error
  bool direct = false;  // read the store's files even though a daemon runs
};

struct Place {
  std::string data_dir;  // as given
  std::string socket;    // where a daemon would listen; empty when DIR is a bare store
  std::string store;     // directory of the store's files
  StoreOptions options;  // from -c, else the defaults
};

// -d first, then data_dir of the -c file, then $AUTODIDACT_DATA_DIR, then ./runs/addition. A directory that is itself a store
// (a checkpoint) is taken as such. kNotFound: there is no such directory; kConfig: the -c file is wrong.
Result<Place> find_place(const Globals& globals);

}  // namespace autodidact
