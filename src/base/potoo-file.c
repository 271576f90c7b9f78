/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-file.h"

#include <errno.h>
#include <unistd.h>

#include "base/potoo-error.h"

gboolean
potoo_file_read (int fd, gint64 offset, void *data, gsize size, GError **error)
{
  for (gsize done = 0; done < size;)
    {
      ssize_t n = pread (fd, (guint8 *) data + done, size - done, (off_t) offset + (off_t) done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_IO,
                       "Cannot read at byte %" G_GINT64_FORMAT ": %s", offset, g_strerror (errno));
          return FALSE;
        }
      if (n == 0)
        {
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                       "The file ends at byte %" G_GINT64_FORMAT, offset + (gint64) done);
          return FALSE;
        }
      done += (gsize) n;
    }
  return TRUE;
}
