// Measures BPF programs for Scripts/bench.
//
//   meter run OBJECT PROGRAM HERTZ MILLISECONDS   runs one program on every CPU's clock and prints
//                                                 how often it ran and for how many ns in all
//   meter inner ID                                prints the number and the bytes of each map in a
//                                                 map of maps
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TABLE_ROWS (1 << 18)

static void fail(const char *what)
{
  perror(what);
  exit(1);
}

// The table of peers.bpf.c; other objects have none.
static void fill_table(struct bpf_object *object)
{
  struct row {
    unsigned long long address;
    unsigned cfa, frame_pointer;
  };
  int map = bpf_object__find_map_fd_by_name(object, "table");
  struct row *rows = calloc(TABLE_ROWS, sizeof(*rows));
  unsigned key = 0;
  if (map < 0 || !rows)
    fail("table");
  for (int i = 0; i < TABLE_ROWS; i++)
    rows[i].address = (unsigned long long)i;
  if (bpf_map_update_elem(map, &key, rows, 0))
    fail("table");
  free(rows);
}

static void attach_everywhere(struct bpf_program *program, int hertz)
{
  struct perf_event_attr clock = { .size = sizeof(clock),
                                   .type = PERF_TYPE_SOFTWARE,
                                   .config = PERF_COUNT_SW_CPU_CLOCK,
                                   .freq = 1,
                                   .sample_freq = (unsigned)hertz };
  for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
    int event = (int)syscall(SYS_perf_event_open, &clock, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (event < 0 || !bpf_program__attach_perf_event(program, event))
      fail("attach");
  }
}

static int run(const char *file, const char *name, int hertz, int milliseconds)
{
  struct bpf_object *object = bpf_object__open_file(file, NULL);
  struct bpf_program *other, *program = object ? bpf_object__find_program_by_name(object, name) : 0;
  if (!program)
    fail(name);
  bpf_object__for_each_program (other, object)
    bpf_program__set_autoload(other, other == program);
  if (bpf_object__load(object))
    fail(file);
  fill_table(object);
  if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
    fail("statistics");
  attach_everywhere(program, hertz);
  usleep((unsigned)milliseconds * 1000);
  struct bpf_prog_info info = { 0 };
  unsigned size = sizeof(info);
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
    fail("info");
  printf("%llu %llu\n", (unsigned long long)info.run_cnt, (unsigned long long)info.run_time_ns);
  return 0;
}

// What /proc says of a map's memory, in bytes.
static long map_bytes(int map)
{
  char path[64], line[128];
  long bytes = -1;
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
  FILE *info = fopen(path, "r");
  while (info && fgets(line, sizeof(line), info))
    if (sscanf(line, "memlock: %ld", &bytes) == 1)
      break;
  if (info)
    fclose(info);
  return bytes;
}

static int inner(unsigned id)
{
  struct bpf_map_info info = { 0 };
  unsigned size = sizeof(info);
  int outer = bpf_map_get_fd_by_id(id);
  if (outer < 0 || bpf_obj_get_info_by_fd(outer, &info, &size))
    fail("map");
  for (unsigned key = 0; key < info.max_entries; key++) {
    unsigned held = 0;
    if (bpf_map_lookup_elem(outer, &key, &held) || !held)
      continue;
    int map = bpf_map_get_fd_by_id(held);
    if (map < 0)
      continue;  // gone meanwhile
    printf("%u %ld\n", held, map_bytes(map));
    close(map);
  }
  return 0;
}

int main(int argc, char **argv)
{
  if (argc == 6 && !strcmp(argv[1], "run"))
    return run(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]));
  if (argc == 3 && !strcmp(argv[1], "inner"))
    return inner((unsigned)strtoul(argv[2], NULL, 10));
  fprintf(stderr, "usage: meter run OBJECT PROGRAM HERTZ MILLISECONDS | meter inner ID\n");
  return 64;
}
