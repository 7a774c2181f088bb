/* Where in a JSON text a value stands: the line and column that jansson does not keep. */
#ifndef RFA_CLI_LOCATE_H
#define RFA_CLI_LOCATE_H

#include <stddef.h>

/* One step of a path: a key, or (key NULL) an index. */
struct rfa_json_step {
	const char *key;
	size_t index;
};

/*
 * Line and column (from 1, columns in bytes) of the key, or the element, at the path's end.
 * `text` must be valid JSON. 0, or -1 when the path leads nowhere.
 */
int rfa_json_locate(const char *text, size_t len, const struct rfa_json_step *steps, size_t n,
		    int *line, int *column);

#endif
