// Loads BPF objects with the sizes and settings of their source, attaches every program to its
// hook, and prints what the verifier made of each: load FILE.o...
//
// Prints:  loaded OBJECT/PROGRAM INSTRUCTIONS   instructions that the verifier processed
//          attached OBJECT/PROGRAM
//          failed OBJECT/PROGRAM WHAT: REASON   then the end of the verifier's log, after "| "
// Status:  0 when everything was loaded and attached.
// Needs:   Linux 5.2, for the verifier's statistics.
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

// Bits of a program's log level (kernel: include/linux/bpf_verifier.h).
#define LOG_INSTRUCTIONS 1
#define LOG_STATISTICS 4

#define PROGRAMS_MAX 64
// Statistics are short, but what the verifier says of each path is there until the path is done.
#define STATISTICS_BYTES (4 << 20)
// Kernels before 6.4 keep the beginning of a log and refuse the program when the rest has no room.
// Memory that is not written to is not taken.
#define LOG_BYTES (256UL << 20)
// How much of the end of a log is printed.
#define TAIL_BYTES 24000

static char statistics[PROGRAMS_MAX][STATISTICS_BYTES];

static int print_warnings(enum libbpf_print_level level, const char *format, va_list arguments)
{
  if (level != LIBBPF_WARN)
    return 0;
  fputs("| ", stdout);
  return vprintf(format, arguments);
}

static void print_failure(const char *object, const char *program, const char *what, int code)
{
  printf("failed %s/%s %s: %s\n", object, program, what, strerror(code));
}

static void print_tail(const char *log)
{
  size_t length = strlen(log);
  const char *line = length > TAIL_BYTES ? log + length - TAIL_BYTES : log;
  while (*line) {
    size_t bytes = strcspn(line, "\n");
    printf("| %.*s\n", (int)bytes, line);
    line += bytes + (line[bytes] == '\n');
  }
}

// Loads one program without the others, to have its log. True if that works.
static bool explain(const char *path, const char *object, const char *program, char *log)
{
  struct bpf_object *again = bpf_object__open_file(path, NULL);
  if (!again)
    return false;
  struct bpf_program *other;
  bpf_object__for_each_program (other, again) {
    bpf_program__set_autoload(other, strcmp(bpf_program__name(other), program) == 0);
  }
  struct bpf_program *wanted = bpf_object__find_program_by_name(again, program);
  log[0] = 0;
  bpf_program__set_log_buf(wanted, log, LOG_BYTES);
  bpf_program__set_log_level(wanted, LOG_INSTRUCTIONS | LOG_STATISTICS);
  int status = bpf_object__load(again);
  if (status) {
    print_failure(object, program, "load", -status);
    print_tail(log);
  }
  bpf_object__close(again);
  return !status;
}

// Finds out which programs were refused.
static void explain_all(const char *path, const char *object, struct bpf_object *opened)
{
  char *log = mmap(NULL, LOG_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (log == MAP_FAILED) {
    print_failure(object, "*", "log", errno);
    return;
  }
  struct bpf_program *program;
  bpf_object__for_each_program (program, opened) {
    if (bpf_program__autoload(program))
      explain(path, object, bpf_program__name(program), log);
  }
  munmap(log, LOG_BYTES);
}

// The verifier counts the global functions of a program with it, in the last line of that kind.
static unsigned long processed(const char *log)
{
  unsigned long count = 0;
  for (const char *found = log; (found = strstr(found, "processed ")); found++)
    count = strtoul(found + strlen("processed "), NULL, 10);
  return count;
}

static struct bpf_link *attach_to_clock(struct bpf_program *program)
{
  struct perf_event_attr attributes = {
    .size = sizeof(attributes),
    .type = PERF_TYPE_SOFTWARE,
    .config = PERF_COUNT_SW_CPU_CLOCK,
    .freq = 1,
    .sample_freq = 99,
  };
  int event = syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
  return event < 0 ? NULL : bpf_program__attach_perf_event(program, event);
}

// Such a program runs on the elements of one map: the largest hash of its object.
static struct bpf_link *attach_to_map(struct bpf_object *opened, struct bpf_program *program)
{
  struct bpf_map *map, *largest = NULL;
  bpf_object__for_each_map (map, opened) {
    if (bpf_map__type(map) == BPF_MAP_TYPE_HASH &&
        (!largest || bpf_map__max_entries(map) > bpf_map__max_entries(largest)))
      largest = map;
  }
  if (!largest)
    return NULL;
  union bpf_iter_link_info target = { .map = { .map_fd = bpf_map__fd(largest) } };
  LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &target, .link_info_len = sizeof(target));
  return bpf_program__attach_iter(program, &options);
}

