/* The registry client on a real registry: Debian's docker-registry, with TLS and a password. */
#include "tests/contract/registry_fixture.h"

#include <curl/curl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/sshd.h"

/* FAKE_SECRET, by bcrypt. */
#define HTPASSWD FAKE_USER ":$2b$05$abcdefghijklmnopqrstuuLBIw7qlImCa1v9/UVDB1I1BkYlFWYVO\n"
#define LAYER ((size_t)3 << 20)

struct real {
	char dir[64];
	unsigned port;
	pid_t pid;
	struct oci_image images[2];
	struct oci_image docker;
	struct oci_blob index;
};

static const char *why_not(void)
{
	if (!sshd_installed("docker-registry"))
		return "no docker-registry";
	return sshd_installed("openssl") ? NULL : "no openssl";
}

static const char *path_of(const struct real *w, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", w->dir, name);
	return out;
}

static void write_file(const struct real *w, const char *name, const char *text)
{
	char path[128];
	FILE *f = fopen(path_of(w, name, path), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void sh(const struct real *w, const char *script)
{
	const char *argv[] = { "sh", "-ec", script, "sh", w->dir, NULL };

	sshd_command(argv);
}

/* An authority, a certificate of it for 127.0.0.1, another authority, and a certificate too old. */
static void make_certificates(const struct real *w)
{
	sh(w,
	   "cd \"$1\"; new='openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
	   "$new -days 2 -subj /CN=ca -keyout ca.key -out ca.crt\n"
	   "$new -days 2 -subj /CN=other -keyout other.key -out other.crt\n"
	   "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=registry "
	   "-keyout tls.key -out tls.csr\n"
	   "echo subjectAltName=IP:127.0.0.1 >ext\n"
	   "openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 "
	   "-extfile ext -out tls.crt");
}

static void configure(const struct real *w)
{
	char text[1024];

	write_file(w, "htpasswd", HTPASSWD);
	snprintf(text, sizeof(text),
		 "version: 0.1\n"
		 "log: {level: error, accesslog: {disabled: true}}\n"
		 "storage: {filesystem: {rootdirectory: %s/data}, delete: {enabled: true}}\n"
		 "auth: {htpasswd: {realm: test, path: %s/htpasswd}}\n"
		 "http: {addr: '127.0.0.1:%u', tls: {certificate: %s/tls.crt, key: %s/tls.key}}\n",
		 w->dir, w->dir, w->port, w->dir, w->dir);
	write_file(w, "config.yml", text);
}

static struct rfa_registry *client(const struct real *w, const struct rfa_registry_login *login,
				   const char *ca)
{
	struct rfa_registry_options options = { .login = login, .idle_timeout_ms = slow_ms(20000) };
	struct rfa_registry *r = NULL;
	struct rfa_error err;
	char domain[64], path[128];

	snprintf(domain, sizeof(domain), "127.0.0.1:%u", w->port);
	options.domain = domain;
	options.ca_file = ca ? path_of(w, ca, path) : NULL;
	assert_code(rfa_registry_open(&r, &options, &err), 0);
	return r;
}

static void run_registry(struct real *w)
{
	char config[128];
	const char *argv[] = { "docker-registry", "serve", path_of(w, "config.yml", config), NULL };
	struct rfa_registry *r = client(w, NULL, "ca.crt");
	enum rfa_registry_auth auth;
	struct rfa_error err;
	int64_t left = slow_ms(20000);

	w->pid = sshd_run(argv);
	while (rfa_registry_ping(r, &auth, &err) && left > 0) {
		usleep(50000);
		left -= 50;
	}
	if (left <= 0)
		fail_msg("docker-registry does not answer: %s", err.msg);
	rfa_registry_free(r);
}

/* Pushing, as a client of the API does it. */

struct push {
	char location[1024];
	const char *data;
	size_t len, at;
};

static size_t take_header(char *data, size_t size, size_t n, void *user)
{
	struct push *p = user;

	if (!strncasecmp(data, "Location: ", 10))
		snprintf(p->location, sizeof(p->location), "%.*s", (int)strcspn(data + 10, "\r\n"),
			 data + 10);
	return size * n;
}

static size_t give_body(char *data, size_t size, size_t n, void *user)
{
	struct push *p = user;
	size_t len = size * n < p->len - p->at ? size * n : p->len - p->at;

	memcpy(data, p->data + p->at, len);
	p->at += len;
	return len;
}

static size_t drop_body(char *data, size_t size, size_t n, void *user)
{
	(void)data;
	(void)user;
	return size * n;
}

/* One request with the login; `type` NULL: POST without a body, else PUT. */
static void call(const struct real *w, const char *url, const char *type, struct push *p)
{
	CURL *easy = curl_easy_init();
	struct curl_slist *headers = NULL;
	char ca[128], line[128];
	long status = 0;

	assert_non_null(easy);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_CAINFO, path_of(w, "ca.crt", ca));
	curl_easy_setopt(easy, CURLOPT_USERPWD, FAKE_USER ":" FAKE_SECRET);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, p);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_body);
	if (type) {
		snprintf(line, sizeof(line), "Content-Type: %s", type);
		headers = curl_slist_append(headers, line);
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)p->len);
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
		curl_easy_setopt(easy, CURLOPT_READDATA, p);
	} else {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	}
	headers = curl_slist_append(headers, "Expect:");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	assert_int_equal(curl_easy_perform(easy), CURLE_OK);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status > 299)
		fail_msg("%s answered %ld", url, status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(easy);
}

