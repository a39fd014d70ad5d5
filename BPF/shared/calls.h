#pragma once

// A kind of system call: its number, with a bit for those by the 32-bit table.
#define CALL_NUMBERS 1024
#define CALL_OTHER (CALL_NUMBERS - 1)  // all larger numbers
#define CALL_32_BIT CALL_NUMBERS
