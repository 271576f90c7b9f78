/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus/potoo-dbus-parts.h"

G_BEGIN_DECLS

/**
 * PotooDbusCamera:
 *
 * A camera on the bus: its properties follow it, its methods are commands of the camera list. Main
 * thread.
 */
#define POTOO_TYPE_DBUS_CAMERA (potoo_dbus_camera_get_type ())
G_DECLARE_FINAL_TYPE (PotooDbusCamera, potoo_dbus_camera, POTOO, DBUS_CAMERA, GObject)

PotooDbusCamera *potoo_dbus_camera_new (const PotooDbusParts *parts, PotooCamera *camera);
/* To be exported. (transfer none) */
GDBusObjectSkeleton *potoo_dbus_camera_get_object (PotooDbusCamera *self);
const char *potoo_dbus_camera_get_path (PotooDbusCamera *self);

/* Takes over what is measured, and that nothing is recorded any more: a file that follows another
 * makes no difference. */
void potoo_dbus_camera_measure (PotooDbusCamera *self);

void potoo_dbus_camera_tell_segment (PotooDbusCamera *self, const PotooSegment *segment);
void potoo_dbus_camera_tell_segment_dropped (PotooDbusCamera *self, gint64 id);
void potoo_dbus_camera_tell_gap (PotooDbusCamera *self, const PotooGap *gap);

G_END_DECLS