static void push_blob(const struct real *w, const struct oci_blob *blob)
{
	struct push p = { "", blob->data, blob->len, 0 };
	char url[1200];

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/v2/" FAKE_REPOSITORY "/blobs/uploads/",
		 w->port);
	call(w, url, NULL, &p);
	snprintf(url, sizeof(url), "%s%cdigest=%s", p.location, strchr(p.location, '?') ? '&' : '?',
		 blob->digest);
	call(w, url, "application/octet-stream", &p);
}

static void push_manifest(const struct real *w, const struct oci_blob *blob, const char *tag)
{
	struct push p = { "", blob->data, blob->len, 0 };
	char url[300];

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/v2/" FAKE_REPOSITORY "/manifests/%s",
		 w->port, tag);
	call(w, url, blob->type, &p);
}

static void push_image(const struct real *w, const struct oci_image *image, const char *tag)
{
	size_t i;

	for (i = 0; i < OCI_LAYERS; i++)
		push_blob(w, &image->layers[i]);
	push_blob(w, &image->config);
	push_manifest(w, &image->manifest, tag);
}

/* The contract. */

static int resolve(void **state, const struct rfa_registry_login *login, const char *ca,
		   const char *reference, struct rfa_registry_image *image, struct rfa_error *err)
{
	struct rfa_registry *r = client(*state, login, ca);
	int rc;

	rfa_error_clear(err);
	rc = rfa_registry_resolve(r, FAKE_REPOSITORY, reference, &amd64, image, err);
	rfa_registry_free(r);
	return rc;
}

static void it_wants_a_password(void **state)
{
	struct rfa_registry *r = client(*state, NULL, "ca.crt");
	enum rfa_registry_auth auth;
	struct rfa_error err;

	assert_code(rfa_registry_ping(r, &auth, &err), 0);
	assert_int_equal(auth, RFA_REGISTRY_BASIC);
	rfa_registry_free(r);
}

static void tags_and_digests_are_resolved(void **state)
{
	struct real *w = *state;
	const struct {
		const char *reference;
		const struct oci_image *is;
		int by_index;
	} cases[] = {
		{ "1", &w->images[0], 1 },
		{ w->index.digest, &w->images[0], 1 },
		{ w->images[0].manifest.digest, &w->images[0], 0 },
		{ "docker", &w->docker, 0 },
	};
	struct rfa_error err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_registry_image image = { 0 };

		assert_code(resolve(state, &deploy, "ca.crt", cases[i].reference, &image, &err), 0);
		assert_string_equal(image.index, cases[i].by_index ? w->index.digest : "");
		check_image(&image, cases[i].is);
		rfa_registry_image_release(&image);
	}
}

static void what_is_not_right_is_told(void **state)
{
	const struct rfa_registry_login wrong = { FAKE_USER, "other" };
	const struct {
		const struct rfa_registry_login *login;
		const char *ca, *reference;
		enum rfa_code code;
		const char *says;
	} cases[] = {
		{ &deploy, "ca.crt", "2", RFA_ENOTFOUND, "shop/app:2 is not there" },
		{ NULL, "ca.crt", "1", RFA_EAUTH, "wants a login" },
		{ &wrong, "ca.crt", "1", RFA_EAUTH, "did not take the login" },
		{ &deploy, "other.crt", "1", RFA_EHOSTKEY, "certificate" },
		{ &deploy, NULL, "1", RFA_EHOSTKEY, "certificate" },
		{ &deploy, "nothing.crt", "1", RFA_ECONFIG, "nothing.crt" },
	};
	struct rfa_registry_image image = { 0 };
	struct rfa_error err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_code(
		    resolve(state, cases[i].login, cases[i].ca, cases[i].reference, &image, &err),
		    -(int)cases[i].code);
		assert_says(err.msg, cases[i].says);
		assert_says_not(err.msg, FAKE_SECRET);
	}
}

static void another_name_than_the_certificate_has(void **state)
{
	struct real *w = *state;
	struct rfa_registry_options options = { .domain = NULL };
	char domain[64], ca[128];
	enum rfa_registry_auth auth;
	struct rfa_registry *r;
	struct rfa_error err;

	snprintf(domain, sizeof(domain), "localhost:%u", w->port);
	options.domain = domain;
	options.ca_file = path_of(w, "ca.crt", ca);
	assert_code(rfa_registry_open(&r, &options, &err), 0);
	assert_code(rfa_registry_ping(r, &auth, &err), -RFA_EHOSTKEY);
	assert_says(err.msg, "localhost");
	rfa_registry_free(r);
}

/* Counts and hashes; fails once after `most` bytes. */
struct sink {
	struct rfa_registry_check check;
	uint64_t seen, most;
};

