/* What names in rfa.json look like, in whichever table of keys. */
#include "cli/config/keys.h"

const struct rfa_format rfa_schema_name = {
	"a name of letters, digits, - and _, at most 63 characters",
	"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$",
};
