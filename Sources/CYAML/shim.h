#ifndef GENBATCH_CYAML_SHIM_H
#define GENBATCH_CYAML_SHIM_H

#include <yaml.h>

#endif
