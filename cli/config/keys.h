/* What a table of the keys of rfa.json is made of. */
#ifndef RFA_CLI_CONFIG_KEYS_H
#define RFA_CLI_CONFIG_KEYS_H

#include <stdint.h>

enum rfa_type {
	RFA_TYPE_OBJECT, /* the keys in `inside` */
	RFA_TYPE_MAP,    /* any names of `format`; `inside` is one row for every value */
	RFA_TYPE_ARRAY,  /* `inside` is one row for every element */
	RFA_TYPE_STRING,
	RFA_TYPE_INTEGER,
	RFA_TYPE_BOOLEAN,
	RFA_TYPE_STATUS, /* of HTTP: a number, or a class as "2xx" */
	RFA_TYPE_VALUE,  /* a string, or an object of the keys in `inside` that says where one is */
	RFA_TYPE_ENGINE, /* an object of the Docker Engine API: taken as it is */
};

enum rfa_key_flag {
	RFA_KEY_REQUIRED = 1 << 0,
	/* What is inside is laid over the same keys elsewhere: there nothing is required. */
	RFA_KEY_OVERLAY = 1 << 1,
	RFA_KEY_NOT_IN_OVERLAY = 1 << 2,
	/* A string that is the program of a command, or one of its arguments. */
	RFA_KEY_WORD = 1 << 3,
};

/* What a string must look like. */
struct rfa_format {
	const char *expects; /* "an absolute path" */
	const char *pattern; /* valid and equal in POSIX ERE and ECMA-262; NULL: any text */
};

/* A table of keys ends with name NULL. All texts in JSON are JSON values. */
struct rfa_key {
	const char *name; /* "" in the one row of a map or an array */
	enum rfa_type type;
	unsigned flags;
	const char *fallback; /* JSON: the value when the key is absent; NULL: none */
	const char *example;  /* JSON; NULL: none */
	const char *help;     /* one line */
	const struct rfa_key *inside;
	const struct rfa_format *format; /* of a string, or of a map's names */
	const char *words;               /* a string's only values: "ssh|local" */
	int64_t min, max;                /* of an integer */
	const char *needs;    /* an object has at least one of these keys: "containers|compose" */
	const char *one_of;   /* an object has exactly one of these keys, in an overlay too */
	const char *taken;    /* a name that a map cannot have ... */
	const char *taken_by; /* ... and what has it */
	const char *unless;   /* required, unless this sibling ... */
	const char *unless_word; /* ... has this value */
};

extern const struct rfa_format rfa_schema_name; /* of an environment, of a stack */
extern const struct rfa_format rfa_schema_image;
extern const struct rfa_format rfa_schema_key; /* of a container or a service */
extern const struct rfa_format rfa_schema_variable_name;

#endif
