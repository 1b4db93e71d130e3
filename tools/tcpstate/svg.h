/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A picture as SVG text: shapes and words at places, nothing more.
 */
#ifndef TCPSTATE_TOOL_SVG_H
#define TCPSTATE_TOOL_SVG_H

#include "text.h"

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

/* How words look; 0 and NULL: as usual. */
struct font {
	double size;
	const char *fill;
	enum anchor anchor;
	bool bold;
	bool halo;	/* a light rim, where lines run behind */
	double turn;	/* degrees around the place */
};

void svg_begin(struct text *t, double width, double height, const char *title);
void svg_end(struct text *t);
void svg_rect(struct text *t, double x, double y, double w, double h, const char *attributes);
void svg_line(struct text *t, double x1, double y1, double x2, double y2, const char *attributes);
void svg_words(struct text *t, double x, double y, const struct font *font, const char *words);
int svg_paragraph(struct text *t, double x, double y, const struct font *font, int columns,
		  const char *words);
double svg_width(const char *words, double size);

#endif /* TCPSTATE_TOOL_SVG_H */
