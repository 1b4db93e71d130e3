// SPDX-License-Identifier: GPL-2.0
/*
 * A sheet of characters. Lines are kept as the characters that draw them, so a line
 * that crosses another one sees it.
 */
#include <stdlib.h>
#include <string.h>

#include "canvas.h"

static const char * const paints[] = {
	[PLAIN] = "", [DIM] = "2", [BOLD] = "1", [GOOD] = "32", [WARN] = "33;1", [BAD] = "31;1",
};

/**
 * canvas_begin() - an empty sheet
 * @c: its size and manner are set; canvas_print() gives the memory back
 */
void canvas_begin(struct canvas *c)
{
	c->cells = calloc((size_t)c->rows * c->columns + 1, sizeof(*c->cells));
	if (!c->cells)
		c->cells = tool_alloc(NULL, SIZE_MAX);
}

static struct cell *at(const struct canvas *c, int row, int column)
{
	static struct cell outside;

	if (row < 0 || row >= c->rows || column < 0 || column >= c->columns)
		return &outside;
	return &c->cells[row * c->columns + column];
}

void canvas_words(const struct canvas *c, int row, int column, uint8_t paint, const char *words)
{
	struct cell *cell;
	int n;

	for (; *words; words += n, column++) {
		n = (unsigned char)*words < 0x80 ? 1 : (unsigned char)*words < 0xe0 ? 2 : 3;
		cell = at(c, row, column);
		memset(cell, 0, sizeof(*cell));
		memcpy(cell->c, words, n);
		cell->paint = paint;
	}
}

static const char *stroke(const struct canvas *c, int sides, enum canvas_line line)
{
	static const char * const nice[][16] = {
		[LINE_PLAIN] = {
			[N | S] = "│", [E | W] = "─", [E | S] = "╭", [S | W] = "╮",
			[N | E] = "╰", [N | W] = "╯",
		},
		[LINE_DOTTED] = {
			[N | S] = "┆", [E | W] = "┄", [E | S] = "╭", [S | W] = "╮",
			[N | E] = "╰", [N | W] = "╯",
		},
		[LINE_HEAVY] = {
			[N | S] = "┃", [E | W] = "━", [E | S] = "┏", [S | W] = "┓",
			[N | E] = "┗", [N | W] = "┛",
		},
	};
	bool dotted = line == LINE_DOTTED;

	if (!c->ascii)
		return nice[line][sides] ? nice[line][sides] : "┼";
	if (sides == (N | S))
		return dotted ? ":" : "|";
	if (sides == (E | W))
		return dotted ? "." : line == LINE_HEAVY ? "=" : "-";
	return dotted ? "." : "+";
}

static bool is_stroke(const struct canvas *c, const char *now, int sides)
{
	return !strcmp(now, stroke(c, sides, LINE_PLAIN)) ||
	       !strcmp(now, stroke(c, sides, LINE_DOTTED)) ||
	       !strcmp(now, stroke(c, sides, LINE_HEAVY));
}

/**
 * canvas_stroke() - a piece of a line
 * @c: the sheet
 * @row: where
 * @column: where
 * @sides: of the cell, that are joined
 * @paint: its colour
 * @line: its look; where it crosses another line, both are seen
 */
void canvas_stroke(const struct canvas *c, int row, int column, int sides, uint8_t paint,
		   enum canvas_line line)
{
	const char *now = at(c, row, column)->c;
	bool crossing = (sides == (N | S) && is_stroke(c, now, E | W)) ||
			(sides == (E | W) && is_stroke(c, now, N | S));

	canvas_words(c, row, column, paint, stroke(c, crossing ? N | E | S | W : sides, line));
}

void canvas_across(const struct canvas *c, int row, int from, int to, uint8_t paint,
		   enum canvas_line line)
{
	int column, first = from < to ? from : to, last = from < to ? to : from;

	for (column = first; column <= last; column++)
		canvas_stroke(c, row, column, E | W, paint, line);
}

static void print_row(struct text *t, const struct canvas *c, int row)
{
	int column, last = c->columns - 1;
	uint8_t paint = PLAIN;

	while (last >= 0 && !at(c, row, last)->c[0])
		last--;
	for (column = 0; column <= last; column++) {
		const struct cell *cell = at(c, row, column);

		if (c->colour && cell->paint != paint) {
			text_add(t, "\033[0%s%sm", paints[cell->paint][0] ? ";" : "",
				 paints[cell->paint]);
			paint = cell->paint;
		}
		text_add(t, "%s", cell->c[0] ? cell->c : " ");
	}
	text_add(t, paint != PLAIN ? "\033[0m\n" : "\n");
}

/**
 * canvas_print() - the sheet as text; it is given back
 * @t: where to
 * @c: the sheet
 */
void canvas_print(struct text *t, struct canvas *c)
{
	int row;

	for (row = 0; row < c->rows; row++)
		print_row(t, c, row);
	free(c->cells);
	c->cells = NULL;
}
