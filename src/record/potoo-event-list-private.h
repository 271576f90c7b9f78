/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-metrics.h"
#include "record/potoo-event-draft.h"
#include "record/potoo-event-list.h"

G_BEGIN_DECLS

/* What potoo-event-list.c (what happens now), potoo-event-last-run.c, potoo-event-commands.c (the
 * queues of commands), potoo-event-add.c and potoo-event-change.c share. Main thread, except where
 * said. */

/* An event that has not ended; bookmarks are none. */
typedef struct
{
  PotooEvent *event; /* as the catalog has it */
  /* CLOCK_MONOTONIC, so that a clock that is set changes nothing */
  gint64 from_us, due_us, start_us;
  gint64 end_us;   /* planned, or of POTOO_EVENT_MAX_US */
  gint64 until_us; /* with post-roll; G_MAXINT64: goes on */
  gint64 look_us;  /* when the timer sees to it */
} PotooLiveEvent;

typedef struct
{
  char *id;
  gboolean present; /* FALSE: removed, or not told of yet */
  gboolean enabled;
  gint64 pre_roll_us, post_roll_us;
  GPtrArray *live;  /* PotooLiveEvent, at most POTOO_EVENT_MAX_LIVE */
  GArray *spans[2]; /* PotooEventSpan of events that ended; the second: of manual ones */
  double tokens;    /* for new events */
  gint64 tokens_us; /* CLOCK_MONOTONIC, when they were counted */
  GQueue commands;  /* GTask; the first is under way */
} PotooEventCamera;

struct _PotooEventList
{
  GObject parent_instance;

  PotooCatalog *catalog;
  gboolean started, stopped;
  GHashTable *cameras;    /* id → PotooEventCamera */
  PotooEventCamera *past; /* no camera: changes of events that are over queue here */
  guint timer;            /* 0: nothing goes on */
  gint n_commands;        /* atomic: counted where they are posted, in any thread */
  PotooMetric *live, *added, *overlong, *waiting, *refused;
};

/* --- what happens now: potoo-event-list.c --- */

PotooEventCamera *potoo_event_list_find_camera (PotooEventList *list, const char *id);
/* (nullable) @camera: (out) */
PotooLiveEvent *
potoo_event_list_find_live (PotooEventList *list, gint64 id, PotooEventCamera **camera);
/* The manual recording that goes on. (nullable) */
PotooLiveEvent *potoo_event_camera_find_recording (PotooEventCamera *camera);
/* Now, by the clock as it stood when @live was told of: what an event lasts is the time that
 * passes, however the clock is set meanwhile. */
gint64 potoo_live_event_get_now_us (const PotooLiveEvent *live);
/* Lets go of what has ended by now. */
void potoo_event_camera_settle (PotooEventList *list, PotooEventCamera *camera);
/* Sets what @event keeps, with pre- and post-roll. @is_new: its start as well. */
void potoo_event_camera_set_kept (PotooEventCamera *camera, PotooEvent *event, gboolean is_new);
/* @event is durable as it is: it happens now, or leaves a span. Tells `changed`. @offset_us: wall -
 * monotonic time, as the clock stood when the event was made. */
void potoo_event_list_insert (PotooEventList *list,
                              PotooEventCamera *camera,
                              const PotooEvent *event,
                              gint64 offset_us);
/* @ends_now: its end is this moment, whatever the clock says. */
void potoo_event_list_update (PotooEventList *list,
                              PotooEventCamera *camera,
                              const PotooEvent *event,
                              gboolean ends_now);
/* The same without a word. */
void
potoo_event_list_insert_quietly (PotooEventList *list, const PotooEvent *event, gint64 offset_us);
/* It was dropped. */
void potoo_event_list_delete (PotooEventList *list, PotooEventCamera *camera, gint64 id);

/* --- commands: potoo-event-commands.c --- */

/* The task data of a GTask whose source is the list. */
typedef struct
{
  GSourceFunc run;        /* gets the GTask when its turn has come */
  char *camera_id;        /* (nullable) whose queue it is for … */
  gint64 id;              /* … or that of this event */
  PotooEventDraft *draft; /* (nullable) */
  gint64 duration_us;     /* of a manual recording */
  gboolean own;           /* the list's: not bound */
  gboolean ends_now;
  PotooEventCamera *camera; /* in whose queue it is; that keeps it alive */
  PotooEvent *event;        /* (nullable) what is being put */
  gint64 offset_us;         /* wall - monotonic time, when a new one was made */
  gint64 replaces;          /* event that @event takes over from; 0: none */
} PotooEventCommand;

PotooEventCommand *potoo_event_command_new (GSourceFunc run, const char *camera_id, gint64 id);
PotooEventCommand *potoo_event_command_get (GTask *task);
PotooEventList *potoo_event_command_get_list (GTask *task);

/* Any thread. Takes over @task and @command. Its run() comes in main and leads, at once or later,
 * to one of the finish functions. */
void potoo_event_command_post (GTask *task, PotooEventCommand *command);
void potoo_event_command_finish_with_error (GTask *task, GError *error); /* (transfer full) */
/* @event: (nullable), copied */
void potoo_event_command_finish_with_event (GTask *task, const PotooEvent *event);

/* Goes on in the queue of events that are over: run() comes again. */
void potoo_event_command_move_to_past (GTask *task);

void potoo_event_commands_init (PotooEventList *list);
void potoo_event_commands_clear (PotooEventList *list);

/* --- potoo-event-last-run.c --- */

gboolean
potoo_event_list_end_last_run (PotooEventList *list, PotooCatalogReader *reader, GError **error);

/* --- potoo-event-change.c --- */

/* Ends an event that goes on without anybody having asked. @end_us: 0: now */
void potoo_event_list_end (PotooEventList *list, gint64 id, gint64 end_us);

/* Within a command that is under way: applies @draft to the copy of an event that it has, and puts
 * it. */
void potoo_event_command_change (GTask *task, const PotooEventDraft *draft);

G_END_DECLS