static int take(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct sink *s = user;

	if (s->seen >= s->most) {
		s->most = UINT64_MAX;
		return rfa_fail(err, RFA_ENOSPACE, "test", "full");
	}
	rfa_registry_check_add(&s->check, data, len);
	s->seen += len;
	return 0;
}

static void a_layer_goes_on_where_it_stopped(void **state)
{
	struct real *w = *state;
	const struct oci_blob *layer = &w->images[0].layers[0];
	struct sink sink = { .most = 1 << 20 };
	struct rfa_registry_part part = {
		FAKE_REPOSITORY, layer->digest, layer->len, 0, take, &sink
	};
	struct rfa_registry *r = client(w, &deploy, "ca.crt");
	struct rfa_error err;
	uint64_t got;

	rfa_registry_check_begin(&sink.check);
	assert_code(rfa_registry_fetch(r, &part, &got, &err), -RFA_ENOSPACE);
	assert_true(got >= 1 << 20 && got < LAYER);
	part.from = got;
	assert_code(rfa_registry_fetch(r, &part, &got, &err), 0);
	assert_int_equal(part.from + got, layer->len);
	assert_code(rfa_registry_check_end(&sink.check, layer->digest, layer->len, &err), 0);
	/* One that is not there, and one that is longer than the manifest says. */
	part.from = 0;
	part.digest = w->index.digest;
	assert_code(rfa_registry_fetch(r, &part, &got, &err), -RFA_ENOTFOUND);
	part.digest = layer->digest;
	part.size--;
	assert_code(rfa_registry_fetch(r, &part, &got, &err), -RFA_EMISMATCH);
	part.size += 2;
	part.from = layer->len;
	assert_code(rfa_registry_fetch(r, &part, &got, &err), -RFA_EMISMATCH);
	rfa_registry_free(r);
}

/* A tag that was moved means something else; the digest of before means the same. */
static void a_tag_moves(void **state)
{
	struct real *w = *state;
	struct rfa_registry_image image = { 0 };
	struct rfa_error err;

	push_manifest(w, &w->docker.manifest, "moving");
	assert_code(resolve(state, &deploy, "ca.crt", "moving", &image, &err), 0);
	assert_string_equal(image.manifest, w->docker.manifest.digest);
	rfa_registry_image_release(&image);
	push_manifest(w, &w->images[0].manifest, "moving");
	assert_code(resolve(state, &deploy, "ca.crt", "moving", &image, &err), 0);
	assert_string_equal(image.manifest, w->images[0].manifest.digest);
	rfa_registry_image_release(&image);
	assert_code(resolve(state, &deploy, "ca.crt", w->docker.manifest.digest, &image, &err), 0);
	rfa_registry_image_release(&image);
}

/* Its files are changed behind its back. */
static void a_spoiled_store_is_seen(void **state)
{
	struct real *w = *state;
	struct rfa_registry_image image = { 0 };
	struct rfa_error err;
	char path[300], part[4];
	FILE *f;

	snprintf(part, sizeof(part), "%.2s", w->docker.config.digest + 7);
	snprintf(path, sizeof(path), "%s/data/docker/registry/v2/blobs/sha256/%s/%s/data", w->dir,
		 part, w->docker.config.digest + 7);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fputc('?', f), '?');
	assert_int_equal(fclose(f), 0);
	assert_code(resolve(state, &deploy, "ca.crt", "docker", &image, &err), -RFA_EMISMATCH);
	assert_says(err.msg, w->docker.config.digest);
}

static int start(void **state)
{
	static struct real w;

	memset(&w, 0, sizeof(w));
	snprintf(w.dir, sizeof(w.dir), "/tmp/rfa-registry-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	w.port = web_closed_port();
	make_certificates(&w);
	configure(&w);
	run_registry(&w);
	oci_image_make(&w.images[0], "amd64", "", LAYER, 0);
	oci_image_make(&w.images[1], "arm64", "v8", 1000, 0);
	oci_image_make(&w.docker, "amd64", "", 5000, 1);
	oci_index_make(&w.index, w.images, 2, 0);
	push_image(&w, &w.images[0], "amd64");
	push_image(&w, &w.images[1], "arm64");
	push_image(&w, &w.docker, "docker");
	push_manifest(&w, &w.index, "1");
	*state = &w;
	return 0;
}

static int stop(void **state)
{
	struct real *w = *state;
	const char *argv[] = { "rm", "-rf", w->dir, NULL };

	kill(w->pid, SIGTERM);
	waitpid(w->pid, NULL, 0);
	sshd_command(argv);
	oci_image_release(&w->images[0]);
	oci_image_release(&w->images[1]);
	oci_image_release(&w->docker);
	free(w->index.data);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_wants_a_password),
		cmocka_unit_test(tags_and_digests_are_resolved),
		cmocka_unit_test(what_is_not_right_is_told),
		cmocka_unit_test(another_name_than_the_certificate_has),
		cmocka_unit_test(a_layer_goes_on_where_it_stopped),
		cmocka_unit_test(a_tag_moves),
		cmocka_unit_test(a_spoiled_store_is_seen),
	};
	const char *why = why_not();

	if (why) {
		printf("1..0 # SKIP %s\n", why);
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
