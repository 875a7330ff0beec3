/*
 * Tells programs another time of day, for a simulated machine whose clock is off: loaded first (ld.so.preload), it adds the
 * seconds in /etc/machine-clock/seconds. The monotonic clock, by which programs wait, stays as it is: on a real machine that is
 * off it runs on, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long read_seconds(void) {
  char text[32] = "";
  int file = open("/etc/machine-clock/seconds", O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    if (read(file, text, sizeof text - 1) < 0) {
      text[0] = 0;
    }
    close(file);
  }
  return atol(text);
}

/* Read once: a program has the clock with which it started. */
static long seconds_off(void) {
  static volatile int known;
  static volatile long seconds;
  if (!known) {
    seconds = read_seconds();
    known = 1;
  }
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += seconds_off();
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec found;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &found) != 0) {
    return -1;
  }
  now->tv_sec = found.tv_sec;
  now->tv_usec = found.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec found;
  if (clock_gettime(CLOCK_REALTIME, &found) != 0) {
    return -1;
  }
  if (now != NULL) {
    *now = found.tv_sec;
  }
  return found.tv_sec;
}
