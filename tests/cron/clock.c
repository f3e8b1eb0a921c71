/* A clock that waits for nobody: loaded into a cron daemon (LD_PRELOAD), every sleep
 * moves the time forward by itself, and what would be started is written down, with the
 * moment and the user, instead of being started. See README.md.
 *
 *   CLOCK_AT      the first second, since 1970
 *   CLOCK_UNTIL   the second at which the daemon is ended
 *   CLOCK_LOG     the file that takes a line for each start: second, uid, words
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns;
static int64_t until_ns;
static int64_t started_ns;
static int log_fd = -1;
static pid_t main_pid;

__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("CLOCK_AT"), *until = getenv("CLOCK_UNTIL");
  const char *log = getenv("CLOCK_LOG");
  started_ns = now_ns = (at ? atoll(at) : 0) * 1000000000LL;
  until_ns = (until ? atoll(until) : 0) * 1000000000LL;
  if (log) {
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    /* A child may have to open it again, when it is no longer root. */
    (void)!fchmod(fd, 0666);
    log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 700);
    close(fd);
  }
  main_pid = getpid();
}

static int log_file(void);

static void forward(int64_t ns) {
  if (ns < 0) ns = 0;
  now_ns += ns;
  if (now_ns >= until_ns) {
    /* What is still being started writes its line first. */
    if (getpid() == main_pid) {
      while (wait(NULL) > 0 || errno == EINTR) continue;
      if (getenv("CLOCK_SAY_END")) (void)!syscall(SYS_write, log_file(), "end\n", 4);
    }
    _exit(0);
  }
}

/* The file may have been closed with all others by a daemon. */
static int log_file(void) {
  if (log_fd >= 0 && fcntl(log_fd, F_GETFD) >= 0) return log_fd;
  const char *log = getenv("CLOCK_LOG");
  return log ? open(log, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
}

static void put(char *line, size_t *used, size_t size, const char *text) {
  for (; *text && *used + 4 < size; text++) {
    unsigned char c = *text;
    if (c == '\\' || c < 32) {
      *used += snprintf(line + *used, size - *used, "\\x%02x", c);
    } else {
      line[(*used)++] = c;
    }
  }
}

static void note(int64_t when, long uid, char *const argv[]) {
  char line[4096];
  size_t used = snprintf(line, 64, "%lld\t%ld", (long long)(when / 1000000000), uid);
  for (; *argv; argv++) {
    line[used++] = '\t';
    put(line, &used, sizeof line - 8, *argv);
  }
  line[used++] = '\n';
  (void)!write(log_file(), line, used);
}

static void leave(char *const argv[]) {
  note(now_ns, getuid(), argv);
  _exit(0);
}

time_t time(time_t *out) {
  time_t t = now_ns / 1000000000;
  if (out) *out = t;
  return t;
}

int gettimeofday(struct timeval *tv, void *zone) {
  tv->tv_sec = now_ns / 1000000000;
  tv->tv_usec = now_ns % 1000000000 / 1000;
  if (zone) memset(zone, 0, sizeof(struct timezone));
  return 0;
}

int clock_gettime(clockid_t id, struct timespec *ts) {
  int64_t t = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? now_ns
                                                                  : now_ns - started_ns + 1000000000;
  ts->tv_sec = t / 1000000000;
  ts->tv_nsec = t % 1000000000;
  return 0;
}

unsigned sleep(unsigned seconds) {
  forward(seconds * 1000000000LL);
  return 0;
}

int usleep(useconds_t us) {
  forward(us * 1000LL);
  return 0;
}

int nanosleep(const struct timespec *ts, struct timespec *rest) {
  (void)rest;
  forward(ts->tv_sec * 1000000000LL + ts->tv_nsec);
  return 0;
}

int poll(struct pollfd *fds, nfds_t count, int timeout) {
  struct timespec none = {0, 0};
  int ready = syscall(SYS_ppoll, fds, count, &none, NULL, 0);
  if (ready != 0 || timeout == 0) return ready;
  if (timeout < 0) return syscall(SYS_ppoll, fds, count, NULL, NULL, 0);
  forward(timeout * 1000000LL);
  return 0;
}

int select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *tv) {
  struct timespec none = {0, 0};
  int ready = syscall(SYS_pselect6, n, r, w, e, tv ? &none : NULL, NULL);
  if (ready != 0 || !tv) return ready;
  forward(tv->tv_sec * 1000000000LL + tv->tv_usec * 1000LL);
  return 0;
}

/* anacron sets an alarm and waits for any signal. */
static int64_t alarm_ns;

unsigned alarm(unsigned seconds) {
  alarm_ns = seconds * 1000000000LL;
  return 0;
}

int sigsuspend(const sigset_t *mask) {
  if (alarm_ns) {
    forward(alarm_ns);
    alarm_ns = 0;
    raise(SIGALRM);
  }
  return syscall(SYS_rt_sigsuspend, mask, 8);
}

/* Whoever asks whether a job has ended has given it a minute. */
pid_t waitpid(pid_t pid, int *status, int options) {
  if (pid > 0) options &= ~WNOHANG;
  return syscall(SYS_wait4, pid, status, options, NULL);
}

int execve(const char *path, char *const argv[], char *const env[]) {
  (void)path, (void)env;
  leave(argv);
  return -1;
}
int execv(const char *path, char *const argv[]) { return execve(path, argv, NULL); }
int execvp(const char *path, char *const argv[]) { return execve(path, argv, NULL); }
int execvpe(const char *p, char *const a[], char *const e[]) { return execve(p, a, e); }

static int exec_list(const char *first, va_list rest) {
  char *argv[64] = {(char *)first};
  int n = 1;
  while (n < 63 && (argv[n] = va_arg(rest, char *))) n++;
  argv[n] = NULL;
  return execve(first, argv, NULL);
}
#define LIST(name)                              \
  int name(const char *path, const char *first, ...) { \
    (void)path;                                 \
    va_list rest;                               \
    va_start(rest, first);                      \
    return exec_list(first, rest);              \
  }
LIST(execl)
LIST(execlp)
LIST(execle)

/* bcron's scheduler hands its jobs to another program, in packets on standard output:
 * number, user, command, then the environment, each ended by a zero byte. */
static void packet(const char *bytes, size_t size) {
  const char *end = bytes + size;
  const char *user = memchr(bytes, 0, size);
  const char *command = user ? memchr(user + 1, 0, end - user - 1) : NULL;
  if (!command) return;
  char *argv[] = {"bcron-exec", (char *)user + 1, (char *)command + 1, NULL};
  const char *number = user + 1;
  while (*number && (*number < '0' || *number > '9')) number++;
  note(now_ns, atol(number), argv);
}

ssize_t write(int fd, const void *bytes, size_t size) {
  if (fd == 1 && getenv("CLOCK_BCRON")) {
    packet(bytes, size);
    return size;
  }
  return syscall(SYS_write, fd, bytes, size);
}
