/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The one error domain: a table row for each code. Any thread. */

#include "base/potoo-error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sysexits.h>

typedef struct
{
  char *pointer;
} PotooErrorPrivate;

static void
potoo_error_private_init (PotooErrorPrivate *priv)
{
  priv->pointer = NULL;
}

static void
potoo_error_private_copy (const PotooErrorPrivate *src, PotooErrorPrivate *dest)
{
  dest->pointer = g_strdup (src->pointer);
}

static void
potoo_error_private_clear (PotooErrorPrivate *priv)
{
  g_clear_pointer (&priv->pointer, g_free);
}

static PotooErrorPrivate *potoo_error_get_private (const GError *error);

G_DEFINE_EXTENDED_ERROR (PotooError, potoo_error)

typedef struct
{
  const char *id;
  const char *title;
  unsigned http_status;
  int exit_status;
} ErrorRow;

static const ErrorRow rows[POTOO_N_ERRORS] = {
  [POTOO_ERROR_FAILED] = { "failed", N_ ("The operation failed"), 500, EXIT_FAILURE },
  [POTOO_ERROR_INVALID_ARGUMENT] = { "invalid-argument", N_ ("A value is not valid"), 400,
                                     EX_USAGE },
  [POTOO_ERROR_INVALID_CONFIG] = { "invalid-config", N_ ("The configuration is not valid"), 500,
                                   EX_CONFIG },
  [POTOO_ERROR_NOT_FOUND] = { "not-found", N_ ("Not found"), 404, EX_NOINPUT },
  [POTOO_ERROR_EXISTS] = { "exists", N_ ("It exists already"), 409, EX_CANTCREAT },
  [POTOO_ERROR_CONFLICT] = { "conflict", N_ ("Not as things stand"), 409, EX_UNAVAILABLE },
  [POTOO_ERROR_PRECONDITION_FAILED] = { "precondition-failed",
                                        N_ ("It was changed in the meantime"), 412, EX_TEMPFAIL },
  [POTOO_ERROR_FORBIDDEN] = { "forbidden", N_ ("Not allowed"), 403, EX_NOPERM },
  [POTOO_ERROR_METHOD_NOT_ALLOWED] = { "method-not-allowed", N_ ("The method is not allowed here"),
                                       405, EX_USAGE },
  [POTOO_ERROR_UNSUPPORTED_MEDIA_TYPE] = { "unsupported-media-type",
                                           N_ ("The content type is not accepted"), 415,
                                           EX_DATAERR },
  [POTOO_ERROR_TOO_LARGE] = { "too-large", N_ ("Over the size limit"), 413, EX_DATAERR },
  [POTOO_ERROR_RANGE] = { "range-not-satisfiable", N_ ("The range lies outside the file"), 416,
                          EX_DATAERR },
  [POTOO_ERROR_BUSY] = { "busy", N_ ("In use, or too busy"), 503, EX_TEMPFAIL },
  [POTOO_ERROR_UNAVAILABLE] = { "unavailable", N_ ("Not available now"), 503, EX_UNAVAILABLE },
  [POTOO_ERROR_TIMEOUT] = { "timeout", N_ ("No answer in time"), 504, EX_TEMPFAIL },
  [POTOO_ERROR_UNREACHABLE] = { "unreachable", N_ ("Cannot be reached"), 502, EX_NOHOST },
  [POTOO_ERROR_UNAUTHORIZED] = { "unauthorized", N_ ("The credentials were refused"), 401,
                                 EX_NOPERM },
  [POTOO_ERROR_UNSUPPORTED] = { "unsupported", N_ ("Not supported"), 501, EX_UNAVAILABLE },
  [POTOO_ERROR_IO] = { "io", N_ ("Reading or writing failed"), 500, EX_IOERR },
  [POTOO_ERROR_DISK_FULL] = { "disk-full", N_ ("No space is left"), 507, EX_CANTCREAT },
  [POTOO_ERROR_CORRUPT] = { "corrupt", N_ ("The data is damaged"), 500, EX_DATAERR },
  [POTOO_ERROR_INTERNAL] = { "internal", N_ ("Internal error"), 500, EX_SOFTWARE },
};

static const ErrorRow *
row_of (PotooError code)
{
  return (guint) code < POTOO_N_ERRORS ? &rows[code] : &rows[POTOO_ERROR_INTERNAL];
}

const char *
potoo_error_id (PotooError code)
{
  return row_of (code)->id;
}

const char *
potoo_error_title (PotooError code)
{
  return _ (row_of (code)->title);
}

