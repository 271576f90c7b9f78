/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config/potoo-config.h"

G_BEGIN_DECLS

/* The configuration that Potoo runs with, and its file: read anew when it changes or when told to.
 * The log level is taken over then; what else differs is said to need a new start. An invalid
 * file changes nothing. Main thread. */
typedef struct _PotooAppConfig PotooAppConfig;

/* @path: (nullable), as potoo_config_load(). */
PotooAppConfig *potoo_app_config_new (const char *path, const char *state_dir, GError **error);
void potoo_app_config_free (PotooAppConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppConfig, potoo_app_config_free)

PotooConfig *potoo_app_config_get (PotooAppConfig *self); /* (transfer none) */

/* Reloads whenever the file changes, until stopped. */
void potoo_app_config_watch (PotooAppConfig *self);
void potoo_app_config_unwatch (PotooAppConfig *self);
void potoo_app_config_reload (PotooAppConfig *self);

G_END_DECLS
