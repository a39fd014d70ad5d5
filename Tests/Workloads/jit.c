// Runs code that it made itself, which has a frame pointer but no unwind information, and describes
// it in /tmp/perf-PID.map: main → run_generated → generated. A third argument asks for so many more
// lines in that file, in front and of no use.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "workload.h"

// push rbp; mov rbp, rsp; mov ecx, 10000000; dec ecx; jnz -2; pop rbp; ret
static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xb9, 0x80, 0x96, 0x98,
                                      0x00, 0xff, 0xc9, 0x75, 0xfc, 0x5d, 0xc3 };

static int describe(const void *memory, long useless)
{
  char path[64];
  snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
  FILE *map = fopen(path, "w");
  if (!map)
    return -1;
  for (long line = 0; line < useless; line++)
    fprintf(map, "%lx 8 useless_%ld\n", 0x100000 + line * 8, line);
  fprintf(map, "%lx %zx generated\n", (unsigned long)memory, sizeof(code));
  return fclose(map);
}

FUNCTION void run_generated(void (*generated)(void))
{
  for (;;) {
    generated();
    RETURNS_HERE();
  }
}

int main(int argc, char **argv)
{
  void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 1;
  memcpy(memory, code, sizeof(code));
  if (mprotect(memory, 4096, PROT_READ | PROT_EXEC) ||
      describe(memory, argc > 2 ? atol(argv[2]) : 0))
    return 1;
  begin(argc, argv);
  run_generated((void (*)(void))memory);
  RETURNS_HERE();
  return 0;
}
