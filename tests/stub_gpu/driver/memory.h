/* Memory of the device, and memory that is page-locked. */
static address_t take(uint64_t bytes, bool pinned) {
  uint64_t room = (bytes + GUARD - 1) / GUARD * GUARD;
  char *memory = mmap(NULL, room + 2 * GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || n_blocks == MOST_BLOCKS)
    return 0;
  mprotect(memory, GUARD, PROT_NONE);
  mprotect(memory + GUARD + room, GUARD, PROT_NONE);
  /* as far up as the alignment allows */
  char *first = memory + GUARD + (room - (bytes + 255) / 256 * 256);
  memset(first, 0xff, bytes);
  address_t address = (uint64_t)(uintptr_t)first + (pinned ? 0 : DEVICE);
  blocks[n_blocks++] = (block){address, bytes, pinned, true};
  taken += bytes;
  return address;
}

static block *find(address_t address, uint64_t bytes, bool pinned) {
  for (uint32_t i = 0; i < n_blocks; i++)
    if (blocks[i].live && blocks[i].pinned == pinned && address >= blocks[i].address &&
        address + bytes <= blocks[i].address + blocks[i].bytes)
      return &blocks[i];
  return NULL;
}

/* The memory stays mapped, without access: a late reader is caught. */
static int give(address_t address, bool pinned) {
  block *found = find(address, 1, pinned);
  if (!found || found->address != address)
    return VIOLATION("memory is freed that nobody has: %llx", (unsigned long long)address);
  found->live = false;
  taken -= found->bytes;
  uint64_t first = (address - (pinned ? 0 : DEVICE)) & ~(uint64_t)(GUARD - 1);
  mprotect((void *)(uintptr_t)first, found->bytes, PROT_NONE);
  return OK;
}

int cuMemGetInfo_v2(size_t *left, size_t *total) {
  ENTER("cuMemGetInfo_v2", "")
  NEEDS_CONTEXT("cuMemGetInfo_v2")
  *total = setting("STUB_MEMORY", 1ull << 40);
  *left = *total - taken;
  LEAVE
}

int cuMemAlloc_v2(address_t *address, size_t bytes) {
  ENTER("cuMemAlloc_v2", "%zu", bytes)
  NEEDS_CONTEXT("cuMemAlloc_v2")
  if (bytes == 0)
    code = VIOLATION("cuMemAlloc of nothing");
  else if (taken + bytes > setting("STUB_MEMORY", 1ull << 40))
    code = NO_MEMORY;
  else
    *address = take(bytes, false);
  LEAVE
}

static void wait_for_all(void);

int cuMemFree_v2(address_t address) {
  ENTER("cuMemFree_v2", "%llx", (unsigned long long)address)
  NEEDS_CONTEXT("cuMemFree_v2")
  wait_for_all();
  code = give(address, false);
  LEAVE
}

int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
  ENTER("cuMemHostAlloc", "%zu %u", bytes, flags)
  NEEDS_CONTEXT("cuMemHostAlloc")
  *memory = (void *)(uintptr_t)take(bytes, true);
  LEAVE
}

int cuMemFreeHost(void *memory) {
  ENTER("cuMemFreeHost", "%p", memory)
  NEEDS_CONTEXT("cuMemFreeHost")
  wait_for_all();
  code = give((address_t)(uintptr_t)memory, true);
  LEAVE
}

static char *of_device(address_t address, uint64_t bytes) {
  return find(address, bytes, false) ? (char *)(uintptr_t)(address - DEVICE) : NULL;
}
