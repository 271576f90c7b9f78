/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-clock-watch.h"
#include "camera/potoo-camera-list.h"
#include "record/potoo-event-list.h"
#include "record/potoo-recorder.h"

G_BEGIN_DECLS

/* Joins cameras, events and recorder: each stream's fragments go to its queue, its
 * interruptions make the gaps, and its recording plan is made anew whenever settings or events
 * change, the clock is set, and when time alone changes it. Main thread; to be made before the
 * camera list starts and freed after it stopped. */
typedef struct _PotooAppRecording PotooAppRecording;

PotooAppRecording *potoo_app_recording_new (PotooCameraList *cameras,
                                            PotooEventList *events,
                                            PotooRecorder *recorder,
                                            PotooClockWatch *clock);
void potoo_app_recording_free (PotooAppRecording *recording);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAppRecording, potoo_app_recording_free)

G_END_DECLS