// Such a program runs at a function of a process: one of ours.
static struct bpf_link *attach_to_function(struct bpf_program *program, bool at_return)
{
  LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = "main", .retprobe = at_return);
  return bpf_program__attach_uprobe_opts(program, getpid(), "/proc/self/exe", 0, &options);
}

// What runs at calls and at returns has to ask which, by a cookie: Linux 5.15. Elsewhere wick has
// other programs in its place.
static void skip_what_is_younger(struct bpf_object *opened)
{
  struct bpf_program *session = bpf_object__find_program_by_name(opened, "allocator");
  struct utsname kernel;
  int major, minor;
  if (session && !uname(&kernel) && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
      (major < 5 || (major == 5 && minor < 15)))
    bpf_program__set_autoload(session, false);
}

static struct bpf_link *attach_to_hook(struct bpf_object *opened, struct bpf_program *program)
{
  if (bpf_program__type(program) == BPF_PROG_TYPE_PERF_EVENT)
    return attach_to_clock(program);
  if (!strcmp(bpf_program__section_name(program), "iter/bpf_map_elem"))
    return attach_to_map(opened, program);
  if (!strcmp(bpf_program__section_name(program), "uprobe"))
    return attach_to_function(program, false);
  if (!strcmp(bpf_program__section_name(program), "uretprobe"))
    return attach_to_function(program, true);
  return bpf_program__attach(program);
}

static bool attach(struct bpf_object *opened, const char *object, struct bpf_program *program)
{
  if (attach_to_hook(opened, program)) {
    printf("attached %s/%s\n", object, bpf_program__name(program));
    return true;
  }
  print_failure(object, bpf_program__name(program), "attach", errno);
  return false;
}

static void ask_for_statistics(struct bpf_object *opened)
{
  struct bpf_program *program;
  int index = 0;
  bpf_object__for_each_program (program, opened) {
    if (index == PROGRAMS_MAX)
      break;
    bpf_program__set_log_buf(program, statistics[index++], STATISTICS_BYTES);
    bpf_program__set_log_level(program, LOG_STATISTICS);
  }
}

// Everything stays loaded and attached until the program ends, as in wick.
static bool check(const char *path)
{
  const char *slash = strrchr(path, '/');
  char object[64];
  snprintf(object, sizeof(object), "%s", slash ? slash + 1 : path);
  object[strcspn(object, ".")] = 0;

  struct bpf_object *opened = bpf_object__open_file(path, NULL);
  if (!opened) {
    print_failure(object, "*", "open", errno);
    return false;
  }
  skip_what_is_younger(opened);
  ask_for_statistics(opened);
  int status = bpf_object__load(opened);
  if (status) {
    print_failure(object, "*", "load", -status);
    explain_all(path, object, opened);
    return false;
  }
  bool attached = true;
  int index = 0;
  struct bpf_program *program;
  bpf_object__for_each_program (program, opened) {
    const char *log = index < PROGRAMS_MAX ? statistics[index++] : "";
    if (!bpf_program__autoload(program))
      continue;
    printf("loaded %s/%s %lu\n", object, bpf_program__name(program), processed(log));
    attached &= attach(opened, object, program);
  }
  return attached;
}

int main(int count, char **arguments)
{
  libbpf_set_print(print_warnings);
  bool passed = count > 1;
  for (int index = 1; index < count; index++)
    passed &= check(arguments[index]);
  return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
