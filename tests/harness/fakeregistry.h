/* A registry that lies, refuses, breaks off: on loopback, in processes of its own. */
#ifndef RFA_TESTS_HARNESS_FAKEREGISTRY_H
#define RFA_TESTS_HARNESS_FAKEREGISTRY_H

#include "tests/harness/oci.h"
#include "tests/harness/web.h"

#define FAKE_REPOSITORY "shop/app"
#define FAKE_USER "deploy"
#define FAKE_SECRET "s3cret/with+signs"
#define FAKE_IDENTITY "identity-of-deploy"

enum fake_auth { FAKE_OPEN, FAKE_BASIC, FAKE_BEARER };

/* How blobs come. */
enum fake_blob {
	FAKE_RANGES,     /* 206 for a range */
	FAKE_NO_RANGES,  /* 200 for everything */
	FAKE_OTHER_PART, /* 206, of the beginning */
	FAKE_CUT,        /* breaks off after half of what it has to send */
	FAKE_LONG,       /* without a length, and 1000 bytes more */
	FAKE_SHORT,      /* says a smaller size */
	FAKE_BEYOND,     /* 416, whose body never comes */
};

/* The tag 1 is an index of amd64 and arm/v6, arm64; "docker" an amd64 image of Docker's types. */
struct fake_shared {
	enum fake_auth auth;
	enum fake_blob blob;
	size_t big;             /* `blob` and a spoil of 2 count for blobs of so many bytes only */
	int status;             /* of every manifest; 0: what is right */
	char retry_after[64];   /* with it */
	char message[128];      /* of the error in JSON */
	char manifest[65536];   /* what comes for every tag; "": what is right */
	char told[160];         /* Docker-Content-Digest; "": what is right */
	char type[128];         /* Content-Type; "": what is right */
	size_t pad;             /* so many blanks after a manifest */
	int spoil;              /* 1: manifests by digest, 2: blobs have one byte changed */
	int silent;             /* 1: no answer at all, 2: none after the head of a blob */
	char ping[256];         /* all that is answered to /v2/; "": what is right */
	char redirect[256];     /* where blobs are; "%s" is the path; "": here */
	char realm[256];        /* the token service; "": this one */
	int token_status;       /* 0: 200 */
	char token_answer[256]; /* "": a good one */
	int expires_in;         /* of its tokens; 0: says nothing */
	unsigned good_token;    /* the number of the token that is taken; 0: any */
	unsigned tokens;        /* given in all */
	unsigned next;          /* of the log */
	char log[65536];        /* one line a request */
};

struct fake_registry {
	struct web web, other; /* the registry with its token service; a storage elsewhere */
	struct oci_image images[3], docker;
	struct oci_blob index;
	struct fake_shared *shared;
};

void fake_registry_start(struct fake_registry *f);
void fake_registry_stop(struct fake_registry *f);
/* As after the start. */
void fake_registry_reset(struct fake_registry *f);

#endif
