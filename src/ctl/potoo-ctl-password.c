/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-password.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/potoo-error.h"

#define MAX_BYTES 1024
#define INTERRUPT '\3' /* what Ctrl-C gives */

void
potoo_ctl_password_free (char *password)
{
  if (password != NULL)
    explicit_bzero (password, strlen (password));
  g_free (password);
}

/* Byte by byte: what follows the line is somebody else's. */
static char *
read_line (int fd, const char *what, GError **error)
{
  char line[MAX_BYTES + 1];
  gsize n = 0;
  ssize_t got;

  while ((got = read (fd, line + n, 1)) == 1 && line[n] != '\n' && line[n] != INTERRUPT &&
         n < MAX_BYTES)
    n++;
  gboolean interrupted = got == 1 && line[n] == INTERRUPT;
  gboolean too_long = got == 1 && n == MAX_BYTES;
  line[n] = '\0';
  if (n > 0 && line[n - 1] == '\r')
    line[n - 1] = '\0';
  char *password = g_strdup (line);
  explicit_bzero (line, sizeof line);

  if (got < 0)
    potoo_set_error_errno (error, errno, _ ("Cannot read a password from %s"), what);
  else if (interrupted)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_FAILED, _ ("Interrupted"));
  else if (got == 0 && n == 0)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("%s ended before a password came"), what);
  else if (too_long || !g_utf8_validate (password, -1, NULL))
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("%s does not begin with a line of text that can be a password"), what);
  else
    return password;
  potoo_ctl_password_free (password);
  return NULL;
}

char *
potoo_ctl_password_read (const char *path, GError **error)
{
  if (strcmp (path, "-") == 0)
    return read_line (STDIN_FILENO, _ ("standard input"), error);

  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot open %s"), path);
      return NULL;
    }
  char *password = read_line (fd, path, error);
  g_close (fd, NULL);
  return password;
}

char *
potoo_ctl_password_ask (const char *prompt, GError **error)
{
  int fd = g_open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY, 0);
  struct termios before, silent;

  if (fd < 0 || tcgetattr (fd, &before) < 0)
    {
      if (fd >= 0)
        g_close (fd, NULL);
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                           _ ("There is no terminal to ask for a password on; give it with "
                              "--password-file"));
      return NULL;
    }
  /* Without signals from the keyboard, which would leave the terminal silent: the key
   * that interrupts ends the line instead, and read_line() knows it. */
  silent = before;
  silent.c_lflag &= ~(tcflag_t) (ECHO | ISIG);
  silent.c_cc[VEOL] = INTERRUPT;
  tcsetattr (fd, TCSAFLUSH, &silent);
  dprintf (fd, "%s", prompt);
  char *password = read_line (fd, _ ("the terminal"), error);
  dprintf (fd, "\n");
  tcsetattr (fd, TCSAFLUSH, &before);
  g_close (fd, NULL);
  return password;
}
