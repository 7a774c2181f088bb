/*
 * Part of every test program: a descriptor that the program itself opened and left open at its end
 * fails it, with status 98.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KNOWN = 4096 };

static char inherited[KNOWN];
static pid_t self;

/* Calls with each open descriptor; not with the one that it looks by. */
static void each(void (*found)(int fd, void *user), void *user)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] != '.' && fd != dirfd(dir))
			found(fd, user);
	}
	if (dir)
		closedir(dir);
}

static void remember(int fd, void *user)
{
	(void)user;
	if (fd < KNOWN)
		inherited[fd] = 1;
}

static void tell(int fd, void *user)
{
	char path[64];
	char to[256];
	ssize_t n;

	if (fd < KNOWN && inherited[fd])
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	fprintf(stderr, "left open: descriptor %d, %s\n", fd, to);
	*(int *)user = 1;
}

static void look(void)
{
	int left = 0;

	/* A child that ends by exit() has what its parent had opened. */
	if (getpid() != self)
		return;
	fflush(stdout);
	each(tell, &left);
	if (left)
		_exit(98);
}

__attribute__((constructor)) static void begin(void)
{
	self = getpid();
	each(remember, NULL);
	atexit(look);
}
