/* When something may be brought to an environment: the table of those keys. */
#include "cli/config/schema_window.h"

static const struct rfa_format minute = { "a time of the day: 09:00",
					  "^([01][0-9]|2[0-3]):[0-5][0-9]$" };
static const struct rfa_format moment = {
	"a day, or a minute: 2026-12-20, 2026-12-20 18:00",
	"^[0-9]{4}-[01][0-9]-[0-3][0-9]( ([01][0-9]|2[0-3]):[0-5][0-9])?$",
};
static const struct rfa_format zone = { "a time zone: Europe/Berlin",
					"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$" };

static const struct rfa_key a_day = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"mon\"",
	.help = "a day of the week",
	.words = "mon|tue|wed|thu|fri|sat|sun",
};
static const struct rfa_key freeze_keys[] = {
	{ .name = "from",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"2026-12-20\"",
	  .help = "its first day, or the minute at which it begins",
	  .format = &moment },
	{ .name = "to",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"2027-01-02\"",
	  .help = "its last day, or the minute at which it is over",
	  .format = &moment },
	{ .name = "reason",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"end of the year\"",
	  .help = "what is told to whom it stops" },
	{ .name = NULL },
};
static const struct rfa_key a_freeze = {
	.name = "",
	.type = RFA_TYPE_OBJECT,
	.example = "{\"from\":\"2026-12-20\",\"to\":\"2027-01-02\",\"reason\":\"end of the year\"}",
	.help = "a time in which nothing is brought",
	.inside = freeze_keys,
};

const struct rfa_key rfa_schema_window[] = {
	{ .name = "days",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"mon\",\"tue\",\"wed\",\"thu\"]",
	  .help = "the days on which it begins; else all",
	  .inside = &a_day },
	{ .name = "from",
	  .type = RFA_TYPE_STRING,
	  .example = "\"09:00\"",
	  .help = "when it begins; else with the day",
	  .format = &minute },
	{ .name = "to",
	  .type = RFA_TYPE_STRING,
	  .example = "\"17:00\"",
	  .help = "when it ends, on the next day if that is before `from`; else with the day",
	  .format = &minute },
	{ .name = "tz",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"UTC\"",
	  .example = "\"Europe/Berlin\"",
	  .help = "the time zone of all of these",
	  .format = &zone },
	{ .name = "freeze",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[{\"from\":\"2026-12-20\",\"to\":\"2027-01-02\",\"reason\":\"end of the "
		     "year\"}]",
	  .help = "times in which nothing is brought, whatever the window says",
	  .inside = &a_freeze },
	{ .name = NULL },
};
