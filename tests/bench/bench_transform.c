/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_transform.c - nanoseconds a value, for each transform, and MB/s of the JSON walk
 *
 * bench_transform [FILE]: values come from FILE, lines in nginx's combined format; without one
 * from a few shapes of its own, of 20,000 clients.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "record/format/json.h"
#include "record/key/keyring.h"
#include "record/key/pseudonym.h"
#include "record/timestamp.h"
#include "record/transform/transform.h"

#define N_VALUES  50000u
#define N_CLIENTS 20000u
#define ROUNDS    40u

static const struct {
	const char *to, *masks[4];
	int column; /* of combined: 0 address, 1 time, 2 request, 3 status, 4 referrer, 5 agent */
} rows[] = {
	{ "keep", { NULL }, 2 },
	{ "pseudonym", { NULL }, 0 },
	{ "truncate", { NULL }, 0 },
	{ "method+path", { NULL }, 2 },
	{ "method+path", { "/rooms/:id", "/b/:id", "/playback/presentation/:id/:id", "/u/:id" },
		2 },
	{ "host-only", { NULL }, 4 },
	{ "browser-family", { NULL }, 5 },
	{ "coarse-time", { NULL }, 1 },
	{ "class", { NULL }, 3 },
	{ "redact", { NULL }, 2 },
	{ "redact", { NULL }, 5 },
};

static char *lines[N_VALUES][6];

