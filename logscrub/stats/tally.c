/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/tally.h"

#include <stdlib.h>

static const struct {
	const char *name;
	bool is_peak, is_media;
} fields[TALLY_FIELDS] = {
	[TALLY_POLLS] = { "polls", false, true },
	[TALLY_MEETINGS] = { "meetings", false, false },
	[TALLY_PARTICIPANTS] = { "participants", false, false },
	[TALLY_BREAKOUTS] = { "breakouts", false, false },
	[TALLY_MEETING_MINUTES] = { "meeting_minutes", false, false },
	[TALLY_PARTICIPANT_MINUTES] = { "participant_minutes", false, false },
	[TALLY_MICROPHONE_MINUTES] = { "microphone_minutes", false, true },
	[TALLY_CAMERA_MINUTES] = { "camera_minutes", false, true },
	[TALLY_PEAK_MEETINGS] = { "peak_meetings", true, false },
	[TALLY_PEAK_PARTICIPANTS] = { "peak_participants", true, false },
	[TALLY_PEAK_MICROPHONES] = { "peak_microphones", true, true },
	[TALLY_PEAK_LISTENERS] = { "peak_listeners", true, true },
	[TALLY_PEAK_CAMERAS] = { "peak_cameras", true, true },
};

const char *
tally_name(enum tally_field f)
{
	return fields[f].name;
}

bool
tally_is_peak(enum tally_field f)
{
	return fields[f].is_peak;
}

bool
tally_is_media(enum tally_field f)
{
	return fields[f].is_media;
}

void
tally_release(struct tally *t)
{
	free(t->v);
	*t = (struct tally){ 0 };
}

void
tally_clear(struct tally *t)
{
	t->n = 0;
	t->failed = false;
}

/* Time goes forward, so the hour is nearly always the last one. */
static struct tally_hour *
hour_of(struct tally *t, int64_t hour)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->v[i].hour == hour)
			return &t->v[i];
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 4;
		struct tally_hour *v = reallocarray(t->v, cap, sizeof(*v));

		if (!v)
			return NULL;
		t->v = v;
		t->cap = cap;
	}
	t->v[t->n] = (struct tally_hour){ .hour = hour };
	return &t->v[t->n++];
}

static void
add(struct tally_hour *h, enum tally_field f, int64_t n)
{
	if (!fields[f].is_peak)
		h->n[f] += n;
	else if (n > h->n[f])
		h->n[f] = n;
}

void
tally_add(struct tally *t, int64_t hour, enum tally_field f, int64_t n)
{
	struct tally_hour *h = n > 0 ? hour_of(t, hour) : NULL;

	if (h)
		add(h, f, n);
	else if (n > 0)
		t->failed = true;
}

void
tally_merge(struct tally_hour *a, const struct tally_hour *b)
{
	for (unsigned f = 0; f < TALLY_FIELDS; f++)
		add(a, f, b->n[f]);
}

int64_t
tally_round(int64_t n, int64_t to)
{
	int64_t rounded;

	if (n <= 0 || to <= 1)
		return n;
	rounded = (n + to / 2) / to * to;
	return rounded > 0 ? rounded : to;
}
