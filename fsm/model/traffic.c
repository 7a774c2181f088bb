/* Traffic: the tables of the fields. */
#include "fsm/model/traffic.h"

#define RFA_THIS struct rfa_switched
RFA_SHAPE(switched, RFA_SWITCHED_FIELDS, "a service that has a stand-in while it is replaced");
#undef RFA_THIS
#define RFA_THIS struct rfa_router_spec
RFA_SHAPE(router_spec, RFA_ROUTER_SPEC_FIELDS, "a router in front of services");
#undef RFA_THIS
#define RFA_THIS struct rfa_traffic
RFA_SHAPE(traffic, RFA_TRAFFIC_FIELDS, "how traffic moves to a new version");
#undef RFA_THIS
#define RFA_THIS struct rfa_counted
RFA_SHAPE(counted, RFA_COUNTED_FIELDS, "what a router had counted of a service");
#undef RFA_THIS
#define RFA_THIS struct rfa_soak
RFA_SHAPE(soak, RFA_SOAK_FIELDS, "a share that has to prove itself for a while");
#undef RFA_THIS

int64_t rfa_traffic_share(const struct rfa_traffic *traffic, size_t n)
{
	static const int64_t usual[] = { 10, 50, 100 };

	if (traffic->shares)
		return json_integer_value(json_array_get(traffic->shares, n));
	return n < sizeof(usual) / sizeof(usual[0]) ? usual[n] : 0;
}
