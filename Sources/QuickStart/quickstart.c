// Two parts of the Swift runtime that a program of ours does not want, at every start: a search for the crash tracer's
// program along nine paths, and a reading of /proc/self/maps to find argv. Together they cost an empty program a
// sixteenth of its life, and a delivery nearly as much.
//
// In a static program the linker takes the runtime's versions from an archive only if nobody else has defined their
// names, so these take their place. Where the runtime is a shared library, as in debug builds and tests, its own are
// used and nothing here is compiled in. A runtime that gains another function beside one of these fails to link, loudly.
#ifdef STATIC_RUNTIME
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// Of the same size or larger; all zero means that the tracer is off.
char _swift_backtraceSettings[512];
int _swift_spawnBacktracer(const void *context, int descriptor) { return 0; }
void _swift_displayCrashMessage(int signal, const void *where) {}
char *_swift_backtrace_demangle(const char *name, size_t length, char *buffer, size_t *size) { return NULL; }
_Bool _swift_backtrace_isThunkFunction(const char *name) { return 0; }

static int argument_count;
static char **arguments;

// glibc calls constructors with main's arguments.
__attribute__((constructor)) static void keep_arguments(int count, char **words) {
  argument_count = count;
  arguments = words;
}

// What such a program has freed it needs again, or it ends: to give memory back, and to have it filled with zeros anew,
// costs maildir2mbox a tenth of its time.
__attribute__((constructor)) static void keep_memory(void) {
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

// The caller owns what it gets, words and all.
void *_swift_stdlib_getUnsafeArgvArgc(int *count) {
  char **copy = malloc(((size_t)argument_count + 1) * sizeof *copy);
  if (copy == NULL) abort();
  for (int i = 0; i < argument_count; i++) copy[i] = strdup(arguments[i]);
  copy[argument_count] = NULL;
  *count = argument_count;
  return copy;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **words, int count) {
  argument_count = count;
  arguments = words;
}
#endif