static void
ignore_notice(void *ctx, const char *text, const char *day)
{
	(void)ctx, (void)text, (void)day;
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
make_line(char *ret, size_t n, unsigned i)
{
	static const char *const agents[] = {
		"Mozilla/5.0 (X11; Linux x86_64; rv:%u.0) Gecko/20100101 Firefox/%u.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
		"Chrome/%u.0.%u.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_%u like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
		"like Gecko) Version/%u.1 Mobile/15E148 Safari/604.1"
	};
	unsigned c = (unsigned)random() % N_CLIENTS;
	char agent[256];

	(void)snprintf(agent, sizeof(agent), agents[c % 3], 100 + c % 30, 100 + c % 30);
	(void)snprintf(ret, n,
		c % 3 ? "198.51.%u.%u - - [24/Nov/2026:01:%02u:29 +0000] \"GET "
			"/html5client/locales/de.json?sessionToken=%08x%08x HTTP/2.0\" 200 123 "
			"\"https://bbb.example.org/html5client/join?sessionToken=%08x%08x\" \"%s\""
		      : "2001:db8:%x:%x::1 - - [24/Nov/2026:01:%02u:29 +0000] \"GET "
			"/bigbluebutton/api/v1/rooms/%x-%x/join?x=%x&y=%x HTTP/1.1\" 200 123 "
			"\"-\" \"%s\"",
		c / 250, c % 250, i % 60, c * 2654435761u, c * 40503u, c * 2654435761u, c * 40503u,
		agent);
}

/* Parts LINE in place; false where it is not combined. */
static bool
split_line(char *line, char *ret[6])
{
	static const char *const after[] = { " - ", "[", "] \"", "\" ", " ", "\"", "\" \"", "\"" };
	char *part[8], *p = line;

	for (int i = 0; i < 8; i++) {
		part[i] = p;
		p = strstr(p, after[i]);
		if (!p)
			return false;
		*p = '\0';
		p += strlen(after[i]);
	}
	ret[0] = part[0];
	for (int i = 1; i < 4; i++)
		ret[i] = part[i + 1];
	ret[4] = part[6];
	ret[5] = part[7];
	return true;
}

static unsigned
read_lines(const char *file)
{
	cleanup_stdio FILE *f = file ? fopen(file, "re") : NULL;
	char text[8192];
	unsigned n = 0;

	for (unsigned i = 0; n < N_VALUES && i < 2 * N_VALUES; i++) {
		if (!f)
			make_line(text, sizeof(text), i);
		else if (!fgets(text, sizeof(text), f))
			break;
		if (split_line(strdup(text), lines[n]))
			n++;
	}
	return n;
}

static void
bench_row(unsigned r, unsigned n, struct transform_env *env)
{
	struct conf_store s = { .name = "bench" };
	struct conf_reduce d = { .field = "f",
		.to = rows[r].to,
		.segments = -1,
		.bits4 = -1,
		.bits6 = -1,
		.digits = -1,
		.mask = { (const char **)rows[r].masks, rows[r].masks[0] ? 4 : 0 } };
	struct transform *t;
	struct buf out;
	struct span *values = calloc(n, sizeof(*values));
	size_t bytes = 0;
	char *text, *at;
	double from;

	if (!values || transform_new(&d, &s, &t, NULL) < 0)
		exit(1);
	for (unsigned i = 0; i < n; i++)
		bytes += strlen(lines[i][rows[r].column]);
	text = at = malloc(bytes + n); /* side by side, as in a log */
	for (unsigned i = 0; text && i < n; i++) {
		values[i] = span_str(strcpy(at, lines[i][rows[r].column]));
		at += values[i].len + 1;
	}
	buf_init(&out, 1 << 20);
	from = now_s();
	for (unsigned k = 0; k < ROUNDS; k++) {
		for (unsigned i = 0; i < n; i++) {
			if (out.len > 60000)
				buf_clear(&out);
			(void)transform_apply(t, env, values[i], &out, NULL);
		}
	}
	from = now_s() - from;
	printf("%-16s%s %7.1f ns a value of %3.0f bytes %8.0f MB/s\n", rows[r].to,
		d.mask.n ? " masks" : "      ", from / ROUNDS / n * 1e9, (double)bytes / n,
		(double)bytes * ROUNDS / from / 1e6);
	buf_release(&out);
	transform_free(t);
	free(values);
	free(text);
}

static int
visit(void *ctx, const struct json_value *v, struct buf *out)
{
	(void)ctx;
	buf_char(out, '"');
	buf_span(out, v->raw);
	buf_char(out, '"');
	return 0;
}

static void
bench_json(void)
{
	static const char line[] =
		"{\"envelope\":{\"name\":\"UserJoinedMeetingEvtMsg\",\"routing\":{\"msgType\":"
		"\"BROADCAST_TO_MEETING\",\"meetingId\":\"183f0bf3a0982a127bdb8161e0c44eb696b3e75c-"
		"1716216409672\",\"userId\":\"w_4tbvct7hw0r8\"},\"timestamp\":1589163428965},\"core\":"
		"{\"header\":{\"name\":\"UserJoinedMeetingEvtMsg\",\"meetingId\":"
		"\"183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1716216409672\",\"userId\":"
		"\"w_4tbvct7hw0r8\"},\"body\":{\"intId\":\"w_4tbvct7hw0r8\",\"extId\":"
		"\"w_4tbvct7hw0r8\",\"name\":\"User 4599924\",\"role\":\"MODERATOR\",\"guest\":false,"
		"\"authed\":true,\"guestStatus\":\"ALLOW\",\"emoji\":\"none\",\"presenter\":true,"
		"\"locked\":true,\"avatar\":\"\",\"color\":\"#7b1fa2\",\"clientType\":\"HTML5\"}}}";
	static const char *const paths[] = { "envelope.name", "envelope.routing.msgType",
		"envelope.timestamp" };
	struct json_paths *p = json_paths_new();
	struct buf out;
	double from = now_s();
	const unsigned n = 300000;

	for (int i = 0; i < 3; i++)
		if (!p || json_paths_add(p, paths[i], i, NULL) < 0)
			exit(1);
	buf_init(&out, 1 << 20);
	for (unsigned i = 0; i < n; i++) {
		buf_clear(&out);
		(void)json_filter(p, span_of(line, sizeof(line) - 1), visit, NULL, &out);
	}
	from = now_s() - from;
	printf("json filter            %7.1f ns a line  of %3zu bytes %8.0f MB/s\n", from / n * 1e9,
		sizeof(line) - 1, (double)n * (double)(sizeof(line) - 1) / from / 1e6);
	json_paths_free(p);
	buf_release(&out);
}

int
main(int argc, char **argv)
{
	static const struct conf c = { .key_dir = "/nonexistent/keys", .longest_period_s = 604800 };
	static const struct address prefix = { { 0xfd, 0x53, 0x70, 0x61, 0x72, 0x73 }, 6 };
	struct transform_env env = { .day = 20781 };
	struct timestamp timestamp;
	struct keyring *k;
	unsigned n = read_lines(argc > 1 ? argv[1] : NULL);

	if (n == 0 || keyring_open(&c, ignore_notice, NULL, &k, NULL) < 0 ||
		pseudonym_new(k, &prefix, &env.pseudonym, NULL) < 0)
		return 1;
	timestamp_init(&timestamp, "UTC");
	env.timestamp = &timestamp;
	for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		bench_row(r, n, &env);
	bench_json();
	return 0;
}
