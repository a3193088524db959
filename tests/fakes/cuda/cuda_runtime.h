#pragma once
#include "tests/fakes/cuda/device.hpp"
