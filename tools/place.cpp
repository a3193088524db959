#include "tools/place.hpp"

#include <sys/stat.h>

#include <cstdlib>

#include "config/loader.hpp"

namespace autodidact {

namespace {

bool is_directory(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_file(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

std::string default_data_dir() {
  const char* from_environment = std::getenv("AUTODIDACT_DATA_DIR");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : "runs/addition";
}

}  // namespace

Result<Place> find_place(const Globals& globals) {
  Place place;
  place.data_dir = globals.data_dir;
  if (!globals.config.empty()) {
    const LoadedConfig loaded = load_config(globals.config);
    if (!loaded.ok()) return loaded.status();
    if (place.data_dir.empty()) place.data_dir = loaded.options.data_dir;
    place.socket = loaded.options.gateway.admin_socket;
    place.options = loaded.options.store;
  }
  if (place.data_dir.empty()) place.data_dir = default_data_dir();
  if (!globals.socket.empty()) place.socket = globals.socket;
  if (!is_directory(place.data_dir) && globals.socket.empty()) {
    return Status(Errc::kNotFound, "there is no data directory " + place.data_dir + "; name one with -d DIR or -c FILE");
  }
  place.store = place.data_dir + "/store";
  const bool bare_store = !is_directory(place.store) && is_file(place.data_dir + "/CURRENT");
  if (bare_store) place.store = place.data_dir;
  if (place.socket.empty() && !bare_store) place.socket = place.data_dir + "/admin.sock";
  return place;
}

}  // namespace autodidact
