/* A small world for the tests of the simulator: TEST and PROD, one application, one image apart. */
#ifndef RFA_TESTS_UNIT_SIM_WORLD_H
#define RFA_TESTS_UNIT_SIM_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fixtures/sim/sim.h"

#define RUN "20261122-103015-4f2a9c"
#define KEY(step_, op_) (&(struct rfa_job_key){ RUN, step_, op_ })

struct small {
	struct rfa_sim_world *world;
	struct rfa_sim_host *sim_test, *sim_prod;
	struct rfa_host *test, *prod;
	struct rfa_error err;
};

/* The expression is 0, or the test ends with the error's words. */
#define OK(s, call)                                                     \
	do {                                                            \
		int rc_ = (call);                                       \
		if (rc_)                                                \
			fail_msg("%s: %s (%s)", #call, (s)->err.msg,    \
				 rfa_code_word((enum rfa_code) - rc_)); \
	} while (0)
#define REFUSED(s, code_, call)                                                               \
	do {                                                                                  \
		rfa_error_clear(&(s)->err);                                                   \
		int rc_ = (call);                                                             \
		if (rc_ != -(int)(code_))                                                     \
			fail_msg("%s: %s (%s) instead of %s", #call, (s)->err.msg,            \
				 rfa_code_word((enum rfa_code) - rc_), rfa_code_word(code_)); \
		assert_int_equal((s)->err.code, code_);                                       \
	} while (0)

static inline json_t *parse(const char *text)
{
	json_error_t bad;
	json_t *made = json_loads(text, 0, &bad);
	if (!made)
		fail_msg("%s at %d of %s", bad.text, bad.position, text);
	return made;
}

/* 'quotes' stand for "quotes". */
static inline json_t *quick(const char *text)
{
	char *copy = strdup(text);
	assert_non_null(copy);
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	json_t *made = parse(copy);
	free(copy);
	return made;
}

static const char small_world[] =
    "{'hosts':{"
    "'test':{'networks':['net'],"
    " 'images':[{'ref':'app:1','layers':[['base',20000],['app1',3000]],"
    "   'config':{'Env':['PATH=/bin','VERSION=1'],'ExposedPorts':{'80/tcp':{}}}},"
    "  {'ref':'app:2','layers':[['base',20000],['app2',4000]],"
    "   'config':{'Env':['PATH=/bin','VERSION=2'],'Labels':{'tier':'web'},"
    "   'ExposedPorts':{'80/tcp':{}}}}],"
    " 'containers':[{'name':'app','body':{'Image':'app:2','Env':['MODE=test'],"
    "   'HostConfig':{'NetworkMode':'net','PortBindings':{'80/tcp':[{'HostIp':'',"
    "   'HostPort':'8000'}]},'RestartPolicy':{'Name':'unless-stopped'}}}}]},"
    "'prod':{'networks':['net','back'],'files':{'/srv/app.json':'{}'},"
    " 'images':[{'ref':'app:1','layers':[['base',20000],['app1',3000]],"
    "   'config':{'Env':['PATH=/bin','VERSION=1'],'ExposedPorts':{'80/tcp':{}}}}],"
    " 'containers':[{'name':'app','body':{'Image':'app:1','Env':['MODE=prod'],"
    "   'HostConfig':{'NetworkMode':'net','PortBindings':{'80/tcp':[{'HostIp':'',"
    "   'HostPort':'8000'}]},'RestartPolicy':{'Name':'unless-stopped'},"
    "   'Binds':['/srv/app.json:/app.json:ro','data:/data']}}}]}}}";

static inline void small_open(struct small *s, const char *description, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	json_t *described = quick(description);
	OK(s, rfa_sim_new(&s->world, seed, &s->err));
	OK(s, rfa_sim_setup(s->world, described, &s->err));
	json_decref(described);
	s->sim_test = rfa_sim_host_find(s->world, "test");
	s->sim_prod = rfa_sim_host_find(s->world, "prod");
	if (s->sim_test)
		OK(s, rfa_sim_open(&s->test, s->sim_test, &s->err));
	if (s->sim_prod)
		OK(s, rfa_sim_open(&s->prod, s->sim_prod, &s->err));
}

static inline void small_close(struct small *s)
{
	if (s->test)
		s->test->ops->free(s->test);
	if (s->prod)
		s->prod->ops->free(s->prod);
	rfa_sim_free(s->world);
}

/* The host's part of the world as JSON; the caller's. */
static inline json_t *seen(struct small *s, struct rfa_sim_host *host, unsigned sections)
{
	json_t *out = NULL;
	OK(s, rfa_sim_snapshot(&out, host, sections, &s->err));
	return out;
}

/* No difference, or the test ends with what differs. */
static inline void same(const json_t *before, const json_t *after)
{
	struct rfa_buf text = RFA_BUF_INIT(1u << 20);
	rfa_sim_diff(before, after, &text);
	if (text.len)
		fail_msg("%s", rfa_buf_str(&text));
	assert_true(json_equal(before, after));
}

/* Moves an archive from offset on; what the streams answer. */
static inline int carry(struct rfa_host *from, struct rfa_host *to, const char *name,
			uint64_t offset, struct rfa_error *err)
{
	struct rfa_stream *in = NULL, *out = NULL;
	char data[1500];
	size_t got, put, at;
	int eof = 0, done = 0, status = -1, rc;
	if ((rc = from->runs->spool_read(from, RUN, name, offset, &in, err)))
		return rc;
	if ((rc = to->runs->spool_write(to, RUN, name, offset, &out, err)))
		goto end;
	for (int quiet = 0; !eof && quiet < 1000;) {
		if ((rc = in->ops->read(in, data, sizeof(data), &got, &eof, err)))
			goto end;
		quiet = got ? 0 : quiet + 1;
		for (at = 0; at < got; at += put)
			if ((rc = out->ops->write(out, data + at, got - at, &put, err)))
				goto end;
	}
	for (int i = 0; i < 1000 && !done; i++)
		if ((rc = out->ops->finish(out, &done, err)))
			goto end;
	for (eof = 0; !eof;)
		if ((rc = out->ops->read(out, data, sizeof(data), &got, &eof, err)))
			goto end;
	if ((rc = out->ops->status(out, &done, &status, err)))
		goto end;
	if (status != 0)
		rc = rfa_fail(err, RFA_ENOSPACE, "test", "status %d", status);
end:
	in->ops->close(in);
	if (out)
		out->ops->close(out);
	return rc;
}

/* What app:2 of TEST looks like there. */
static inline json_t *image_of(struct rfa_host *host, const char *ref, struct small *s)
{
	json_t *image = NULL;
	OK(s, host->engine->inspect(host, RFA_IMAGE, ref, &image, &s->err));
	return image;
}

/* The request for app:2 without the layers named in omit (a JSON array; borrowed). */
static inline json_t *request_for(const json_t *image, const json_t *omit)
{
	json_t *request =
	    json_pack("{s:[{s:O, s:s}], s:s}", "images", "id", json_object_get(image, "Id"), "name",
		      "localhost/rfa-pin:app-2", "name", "images");
	json_object_set_new(request, "omit", omit ? json_deep_copy(omit) : json_array());
	return request;
}

#endif
