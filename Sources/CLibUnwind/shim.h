// libunwind's remote interface, and the table search that its public header leaves out.
#pragma once
#define UNW_REMOTE_ONLY
#include <libunwind-x86_64.h>

// The header's names are macros over enumerators, which Swift does not see as integers.
static const int UNW_ENOINFO_CODE = UNW_ENOINFO;
static const int UNW_EBADREG_CODE = UNW_EBADREG;
static const int UNW_EINVAL_CODE = UNW_EINVAL;

extern int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t space, unw_word_t address,
                                              unw_dyn_info_t *table, unw_proc_info_t *procedure,
                                              int needs_info, void *context);

// Searches a table of `.eh_frame_hdr` entries that lies in the remote address space.
static inline int wick_search_unwind_table(unw_addr_space_t space, unw_word_t address,
                                           unw_word_t start, unw_word_t end, unw_word_t base,
                                           unw_word_t table, unw_word_t count,
                                           unw_proc_info_t *procedure, int needs_info,
                                           void *context)
{
  unw_dyn_info_t info = { .start_ip = start,
                          .end_ip = end,
                          .format = UNW_INFO_FORMAT_REMOTE_TABLE };
  info.u.rti.segbase = base;
  info.u.rti.table_data = table;
  info.u.rti.table_len = count * 8 / sizeof(unw_word_t);
  if (address < start || address >= end)
    return -UNW_ENOINFO;
  return _Ux86_64_dwarf_search_unwind_table(space, address, &info, procedure, needs_info, context);
}

// What libunwind has read of a function's unwind information: the start of its private
// `struct dwarf_cie_info` (include/dwarf.h), the same in all versions since 0.99.
struct wick_frame_program {
  unw_word_t initial_start, initial_end;  // instructions that all functions of a CIE share
  unw_word_t start, end;                  // instructions of this function
  unw_word_t code_alignment, data_alignment;
  unw_word_t return_address_register;
};
static inline struct wick_frame_program *wick_frame_program(const unw_proc_info_t *procedure)
{
  if (procedure->format != UNW_INFO_FORMAT_TABLE)
    return 0;
  if (procedure->unwind_info_size < (int)sizeof(struct wick_frame_program))
    return 0;
  return (struct wick_frame_program *)procedure->unwind_info;
}

static inline int wick_cursor_init(unw_cursor_t *cursor, unw_addr_space_t space, void *context)
{
  return unw_init_remote(cursor, space, context);
}
static inline int wick_cursor_step(unw_cursor_t *cursor)
{
  return unw_step(cursor);
}
static inline int wick_cursor_register(unw_cursor_t *cursor, int number, unw_word_t *value)
{
  return unw_get_reg(cursor, number, value);
}
static inline unw_addr_space_t wick_address_space_create(unw_accessors_t *accessors)
{
  unw_addr_space_t space = unw_create_addr_space(accessors, 0);
  if (space)
    unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
  return space;
}
static inline void wick_address_space_destroy(unw_addr_space_t space)
{
  unw_destroy_addr_space(space);
}
static inline void wick_address_space_flush(unw_addr_space_t space)
{
  unw_flush_cache(space, 0, 0);
}
