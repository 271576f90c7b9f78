/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * PotooError:
 *
 * The one error enumeration. Its table in potoo-error.c gives each code its
 * stable identifier (problem type URI suffix, D-Bus error name suffix), HTTP
 * status (RFC 9110), exit status (sysexits(3)) and translated title.
 */
typedef enum
{
  POTOO_ERROR_FAILED,              /* anything that has no better code */
  POTOO_ERROR_INVALID_ARGUMENT,    /* the caller's value is wrong: says which and why */
  POTOO_ERROR_INVALID_CONFIG,      /* potoo.conf: names file and line */
  POTOO_ERROR_NOT_FOUND,           /* no such camera, segment, route */
  POTOO_ERROR_EXISTS,              /* the id is taken */
  POTOO_ERROR_CONFLICT,            /* not in the state that the thing is in: says which */
  POTOO_ERROR_PRECONDITION_FAILED, /* If-Match */
  POTOO_ERROR_FORBIDDEN,           /* not allowed to the caller */
  POTOO_ERROR_METHOD_NOT_ALLOWED,
  POTOO_ERROR_UNSUPPORTED_MEDIA_TYPE,
  POTOO_ERROR_TOO_LARGE,    /* over a stated limit */
  POTOO_ERROR_RANGE,        /* byte range outside the file */
  POTOO_ERROR_BUSY,         /* locked by another instance, or a queue is full */
  POTOO_ERROR_UNAVAILABLE,  /* not now: camera not streaming, shutting down */
  POTOO_ERROR_TIMEOUT,      /* a peer did not answer in time */
  POTOO_ERROR_UNREACHABLE,  /* a peer cannot be connected to */
  POTOO_ERROR_UNAUTHORIZED, /* a peer, or we, refused the credentials */
  POTOO_ERROR_UNSUPPORTED,  /* codec, protocol or schema we do not handle */
  POTOO_ERROR_IO,           /* read, write or fsync failed */
  POTOO_ERROR_DISK_FULL,    /* no space, quota, or min-free reached */
  POTOO_ERROR_CORRUPT,      /* a file or database does not parse */
  POTOO_ERROR_INTERNAL,     /* a bug of ours */
} PotooError;

#define POTOO_ERROR (potoo_error_quark ())
#define POTOO_N_ERRORS (POTOO_ERROR_INTERNAL + 1)

GQuark potoo_error_quark (void);

/**
 * potoo_error_new_at:
 * @pointer: (nullable): JSON pointer (RFC 6901) to the value at fault
 *
 * Like g_error_new(), with the place in a JSON body. potoo_error_get_pointer()
 * reads it back, through any number of g_propagate_error().
 */
GError *potoo_error_new_at (PotooError code, const char *pointer, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void
potoo_set_error_at (GError **error, PotooError code, const char *pointer, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
const char *potoo_error_get_pointer (const GError *error); /* (nullable) */

/* Maps @error of any domain (G_IO_ERROR, G_FILE_ERROR, …) to the nearest code. */
PotooError potoo_error_code_of (const GError *error);

const char *potoo_error_id (PotooError code);       /* "not-found" */
const char *potoo_error_title (PotooError code);    /* translated, a short sentence */
unsigned potoo_error_http_status (PotooError code); /* 404 */
int potoo_error_exit_status (PotooError code);      /* EX_CONFIG is 78 */

/* Sets an error from @errno_value: "@what: Permission denied", coded by errno. */
void potoo_set_error_errno (GError **error, int errno_value, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
