/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-body.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "base/potoo-error.h"

struct _PotooWebBody
{
  /* A file: */
  int fd;
  guint64 offset;
  guint64 left;
  guint64 length;
  PotooWebBodyFilter filter; /* (nullable) */
  gpointer filter_data;
  GDestroyNotify filter_destroy; /* (nullable) */

  /* A stream: */
  const PotooWebStreamFuncs *funcs; /* NULL: a file */
  gpointer stream;
  PotooWebWakeFunc wake;
  gpointer wake_data;
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

PotooWebBody *
potoo_web_body_new_stream (const PotooWebStreamFuncs *funcs, gpointer stream)
{
  PotooWebBody *body = g_new0 (PotooWebBody, 1);

  body->fd = -1;
  body->funcs = funcs;
  body->stream = stream;
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
  if (body->funcs != NULL)
    body->funcs->free (body->stream);
  if (body->fd >= 0)
    close (body->fd);
  g_free (body);
}

gboolean
potoo_web_body_is_stream (PotooWebBody *body)
{
  return body->funcs != NULL;
}

guint64
potoo_web_body_get_length (PotooWebBody *body)
{
  return body->length;
}

static PotooWebRead
read_file (PotooWebBody *body, GBytes **chunk, GError **error)
{
  gsize size = (gsize) MIN (body->left, POTOO_WEB_CHUNK_BYTES);
  ssize_t n;

  if (size == 0)
    return POTOO_WEB_READ_END;
  g_autofree guint8 *data = g_malloc (size);
  do
    n = pread (body->fd, data, size, (off_t) body->offset);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot read a file that is being served"));
      return POTOO_WEB_READ_FAILED;
    }
  if (n == 0)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                           _ ("A file that is being served is shorter than the catalog says"));
      return POTOO_WEB_READ_FAILED;
    }
  if (body->filter != NULL &&
      !body->filter (body->offset, data, (gsize) n, body->filter_data, error))
    return POTOO_WEB_READ_FAILED;
  body->offset += (guint64) n;
  body->left -= (guint64) n;
  *chunk = g_bytes_new_take (g_steal_pointer (&data), (gsize) n);
  return POTOO_WEB_READ_CHUNK;
}

PotooWebRead
potoo_web_body_read (PotooWebBody *body, GBytes **chunk, GError **error)
{
  return body->funcs != NULL ? body->funcs->read (body->stream, chunk)
                             : read_file (body, chunk, error);
}

void
potoo_web_body_wake (PotooWebBody *body)
{
  if (body->wake != NULL)
    body->wake (body->wake_data);
}

void
potoo_web_body_set_wake_func (PotooWebBody *body, PotooWebWakeFunc func, gpointer user_data)
{
  body->wake = func;
  body->wake_data = user_data;
}
