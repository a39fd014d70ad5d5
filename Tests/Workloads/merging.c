// Writes past the cache in an order that has the kernel merge requests: every other block, and then
// those between, which join what waits for the device already.
//
//   merging SECONDS FILE BLOCKS   begins when a byte comes on its standard input, and prints how many
//                                 writes it made
//
// FILE may be a block device.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 4096
#define BATCH 16
#define BLOCKS_MAX 4096

// Submits a batch at once, so that it comes to the device's queue at once.
static int submit(aio_context_t context, int file, void *memory, unsigned first)
{
  struct iocb requests[BATCH];
  struct iocb *pointers[BATCH];
  for (unsigned index = 0; index < BATCH; index++) {
    // The odd ones after the even ones.
    unsigned block = first + index * 2 % BATCH + index * 2 / BATCH;
    requests[index] = (struct iocb){
      .aio_lio_opcode = IOCB_CMD_PWRITE,
      .aio_fildes = (unsigned)file,
      .aio_buf = (unsigned long)memory,
      .aio_nbytes = BLOCK,
      .aio_offset = (long long)block * BLOCK,
    };
    pointers[index] = &requests[index];
  }
  return (int)syscall(SYS_io_submit, context, BATCH, pointers);
}

int main(int count, char **arguments)
{
  if (count != 4)
    return 64;
  alarm((unsigned)atoi(arguments[1]));
  unsigned blocks = (unsigned)atoi(arguments[3]);
  int file = open(arguments[2], O_RDWR | O_CREAT | O_DIRECT, 0600);
  aio_context_t context = 0;
  void *memory;
  if (blocks > BLOCKS_MAX || file < 0 || posix_memalign(&memory, BLOCK, BLOCK) ||
      syscall(SYS_io_setup, BLOCKS_MAX, &context)) {
    perror("merging");
    return 1;
  }
  puts("ready");
  fflush(stdout);
  if (getchar() == EOF)
    return 1;
  int made = 0;
  for (unsigned first = 0; first + BATCH <= blocks; first += BATCH) {
    int some = submit(context, file, memory, first);
    if (some < 0)
      return 1;
    made += some;
  }
  static struct io_event events[BLOCKS_MAX];
  for (int done = 0; done < made;) {
    long some = syscall(SYS_io_getevents, context, 1, BLOCKS_MAX, events, NULL);
    if (some < 0 && errno != EINTR)
      return 1;
    done += some > 0 ? (int)some : 0;
  }
  printf("%d\n", made);
  fflush(stdout);
  while (getchar() != EOF)
    continue;
  return 0;
}
