// SPDX-License-Identifier: GPL-2.0
/*
 * Shapes and words as SVG text.
 */
#include <stdio.h>
#include <string.h>

#include "svg.h"

#define FONTS	"DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
#define SIZE	13

void svg_begin(struct text *t, double width, double height, const char *title)
{
	text_add(t, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		 "viewBox=\"0 0 %.0f %.0f\" font-family=\"" FONTS "\" font-size=\"%d\">\n<title>",
		 width, height, width, height, SIZE);
	text_xml(t, title);
	text_add(t, "</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n");
}

void svg_end(struct text *t)
{
	text_add(t, "</svg>\n");
}

void svg_rect(struct text *t, double x, double y, double w, double h, const char *attributes)
{
	text_add(t, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" %s/>\n", x, y, w, h,
		 attributes);
}

void svg_line(struct text *t, double x1, double y1, double x2, double y2, const char *attributes)
{
	text_add(t, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2,
		 attributes);
}

void svg_words(struct text *t, double x, double y, const struct font *font, const char *words)
{
	static const char * const anchors[] = { "start", "middle", "end" };

	text_add(t, "<text x=\"%.1f\" y=\"%.1f\"", x, y);
	if (font->size)
		text_add(t, " font-size=\"%g\"", font->size);
	if (font->anchor != ANCHOR_START)
		text_add(t, " text-anchor=\"%s\"", anchors[font->anchor]);
	if (font->bold)
		text_add(t, " font-weight=\"bold\"");
	text_add(t, " fill=\"%s\"", font->fill ? font->fill : "#222222");
	if (font->halo)
		text_add(t, " stroke=\"#ffffff\" stroke-width=\"4\" stroke-linejoin=\"round\" "
			 "paint-order=\"stroke\"");
	if (font->turn != 0)
		text_add(t, " transform=\"rotate(%.2f %.1f %.1f)\"", font->turn, x, y);
	text_add(t, ">");
	text_xml(t, words);
	text_add(t, "</text>\n");
}

/**
 * svg_paragraph() - words in lines of at most so many characters
 * @t: where to
 * @x: place of the first line
 * @y: its base line
 * @font: of all of it
 * @columns: characters a line
 * @words: the words
 *
 * Return: how many lines.
 */
int svg_paragraph(struct text *t, double x, double y, const struct font *font, int columns,
		  const char *words)
{
	double step = (font->size != 0 ? font->size : SIZE) * 1.25;
	char line[256];
	size_t n, word;
	int lines = 0;

	while (*words) {
		n = 0;
		while (*words) {
			word = strcspn(words, " ");
			if (word > sizeof(line) - 2 - n || (n && n + 1 + word > (size_t)columns))
				break;
			if (n)
				line[n++] = ' ';
			memcpy(line + n, words, word);
			n += word;
			words += word + (words[word] == ' ');
		}
		line[n] = '\0';
		if (!n)
			break;
		if (t)
			svg_words(t, x, y + lines * step, font, line);
		lines++;
	}
	return lines;
}

/* About: fonts differ. */
double svg_width(const char *words, double size)
{
	return text_columns(words) * size * 0.6;
}
