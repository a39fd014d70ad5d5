// Programs that do nothing, on the entry and the exit of every system call: what is left of a
// measurement's cost without them is its own. Runs until it is interrupted: empty
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void attach(const char *tracepoint)
{
  struct bpf_insn nothing[] = {
    { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
    { .code = BPF_JMP | BPF_EXIT },
  };
  int program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "nothing", "GPL", nothing, 2, NULL);
  if (program < 0 || bpf_raw_tracepoint_open(tracepoint, program) < 0) {
    perror(tracepoint);
    exit(1);
  }
}

static void end(int number)
{
  (void)number;
  _exit(0);
}

int main(void)
{
  signal(SIGINT, end);
  attach("sys_enter");
  attach("sys_exit");
  pause();
  return 0;
}
