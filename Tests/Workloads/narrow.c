// Makes system calls by the table of 32-bit programs, without a C library: built as a 32-bit program
// (narrow-32), and as a 64-bit one that enters the kernel the old way all the same (narrow-64).
//
// Four times 40 calls that wait 5 ms each: a sleep, a lock that nobody gives back, a timer's file, and
// a socket to which nobody sends. A call that does not do as it should ends it with a status.
#define ROUNDS 40
#define WAIT_NS 5000000

enum {
  EXIT = 1,
  READ = 3,
  NANOSLEEP = 162,
  FUTEX = 240,
  TIMERFD_CREATE = 322,
  TIMERFD_SETTIME = 325,
  SOCKET = 359,
  BIND = 361,
  SETSOCKOPT = 366,
  RECVFROM = 371,
};

#define EAGAIN 11
#define ETIMEDOUT 110

// Addresses have 32 bits here: all that a call points to is in static memory, below 4 GiB.
static struct {
  int seconds, nanoseconds;
} wait = { 0, WAIT_NS };
static struct {
  int interval_seconds, interval_nanoseconds, seconds, nanoseconds;
} timer = { 0, 0, 0, WAIT_NS };
static struct {
  int seconds, microseconds;
} timeout = { 0, WAIT_NS / 1000 };
static struct {
  unsigned short family, port;
  unsigned address;
  unsigned char zero[8];
} local = { 2, 0, 0x0100007f, { 0 } };
static int word = 1;
static char buffer[64];

#define POINTER(object) ((unsigned)(unsigned long)(object))

static int call(int number, unsigned a, unsigned b, unsigned c, unsigned d, unsigned e)
{
  long result;
#ifdef __x86_64__
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"((long)number), "b"((long)a), "c"((long)b), "d"((long)c), "S"((long)d),
                     "D"((long)e)
                   : "memory", "r8", "r9", "r10", "r11");
#else
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                   : "memory");
#endif
  return (int)result;
}

static void expect(int result, int wanted, int status)
{
  if (result != wanted)
    call(EXIT, status, 0, 0, 0, 0);
}

void _start(void)
{
  int file = call(TIMERFD_CREATE, 1, 0, 0, 0, 0);
  int socket = call(SOCKET, 2, 2, 0, 0, 0);
  expect(call(BIND, socket, POINTER(&local), sizeof(local), 0, 0), 0, 2);
  expect(call(SETSOCKOPT, socket, 1, 20, POINTER(&timeout), sizeof(timeout)), 0, 3);
  for (int round = 0; round < ROUNDS; round++) {
    expect(call(NANOSLEEP, POINTER(&wait), 0, 0, 0, 0), 0, 4);
    // FUTEX_WAIT.
    expect(call(FUTEX, POINTER(&word), 0, 1, POINTER(&wait), 0), -ETIMEDOUT, 5);
    expect(call(TIMERFD_SETTIME, file, 0, POINTER(&timer), 0, 0), 0, 6);
    expect(call(READ, file, POINTER(buffer), 8, 0, 0), 8, 7);
    expect(call(RECVFROM, socket, POINTER(buffer), sizeof(buffer), 0, 0), -EAGAIN, 8);
  }
  call(EXIT, 0, 0, 0, 0, 0);
}
