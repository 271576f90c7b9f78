/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-clock-history.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-json.h"

struct _PotooClockHistory
{
  char *boot;
  gint64 begun_us; /* wall: when the boot's first run began */
  PotooIdMarks from;
  gboolean trusted;
  GArray *inherited; /* gint64 */
  GArray *steps;     /* PotooClockStep */
  gint64 last_id;
};

static PotooClockHistory *
history_new (const char *boot)
{
  PotooClockHistory *self = g_new0 (PotooClockHistory, 1);

  self->boot = g_strdup (boot);
  self->inherited = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->steps = g_array_new (FALSE, FALSE, sizeof (PotooClockStep));
  return self;
}

PotooClockHistory *
potoo_clock_history_new (const PotooIdMarks *from, gint64 begun_us, GArray *inherited)
{
  PotooClockHistory *self = history_new (potoo_clock_boot_id ());

  self->from = *from;
  self->begun_us = begun_us;
  for (guint i = 0; i < inherited->len; i++)
    g_array_append_val (self->inherited, g_array_index (inherited, PotooGap, i).id);
  return self;
}

PotooClockHistory *
potoo_clock_history_copy (PotooClockHistory *history)
{
  PotooClockHistory *self = history_new (history->boot);

  self->begun_us = history->begun_us;
  self->from = history->from;
  self->last_id = history->last_id;
  self->trusted = history->trusted;
  g_array_append_vals (self->inherited, history->inherited->data, history->inherited->len);
  g_array_append_vals (self->steps, history->steps->data, history->steps->len);
  return self;
}

void
potoo_clock_history_free (PotooClockHistory *self)
{
  g_array_unref (self->inherited);
  g_array_unref (self->steps);
  g_free (self->boot);
  g_free (self);
}

/* --- as text --- */

static JsonArray *
numbers_to_json (const gint64 *numbers, guint n)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < n; i++)
    json_array_add_int_element (array, numbers[i]);
  return array;
}

static JsonArray *
marks_to_json (const PotooIdMarks *marks)
{
  return numbers_to_json ((const gint64[]){ marks->segment, marks->gap, marks->event, marks->lock },
                          4);
}

char *
potoo_clock_history_to_text (PotooClockHistory *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *steps = json_array_new ();

  json_node_take_object (node, object);
  json_object_set_string_member (object, "boot", self->boot);
  json_object_set_int_member (object, "begun_us", self->begun_us);
  json_object_set_int_member (object, "last_id", self->last_id);
  json_object_set_boolean_member (object, "trusted", self->trusted);
  json_object_set_array_member (object, "from", marks_to_json (&self->from));
  json_object_set_array_member (
      object, "inherited",
      numbers_to_json ((const gint64 *) self->inherited->data, self->inherited->len));
  for (guint i = 0; i < self->steps->len; i++)
    {
      const PotooClockStep *step = &g_array_index (self->steps, PotooClockStep, i);
      JsonObject *member = json_object_new ();
      json_object_set_int_member (member, "id", step->id);
      json_object_set_int_member (member, "mono_us", step->mono_us);
      json_object_set_int_member (member, "after_us", step->after_us);
      json_object_set_int_member (member, "step_us", step->step_us);
      json_object_set_boolean_member (member, "corrected", step->corrected);
      json_object_set_array_member (member, "ids", marks_to_json (&step->ids));
      json_array_add_object_element (steps, member);
    }
  json_object_set_array_member (object, "steps", steps);
  return potoo_json_to_text (node);
}

static gboolean
read_number (JsonObject *object, const char *name, gint64 *number)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *number = json_node_get_int (node);
  return TRUE;
}

/* Appends to @numbers. */
static gboolean
read_numbers (JsonObject *object, const char *name, GArray *numbers)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  JsonArray *array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      gint64 number = json_array_get_int_element (array, i);
      g_array_append_val (numbers, number);
    }
  return TRUE;
}

static gboolean
read_marks (JsonObject *object, const char *name, PotooIdMarks *marks)
{
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (!read_numbers (object, name, numbers) || numbers->len != 4)
    return FALSE;
  const gint64 *n = (const gint64 *) numbers->data;
  *marks = (PotooIdMarks){ n[0], n[1], n[2], n[3] };
  return TRUE;
}

