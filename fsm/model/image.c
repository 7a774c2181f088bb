/* Images: the tables of their fields. */
#include "fsm/model/image.h"

#include <string.h>

#define RFA_THIS struct rfa_image
RFA_SHAPE(image, RFA_IMAGE_FIELDS, "an image of a stack");
#undef RFA_THIS
#define RFA_THIS struct rfa_image_set
RFA_SHAPE(image_set, RFA_IMAGE_SET_FIELDS, "the images of a stack, as one version");
#undef RFA_THIS

const struct rfa_image *rfa_image_of(const struct rfa_image_list *images, const char *key)
{
	const struct rfa_image *image;

	RFA_EACH (image, *images)
		if (!strcmp(image->key, key))
			return image;
	return NULL;
}
