/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Structured logging on g_log_structured(): to the journal when standard error
 * is connected to it, else one line a message on standard error. A camera's id
 * goes into the field POTOO_CAMERA (and in front of the message in plain text).
 * User-info in URLs (`rtsp://user:pass@host`) is masked in every message, whoever wrote it.
 * Never log for each packet or access unit. Any thread.
 *
 * Unless the level is debug, POTOO_LOG_MAX_BURST lines may come at once, and then
 * POTOO_LOG_MAX_PER_SECOND; the rest is left out, which a line tells.
 */
#define POTOO_LOG_MAX_BURST 2000
#define POTOO_LOG_MAX_PER_SECOND 20

typedef enum
{
  POTOO_LOG_ERROR, /* something the operator must mend */
  POTOO_LOG_WARNING,
  POTOO_LOG_INFO,
  POTOO_LOG_DEBUG,
} PotooLogLevel;

/* Installs the writer; once, before the first thread. */
void potoo_log_init (PotooLogLevel level);
void potoo_log_set_level (PotooLogLevel level);

/* @camera: (nullable): camera id. Use the macros. */
void
potoo_log (const char *domain, PotooLogLevel level, const char *camera, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

#define potoo_log_error(camera, ...) potoo_log (G_LOG_DOMAIN, POTOO_LOG_ERROR, camera, __VA_ARGS__)
#define potoo_log_warning(camera, ...)                                                             \
  potoo_log (G_LOG_DOMAIN, POTOO_LOG_WARNING, camera, __VA_ARGS__)
#define potoo_log_info(camera, ...) potoo_log (G_LOG_DOMAIN, POTOO_LOG_INFO, camera, __VA_ARGS__)
#define potoo_log_debug(camera, ...) potoo_log (G_LOG_DOMAIN, POTOO_LOG_DEBUG, camera, __VA_ARGS__)

/* @text with `user:password@` of every URL in it replaced by `***@`, and what follows `password=`
 * and its like in a query or path by `***`. (transfer full) */
char *potoo_mask_secrets (const char *text);

G_END_DECLS
