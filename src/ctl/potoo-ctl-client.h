/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gunixfdlist.h>
#include <json-glib/json-glib.h>

#include "base/potoo-bus.h"

G_BEGIN_DECLS

/**
 * PotooCtlClient:
 *
 * The daemon as seen over D-Bus. Calls block; errors are of POTOO_ERROR and in words for
 * people. One thread.
 */
typedef struct _PotooCtlClient PotooCtlClient;

typedef enum
{
  POTOO_CTL_BUS_ANY, /* the session bus, and where no Potoo is there, the system bus */
  POTOO_CTL_BUS_SESSION,
  POTOO_CTL_BUS_SYSTEM,
} PotooCtlBus;

/* POTOO_ERROR_UNAVAILABLE when no daemon runs. */
PotooCtlClient *potoo_ctl_client_new (PotooCtlBus bus, GError **error);
void potoo_ctl_client_free (PotooCtlClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCtlClient, potoo_ctl_client_free)

GDBusConnection *potoo_ctl_client_get_connection (PotooCtlClient *client); /* (transfer none) */

/* Methods of the manager and of a camera. @arguments: (nullable) floating; @reply: the type of the
 * answer. (transfer full) */
GVariant *potoo_ctl_client_call (PotooCtlClient *client,
                                 const char *method,
                                 GVariant *arguments,
                                 const char *reply,
                                 GError **error);
/* Of a method of the manager that answers with an object as docs/rest.md has it. (transfer full) */
JsonObject *potoo_ctl_client_call_json (PotooCtlClient *client, const char *method, GError **error);
GVariant *potoo_ctl_client_call_camera (PotooCtlClient *client,
                                        const char *id,
                                        const char *method,
                                        GVariant *arguments,
                                        const char *reply,
                                        GError **error);
/* Of a method that answers with a file descriptor; -1 with an error. */
int potoo_ctl_client_call_camera_fd (PotooCtlClient *client,
                                     const char *id,
                                     const char *method,
                                     GVariant *arguments,
                                     GError **error);

/* a{sv} of the properties. (transfer full) */
GVariant *potoo_ctl_client_get_manager (PotooCtlClient *client, GError **error);
GVariant *potoo_ctl_client_get_camera (PotooCtlClient *client, const char *id, GError **error);
/* Whether there is a camera for each of @ids, NULL-terminated; else with an error that names it. */
gboolean potoo_ctl_client_check_cameras (PotooCtlClient *client, char **ids, GError **error);
/* Of all cameras, by id. (transfer full) (element-type GVariant) */
GPtrArray *potoo_ctl_client_list_cameras (PotooCtlClient *client, GError **error);

G_END_DECLS
