/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * command.h - the subcommands of logscrub, one file each, named as it is typed
 *
 * Each takes its own name as argv[0] and returns the exit status. `filter` is what runs without one.
 */
#pragma once

int filter_main(int argc, char **argv);
int run_main(int argc, char **argv);
int detect_main(int argc, char **argv);
int token_main(int argc, char **argv);
int keys_main(int argc, char **argv);
int stats_main(int argc, char **argv);
int suggest_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int check_config_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
