/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* When a camera is recorded. */
typedef enum
{
  POTOO_RECORD_CONTINUOUS,
  POTOO_RECORD_EVENT,
  POTOO_RECORD_SCHEDULE, /* not the mode of a slot */
  POTOO_RECORD_OFF,
} PotooRecordMode;

/**
 * PotooSchedule:
 *
 * A week in local time, each minute of it in one slot: an immutable value. Any thread.
 *
 *     schedule = rule *( ";" rule ) [ ";" ]
 *     rule     = days time "-" time mode         ; with blanks between
 *     days     = range *( "," range )            ; no blanks
 *     range    = day [ "-" day ]                 ; "fri-mon" goes over the end of the week
 *     day      = "mon" "tue" "wed" "thu" "fri" "sat" "sun"
 *     time     = "00:00" … "24:00"               ; 24:00 as an end
 *     mode     = "continuous" "event" "off"
 *
 * For example `mon-fri 08:00-18:00 continuous; mon-fri 18:00-24:00 event;
 * mon-fri 00:00-08:00 event; sat,sun 00:00-24:00 off`.
 */
typedef struct _PotooSchedule PotooSchedule;

#define POTOO_SCHEDULE_MAX_BYTES 4096

/* Slots that overlap, a time in no slot (the first of them is named), anything else than the
 * grammar: POTOO_ERROR_INVALID_ARGUMENT at @pointer. (transfer full) */
PotooSchedule *potoo_schedule_parse (const char *text, const char *pointer, GError **error);

void potoo_schedule_free (PotooSchedule *schedule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSchedule, potoo_schedule_free)

/* What holds at @wall_us: the slot in which a clock on the wall in @zone stands then. When clocks
 * are put forward, the slots of the hour that is left out do not occur; when they are put back,
 * those of the hour that comes twice do so twice. @until_us (wall): until when it holds at least:
 * the end of the slot, or when the clocks are changed. */
PotooRecordMode potoo_schedule_get_mode (PotooSchedule *schedule,
                                         GTimeZone *zone,
                                         gint64 wall_us,
                                         gint64 *until_us);

G_END_DECLS
