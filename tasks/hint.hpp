#pragma once
// Three ways in which a completion gives away that it saw the answer: it speaks of it, states it after next to no words, or
// after working that never comes to it. Plain rules that a reader can follow; they miss what is said in other words. Pure
// functions; any thread; linear.

#include <string_view>

namespace autodidact {

// "the hint", "as given", "the given answer", "the answer is given" and the like, in any letter case.
bool speaks_of_hint(std::string_view completion);

// Fewer words than this before the final answer are no reasoning.
constexpr std::size_t kLeastReasoningWords = 5;

// Where the final answer begins: at the last "####", "\boxed", "answer is" or "answer:", else at the last `reference`.
bool bare_answer(std::string_view completion, std::string_view reference);

// A `reference` that is a number ("72", "-1,000", "$0.50") stands nowhere before the mark of the final answer: copied, not
// reached. "1,000.0" is 1000, and 1000 is not in "10005". Signs aside. False where the reference is no number, which working
// may say in other words, and where no mark sets a final answer apart.
bool unreached_answer(std::string_view completion, std::string_view reference);

}  // namespace autodidact
