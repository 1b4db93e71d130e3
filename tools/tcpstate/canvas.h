/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sheet of characters to draw on: words, and lines that join and cross.
 */
#ifndef TCPSTATE_TOOL_CANVAS_H
#define TCPSTATE_TOOL_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum paint { PLAIN, DIM, BOLD, GOOD, WARN, BAD };

/* Sides of a cell that a line comes from. */
#define N	1
#define E	2
#define S	4
#define W	8

struct cell {
	char c[4];
	uint8_t paint;
};

/**
 * struct canvas - the sheet
 * @rows: how many
 * @columns: how many; what lies outside is not drawn
 * @colour: with colours
 * @ascii: without characters beyond ASCII
 * @cells: the characters
 */
struct canvas {
	int rows, columns;
	bool colour, ascii;
	struct cell *cells;
};

/* How a line is drawn: what is DOTTED stands back. */
enum canvas_line { LINE_PLAIN, LINE_DOTTED, LINE_HEAVY };

void canvas_begin(struct canvas *c);
void canvas_print(struct text *t, struct canvas *c);
void canvas_words(const struct canvas *c, int row, int column, uint8_t paint, const char *words);
void canvas_stroke(const struct canvas *c, int row, int column, int sides, uint8_t paint,
		   enum canvas_line line);
void canvas_across(const struct canvas *c, int row, int from, int to, uint8_t paint,
		   enum canvas_line line);

#endif /* TCPSTATE_TOOL_CANVAS_H */
