// Keeps the text that it reads from its input in 40 frames and on the heap while it works:
// main → hide × 40 → work.
#include <stdio.h>
#include <string.h>

#include "workload.h"

static char text[4096];

FUNCTION void work(void)
{
  for (;;)
    burn(1000);
}

FUNCTION void hide(int left)
{
  char kept[sizeof(text)];
  memcpy(kept, text, sizeof(kept));
  __asm__ volatile("" : : "r"(kept) : "memory");
  if (left > 1)
    hide(left - 1);
  else
    work();
  __asm__ volatile("" : : "r"(kept) : "memory");
}

int main(int argc, char **argv)
{
  size_t bytes = fread(text, 1, sizeof(text) - 1, stdin);
  char *heap = strdup(text);
  if (!bytes || !heap)
    return 1;
  begin(argc, argv);
  hide(40);
  return heap[0];
}
