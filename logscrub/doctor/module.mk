# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/doctor/,compose.c disks.c doctor.c doctor_apache.c \
	doctor_bigbluebutton.c doctor_checks.c doctor_compose.c doctor_cores.c doctor_coturn.c doctor_docker.c \
	doctor_facts.c doctor_fail2ban.c doctor_files.c doctor_findings.c doctor_haproxy.c \
	doctor_journald.c doctor_logback.c doctor_logins.c doctor_logrotate.c doctor_nginx.c \
	doctor_open.c doctor_postgres.c doctor_postgres_container.c doctor_postgres_roles.c \
	doctor_redis.c \
	doctor_rsyslog.c doctor_swap.c families.c raw_off.c rotations.c rsyslog_filter.c tails.c \
	words.c)
