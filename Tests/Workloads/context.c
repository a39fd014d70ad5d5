// Publishes what it is told on standard input in its memory, as OpenTelemetry's OTEP 4719 says.
//
// A line holds attributes, key=value,key=value; each line replaces what was published before. The first
// argument says how:
//   memfd, shared, anonymous   where the header lies; the payload lies behind it
//   apart                      the payload lies elsewhere
//   resource                   the payload is a Resource alone, as in the first drafts
//   unfinished, version, size, pointer   something is wrong with the header
//   storm                      publishes a=1...,b=1..., then a=2...,b=2... and so on without end
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

enum { PAGES_BYTES = 8192, PAYLOAD_BYTES = 4096 };

struct header {
  char signature[8];
  uint32_t version;
  uint32_t payload_size;
  uint64_t published_ns;
  uint64_t payload;
};

static const char *mode;
static struct header *header;
static unsigned char apart[2][PAYLOAD_BYTES];

// A field of bytes: its key, its length, and where the bytes go.
static unsigned char *field(unsigned char *to, int number, size_t length)
{
  *to++ = (unsigned char)(number << 3 | 2);
  if (length >= 128)
    *to++ = (unsigned char)(length & 127) | 128;
  *to++ = (unsigned char)(length >= 128 ? length >> 7 : length);
  return to;
}

static size_t field_size(size_t length)
{
  return length + (length >= 128 ? 3 : 2);
}

static unsigned char *attribute(unsigned char *to, const char *key, size_t key_length,
                                const char *value, size_t value_length)
{
  size_t any = field_size(value_length);
  to = field(to, 1, field_size(key_length) + field_size(any));
  to = field(to, 1, key_length);
  memcpy(to, key, key_length);
  to = field(to + key_length, 2, any);
  to = field(to, 1, value_length);
  memcpy(to, value, value_length);
  return to + value_length;
}

static size_t encode(unsigned char *to, const char *line)
{
  unsigned char resource[PAYLOAD_BYTES], *end = resource;
  while (*line) {
    size_t length = strcspn(line, ",\n"), key = strcspn(line, "=");
    if (key < length)
      end = attribute(end, line, key, line + key + 1, length - key - 1);
    line += length + strspn(line + length, ",\n");
  }
  size_t size = (size_t)(end - resource);
  if (strcmp(mode, "resource")) {
    unsigned char *start = to;
    to = field(to, 1, size);
    memcpy(to, resource, size);
    return (size_t)(to - start) + size;
  }
  memcpy(to, resource, size);
  return size;
}

static uint64_t now_ns(void)
{
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void make_header(void)
{
  int file = -1, flags = MAP_PRIVATE | MAP_ANONYMOUS;
  if (!strcmp(mode, "shared"))
    flags = MAP_SHARED | MAP_ANONYMOUS;
  if (strcmp(mode, "shared") && strcmp(mode, "anonymous")) {
    file = memfd_create("OTEL_CTX", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, PAGES_BYTES))
      _exit(2);
    flags = MAP_PRIVATE;
  }
  header = mmap(0, PAGES_BYTES, PROT_READ | PROT_WRITE, flags, file, 0);
  if (header == MAP_FAILED)
    _exit(3);
  if (file >= 0)
    close(file);
  madvise(header, PAGES_BYTES, MADV_DONTFORK);
}

static void publish(const char *line)
{
  static int turn;
  int isApart = !strcmp(mode, "apart") || !strcmp(mode, "storm");
  unsigned char *payload = isApart ? apart[turn++ % 2] : (unsigned char *)(header + 1);
  __atomic_store_n(&header->published_ns, 0, __ATOMIC_SEQ_CST);
  size_t size = encode(payload, line);
  header->version = strcmp(mode, "version") ? 2 : 77;
  header->payload_size = strcmp(mode, "size") ? (uint32_t)size : UINT32_MAX;
  header->payload = strcmp(mode, "pointer") ? (uint64_t)(uintptr_t)payload : 0x7fff00000000;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (strcmp(mode, "unfinished"))
    __atomic_store_n(&header->published_ns, now_ns(), __ATOMIC_SEQ_CST);
  memcpy(header->signature, "OTEL_CTX", 8);
  prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, header, PAGES_BYTES, "OTEL_CTX");
}

static void publish_without_end(void)
{
  for (unsigned number = 0;; number++) {
    char line[512], value[200];
    memset(value, 'a' + (int)(number % 26), sizeof(value));
    snprintf(line, sizeof(line), "a=%.*s,b=%.*s", (int)sizeof(value), value, (int)sizeof(value),
             value);
    publish(line);
    if (number == 0 && write(STDOUT_FILENO, "published\n", 10) != 10)
      _exit(1);
  }
}

int main(int argc, char **argv)
{
  alarm(60);
  mode = argc > 1 ? argv[1] : "memfd";
  make_header();
  if (!strcmp(mode, "storm"))
    publish_without_end();
  char line[1024];
  while (fgets(line, sizeof(line), stdin)) {
    publish(line);
    if (write(STDOUT_FILENO, "published\n", 10) != 10)
      return 1;
  }
}
