/* Sizes in units of 1000, as disks are sold and as `docker images` prints them. */
#include "fsm/base/size.h"

#include <stddef.h>
#include <stdio.h>

const char *rfa_size_text(char into[RFA_SIZE_MAX], int64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(into, RFA_SIZE_MAX, "%d B", (int)(bytes < 0 ? 0 : bytes));
		return into;
	}
	/* 999.5 would print as "1000". */
	while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	/* 9.95 would print as "9.9" or "10.0", by how the machine rounds. */
	snprintf(into, RFA_SIZE_MAX, value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return into;
}
