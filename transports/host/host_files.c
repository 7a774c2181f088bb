/* Lists of files. */
#include "transports/host/host_files.h"

#include <stdlib.h>
#include <string.h>

void rfa_file_list_release(struct rfa_file_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->at[i].path);
	free(list->at);
	*list = (struct rfa_file_list){ NULL, 0 };
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct rfa_file_entry *)a)->path,
		      ((const struct rfa_file_entry *)b)->path);
}

void rfa_file_list_sort(struct rfa_file_list *list)
{
	if (list->n)
		qsort(list->at, list->n, sizeof(*list->at), by_path);
}

const struct rfa_file_entry *rfa_file_list_find(const struct rfa_file_list *list, const char *path)
{
	size_t from = 0, to = list->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int way = strcmp(path, list->at[mid].path);

		if (way == 0)
			return &list->at[mid];
		if (way < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return NULL;
}
