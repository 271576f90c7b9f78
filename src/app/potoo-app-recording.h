/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "camera/potoo-camera-list.h"
#include "record/potoo-recorder.h"

G_BEGIN_DECLS

/* Joins cameras and recorder: each camera's fragments go to its queue, its
 * settings make the recording plan, its interruptions the gaps. Main thread; to be
 * made before the camera list starts and freed after it stopped. */
typedef struct _PotooAppRecording PotooAppRecording;

PotooAppRecording *potoo_app_recording_new (PotooCameraList *cameras, PotooRecorder *recorder);
void potoo_app_recording_free (PotooAppRecording *recording);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppRecording, potoo_app_recording_free)

G_END_DECLS
