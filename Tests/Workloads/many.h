// 4,096 functions, target_000 to target_fff: MANY(DO) is DO(000) DO(001) … DO(fff).
#pragma once

#define MANY_1(DO, stem)                                                                           \
  DO(stem##0)                                                                                      \
  DO(stem##1)                                                                                      \
  DO(stem##2)                                                                                      \
  DO(stem##3)                                                                                      \
  DO(stem##4)                                                                                      \
  DO(stem##5)                                                                                      \
  DO(stem##6)                                                                                      \
  DO(stem##7)                                                                                      \
  DO(stem##8)                                                                                      \
  DO(stem##9)                                                                                      \
  DO(stem##a)                                                                                      \
  DO(stem##b)                                                                                      \
  DO(stem##c)                                                                                      \
  DO(stem##d)                                                                                      \
  DO(stem##e)                                                                                      \
  DO(stem##f)
#define MANY_2(DO, stem)                                                                           \
  MANY_1(DO, stem##0)                                                                              \
  MANY_1(DO, stem##1)                                                                              \
  MANY_1(DO, stem##2)                                                                              \
  MANY_1(DO, stem##3)                                                                              \
  MANY_1(DO, stem##4)                                                                              \
  MANY_1(DO, stem##5)                                                                              \
  MANY_1(DO, stem##6)                                                                              \
  MANY_1(DO, stem##7)                                                                              \
  MANY_1(DO, stem##8)                                                                              \
  MANY_1(DO, stem##9)                                                                              \
  MANY_1(DO, stem##a)                                                                              \
  MANY_1(DO, stem##b)                                                                              \
  MANY_1(DO, stem##c)                                                                              \
  MANY_1(DO, stem##d)                                                                              \
  MANY_1(DO, stem##e)                                                                              \
  MANY_1(DO, stem##f)
#define MANY(DO)                                                                                   \
  MANY_2(DO, target_0)                                                                             \
  MANY_2(DO, target_1)                                                                             \
  MANY_2(DO, target_2)                                                                             \
  MANY_2(DO, target_3)                                                                             \
  MANY_2(DO, target_4)                                                                             \
  MANY_2(DO, target_5)                                                                             \
  MANY_2(DO, target_6)                                                                             \
  MANY_2(DO, target_7)                                                                             \
  MANY_2(DO, target_8)                                                                             \
  MANY_2(DO, target_9)                                                                             \
  MANY_2(DO, target_a)                                                                             \
  MANY_2(DO, target_b)                                                                             \
  MANY_2(DO, target_c)                                                                             \
  MANY_2(DO, target_d)                                                                             \
  MANY_2(DO, target_e)                                                                             \
  MANY_2(DO, target_f)
