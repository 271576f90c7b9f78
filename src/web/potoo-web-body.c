/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-body.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "base/potoo-error.h"

struct _PotooWebBody
{
  int fd;
  guint64 offset;
  guint64 left;
  guint64 length;
  PotooWebBodyFilter filter; /* (nullable) */
  gpointer filter_data;
  GDestroyNotify filter_destroy; /* (nullable) */
};

PotooWebBody *
potoo_web_body_new_file (int fd, guint64 offset, guint64 length)
{
  PotooWebBody *body = g_new0 (PotooWebBody, 1);

  body->fd = fd;
  body->offset = offset;
  body->left = body->length = length;
  posix_fadvise (fd, (off_t) offset, (off_t) length, POSIX_FADV_SEQUENTIAL);
  return body;
}

void
potoo_web_body_set_filter (PotooWebBody *body,
                           PotooWebBodyFilter filter,
                           gpointer user_data,
                           GDestroyNotify destroy)
{
  g_return_if_fail (body->filter == NULL);

  body->filter = filter;
  body->filter_data = user_data;
  body->filter_destroy = destroy;
}

void
potoo_web_body_free (PotooWebBody *body)
{
  if (body->filter_destroy != NULL)
    body->filter_destroy (body->filter_data);
  close (body->fd);
  g_free (body);
}

guint64
potoo_web_body_get_length (PotooWebBody *body)
{
  return body->length;
}

GBytes *
potoo_web_body_read (PotooWebBody *body, GError **error)
{
  gsize size = (gsize) MIN (body->left, POTOO_WEB_CHUNK_BYTES);
  ssize_t n;

  if (size == 0)
    return NULL;
  g_autofree guint8 *data = g_malloc (size);
  do
    n = pread (body->fd, data, size, (off_t) body->offset);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot read a file that is being served"));
      return NULL;
    }
  if (n == 0)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                           _ ("A file that is being served is shorter than the catalog says"));
      return NULL;
    }
  if (body->filter != NULL &&
      !body->filter (body->offset, data, (gsize) n, body->filter_data, error))
    return NULL;
  body->offset += (guint64) n;
  body->left -= (guint64) n;
  return g_bytes_new_take (g_steal_pointer (&data), (gsize) n);
}
