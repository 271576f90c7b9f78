/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl snapshot`. */

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "ctl/potoo-ctl-command.h"

static gboolean
write_all (int fd, const char *data, gsize size, GError **error)
{
  while (size > 0)
    {
      ssize_t n = write (fd, data, size);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          potoo_set_error_errno (error, errno, _ ("Cannot write to standard output"));
          return FALSE;
        }
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

/* A file appears whole or not at all. */
static gboolean
save (int fd, const char *path, GError **error)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new_from_fd (fd, FALSE, error);

  if (file == NULL)
    return FALSE;
  const char *data = g_mapped_file_get_contents (file);
  gsize size = g_mapped_file_get_length (file);
  if (strcmp (path, "-") == 0)
    return write_all (STDOUT_FILENO, data, size, error);
  return g_file_set_contents (path, data, (gssize) size, error);
}

gboolean
potoo_ctl_snapshot (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  int height = 0;
  const GOptionEntry entries[] = {
    { "height", 0, 0, G_OPTION_ARG_INT, &height,
      N_ ("Make it so many pixels high, 90 to 2160, but not larger than the video"),
      N_ ("PIXELS") },
    G_OPTION_ENTRY_NULL,
  };

  if (!potoo_ctl_parse (
          ctl, entries,
          _ ("FILE is - for standard output, which it is, too, when none is given and "
             "standard output is no terminal; else it is CAMERA.jpg."),
          1, 2, &argc, &argv, error) ||
      potoo_ctl_get_client (ctl, error) == NULL)
    return FALSE;
  int fd = potoo_ctl_client_call_camera_fd (ctl->client, argv[0], "Snapshot",
                                            g_variant_new ("(u)", (guint) MAX (height, -1)), error);
  if (fd < 0)
    return FALSE;
  g_autofree char *path = argc > 1         ? g_strdup (argv[1])
                          : ctl->width > 0 ? g_strconcat (argv[0], ".jpg", NULL)
                                           : g_strdup ("-");
  gboolean saved = save (fd, path, error);
  close (fd);
  if (saved && strcmp (path, "-") != 0 && ctl->width > 0)
    g_print ("%s\n", path);
  return saved;
}
