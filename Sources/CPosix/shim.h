// What `import Glibc` hides from Swift: GNU extensions, variadic calls, and globals of getopt(3).
#ifndef CPOSIX_SHIM_H
#define CPOSIX_SHIM_H

// _GNU_SOURCE would do more than add: it changes types (fd_set), and Swift refuses a program, our users' programs
// included, whose C modules disagree about a type. So only the additions are asked for.
#include <features.h>
#ifndef __USE_GNU
#define __USE_GNU 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static inline int cposix_openat(int directory, const char *path, int flags, mode_t mode) {
  return openat(directory, path, flags, mode);
}

static inline int cposix_duplicate(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, 3); }

static const int cposix_o_path = O_PATH;
static const int cposix_o_tmpfile = O_TMPFILE;
static const int cposix_o_noatime = O_NOATIME;
static const long cposix_utime_omit = UTIME_OMIT;
static const int cposix_at_empty_path = AT_EMPTY_PATH;
static const unsigned cposix_in_dont_follow = IN_DONT_FOLLOW;

// One whole-file lock request of an open file description; the pid must be 0 by contract.
static inline int cposix_ofd_lock(int descriptor, int command, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  return fcntl(descriptor, command, &lock);
}

// 1: somebody holds a lock that excludes `type`; 0: nobody does; -1: errno.
static inline int cposix_ofd_conflict(int descriptor, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  if (fcntl(descriptor, F_OFD_GETLK, &lock) == -1) return -1;
  return lock.l_type != F_UNLCK;
}

// The same for one byte.
static inline int cposix_ofd_byte(int descriptor, int command, short type, off_t byte) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1, .l_pid = 0};
  int result = fcntl(descriptor, command, &lock);
  return result == -1 || command != F_OFD_GETLK ? result : lock.l_type != F_UNLCK;
}

// What can be asked about a lock of a whole file, with F_WRLCK, F_RDLCK, LOCK_EX and so on for `type`.
enum cposix_request { CPOSIX_RECORD_LOCK, CPOSIX_RECORD_CONFLICT, CPOSIX_FLOCK };

static inline int cposix_ask(int descriptor, enum cposix_request request, int type) {
  switch (request) {
    case CPOSIX_RECORD_LOCK: return cposix_ofd_lock(descriptor, F_OFD_SETLK, (short)type);
    case CPOSIX_RECORD_CONFLICT: return cposix_ofd_conflict(descriptor, (short)type);
    case CPOSIX_FLOCK: return flock(descriptor, type | LOCK_NB);
  }
  errno = EINVAL;
  return -1;
}

// Waits for what poll(2) says of a descriptor, whatever signals come.
static inline int cposix_is_readable_within(int descriptor, int milliseconds) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  long long end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + milliseconds, left = milliseconds;
  struct pollfd event = {.fd = descriptor, .events = POLLIN};
  int result = 0;
  while (left >= 0 && (result = poll(&event, 1, (int)left)) == -1 && errno == EINTR) {
    clock_gettime(CLOCK_BOOTTIME, &now);
    left = end - (now.tv_sec * 1000LL + now.tv_nsec / 1000000);
  }
  return result > 0;
}

