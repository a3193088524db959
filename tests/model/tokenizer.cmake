ad_test(model_tokenizer_test
  SOURCES tokenizer_test.cpp
  LIBS autodidact::tokenizer)
