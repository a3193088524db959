#pragma once
// The rows of schema(), by section, and the words they are written in. Used by schema*.cpp only.

#include <string>
#include <utility>
#include <vector>

#include "config/schema.hpp"

namespace autodidact {

template <class T>
Access at(T Options::*member) {
  return {[member](Options& o) -> FieldRef { return &(o.*member); },
          [member](const Options& o) -> ConstFieldRef { return &(o.*member); }};
}

template <class Section, class T>
Access at(Section Options::*section, T Section::*member) {
  return {[section, member](Options& o) -> FieldRef { return &(o.*section.*member); },
          [section, member](const Options& o) -> ConstFieldRef { return &(o.*section.*member); }};
}

inline Limits any() { return {}; }
inline Limits between(double min, double max) { return {min, max, false, {}}; }
inline Limits at_least(double min) { return {min, std::numeric_limits<double>::infinity(), false, {}}; }
inline Limits above(double min, double max) { return {min, max, true, {}}; }
inline Limits one_of(std::vector<std::string> choices) {
  Limits limits;
  limits.choices = std::move(choices);
  return limits;
}

void add_run_fields(std::vector<Field>& fields);  // top level, task, method, loop
void add_model_fields(
    std::vector<Field>& fields);  // model, sample, verify, train, and by way of the next two verifier, eval, serve, placement
void add_verifier_fields(std::vector<Field>& fields);
void add_serve_fields(std::vector<Field>& fields);
void add_host_fields(std::vector<Field>& fields);  // replay, store, supervise, gateway, log

}  // namespace autodidact