// Asks in another process, which is killed if there is no answer: over NFS, while a lock service does not answer, nothing
// but SIGKILL ends such a call. The locks belong to the open file, which the two processes share, so what that one is
// granted is ours.
//
// Not fork(2): its child would be reported, with SIGCHLD, to a program that knows nothing of it, and would have copies of
// all our descriptors: other locks, let go by closing them, would stay for as long as it lives. Without CLONE_PIDFD, in a
// kernel before 5.2, we ask ourselves.
static inline int cposix_ask_within(int descriptor, enum cposix_request request, int type, int milliseconds) {
  const int yes = 255;  // no error number
  int process = -1, status = SIGKILL;  // which is no exit, should somebody else have reaped it
  pid_t parent = getpid();
  long child = syscall(SYS_clone, CLONE_PIDFD | CLONE_FILES, 0, &process, 0, 0);
  if (child == -1) return cposix_ask(descriptor, request, type);
  if (child == 0) {
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (syscall(SYS_getppid) != parent) _exit(EAGAIN);
    int answer;
    do {
      answer = cposix_ask(descriptor, request, type);
    } while (answer == -1 && errno == EINTR);
    _exit(answer == -1 ? errno : answer ? yes : 0);
  }
  int is_over = cposix_is_readable_within(process, milliseconds);
  if (!is_over) {
    kill((pid_t)child, SIGKILL);
    cposix_is_readable_within(process, 1000);
  }
  close(process);
  // One that cannot even be killed is left to whoever takes the orphans. One that is over is waited for: whoever traces
  // it is told before us.
  while (waitpid((pid_t)child, &status, is_over ? __WALL : __WALL | WNOHANG) == -1 && errno == EINTR) {}
  if (!is_over || !WIFEXITED(status)) {
    errno = ETIMEDOUT;
    return -1;
  }
  errno = WEXITSTATUS(status);
  return errno == 0 ? 0 : errno == yes ? 1 : -1;
}

static const int cposix_f_ofd_getlk = F_OFD_GETLK;
static const int cposix_f_ofd_setlk = F_OFD_SETLK;
static const int cposix_f_ofd_setlkw = F_OFD_SETLKW;

// A write lease is granted only where nobody else has the file open. A break would send SIGIO, which kills;
// SIGURG is ignored by default. It is given back at once: whoever opens the file while it lasts has to wait, or fails.
static inline int cposix_try_write_lease(int descriptor) {
  if (fcntl(descriptor, F_SETSIG, SIGURG) == -1 || fcntl(descriptor, F_SETLEASE, F_WRLCK) == -1) return -1;
  return fcntl(descriptor, F_SETLEASE, F_UNLCK);
}

static inline ssize_t cposix_copy_range(int source, int copy, off_t offset, size_t count) {
  off_t from = offset, to = offset;
  return copy_file_range(source, &from, copy, &to, count, 0);
}

// FICLONE, whose header <linux/fs.h> quarrels with glibc's own.
static inline int cposix_clone(int to, int from) { return ioctl(to, _IOW(0x94, 9, int), from); }

// FICLONERANGE.
static inline int cposix_clone_range(int to, int from, int64_t offset, int64_t count, int64_t position) {
  struct {
    int64_t from;
    uint64_t offset, count, position;
  } range = {from, (uint64_t)offset, (uint64_t)count, (uint64_t)position};
  return ioctl(to, _IOW(0x94, 13, range), &range);
}

static inline unsigned long cposix_fs_magic(const struct statfs *status) { return (unsigned long)status->f_type; }

// Swift 6 refuses mutable C globals; these programs parse their arguments once, on one thread.
static inline int cposix_optind(void) { return optind; }
static inline const char *cposix_optarg(void) { return optarg; }
static inline int cposix_optopt(void) { return optopt; }
static inline void cposix_getopt_reset(void) { optind = 0; opterr = 0; }

