// copyandrename MAILDIR MAILBOX: moves a maildir's messages to a mailbox by the algorithm of qmail's maildir2mbox: lock
// the mailbox, copy it to a temporary file, append every message in the order of their times, flush to disk, rename over
// the mailbox, remove the messages. The buffers are larger than qmail's, and nothing is done that the job does not need.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct message {
  time_t time;
  char *name;
};

static struct message *messages;
static size_t count, room;
static char out[1 << 16], in[1 << 16];
static size_t held;
static int target;

static void fail(const char *what) {
  perror(what);
  exit(111);
}

static void flush(void) {
  for (size_t done = 0; done < held;) {
    ssize_t length = write(target, out + done, held - done);
    if (length < 0) fail("write");
    done += (size_t)length;
  }
  held = 0;
}

static void put(const char *bytes, size_t length) {
  while (length > 0) {
    if (held == sizeof out) flush();
    size_t part = sizeof out - held < length ? sizeof out - held : length;
    memcpy(out + held, bytes, part);
    held += part, bytes += part, length -= part;
  }
}

static void list(const char *folder) {
  DIR *directory = opendir(folder);
  if (!directory) fail(folder);
  for (struct dirent *entry; (entry = readdir(directory));) {
    char path[4096];
    struct stat status;
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (stat(path, &status) < 0) fail(path);
    if (count == room && !(messages = realloc(messages, (room = 2 * room + 64) * sizeof *messages))) fail("memory");
    messages[count++] = (struct message){status.st_mtime, strdup(path)};
  }
  closedir(directory);
}

static int older(const void *a, const void *b) {
  time_t first = ((const struct message *)a)->time, second = ((const struct message *)b)->time;
  return (first > second) - (first < second);
}

// A line of `>From ` gets another mark, as ours does; qmail marks all of them.
static int must_be_marked(const char *line, size_t length) {
  while (length > 0 && *line == '>') line++, length--;
  return length >= 5 && memcmp(line, "From ", 5) == 0;
}

static void append(const struct message *message) {
  int file = open(message->name, O_RDONLY);
  size_t length = 0;
  if (file < 0) fail(message->name);
  for (ssize_t more; (more = read(file, in + length, sizeof in - length)) != 0; length += (size_t)more)
    if (more < 0 || length == sizeof in) fail(message->name);
  close(file);
  const char *line = in, *end = in + length, *sender = "MAILER-DAEMON", *date = asctime(gmtime(&message->time));
  size_t width = strlen(sender);
  if (length > 14 && memcmp(in, "Return-Path: <", 14) == 0) {
    const char *close = memchr(in, '>', length);
    if (close && close > in + 14) sender = in + 14, width = (size_t)(close - sender);
  }
  put("From ", 5), put(sender, width), put(" ", 1), put(date, strlen(date));
  while (line < end) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    size_t rest = newline ? (size_t)(newline + 1 - line) : (size_t)(end - line);
    if (must_be_marked(line, rest)) put(">", 1);
    put(line, rest);
    line += rest;
  }
  put("\n\n", length > 0 && end[-1] == '\n' ? 1 : 2);
}

int main(int words, char **word) {
  char temporary[4096];
  if (words != 3) return 100;
  int mailbox = open(word[2], O_RDWR | O_APPEND | O_CREAT, 0600);
  if (mailbox < 0 || flock(mailbox, LOCK_EX) < 0 || chdir(word[1]) < 0) fail(word[2]);
  list("new"), list("cur");
  qsort(messages, count, sizeof *messages, older);
  snprintf(temporary, sizeof temporary, "%s.tmp", word[2]);
  target = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (target < 0) fail(temporary);
  for (ssize_t length; (length = read(mailbox, in, sizeof in)) != 0;) {
    if (length < 0) fail(word[2]);
    put(in, (size_t)length);
  }
  for (size_t index = 0; index < count; index++) append(&messages[index]);
  flush();
  if (fsync(target) < 0 || close(target) < 0 || rename(temporary, word[2]) < 0) fail(temporary);
  for (size_t index = 0; index < count; index++) unlink(messages[index].name);
  return 0;
}
