# formats, detectors, pseudonyms and their keys, transforms
lib.srcs += lib/record/json.c lib/record/json_lex.c lib/record/json_path.c
