#pragma once
#include "tests/fakes/cuda/runtime.hpp"
