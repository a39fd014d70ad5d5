// Runs from a file that no longer has a name: copies itself to its second argument, becomes the
// copy, removes it, and works: main → work_without_file.
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include "workload.h"

FUNCTION void work_without_file(void)
{
  for (;;)
    burn(1000);
}

static int copy_self(const char *path)
{
  struct stat self;
  int from = open("/proc/self/exe", O_RDONLY);
  int to = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
  if (from < 0 || to < 0 || fstat(from, &self))
    return -1;
  ssize_t copied = sendfile(to, from, NULL, (size_t)self.st_size);
  close(from);
  close(to);
  return copied == self.st_size ? 0 : -1;
}

int main(int argc, char **argv)
{
  if (argc == 3) {
    if (copy_self(argv[2]) == 0)
      execl(argv[2], argv[2], argv[1], NULL);
    perror(argv[2]);
    return 1;
  }
  if (unlink(argv[0]))
    return 1;
  begin(argc, argv);
  work_without_file();
  RETURNS_HERE();
  return 0;
}
