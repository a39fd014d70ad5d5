// Maps the executable files of its further arguments as the dynamic linker would, and works in them
// without running anything of theirs that does something: it calls functions that only return,
// found where the unwind information says that functions begin.
// Between two files it sleeps as many µs as its second argument says.
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "workload.h"

#define CALLS 64  // functions of a file that are called, at most
#define FILES 1024

struct file {
  unsigned char *base;  // where the file's own address 0 was mapped
  size_t length;
  void (*calls[CALLS])(void);
  int count;
};

static struct file files[FILES];

static const Elf64_Phdr *headers_of(const unsigned char *image, size_t size, int *count)
{
  const Elf64_Ehdr *header = (const void *)image;
  if (size < sizeof(*header) || memcmp(image, ELFMAG "\2\1", 6) || header->e_machine != EM_X86_64 ||
      header->e_phentsize != sizeof(Elf64_Phdr) ||
      header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr) > size)
    return NULL;
  *count = header->e_phnum;
  return (const void *)(image + header->e_phoff);
}

// Maps every segment that is loaded, and forgets the rest.
static int map_segments(struct file *file, int descriptor, const Elf64_Phdr *headers, int count)
{
  for (int i = 0; i < count; i++)
    if (headers[i].p_type == PT_LOAD && headers[i].p_vaddr + headers[i].p_memsz > file->length)
      file->length = headers[i].p_vaddr + headers[i].p_memsz;
  file->base = mmap(NULL, file->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (file->base == MAP_FAILED)
    return -1;
  for (int i = 0; i < count; i++) {
    const Elf64_Phdr *segment = &headers[i];
    if (segment->p_type != PT_LOAD || !segment->p_filesz || (segment->p_flags & PF_W))
      continue;
    size_t before = segment->p_vaddr & 4095;
    int protection = PROT_READ | (segment->p_flags & PF_X ? PROT_EXEC : 0);
    if (mmap(file->base + segment->p_vaddr - before, segment->p_filesz + before, protection,
             MAP_PRIVATE | MAP_FIXED, descriptor,
             (off_t)(segment->p_offset - before)) == MAP_FAILED)
      return -1;
  }
  return 0;
}

// `ret`, or `xor eax, eax; ret`, perhaps behind `endbr64`.
static int only_returns(const unsigned char *code)
{
  if (!memcmp(code, "\xf3\x0f\x1e\xfa", 4))
    code += 4;
  return code[0] == 0xc3 || !memcmp(code, "\x31\xc0\xc3", 3);
}

// Reads the sorted table of .eh_frame_hdr (Linux Standard Base 5.0, 10.6.2): pairs of offsets from
// the header, to a function and to its description.
static void find_calls(struct file *file, const Elf64_Phdr *headers, int count)
{
  for (int i = 0; i < count; i++) {
    if (headers[i].p_type != PT_GNU_EH_FRAME)
      continue;
    const unsigned char *table = file->base + headers[i].p_vaddr;
    if (table[0] != 1 || table[2] != 0x03 || table[3] != 0x3b)
      return;
    unsigned entries = *(const unsigned *)(table + 8);
    for (unsigned entry = 0; entry < entries && file->count < CALLS; entry++) {
      const unsigned char *code = table + ((const int *)(table + 12))[entry * 2];
      if (only_returns(code))
        file->calls[file->count++] = (void (*)(void))code;
    }
  }
}

static int open_file(struct file *file, const char *path)
{
  int descriptor = open(path, O_RDONLY), count, status = -1;
  struct stat about;
  if (descriptor < 0 || fstat(descriptor, &about))
    return -1;
  unsigned char *image = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (image == MAP_FAILED)
    return -1;
  const Elf64_Phdr *headers = headers_of(image, (size_t)about.st_size, &count);
  if (headers && !map_segments(file, descriptor, headers, count)) {
    find_calls(file, headers, count);
    status = 0;
  }
  munmap(image, (size_t)about.st_size);
  close(descriptor);
  return status;
}

FUNCTION void work_in(const struct file *file)
{
  for (int round = 0; round < 20000 && file->count; round++)
    file->calls[round % file->count]();
}

int main(int argc, char **argv)
{
  int mapped = 0, working = 0;
  for (int i = 3; i < argc && mapped < FILES; i++) {
    if (open_file(&files[mapped], argv[i]))
      continue;
    working += files[mapped++].count > 0;
  }
  printf("mapped %d, working in %d\n", mapped, working);
  fflush(stdout);
  alarm((unsigned)atoi(argv[1]));
  for (;;)
    for (int i = 0; i < mapped; i++) {
      work_in(&files[i]);
      usleep((unsigned)atoi(argv[2]));
    }
}
