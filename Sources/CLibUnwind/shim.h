// libunwind's remote interface, and the table search that its public header leaves out.
#pragma once
#define UNW_REMOTE_ONLY
#include <libunwind-x86_64.h>