static gboolean
read_steps (JsonObject *object, GArray *steps)
{
  JsonNode *node = json_object_get_member (object, "steps");

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  JsonArray *array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      PotooClockStep step;
      if (!JSON_NODE_HOLDS_OBJECT (element))
        return FALSE;
      JsonObject *member = json_node_get_object (element);
      if (!read_number (member, "id", &step.id) ||
          !read_number (member, "mono_us", &step.mono_us) ||
          !read_number (member, "after_us", &step.after_us) ||
          !read_number (member, "step_us", &step.step_us) || !read_marks (member, "ids", &step.ids))
        return FALSE;
      step.corrected = json_object_get_boolean_member_with_default (member, "corrected", FALSE);
      g_array_append_val (steps, step);
    }
  return TRUE;
}

PotooClockHistory *
potoo_clock_history_parse (const char *text)
{
  g_autoptr (JsonNode) node = text != NULL ? potoo_json_parse (text, strlen (text), NULL) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  JsonObject *object = json_node_get_object (node);
  const char *boot = json_object_get_string_member_with_default (object, "boot", NULL);
  if (g_strcmp0 (boot, potoo_clock_boot_id ()) != 0)
    return NULL;
  g_autoptr (PotooClockHistory) self = history_new (boot);
  self->trusted = json_object_get_boolean_member_with_default (object, "trusted", TRUE);
  if (!read_number (object, "begun_us", &self->begun_us) ||
      !read_number (object, "last_id", &self->last_id) ||
      !read_marks (object, "from", &self->from) ||
      !read_numbers (object, "inherited", self->inherited) || !read_steps (object, self->steps))
    return NULL;
  return g_steal_pointer (&self);
}

/* --- steps --- */

void
potoo_clock_history_set_trusted (PotooClockHistory *self)
{
  self->trusted = TRUE;
}

gboolean
potoo_clock_history_is_trusted (PotooClockHistory *self)
{
  return self->trusted;
}

gint64
potoo_clock_history_add (PotooClockHistory *self, const PotooClockStep *step)
{
  PotooClockStep own = *step;

  own.id = ++self->last_id;
  if (self->steps->len == POTOO_CLOCK_HISTORY_MAX_STEPS)
    {
      self->begun_us = MIN (self->begun_us,
                            g_array_index (self->steps, PotooClockStep, 0).after_us);
      g_array_remove_index (self->steps, 0);
    }
  g_array_append_val (self->steps, own);
  return own.id;
}

guint
potoo_clock_history_get_n_steps (PotooClockHistory *self)
{
  return self->steps->len;
}

const PotooClockStep *
potoo_clock_history_get_step (PotooClockHistory *self, guint i)
{
  return &g_array_index (self->steps, PotooClockStep, i);
}

static PotooClockStep *
find (PotooClockHistory *self, gint64 id)
{
  for (guint i = 0; i < self->steps->len; i++)
    if (g_array_index (self->steps, PotooClockStep, i).id == id)
      return &g_array_index (self->steps, PotooClockStep, i);
  return NULL;
}

const PotooClockStep *
potoo_clock_history_find (PotooClockHistory *self, gint64 id)
{
  return find (self, id);
}

void
potoo_clock_history_prepare (PotooClockHistory *self, gint64 id, PotooCorrection *out)
{
  const PotooClockStep *step = find (self, id);

  g_return_if_fail (step != NULL);
  gboolean is_last = step == &g_array_index (self->steps, PotooClockStep, self->steps->len - 1);
  *out = (PotooCorrection){
    .mono_us = step->mono_us,
    .before_us = step->after_us - step->step_us,
    .step_us = step->step_us,
    .begun_us = self->begun_us,
    .from = self->from,
    .until = step->ids,
    .late = is_last ? (PotooIdMarks){ G_MAXINT64, G_MAXINT64, G_MAXINT64, G_MAXINT64 }
                    : step[1].ids,
    .inherited = (const gint64 *) self->inherited->data,
    .n_inherited = self->inherited->len,
  };
  /* Each clock of before began where it was set to. */
  for (guint i = 0; &g_array_index (self->steps, PotooClockStep, i) != step; i++)
    out->begun_us = MIN (out->begun_us, g_array_index (self->steps, PotooClockStep, i).after_us);
}

void
potoo_clock_history_note_corrected (PotooClockHistory *self, gint64 id)
{
  PotooClockStep *step = find (self, id);

  g_return_if_fail (step != NULL && !step->corrected);
  step->corrected = TRUE;
  self->begun_us += step->step_us;
  for (PotooClockStep *one = (PotooClockStep *) self->steps->data; one != step; one++)
    one->after_us += step->step_us;
}
