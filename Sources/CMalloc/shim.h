#ifndef GENBATCH_CMALLOC_SHIM_H
#define GENBATCH_CMALLOC_SHIM_H

#ifdef __linux__
/* The settings of glibc's allocator, which Swift's Glibc module leaves out. */
#include <malloc.h>
#endif

#endif
