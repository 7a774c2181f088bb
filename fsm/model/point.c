/* Rollback points and backups: the tables of their fields. */
#include "fsm/model/point.h"

#define RFA_THIS struct rfa_specs
RFA_SHAPE(specs, RFA_SPECS_FIELDS, "a file on the host that says how containers were made");
#undef RFA_THIS
#define RFA_THIS struct rfa_retired
RFA_SHAPE(retired, RFA_RETIRED_FIELDS, "the end of a rollback point");
#undef RFA_THIS
#define RFA_THIS struct rfa_point
RFA_SHAPE(point, RFA_POINT_FIELDS, "a rollback point");
#undef RFA_THIS
#define RFA_THIS struct rfa_generation
RFA_SHAPE(generation, RFA_GENERATION_FIELDS, "the data that serves");
#undef RFA_THIS
#define RFA_THIS struct rfa_manifest
RFA_SHAPE(manifest, RFA_MANIFEST_FIELDS, "the manifest of a backup");
#undef RFA_THIS
#define RFA_THIS struct rfa_verdict
RFA_SHAPE(verdict, RFA_VERDICT_FIELDS, "what the rules of retention say of a backup");
#undef RFA_THIS
#define RFA_THIS struct rfa_retention
RFA_SHAPE(retention, RFA_RETENTION_FIELDS, "the rules of retention");
#undef RFA_THIS
