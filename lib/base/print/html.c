/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/print/html.h"

#include <string.h>

static const char style[] =
	"body{font:16px/1.4 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
	"color:#222;background:#fff}\n"
	"figure{margin:1rem 0}figcaption{font-weight:600}\n"
	"svg{width:100%;height:auto}rect{fill:#2f6f9f}line{stroke:#888}"
	"polyline{fill:none;stroke:#2f6f9f;stroke-width:1.5}.limit{stroke:#c0392b;stroke-dasharray:6 4}"
	"text{font-size:12px;fill:currentColor}\n"
	"table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}\n"
	"th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #ddd}"
	"th:first-child{text-align:left}tfoot{font-weight:600}\n"
	".t td,.t th{text-align:left;vertical-align:top}.bad{color:#c0392b;font-weight:600}"
	".good{color:#1e7e34;font-weight:600}\n"
	"@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}"
	"th,td{border-color:#444}rect{fill:#6db1e0}polyline{stroke:#6db1e0}.limit{stroke:#ff7b6b}"
	".bad{color:#ff7b6b}.good{color:#7bd88f}}\n";

void
html_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			putc(*text, f);
		}
	}
}

void
html_begin(FILE *f, const char *lang, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"", f);
	html_text(f, lang);
	fputs("\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\""
	      " content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>",
		f);
	html_text(f, title);
	fprintf(f, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
	html_text(f, title);
	fputs("</h1>\n", f);
}

void
html_end(FILE *f)
{
	fputs("</body>\n</html>\n", f);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* U+00A0 to U+00FF: HTML 4 has named them all, in this order. */
static const char latin[96][7] = { "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar",
	"sect", "uml", "copy", "ordf", "laquo", "not", "shy", "reg", "macr", "deg", "plusmn",
	"sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm", "raquo",
	"frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml",
	"Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
	"Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times",
	"Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave",
	"aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute",
	"ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute",
	"ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml",
	"yacute", "thorn", "yuml" };

static const struct {
	char name[7], letter;
} ascii[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
	{ "commat", '@' }, { "period", '.' }, { "lowbar", '_' }, { "plus", '+' },
	{ "colon", ':' } };

#define NAME_MAX_LEN 6

size_t
html_letter(struct span s, uint32_t *ret)
{
	char name[NAME_MAX_LEN + 1] = "";
	size_t n = 0;

	if (s.len == 0 || s.p[0] != '&')
		return 0;
	while (n < NAME_MAX_LEN && n + 1 < s.len && s.p[n + 1] != ';') {
		name[n] = s.p[n + 1];
		n++;
	}
	if (n + 1 >= s.len || s.p[n + 1] != ';')
		return 0;
	for (size_t i = 0; i < sizeof(ascii) / sizeof(ascii[0]); i++)
		if (strcmp(ascii[i].name, name) == 0) {
			*ret = (unsigned char)ascii[i].letter;
			return n + 2;
		}
	for (size_t i = 0; i < sizeof(latin) / sizeof(latin[0]); i++)
		if (strcmp(latin[i], name) == 0) {
			*ret = 0xa0 + (uint32_t)i;
			return n + 2;
		}
	return 0;
}
