// The same view of the C library as CPosix has: with another one, `fd_set` would be two types.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <yaml.h>
