# Judges mathematical answers. A library of its own: big numbers cost seconds to compile and nobody else needs them.
ad_library(math_checker
  SOURCES
    math/math_checker.cpp math/answer_extraction.cpp math/special_forms.cpp math/characters.cpp
    math/lexer.cpp math/number_lexer.cpp math/units.cpp math/parser.cpp math/parser_scalar.cpp math/parser_primary.cpp
    math/expr.cpp math/exact_value.cpp math/residue.cpp math/approximate.cpp
    math/compare.cpp math/compare_scalar.cpp math/compare_relation.cpp math/real_set.cpp
  PUBLIC autodidact::config
  PRIVATE autodidact_utf8proc)
