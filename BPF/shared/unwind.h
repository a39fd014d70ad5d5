#pragma once
#ifdef __bpf__
#include "kernel/types.h"
#else
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
#endif

// Unwind tables as the walker reads them, in the kernel and, from the same memory, in user space.
//
// A process has a block of mappings; a mapping names a file and where it is loaded; a file has an
// entry in the directory for each 64 KiB of its text; an entry names rows in a shard; a row names
// the rule that holds from its address to that of the next row.

#define TEXT_PAGE_BITS 16
#define TEXT_PAGE_BYTES (1 << TEXT_PAGE_BITS)
#define SHARD_ROWS (256 * 1024)  // 1 MiB
#define SHARD_COUNT 256
#define DIRECTORY_ENTRIES (256 * 1024)  // 16 GiB of text
#define FILE_COUNT 16384
#define RULE_COUNT 16384
#define MAPPING_COUNT 65536
#define PROCESS_COUNT 16384

// What covers an address in place of a numbered file.
enum special_file {
  FILE_NONE = 0,        // not known
  FILE_GENERATED = 1,   // code that a runtime made in memory: it keeps frame pointers
  FILE_UNREADABLE = 2,  // could not be opened
  FILE_FIRST = 3,       // the first number of a file with a table
};

// One executable mapping. A block is a header of the same size, then the mappings by address.
struct unwind_mapping {
  u64 start;  // page aligned
  u64 bias;   // what loading added to the file's own addresses
  u32 pages;  // of 4 KiB
  u32 file;   // index in the files, or a special_file
};

struct unwind_block {
  u64 version;  // never used twice; 0 while nothing valid is here
  u64 reserved;
  u32 count;  // of the mappings that follow
  u32 reserved2;
};
_Static_assert(sizeof(struct unwind_block) == sizeof(struct unwind_mapping), "share one array");

// One executable file. Filled before `pages` is set, and `pages` is cleared before it is emptied.
// A file that has no unwind information at all has one page where no address is.
struct unwind_file {
  u32 directory;   // index of the first page's entry
  u32 first_page;  // the file's own address of it, in text pages
  u32 pages;       // 0: there is no table (yet, or any more)
  u32 last_used;   // monotonic time in units of 2^30 ns, written by the walker
};

// Where the rows of one text page are: start | count << 20 | shard << 40. The first row is at offset
// 0 of the page, so that nobody has to look at the page before.
#define DIRECTORY_FIELD ((1 << 20) - 1)
#define DIRECTORY_COUNT_SHIFT 20
#define DIRECTORY_SHARD_SHIFT 40

// A row: the address within its text page | rule << 16.
#define ROW_RULE_SHIFT 16

// How to find the canonical frame address (CFA), the stack pointer before the call. The return
// address is always in the word below.
enum cfa_kind {
  CFA_NONE = 0,           // nothing covers the address
  CFA_STACK_POINTER = 1,  // RSP + cfa_offset
  CFA_FRAME_POINTER = 2,  // RBP + cfa_offset
  CFA_PLT = 3,            // RSP + 8, and 8 more where (address & 15) >= cfa_offset
  CFA_DEREF_STACK = 4,  // *(RSP + offset) + addend; cfa_offset is offset & 0xffffff | addend << 24
  CFA_DEREF_FRAME = 5,  // *(RBP + offset) + addend
  CFA_SIGNAL = 6,       // the kernel's signal frame lies at RSP
  CFA_STOP = 7,         // there is no caller
  CFA_COMPLEX = 8,      // more than the walker can do
  CFA_FRAME_CHAIN = 9,  // RBP leads to the caller's frame, perhaps on another stack (Go)
};

// Where the caller's RBP is.
enum frame_pointer_kind {
  FRAME_POINTER_SAME = 0,
  FRAME_POINTER_AT_CFA = 1,  // at CFA + frame_pointer_offset
  FRAME_POINTER_UNDEFINED = 2,
  FRAME_POINTER_AT_FRAME = 3,  // at RBP + frame_pointer_offset
};

// Two rules have fixed numbers: what a row says that names none, and what holds outside of all pages.
#define RULE_COMPLEX 0
#define RULE_NOTHING 1

struct unwind_rule {
  u8 cfa;            // cfa_kind
  u8 frame_pointer;  // frame_pointer_kind
  s16 frame_pointer_offset;
  s32 cfa_offset;
};

// Which block is whose. An entry is valid for one program of one process: the two times tell a
// number that was used again, or an exec, apart.
struct unwind_process {
  u32 block;  // index of the block's header
  u32 reserved;
  u64 version;     // that the block must have
  u64 start_time;  // task_struct.start_boottime of the first thread
  u64 exec_count;  // task_struct.self_exec_id
};
_Static_assert(sizeof(struct unwind_mapping) == 24, "written by UnwindTables");
_Static_assert(sizeof(struct unwind_file) == 16, "written by UnwindTables");
_Static_assert(sizeof(struct unwind_rule) == 8, "written by UnwindTables");
_Static_assert(sizeof(struct unwind_process) == 32, "written by UnwindTables");