unsigned
potoo_error_http_status (PotooError code)
{
  return row_of (code)->http_status;
}

int
potoo_error_exit_status (PotooError code)
{
  return row_of (code)->exit_status;
}

GError *
potoo_error_new_at (PotooError code, const char *pointer, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  GError *error = g_error_new_valist (POTOO_ERROR, code, format, args);
  va_end (args);
  potoo_error_get_private (error)->pointer = g_strdup (pointer);
  return error;
}

void
potoo_set_error_at (GError **error, PotooError code, const char *pointer, const char *format, ...)
{
  if (error == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_propagate_error (error, potoo_error_new_at (code, pointer, "%s", message));
}

const char *
potoo_error_get_pointer (const GError *error)
{
  if (error == NULL || error->domain != POTOO_ERROR)
    return NULL;
  return potoo_error_get_private (error)->pointer;
}

static PotooError
code_of_errno (int errno_value)
{
  switch (errno_value)
    {
    case ENOENT:
      return POTOO_ERROR_NOT_FOUND;
    case EEXIST:
      return POTOO_ERROR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
      return POTOO_ERROR_FORBIDDEN;
    case ENOSPC:
    case EDQUOT:
      return POTOO_ERROR_DISK_FULL;
    case EBUSY:
    case EAGAIN:
    case EADDRINUSE:
      return POTOO_ERROR_BUSY;
    case ETIMEDOUT:
      return POTOO_ERROR_TIMEOUT;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return POTOO_ERROR_UNREACHABLE;
    default:
      return POTOO_ERROR_IO;
    }
}

static PotooError
code_of_io_error (int code)
{
  switch (code)
    {
    case G_IO_ERROR_NOT_FOUND:
      return POTOO_ERROR_NOT_FOUND;
    case G_IO_ERROR_EXISTS:
      return POTOO_ERROR_EXISTS;
    case G_IO_ERROR_PERMISSION_DENIED:
    case G_IO_ERROR_READ_ONLY:
      return POTOO_ERROR_FORBIDDEN;
    case G_IO_ERROR_NO_SPACE:
      return POTOO_ERROR_DISK_FULL;
    case G_IO_ERROR_BUSY:
    case G_IO_ERROR_ADDRESS_IN_USE:
      return POTOO_ERROR_BUSY;
    case G_IO_ERROR_TIMED_OUT:
      return POTOO_ERROR_TIMEOUT;
    case G_IO_ERROR_CONNECTION_REFUSED:
    case G_IO_ERROR_HOST_UNREACHABLE:
    case G_IO_ERROR_NETWORK_UNREACHABLE:
    case G_IO_ERROR_HOST_NOT_FOUND:
      return POTOO_ERROR_UNREACHABLE;
    case G_IO_ERROR_INVALID_ARGUMENT:
      return POTOO_ERROR_INVALID_ARGUMENT;
    case G_IO_ERROR_NOT_SUPPORTED:
      return POTOO_ERROR_UNSUPPORTED;
    case G_IO_ERROR_CANCELLED:
      return POTOO_ERROR_UNAVAILABLE;
    default:
      return POTOO_ERROR_IO;
    }
}

static PotooError
code_of_file_error (int code)
{
  switch (code)
    {
    case G_FILE_ERROR_NOENT:
      return POTOO_ERROR_NOT_FOUND;
    case G_FILE_ERROR_EXIST:
      return POTOO_ERROR_EXISTS;
    case G_FILE_ERROR_ACCES:
    case G_FILE_ERROR_PERM:
    case G_FILE_ERROR_ROFS:
      return POTOO_ERROR_FORBIDDEN;
    case G_FILE_ERROR_NOSPC:
      return POTOO_ERROR_DISK_FULL;
    default:
      return POTOO_ERROR_IO;
    }
}

PotooError
potoo_error_code_of (const GError *error)
{
  g_return_val_if_fail (error != NULL, POTOO_ERROR_INTERNAL);

  if (error->domain == POTOO_ERROR)
    return (PotooError) error->code;
  if (error->domain == G_IO_ERROR)
    return code_of_io_error (error->code);
  if (error->domain == G_FILE_ERROR)
    return code_of_file_error (error->code);
  return POTOO_ERROR_FAILED;
}

void
potoo_set_error_errno (GError **error, int errno_value, const char *format, ...)
{
  if (error == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, POTOO_ERROR, code_of_errno (errno_value), "%s: %s", what,
               g_strerror (errno_value));
}
