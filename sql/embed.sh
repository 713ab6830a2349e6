#!/bin/sh
# Prints the migrations of a folder as a C array, in the order of their numbers: sql/embed.sh FOLDER NAME
set -eu
printf "/* Made by sql/embed.sh from the migrations in %s; do not edit. */\n" "$1"
printf 'static const char *const %s_migrations[] = {\n' "$2"
for file in "$1"/[0-9]*.sql; do
    # In parentheses, as clang takes a missing comma for a mistake otherwise.
    printf '    (\n'
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$file"
    printf '    ),\n'
done
printf '};\n'
