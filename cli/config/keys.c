/* What names in rfa.json look like, in whichever table of keys. */
#include "cli/config/keys.h"

const struct rfa_format rfa_schema_name = {
	"a name of letters, digits, - and _, at most 63 characters",
	"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$",
};

const struct rfa_format rfa_schema_image = {
	"the name of an image, without a tag",
	"^([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$",
};

const struct rfa_format rfa_schema_key = {
	"a container's name, or a Compose service's",
	"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
};

const struct rfa_format rfa_schema_variable_name = {
	"the name of a variable",
	"^[A-Za-z_][A-Za-z0-9_]*$",
};
