// Registers of x86-64, from the two places where the kernel keeps them.
#pragma once
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "shared/events.h"

// The saved user registers (kernel: arch/x86/include/asm/ptrace.h). The layout is part of the
// ptrace ABI; `cs` is the low half of an 8-byte slot.
struct pt_regs {
  u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp,
      ss;
};

struct bpf_perf_event_data {
  struct pt_regs regs;
};

#define KERNEL_STACK_BYTES 16384
#define USER_CODE_32_BIT 0x23
// Offsets in the `ucontext` of a signal frame (uapi/asm/ucontext.h).
#define UCONTEXT_STACK 16
#define UCONTEXT_STACK_POINTER 160
#define UCONTEXT_BYTES 304
#define SYSCALL_EXECVE 59
#define SYSCALL_EXECVEAT 322
#define SYSCALL_CLONE 56
#define SYSCALL_CLONE3 435

// The verifier wants context loads of 8 bytes at constant offsets; asm keeps clang from merging them.
#define CONTEXT_REGISTER(context, name)                                                            \
  ({                                                                                               \
    u64 value;                                                                                     \
    asm volatile("%0 = *(u64 *)(%1 + %2)"                                                          \
                 : "=r"(value)                                                                     \
                 : "r"(context), "i"(__builtin_offsetof(struct bpf_perf_event_data, regs.name)));  \
    value;                                                                                         \
  })

static __always_inline bool interrupted_user_code(struct bpf_perf_event_data *context)
{
  return CONTEXT_REGISTER(context, cs) & 3;
}

static __always_inline void registers_from_context(struct raw_sample *sample,
                                                   struct bpf_perf_event_data *context)
{
  sample->registers[0] = CONTEXT_REGISTER(context, ax);
  sample->registers[1] = CONTEXT_REGISTER(context, dx);
  sample->registers[2] = CONTEXT_REGISTER(context, cx);
  sample->registers[3] = CONTEXT_REGISTER(context, bx);
  sample->registers[4] = CONTEXT_REGISTER(context, si);
  sample->registers[5] = CONTEXT_REGISTER(context, di);
  sample->registers[6] = CONTEXT_REGISTER(context, bp);
  sample->registers[7] = CONTEXT_REGISTER(context, sp);
  sample->registers[8] = CONTEXT_REGISTER(context, r8);
  sample->registers[9] = CONTEXT_REGISTER(context, r9);
  sample->registers[10] = CONTEXT_REGISTER(context, r10);
  sample->registers[11] = CONTEXT_REGISTER(context, r11);
  sample->registers[12] = CONTEXT_REGISTER(context, r12);
  sample->registers[13] = CONTEXT_REGISTER(context, r13);
  sample->registers[14] = CONTEXT_REGISTER(context, r14);
  sample->registers[15] = CONTEXT_REGISTER(context, r15);
  sample->registers[16] = CONTEXT_REGISTER(context, ip);
  if ((CONTEXT_REGISTER(context, cs) & 0xffff) == USER_CODE_32_BIT)
    sample->header.flags |= SAMPLE_32_BIT;
}

static __always_inline void registers_from_frame(struct raw_sample *sample, struct pt_regs *saved)
{
  sample->registers[0] = saved->ax;
  sample->registers[1] = saved->dx;
  sample->registers[2] = saved->cx;
  sample->registers[3] = saved->bx;
  sample->registers[4] = saved->si;
  sample->registers[5] = saved->di;
  sample->registers[6] = saved->bp;
  sample->registers[7] = saved->sp;
  sample->registers[8] = saved->r8;
  sample->registers[9] = saved->r9;
  sample->registers[10] = saved->r10;
  sample->registers[11] = saved->r11;
  sample->registers[12] = saved->r12;
  sample->registers[13] = saved->r13;
  sample->registers[14] = saved->r14;
  sample->registers[15] = saved->r15;
  sample->registers[16] = saved->ip;
  if ((saved->cs & 0xffff) == USER_CODE_32_BIT)
    sample->header.flags |= SAMPLE_32_BIT;
  s64 call = (s64)saved->orig_ax;
  if (call >= 0)
    sample->header.flags |= SAMPLE_IN_SYSCALL;
  if (call == SYSCALL_EXECVE || call == SYSCALL_EXECVEAT)
    sample->header.flags |= SAMPLE_IN_EXEC;
  if ((call == SYSCALL_CLONE || call == SYSCALL_CLONE3) && !saved->ax)
    sample->header.flags |= SAMPLE_AT_BIRTH;
}

// Where the user registers of a thread in the kernel lie: at the top of its kernel stack. The task
// must be one that the verifier knows the type of.
static __always_inline void *saved_registers(struct task_struct *task)
{
  if (bpf_core_enum_value_exists(enum bpf_func_id___task_registers, BPF_FUNC_task_pt_regs))
    return (void *)bpf_task_pt_regs(task);  // since 5.15
  return BPF_CORE_READ(task, stack) + KERNEL_STACK_BYTES - sizeof(struct pt_regs);
}

// Where a thread is in its own code.
struct user_place {
  u64 ip, sp;
};

static __always_inline struct user_place user_place_at(void *registers)
{
  struct user_place place = {};
  bpf_probe_read_kernel(&place.ip, 8, registers + __builtin_offsetof(struct pt_regs, ip));
  bpf_probe_read_kernel(&place.sp, 8, registers + __builtin_offsetof(struct pt_regs, sp));
  return place;
}

// The saved registers of the thread that runs.
static __always_inline void *own_registers(void)
{
  // Both helpers are newer than 5.10, which must not see them.
  if (bpf_core_enum_value_exists(enum bpf_func_id___task_registers, BPF_FUNC_task_pt_regs))
    return saved_registers(bpf_get_current_task_btf());
  return saved_registers((void *)bpf_get_current_task());
}

static __always_inline struct user_place user_place_of_current(void)
{
  return user_place_at(own_registers());
}

static __always_inline bool registers_from_task(struct raw_sample *sample)
{
  struct pt_regs saved;
  if (bpf_probe_read_kernel(&saved, sizeof(saved), own_registers()))
    return false;
  registers_from_frame(sample, &saved);
  return true;
}
