/* Kernels, and what executes them. */
/* Where the image's translation lies; made where it is not there. */
static void *translated(const char *image) {
  const char *command = getenv("STUB_TRANSLATE"), *folder = getenv("STUB_KERNELS");
  uint64_t hash = 14695981039346656037ull;
  for (const char *p = image; *p; p++)
    hash = (hash ^ (unsigned char)*p) * 1099511628211ull;
  char ptx[1024], library[1024], line[4096];
  snprintf(ptx, sizeof ptx, "%s/%016llx.ptx", folder ? folder : "/tmp", (unsigned long long)hash);
  snprintf(library, sizeof library, "%s/%016llx.so", folder ? folder : "/tmp", (unsigned long long)hash);
  if (access(library, R_OK)) {
    FILE *file = fopen(ptx, "w");
    if (!file || fputs(image, file) < 0 || fclose(file))
      return NULL;
    snprintf(line, sizeof line, "env -u LD_PRELOAD %s '%s' '%s'", command, ptx, library);
    if (system(line))
      return NULL;
  }
  return dlopen(library, RTLD_NOW | RTLD_LOCAL);
}

/* Kernels by name alone, that do nothing. */
static uint32_t names_only(const char *image, stub_kernel **kernels) {
  uint32_t count = 0;
  for (const char *p = image; (p = strstr(p, ".entry")); p++) {
    const char *start = p + strlen(".entry");
    start += strspn(start, " \t");
    size_t length = strcspn(start, " \t(\n");
    *kernels = realloc(*kernels, (count + 1) * sizeof **kernels);
    uint32_t n_params = 0;
    for (const char *q = start, *end = strchr(start, ')'); end && (q = strstr(q, ".param")) && q < end; q++)
      n_params++;
    (*kernels)[count++] = (stub_kernel){.name = strndup(start, length), .n_params = n_params};
  }
  return count;
}

int cuModuleLoadDataEx(module **result, const void *image, unsigned n_options, int *options, void **values) {
  ENTER("cuModuleLoadDataEx", "%zu", strlen(image))
  NEEDS_CONTEXT("cuModuleLoadDataEx")
  module *one = calloc(1, sizeof *one);
  if (strncmp(image, "//", 2) && strncmp(image, ".version", 8))
    code = INVALID_PTX;
  else if (getenv("STUB_TRANSLATE")) {
    one->library = translated(image);
    stub_kernels_function *ask = NULL;
    if (one->library)
      *(void **)&ask = dlsym(one->library, "stub_kernels");
    if (ask)
      one->kernels = ask(&one->n_kernels);
    code = ask ? OK : INVALID_PTX;
  } else {
    one->n_kernels = names_only(image, (stub_kernel **)&one->kernels);
  }
  for (unsigned i = 0; code && i < n_options; i++)
    if (options[i] == 5)
      strcpy(values[i], "ptxas stub, line 1: this is no PTX");
  one->live = code == OK;
  objects += code == OK;
  *result = code ? NULL : one;
  LEAVE
}

int cuModuleUnload(module *one) {
  ENTER("cuModuleUnload", "")
  NEEDS_CONTEXT("cuModuleUnload")
  wait_for_all();
  if (!one->live)
    code = VIOLATION("a module is unloaded twice");
  one->live = false;
  objects--;
  LEAVE
}

int cuModuleGetFunction(function **result, module *one, const char *name) {
  ENTER("cuModuleGetFunction", "%s", name)
  NEEDS_CONTEXT("cuModuleGetFunction")
  code = NOT_FOUND;
  for (uint32_t i = 0; i < one->n_kernels; i++)
    if (strcmp(one->kernels[i].name, name) == 0) {
      *result = calloc(1, sizeof **result);
      **result = (function){&one->kernels[i], one};
      code = OK;
    }
  LEAVE
}