// The signals that would end the process and can be caught, except those that whoever started us has set to be ignored,
// as nohup(1) and shells do. Stops for job control, and what is harmless by default, are not among them.
static inline void cposix_lethal_signals(sigset_t *signals) {
  static const int spared[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP, SIGABRT, SIGSYS,
                               SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGURG,  SIGWINCH};
  static const int ignorable[] = {SIGHUP, SIGINT, SIGQUIT};
  sigfillset(signals);
  for (size_t i = 0; i < sizeof spared / sizeof *spared; i++) sigdelset(signals, spared[i]);
  for (size_t i = 0; i < sizeof ignorable / sizeof *ignorable; i++) {
    struct sigaction action;
    if (sigaction(ignorable[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN) sigdelset(signals, ignorable[i]);
  }
}

// Starts a program in a process group of its own, with nothing blocked; in the foreground of `terminal` unless that is
// -1. Returns 0 or an error number.
//
// `inherited` is a descriptor that the program gets as well, unless it is -1: a kernel lock lives as long as somebody
// has it open.
//
// The program dies with us if we are killed: nobody else would end it with the lease. A dotlock(8) that runs another
// one kills that one's group at the end of its own lease, then lets go, and the program is in a group of its own.
//
// vfork(2) because the child has to do what posix_spawn(3) would ask the kernel about every signal for. The child
// borrows our memory until it has become the program, so `failure` is ours to read.
static inline int cposix_start(char *const words[], char *const environment[], int terminal, int inherited,
                               pid_t *child) {
  volatile int failure = 0;
  sigset_t all, old, none;
  sigfillset(&all);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &all, &old);
  pid_t parent = getpid();
  pid_t pid = vfork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
      failure = EAGAIN;
      _exit(127);
    }
    setpgid(0, 0);
    if (inherited >= 0) fcntl(inherited, F_SETFD, 0);
    if (terminal >= 0) tcsetpgrp(terminal, getpid());
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(words[0], words, environment);
    failure = errno;
    _exit(127);
  }
  if (pid == -1) failure = errno;
  sigprocmask(SIG_SETMASK, &old, NULL);
  if (failure && pid > 0) waitpid(pid, NULL, 0);
  *child = pid;
  return failure;
}

// The signals that end a wait for a lock at once; the others are seen when the wait is over.
static inline int cposix_waking_signal(size_t index) {
  static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM};
  return index < sizeof signals / sizeof *signals ? signals[index] : index == 5 ? SIGRTMIN : 0;
}

struct cposix_wait {
  sigjmp_buf end;
  volatile sig_atomic_t woken_by;
};

// Inside a function, because Swift leaves a header's own variables out of the program.
static inline struct cposix_wait *cposix_current_wait(void) {
  static struct cposix_wait wait;
  return &wait;
}

static inline void cposix_wake(int signal) {
  struct cposix_wait *wait = cposix_current_wait();
  wait->woken_by = signal;
  siglongjmp(wait->end, 1);
}

// Waits for a whole-file lock of an open file description, or for flock(2), until a waking signal out of `queued`
// comes, which are blocked and stay so. Returns 0, the signal, or -1 (errno).
//
// Whoever only unblocks signals for the call sleeps through one that comes between the two, so the handler jumps. It can
// only jump out of this function, from between the two changes of the mask: there is no moment at which a signal is taken
// and not told. If the lock was granted at that very moment it is held all the same, and the next try succeeds at once.
static inline int cposix_wait_for_lock(int descriptor, int by_flock, int is_shared, const sigset_t *queued) {
  struct cposix_wait *const wait = cposix_current_wait();
  sigset_t old;
  struct sigaction jump = {.sa_handler = cposix_wake};
  sigfillset(&jump.sa_mask);
  sigprocmask(SIG_BLOCK, NULL, &old);
  sigset_t open = old;
  for (size_t i = 0; cposix_waking_signal(i); i++) {
    int signal = cposix_waking_signal(i);
    if (!sigismember(queued, signal)) continue;
    sigaction(signal, &jump, NULL);
    sigdelset(&open, signal);
  }
  volatile int result = 0, failure = 0;
  wait->woken_by = 0;
  if (sigsetjmp(wait->end, 0) == 0) {
    sigprocmask(SIG_SETMASK, &open, NULL);
    result = by_flock ? flock(descriptor, is_shared ? LOCK_SH : LOCK_EX)
                      : cposix_ofd_lock(descriptor, F_OFD_SETLKW, is_shared ? F_RDLCK : F_WRLCK);
    failure = errno;
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  for (size_t i = 0; cposix_waking_signal(i); i++) {
    if (sigismember(queued, cposix_waking_signal(i))) signal(cposix_waking_signal(i), SIG_DFL);
  }
  errno = failure;
  return wait->woken_by ? wait->woken_by : result;
}

static inline void cposix_syslog(const char *program, const char *text) {
  openlog(program, LOG_PID, LOG_MAIL);
  syslog(LOG_NOTICE, "%s", text);
  closelog();
}

static inline char **cposix_environ(void) { return environ; }

static inline int cposix_exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
static inline int cposix_term_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

#endif
