/* Texts of HTTP that libcurl reads: URLs and dates. */
#include "transports/http_text.h"

#include <curl/curl.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "[::1]" is how a URL writes an address; whoever connects wants it bare. */
static void take_host(char *out, size_t size, const char *host)
{
	size_t len = strlen(host);

	if (host[0] == '[' && host[len - 1] == ']')
		snprintf(out, size, "%.*s", (int)(len - 2), host + 1);
	else
		snprintf(out, size, "%s", host);
}

int rfa_http_place(struct rfa_http_place *out, const char *text, const char *shown,
		   struct rfa_error *err)
{
	CURLU *url = curl_url();
	char *part = NULL;
	int rc = 0;

	shown = shown ? shown : text;
	if (!url)
		return rfa_fail_nomem(err);
	if (curl_url_set(url, CURLUPART_URL, text, 0) ||
	    curl_url_get(url, CURLUPART_SCHEME, &part, 0) ||
	    (strcmp(part, "http") != 0 && strcmp(part, "https") != 0)) {
		rc = rfa_fail(err, RFA_ECONFIG, "http", "\"%.120s\" is not an http or https URL",
			      shown);
		goto done;
	}
	out->tls = strcmp(part, "https") == 0;
	curl_free(part);
	part = NULL;
	if (curl_url_get(url, CURLUPART_PORT, &part, CURLU_DEFAULT_PORT)) {
		rc = rfa_fail(err, RFA_ECONFIG, "http", "\"%.120s\" has no port", shown);
		goto done;
	}
	out->port = (unsigned)strtoul(part, NULL, 10);
	curl_free(part);
	part = NULL;
	if (curl_url_get(url, CURLUPART_HOST, &part, 0) || strlen(part) >= sizeof(out->host)) {
		rc = rfa_fail(err, RFA_ECONFIG, "http", "\"%.120s\" has no usable host", shown);
		goto done;
	}
	take_host(out->host, sizeof(out->host), part);
done:
	curl_free(part);
	curl_url_cleanup(url);
	return rc;
}

int rfa_http_same_place(const struct rfa_http_place *a, const struct rfa_http_place *b)
{
	return a->tls == b->tls && a->port == b->port && !strcasecmp(a->host, b->host);
}

int rfa_http_is_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;

	if (!strcasecmp(host, "localhost"))
		return 1;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

int rfa_http_join(struct rfa_buf *out, const char *base, const char *location,
		  struct rfa_error *err)
{
	CURLU *url = curl_url();
	char *whole = NULL;
	int rc = 0;

	if (!url)
		return rfa_fail_nomem(err);
	/* Setting a URL on top of another one resolves it. */
	if (curl_url_set(url, CURLUPART_URL, base, 0) ||
	    curl_url_set(url, CURLUPART_URL, location, 0) ||
	    curl_url_set(url, CURLUPART_USER, NULL, 0) ||
	    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) ||
	    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) ||
	    curl_url_get(url, CURLUPART_URL, &whole, 0))
		rc = rfa_fail(err, RFA_EPROTOCOL, "http", "a redirect leads to what is no URL");
	else if (rfa_buf_puts(out, whole))
		rc = rfa_buf_check(out, err);
	curl_free(whole);
	curl_url_cleanup(url);
	return rc;
}

int64_t rfa_http_retry_after(const char *value, int64_t wall_ms)
{
	size_t digits = strspn(value, "0123456789");
	time_t date;

	if (digits && digits < 10 && !value[digits])
		return strtoll(value, NULL, 10);
	date = digits ? -1 : curl_getdate(value, NULL);
	if (date < 0)
		return -1;
	return (int64_t)date * 1000 > wall_ms ? ((int64_t)date * 1000 - wall_ms + 999) / 1000 : 0;
}
