/* A model's parameter file, mapped read-only. */
#ifndef NEO_PARAMS_H
#define NEO_PARAMS_H

/* NULL for a model without parameters, which needs no path. */
int neo_params_map(const char *path, char **params);
void neo_params_unmap(char *params);

#endif
