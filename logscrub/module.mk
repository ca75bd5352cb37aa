# SPDX-License-Identifier: GPL-3.0-or-later
# sources -> rule -> sinks
logscrub.srcs += logscrub/token.c logscrub/keys.c
logscrub.srcs += logscrub/detect.c
logscrub.srcs += logscrub/sink.c logscrub/sink_file.c logscrub/sink_tail.c logscrub/sink_stdout.c \
	    logscrub/sink_syslog.c logscrub/sink_entries.c logscrub/sink_namespace.c \
	    logscrub/sink_journal.c logscrub/journal_entry.c logscrub/readback.c \
	    logscrub/position_record.c
logscrub.srcs += logscrub/main.c logscrub/filter.c logscrub/lines.c logscrub/confirm.c logscrub/setup.c \
	    logscrub/rule.c logscrub/rule_bind.c logscrub/explain.c logscrub/check_config.c
logscrub.srcs += logscrub/metrics.c logscrub/metrics_file.c logscrub/metrics_print.c
logscrub.srcs += logscrub/source.c logscrub/source_journal.c logscrub/journal_files.c logscrub/source_syslog.c \
	    logscrub/source_tail.c logscrub/syslog_frame.c logscrub/syslog_socket.c \
	    logscrub/tail_file.c logscrub/tail_find.c logscrub/tail_window.c logscrub/seal.c \
	    logscrub/position.c
logscrub.srcs += logscrub/run.c logscrub/service.c logscrub/service_timers.c \
	    logscrub/service_reload.c logscrub/plan.c logscrub/pipe.c logscrub/feed.c \
	    logscrub/route.c logscrub/assembly.c logscrub/bookmark.c logscrub/say.c
logscrub.srcs += logscrub/census.c logscrub/tally.c logscrub/counting.c logscrub/stats_db.c
logscrub.srcs += logscrub/bbb_answer.c logscrub/bbb_api.c logscrub/bbb_line.c \
	    logscrub/counting_lines.c logscrub/stats_node.c logscrub/stats_prom.c
logscrub.srcs += logscrub/stats.c logscrub/stats_poll.c logscrub/stats_report.c \
	    logscrub/stats_text.c logscrub/stats_html.c
logscrub.srcs += logscrub/suggest.c logscrub/suggest_token.c logscrub/suggest_field.c \
	    logscrub/suggest_form.c logscrub/suggest_print.c
logscrub.srcs += logscrub/words.c
logscrub.srcs += logscrub/doctor.c logscrub/doctor_checks.c logscrub/doctor_findings.c logscrub/doctor_facts.c logscrub/disks.c logscrub/rotations.c
logscrub.srcs += logscrub/doctor_journald.c logscrub/doctor_rsyslog.c logscrub/rsyslog_filter.c logscrub/doctor_logrotate.c
logscrub.srcs += logscrub/doctor_nginx.c logscrub/doctor_apache.c logscrub/doctor_haproxy.c
logscrub.srcs += logscrub/doctor_logback.c logscrub/doctor_coturn.c logscrub/doctor_docker.c
logscrub.srcs += logscrub/doctor_fail2ban.c logscrub/doctor_redis.c logscrub/doctor_postgres.c logscrub/doctor_postgres_container.c logscrub/doctor_bigbluebutton.c
logscrub.srcs += logscrub/doctor_cores.c logscrub/doctor_swap.c logscrub/doctor_logins.c
logscrub.srcs += logscrub/doctor_files.c logscrub/doctor_open.c logscrub/tails.c logscrub/families.c
logscrub.srcs += logscrub/raw_off.c
# which has these files in it
$(B)/obj/logscrub/raw_off.o: $(wildcard conf/raw-off/* systemd/journald@sparsam.conf.d/*)
