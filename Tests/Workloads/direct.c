// Reads and writes a file past the page cache, so that each call is a request to the disk.
//
//   direct SECONDS FILE COUNT   begins when a byte comes on its standard input, and prints how often
//                               it read and wrote, and how long that took in all, in nanoseconds
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "workload.h"

#define BLOCK 4096

static long long now_ns(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

FUNCTION static int read_blocks(int file, void *block, int count)
{
  for (int i = 0; i < count; i++) {
    if (pread(file, block, BLOCK, (off_t)(i * 7919 % count) * BLOCK) != BLOCK)
      return 1;
  }
  return 0;
}

FUNCTION static int write_blocks(int file, void *block, int count)
{
  for (int i = 0; i < count; i++) {
    if (pwrite(file, block, BLOCK, (off_t)i * BLOCK) != BLOCK)
      return 1;
  }
  return 0;
}

int main(int argc, char **argv)
{
  if (argc < 4)
    return 64;
  int count = atoi(argv[3]);
  void *block;
  if (count < 1 || posix_memalign(&block, BLOCK, BLOCK))
    return 1;
  memset(block, 1, BLOCK);
  int file = open(argv[2], O_RDWR | O_CREAT | O_DIRECT, 0600);
  // Once before, so that the file has its blocks.
  if (file < 0 || write_blocks(file, block, count) || fsync(file))
    return 2;
  begin(argc, argv);
  char go;
  if (read(STDIN_FILENO, &go, 1) != 1)
    return 1;
  long long start = now_ns();
  if (read_blocks(file, block, count))
    return 2;
  long long middle = now_ns();
  if (write_blocks(file, block, count))
    return 2;
  printf("read %d %lld write %d %lld\n", count, middle - start, count, now_ns() - middle);
  fflush(stdout);
  while (read(STDIN_FILENO, &go, 1) > 0)
    ;
  return 0;
}
